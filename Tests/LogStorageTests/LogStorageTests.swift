import Foundation
import NIOCore
import NIOPosix
import Testing
import WriteAheadLog

@testable import LogStorage

@Suite("A running log")
struct LogStorageTests {
    private func options(segmentBytes: Int = 64 << 10, queueBytesMax: Int = 1 << 20) -> LogOptions {
        LogOptions(
            node: Harness.node, segmentBytes: segmentBytes, queueBytesMax: queueBytesMax, allocationRetryMilliseconds: 1)
    }

    private func indexes(_ recovered: RecoveredLog, above: [GroupID: UInt64] = [:]) throws -> [UInt64] {
        var indexes: [UInt64] = []
        try recovered.forEachEntry(above: above) { indexes.append($0.point.index) }
        return indexes
    }

    @Test("What was durable is there after an orderly stop, over several segments on a real disk")
    func realDisk() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "vtag-log-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let files = try PosixFileSystem(directory: directory)
        let recovered = try RecoveredLog(files: files, options: options())
        #expect(recovered.isNew)
        let harness = try Harness(recovered)
        for batch in 0..<20 as Range<UInt64> {
            try harness.append(batch * 10 + 1...batch * 10 + 10, payload: [UInt8](repeating: 5, count: 1000))
        }
        harness.notices.wait(for: 200)
        #expect(harness.storage.status.records == 200)
        harness.storage.close()

        let again = try RecoveredLog(files: files, options: options())
        #expect(again.stoppedOrderly && again.tornBytes == 0)
        #expect(try indexes(again) == Array(1...200))
        #expect(try indexes(again, above: [1: 198]) == [199, 200])
        #expect(again.groups[1]?.last == LogPoint(index: 200, term: 1))
        #expect(try files.fileNames().filter { $0.hasSuffix(".log") }.count > 2)
        let stranger = LogOptions(node: LogNodeID(high: 9, low: 9))
        #expect(throws: LogError.self) { try RecoveredLog(files: files, options: stranger) }
    }

    @Test("Several event loops share one log; each hears of its own groups alone")
    func severalLoops() throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        defer { try? group.syncShutdownGracefully() }
        let disk = SimulatedDisk()
        let harness = try Harness(RecoveredLog(files: disk, options: options()), on: group.next())
        let otherLoop = group.next()
        let otherNotices = Notices()
        let other = harness.storage.producer(on: otherLoop) { otherNotices.add($0) }
        for index in 1...50 as ClosedRange<UInt64> {
            try harness.append(index...index, group: 1)
            try otherLoop.submit { other.write(group: 2, .entry(index, [])) }.wait()
        }
        harness.notices.wait(for: 50, group: 1)
        otherNotices.wait(for: 50, group: 2)
        harness.storage.close()
        #expect(harness.notices.all == [1: 50])
        #expect(otherNotices.all == [2: 50])
        let again = try RecoveredLog(files: disk, options: options())
        #expect(again.groups.mapValues(\.last.index) == [1: 50, 2: 50])
    }

    @Test("A failed sync is fatal: nothing of the batch is called durable, and nothing more is taken")
    func failedSync() throws {
        let disk = SimulatedDisk()
        let harness = try Harness(RecoveredLog(files: disk, options: options()))
        try harness.append(1...1)
        harness.notices.wait(for: 1)
        disk.failAfter(1)
        try harness.append(2...2)
        _ = harness.fatal.wait { $0 }
        while !harness.storage.status.isStopped { sched_yield() }
        #expect(throws: LogAppendError.stopped) { try harness.append(3...3) }
        #expect(harness.notices.all == [1: 1])
        harness.storage.close()
    }

    @Test("A full disk refuses new writes, loses none that was taken, and ends when there is room")
    func fullDisk() throws {
        let disk = SimulatedDisk()
        disk.freeBytes = 3 * (64 << 10)
        let harness = try Harness(RecoveredLog(files: disk, options: options()))
        let payload = [UInt8](repeating: 1, count: 2000)
        var taken: UInt64 = 0
        var refusal: LogAppendError?
        while refusal == nil {
            do {
                try harness.append(taken + 1...taken + 1, payload: payload)
                taken += 1
                harness.notices.wait(for: taken)
            } catch let error as LogAppendError {
                refusal = error
            }
        }
        #expect(refusal == .diskFull && harness.storage.status.isDiskFull)
        #expect(taken > 80, "the room that was allocated is used")

        disk.freeBytes = 1 << 20
        while harness.storage.status.isDiskFull { sched_yield() }
        try harness.append(taken + 1...taken + 1, payload: payload)
        harness.notices.wait(for: taken + 1)
        harness.storage.close()
        #expect(try indexes(RecoveredLog(files: disk, options: options())) == Array(1...taken + 1))
    }

    @Test("The queue is bounded in bytes, and a payload in length")
    func bounds() throws {
        let disk = SimulatedDisk()
        let harness = try Harness(RecoveredLog(files: disk, options: options(queueBytesMax: 4096)))
        #expect(throws: LogAppendError.tooLarge) {
            try harness.append(1...1, payload: [UInt8](repeating: 0, count: 16 << 10 + 1))
        }
        // One tick: the writer sees none of it before all of it was offered.
        let taken = try harness.eventLoop.submit { [producer = harness.producer] in
            var taken: UInt64 = 0
            do throws(LogAppendError) {
                while true {
                    try producer.reserve(bytes: 992)
                    producer.write(group: 1, .entry(taken + 1, [UInt8](repeating: 0, count: 992)))
                    taken += 1
                }
            } catch {
                #expect(error == .full)
            }
            return taken
        }.wait()
        #expect(taken == 4)
        harness.notices.wait(for: 4)
        try harness.append(5...5)
        harness.notices.wait(for: 5)
        harness.storage.close()
    }

    @Test("Trimming deletes whole segments below the watermark, and the log still opens")
    func trim() throws {
        let disk = SimulatedDisk()
        let harness = try Harness(RecoveredLog(files: disk, options: options(segmentBytes: 16 << 10)))
        for index in 1...100 as ClosedRange<UInt64> {
            try harness.append(index...index, payload: [UInt8](repeating: 3, count: 1000))
            harness.notices.wait(for: index)
        }
        let before = disk.segmentNames
        harness.storage.trim(upTo: [1: 60])
        while disk.segmentNames.count > 5 { sched_yield() }
        harness.storage.close()
        #expect(before.count > 6 && before.hasSuffix(disk.segmentNames))

        let again = try RecoveredLog(files: disk, options: options(segmentBytes: 16 << 10))
        let base = again.groups[1]?.base.index ?? 0
        #expect(base > 0 && base <= 60)
        #expect(try indexes(again) == Array(base + 1...100))
        try again.check(checkpoint: [1: 60])
        try again.check(checkpoint: [1: 100])
        for (checkpoint, isBehind) in [(base - 1, false), (101, true)] as [(UInt64, Bool)] {
            #expect(
                throws: LogError.damaged(
                    directory: "simulated",
                    LogDamage(
                        file: disk.segmentNames[0], offset: 0,
                        reason: isBehind
                            ? .behind(group: 1, checkpoint: checkpoint, logEndsAt: 100)
                            : .gap(group: 1, checkpoint: checkpoint, logStartsAfter: base)))
            ) { try again.check(checkpoint: [1: checkpoint]) }
        }
    }

    @Test("A write is never refused: over a full queue, and on a full disk until there is room")
    func neverRefused() throws {
        let disk = SimulatedDisk()
        disk.freeBytes = 2 * (64 << 10)
        let harness = try Harness(RecoveredLog(files: disk, options: options(queueBytesMax: 4096)))
        let payload = [UInt8](repeating: 1, count: 4000)
        for index in 1...40 as ClosedRange<UInt64> { try harness.write(.entry(index, payload)) }
        try harness.write(GroupWrite(ticket: 41))
        while !harness.storage.status.isDiskFull { sched_yield() }
        #expect(throws: LogAppendError.self) { try harness.append(41...41) }
        disk.freeBytes = 1 << 20
        harness.notices.wait(for: 41)
        #expect(harness.storage.status.waitingBytes == 0)
        harness.storage.close()
        try harness.write(.entry(41, payload))
        #expect(harness.notices.all == [1: 41], "after the close nothing is taken")
        #expect(try indexes(RecoveredLog(files: disk, options: options())) == Array(1...40))
    }

    @Test("Hard states and tombstones outlive the segments that hold their records")
    func hardStatesOutliveSegments() throws {
        let disk = SimulatedDisk()
        let harness = try Harness(RecoveredLog(files: disk, options: options(segmentBytes: 16 << 10)))
        let state = LogHardState(term: 1, vote: 77)
        try harness.write(GroupWrite(hardState: state, ticket: 1), group: 5)
        try harness.write(
            GroupWrite(
                hardState: state, entries: [LogEntry(point: LogPoint(index: 1, term: 1), payload: [9])], ticket: 1),
            group: 6)
        try harness.remove(group: 6, ticket: 2)
        try harness.write(GroupWrite(restart: LogPoint(index: 12, term: 1), ticket: 1), group: 7)
        for index in 1...100 as ClosedRange<UInt64> {
            try harness.append(index...index, payload: [UInt8](repeating: 3, count: 1000))
            harness.notices.wait(for: index)
        }
        harness.storage.trim(upTo: [1: 100])
        while harness.storage.status.segments > 1 { sched_yield() }
        #expect(harness.bases.change { $0.keys.sorted() } == [1])
        harness.storage.close()

        let again = try RecoveredLog(files: disk, options: options(segmentBytes: 16 << 10))
        #expect(again.hardStates == [5: state, 6: state])
        #expect(again.removed == [6])
        #expect(again.groups.keys.sorted() == [1, 5, 7])
        #expect(again.groups[7]?.base == LogPoint(index: 12, term: 1))
        try again.check(checkpoint: [1: 100, 6: 1, 7: 12])
        #expect(throws: LogError.self) { try again.check(checkpoint: [1: 100, 7: 20]) }
        try again.check(checkpoint: [1: 100, 7: 20], installed: [7])

        let next = try Harness(again)
        try next.write(.entry(1, [4]), group: 6)
        next.notices.wait(for: 1, group: 6)
        next.storage.close()
        let last = try RecoveredLog(files: disk, options: options(segmentBytes: 16 << 10))
        #expect(last.removed.isEmpty && last.hardStates[6] == state && last.groups[6]?.last.index == 1)
    }

    @Test("Entries that were cut off, and those of a group that left, do not keep segments")
    func voidEntriesKeepNothing() throws {
        let disk = SimulatedDisk()
        let harness = try Harness(RecoveredLog(files: disk, options: options(segmentBytes: 16 << 10)))
        let payload = [UInt8](repeating: 3, count: 1000)
        try harness.append(1...1, group: 2)
        for group in [2, 3] as [GroupID] {
            for index in (group == 2 ? 2 : 1)...40 as ClosedRange<UInt64> {
                try harness.append(index...index, group: group, payload: payload)
                harness.notices.wait(for: index, group: group)
            }
        }
        harness.storage.trim(upTo: [2: 1])
        try harness.write(GroupWrite(truncateTo: LogPoint(index: 1, term: 1), ticket: 41), group: 2)
        try harness.remove(group: 3, ticket: 41)
        while harness.storage.status.segments > 1 { sched_yield() }
        harness.storage.close()
        let again = try RecoveredLog(files: disk, options: options(segmentBytes: 16 << 10))
        #expect(again.groups[2]?.base == LogPoint(index: 1, term: 1) && again.groups[2]?.last.index == 1)
        #expect(again.removed == [3])
        try again.check(checkpoint: [2: 1])
    }

    @Test("A directory has one holder at a time, and tells which")
    func lock() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "vtag-lock-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var lock: DirectoryLock? = try DirectoryLock(directory: directory)
        #expect(throws: LogError.inUse(path: directory, process: getpid())) { try DirectoryLock(directory: directory) }
        withExtendedLifetime(lock) {}
        lock = nil
        _ = try DirectoryLock(directory: directory)
    }
}

extension [String] {
    fileprivate func hasSuffix(_ suffix: [String]) -> Bool { Array(self.suffix(suffix.count)) == suffix }
}
