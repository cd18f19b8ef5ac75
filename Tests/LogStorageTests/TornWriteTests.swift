import Testing
import WriteAheadLog

@testable import LogStorage

/// One batch that a loss of power interrupts, with every choice of its sectors that arrived.
@Suite("A torn batch")
struct TornWriteTests {
    private static let options = LogOptions(node: LogNodeID(high: 5, low: 6), segmentBytes: 16 << 10)

    private func entry(_ index: UInt64, term: UInt64, bytes: Int) -> LogEntry {
        LogEntry(
            point: LogPoint(index: index, term: term), kind: UInt8(index),
            payload: [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: bytes))
    }

    /// Stages `writes` and commits them.
    private func commit(
        _ writes: [(GroupID, GroupWrite)], to appender: inout SegmentAppender, _ model: inout [LogModel]
    ) throws(LogIOError) {
        for (group, write) in writes {
            PendingWrite(group: group, content: .write(write)).forEachRecord { record in
                let fits = appender.stage(record)
                precondition(fits, "the batch fits")
                var next = model[model.count - 1]
                next.apply(record)
                model.append(next)
            }
        }
        try appender.commit()
    }

    @Test(
        "Of restart, hard state, truncation and entries a first part survives; restart and hard state are one",
        arguments: 0..<16)
    func everySubset(alignment: Int) throws {
        let disk = SimulatedDisk()
        var sealed: [UInt64] = []
        var appender = try RecoveredLog(files: disk, options: Self.options).appender(index: LogIndex(), sealing: &sealed)
        var models = [LogModel()]
        // What precedes shifts the batch against the sectors.
        let before = [entry(1, term: 1, bytes: 32 * alignment), entry(2, term: 1, bytes: 40), entry(3, term: 1, bytes: 0)]
        try commit(
            [
                (1, GroupWrite(hardState: LogHardState(term: 1, vote: 7), entries: before, ticket: 1)),
                (2, GroupWrite(hardState: LogHardState(term: 2, vote: 8), entries: before, ticket: 1)),
            ], to: &appender, &models)

        disk.failSync(after: 0)
        models = [models[models.count - 1]]
        let old = models[0]
        #expect(throws: LogIOError.self) {
            try commit(
                [
                    (
                        2,
                        GroupWrite(
                            hardState: LogHardState(term: 3, vote: 9), truncateTo: LogPoint(index: 1, term: 1),
                            entries: [entry(2, term: 3, bytes: 300)], ticket: 2)
                    ),
                    (
                        1,
                        GroupWrite(
                            hardState: LogHardState(term: 4, vote: 9), restart: LogPoint(index: 40, term: 3),
                            entries: [entry(41, term: 4, bytes: 900), entry(42, term: 4, bytes: 0)], ticket: 2)
                    ),
                ], to: &appender, &models)
        }
        let sectors = disk.dirtySectorCount
        #expect(sectors >= 3 && sectors < 10)
        var survivors: Set<Int> = []
        for arrived in 0..<1 << sectors {
            let found = try FoundLog(RecoveredLog(files: disk.crashed { arrived >> $0 & 1 == 1 }, options: Self.options))
            let match = models.firstIndex { $0.matches(found, trimmedUpTo: [:]) }
            #expect(match != nil, "sectors \(String(arrived, radix: 2))")
            survivors.insert(match ?? -1)
            let isRestarted = found.groups[1]?.base.index == 40
            #expect((found.groups[1]?.hardState != old[1].hardState) == isRestarted)
        }
        #expect(survivors.contains(0) && survivors.contains(models.count - 1))
        #expect(survivors.count > 2, "some were torn in the middle")
    }
}
