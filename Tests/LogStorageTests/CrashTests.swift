import Testing
import WriteAheadLog

@testable import LogStorage

/// Lives of a log on a disk that fails at random points. Every life appends batches until an operation fails, the
/// power goes or the process dies, and the next one must find every batch that was acknowledged.
@Suite("Lives of a log")
struct CrashTests {
    private static let node = LogNodeID(high: 11, low: 22)
    private static let options = LogOptions(node: node, segmentBytes: 16 << 10, batchBytesMax: 8 << 10)
    private static let groups: [GroupID] = [0, 3, 7]

    private struct Acknowledged: Equatable {
        var point: LogPoint
        var payload: [UInt8]
    }

    private struct World {
        var random: SeededRandom
        var disk = SimulatedDisk()
        var log: [GroupID: [Acknowledged]] = [:]
        var term: UInt64 = 1

        /// Appends batches until the disk fails; remembers what was acknowledged, and what was merely tried.
        mutating func live(_ appender: consuming SegmentAppender) {
            var pending: [(GroupID, Acknowledged)] = []
            var tails = log.mapValues { $0.count }
            do throws(LogIOError) {
                while true {
                    for _ in 0...Int.random(in: 0...4, using: &random) {
                        let group = CrashTests.groups[Int.random(in: 0..<3, using: &random)]
                        let index = UInt64(tails[group, default: 0] + 1)
                        let record = PendingRecord(
                            group: group, LogEntry(point: LogPoint(index: index, term: term), payload: payload()))
                        if !appender.stage(record) {
                            try appender.commit()
                            acknowledge(&pending)
                            if !appender.stage(record) {
                                try disk.create(SegmentKeeper.spareName, bytes: CrashTests.options.segmentBytes)
                                _ = try appender.rotate()
                                precondition(appender.stage(record), "an empty segment has room")
                            }
                        }
                        tails[group, default: 0] += 1
                        pending.append((group, Acknowledged(point: record.point, payload: record.payload)))
                    }
                    try appender.commit()
                    acknowledge(&pending)
                }
            } catch {
                // The life is over.
            }
        }

        private mutating func acknowledge(_ pending: inout [(GroupID, Acknowledged)]) {
            for (group, entry) in pending { log[group, default: []].append(entry) }
            pending = []
        }

        /// Half the payloads hold long runs of zeros, which must not pass for sectors that were never written.
        private mutating func payload() -> [UInt8] {
            let count = Int.random(in: 0...3000, using: &random)
            let isSparse = Bool.random(using: &random)
            return (0..<count).map { isSparse && $0 % 900 > 0 ? 0 : UInt8(truncatingIfNeeded: $0 &* 13) }
        }

        /// What the log on the disk holds, by group.
        func read() throws(LogError) -> (RecoveredLog, [GroupID: [Acknowledged]]) {
            let recovered = try RecoveredLog(files: disk, options: CrashTests.options)
            var found: [GroupID: [Acknowledged]] = [:]
            try recovered.forEachEntry(above: [:]) { entry in
                found[entry.group, default: []].append(Acknowledged(point: entry.point, payload: Array(entry.payload)))
            }
            return (recovered, found)
        }
    }

    @Test("No acknowledged entry is lost by power cuts, kills and failed calls", arguments: 1...40 as ClosedRange<UInt64>)
    func lives(seed: UInt64) throws {
        var world = World(random: SeededRandom(seed: seed))
        for life in 0..<12 {
            let (recovered, found) = try world.read()
            for (group, acknowledged) in world.log {
                #expect(found[group]?.starts(with: acknowledged) == true, "seed \(seed), life \(life), group \(group)")
            }
            world.term += 1
            world.disk.failAfter(Int.random(in: 0...60, using: &world.random))
            var sealed: [UInt64] = []
            do throws(LogIOError) {
                let appender = try recovered.appender(index: LogIndex(recovered.groups), sealing: &sealed)
                // Entries that were on their way may have arrived; once repaired, they are part of the log.
                world.log = found
                world.live(appender)
            } catch {
                // The disk failed during the repair.
            }
            let isPowerCut = Bool.random(using: &world.random)
            world.disk = isPowerCut ? world.disk.crashed(using: &world.random) : world.disk.killed()
        }
        #expect(world.log.values.map(\.count).reduce(0, +) > 0, "seed \(seed)")
    }

    @Test(
        "A flipped byte or a cut file is refused or harmless, never a lost entry", arguments: 1...25 as ClosedRange<UInt64>)
    func damage(seed: UInt64) throws {
        var world = World(random: SeededRandom(seed: seed))
        var sealed: [UInt64] = []
        let (fresh, _) = try world.read()
        let appender = try fresh.appender(index: LogIndex(), sealing: &sealed)
        world.disk.failAfter(Int.random(in: 20...80, using: &world.random))
        world.live(appender)
        world.disk = world.disk.crashed(using: &world.random)
        let (_, intact) = try world.read()
        let whole = world.disk

        for trial in 0..<20 {
            world.disk = whole.killed()
            let name = world.disk.segmentNames.randomElement(using: &world.random) ?? ""
            let isCut = trial % 5 == 4
            var random = world.random
            world.disk.damage(name) { bytes in
                let at = Int.random(in: 0..<bytes.count, using: &random)
                if isCut { bytes.removeSubrange(at...) } else { bytes[at] ^= UInt8.random(in: 1...255, using: &random) }
            }
            world.random = random
            do throws(LogError) {
                let (_, found) = try world.read()
                #expect(!isCut && found == intact, "seed \(seed), trial \(trial): read in spite of damage")
            } catch {
                guard case .damaged(_, let damage) = error else {
                    Issue.record("seed \(seed), trial \(trial): \(error)")
                    continue
                }
                #expect(damage.description.contains(name) || damage.file.hasSuffix(".log"))
            }
        }
    }
}
