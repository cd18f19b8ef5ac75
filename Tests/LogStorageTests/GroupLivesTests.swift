import Testing
import WriteAheadLog

@testable import LogStorage

/// Lives of groups that do everything consensus may ask for, on a disk that fails at random points, trimmed as they go.
@Suite("Lives of groups")
struct GroupLivesTests {
    private static let options = LogOptions(
        node: LogNodeID(high: 11, low: 22), segmentBytes: 16 << 10, batchBytesMax: 8 << 10)
    private static let groups: [GroupID] = [0, 3, 700]

    private struct World {
        var random: SeededRandom
        var disk = SimulatedDisk()
        /// What was on disk for certain when the last life ended.
        var durable = LogModel()
        /// What was under way: any number of the first ones may have arrived.
        var underWay: [PendingRecord] = []
        var watermarks: [GroupID: UInt64] = [:]
        var sealed: [UInt64] = []
        var restarts = 0
        var removals = 0
        var trimmed = 0
        var readBack = 0

        /// One life, until the disk fails.
        mutating func live(_ appender: consuming SegmentAppender, _ index: LogIndex) throws(LogError) {
            var generator = WriteGenerator(random: random, model: durable, committed: watermarks)
            defer { random = generator.random }
            var ticket: UInt64 = 0
            while true {
                do throws(LogIOError) {
                    for _ in 0...Int.random(in: 0...4, using: &generator.random) {
                        let group = GroupLivesTests.groups[Int.random(in: 0..<3, using: &generator.random)]
                        ticket += 1
                        try write(generator.next(for: group, ticket: ticket), to: &appender)
                    }
                    try commit(&appender)
                    trim(&generator, index)
                    try delete(index)
                } catch {
                    return
                }
                try readBack(&generator.random, index)
            }
        }

        private mutating func write(_ write: PendingWrite, to appender: inout SegmentAppender) throws(LogIOError) {
            try write.forEachRecord { (record) throws(LogIOError) in
                if record.kind == .restart { restarts += 1 }
                if record.kind == .remove { removals += 1 }
                if !appender.stage(record) {
                    try commit(&appender)
                    if !appender.stage(record) {
                        try disk.create(SegmentKeeper.spareName, bytes: GroupLivesTests.options.segmentBytes)
                        sealed.append(try appender.rotate())
                        precondition(appender.stage(record), "an empty segment has room")
                    }
                }
                underWay.append(record)
            }
        }

        private mutating func commit(_ appender: inout SegmentAppender) throws(LogIOError) {
            try appender.commit()
            settle(underWay.count)
        }

        /// The first `count` records under way are durable.
        mutating func settle(_ count: Int) {
            for record in underWay.prefix(count) {
                durable.apply(record)
                guard record.change?.voidsEntries == true else { continue }
                let last = durable[record.group].last.index
                watermarks[record.group] = min(watermarks[record.group, default: 0], last)
            }
            underWay = []
        }

        /// Something is committed and goes to the checkpoint.
        private mutating func trim(_ generator: inout WriteGenerator, _ index: LogIndex) {
            guard Int.random(in: 0..<3, using: &generator.random) == 0 else { return }
            for group in GroupLivesTests.groups {
                let last = durable[group].last.index
                let held = UInt64.random(in: min(last, watermarks[group, default: 0])...last, using: &generator.random)
                watermarks[group] = held
                generator.committed[group] = max(held, generator.committed[group, default: 0])
            }
            index.raise(watermarks)
        }

        private mutating func delete(_ index: LogIndex) throws(LogIOError) {
            while let oldest = sealed.first, index.isCovered(through: oldest) {
                let bases = index.forget(through: oldest)
                for (group, base) in bases {
                    #expect(base.index <= watermarks[group, default: 0] && base == durable[group].point(at: base.index))
                }
                try disk.remove(SegmentHeader.fileName(sequence: oldest))
                try disk.syncDirectory()
                sealed.removeFirst()
                trimmed += 1
            }
        }

        private mutating func readBack(_ random: inout SeededRandom, _ index: LogIndex) throws(LogError) {
            let reader = LogReader(files: disk, index: index, node: GroupLivesTests.options.node)
            for group in GroupLivesTests.groups {
                let model = durable[group]
                let first = UInt64.random(in: 1...model.last.index + 2, using: &random)
                let last = first + UInt64.random(in: 0...20, using: &random)
                let bytesMax = Int.random(in: 0...20_000, using: &random)
                switch try reader.entries(of: group, from: first, through: last, bytesMax: bytesMax) {
                case .compacted:
                    #expect(first <= max(model.start.index, watermarks[group, default: 0]))
                case .entries(let entries):
                    #expect(first > model.start.index)
                    let wanted = model.entries.filter { $0.point.index >= first && $0.point.index <= last }
                    var (weight, count) = (0, 0)
                    for entry in wanted {
                        weight += entry.payload.count + LogFormat.headerBytes
                        if count > 0, weight > bytesMax { break }
                        count += 1
                    }
                    #expect(entries == Array(wanted.prefix(count)))
                    readBack += entries.count
                }
            }
        }
    }

    @Test(
        "After a crash the log shows everything acknowledged, and of the rest a first part",
        arguments: 1...60 as ClosedRange<UInt64>)
    func lives(seed: UInt64) throws {
        var world = World(random: SeededRandom(seed: seed))
        for life in 0..<15 {
            let recovered = try RecoveredLog(files: world.disk, options: Self.options)
            let found = try FoundLog(recovered)
            let arrived = arrived(world, found)
            guard let arrived else {
                Issue.record("seed \(seed), life \(life): nothing that was written explains what is there")
                return
            }
            if Bool.random(using: &world.random) {
                world.disk.failAfter(Int.random(in: 0...120, using: &world.random))
            } else {
                world.disk.failSync(after: Int.random(in: 0...40, using: &world.random))
            }
            var sealed = recovered.recovery?.headers.dropLast().map(\.sequence) ?? []
            let index = LogIndex(recovered.recovery?.groups.mapValues(\.history) ?? [:])
            let repair = Result { () throws(LogIOError) in try recovered.appender(index: index, sealing: &sealed) }
            // A disk that fails during the repair changes nothing that can be seen.
            if case .success(let appender) = repair {
                // What had arrived is part of the log for good.
                world.settle(arrived)
                world.sealed = sealed
                try world.live(appender, index)
            }
            let isPowerCut = Bool.random(using: &world.random)
            world.disk = isPowerCut ? world.disk.crashed(using: &world.random) : world.disk.killed()
        }
        #expect(world.readBack > 0 && world.restarts > 0, "seed \(seed)")
    }

    /// How many of the records under way are in the log; nil where no number explains what was found.
    private func arrived(_ world: World, _ found: FoundLog) -> Int? {
        var world = world
        let underWay = world.underWay
        world.underWay = []
        for count in 0...underWay.count {
            if world.durable.matches(found, trimmedUpTo: world.watermarks) { return count }
            guard count < underWay.count else { break }
            world.underWay = [underWay[count]]
            world.settle(1)
        }
        return nil
    }
}
