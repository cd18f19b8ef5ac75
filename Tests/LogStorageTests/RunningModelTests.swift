import NIOCore
import NIOPosix
import Testing
import WriteAheadLog

@testable import LogStorage

/// A running log with all its threads against a model: random writes, removals, trims, reads and reopenings.
@Suite("A running log against a model")
struct RunningModelTests {
    private static let options = LogOptions(
        node: Harness.node, segmentBytes: 16 << 10, batchBytesMax: 8 << 10, allocationRetryMilliseconds: 1)
    private static let groups: [GroupID] = [0, 1, 64, 4000]

    private struct Run {
        var generator: WriteGenerator
        let disk = SimulatedDisk()
        var watermarks: [GroupID: UInt64] = [:]
        var tickets: [GroupID: UInt64] = [:]
        var entriesRead = 0
        var compacted = 0

        func open() throws -> Harness {
            let recovered = try RecoveredLog(files: disk, options: RunningModelTests.options)
            #expect(recovered.stoppedOrderly)
            #expect(generator.model.matches(try FoundLog(recovered), trimmedUpTo: watermarks))
            return try Harness(recovered)
        }

        /// One tick of the event loop with some writes; waits for them.
        mutating func write(to harness: Harness) throws {
            var writes: [PendingWrite] = []
            for _ in 0...Int.random(in: 0...12, using: &generator.random) {
                let group = RunningModelTests.groups[Int.random(in: 0..<4, using: &generator.random)]
                tickets[group, default: 0] += 1
                writes.append(generator.next(for: group, ticket: tickets[group, default: 0]))
                watermarks[group] = min(watermarks[group, default: 0], generator.committed[group, default: 0])
            }
            try harness.eventLoop.submit { [writes, producer = harness.producer] in
                for write in writes {
                    switch write.content {
                    case .write(let content): producer.write(group: write.group, content)
                    case .remove(let ticket): producer.remove(group: write.group, ticket: ticket)
                    }
                }
            }.wait()
            for (group, ticket) in tickets where writes.contains(where: { $0.group == group }) {
                harness.notices.wait(for: ticket, group: group)
            }
        }

        mutating func trim(_ harness: Harness) {
            for group in RunningModelTests.groups {
                let last = generator.model[group].last.index
                let held = UInt64.random(in: watermarks[group, default: 0]...last, using: &generator.random)
                watermarks[group] = held
                generator.committed[group] = max(held, generator.committed[group, default: 0])
            }
            harness.storage.trim(upTo: watermarks)
        }

        mutating func read(_ harness: Harness) throws {
            for group in RunningModelTests.groups {
                let model = generator.model[group]
                let first = UInt64.random(in: 1...model.last.index + 1, using: &generator.random)
                let last = first + UInt64.random(in: 0...30, using: &generator.random)
                switch try harness.storage.entries(of: group, from: first, through: last, bytesMax: .max) {
                case .compacted:
                    compacted += 1
                    #expect(first <= max(model.start.index, watermarks[group, default: 0]))
                case .entries(let entries):
                    entriesRead += entries.count
                    #expect(entries == model.entries.filter { $0.point.index >= first && $0.point.index <= last })
                }
            }
        }
    }

    @Test("What was written is there, read back and after every reopening", arguments: [1, 2, 3, 4, nil] as [UInt64?])
    func model(fixed: UInt64?) throws {
        let seed = fixed ?? UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var run = Run(generator: WriteGenerator(random: SeededRandom(seed: seed), model: LogModel()))
        for _ in 0..<6 {
            let harness = try run.open()
            for _ in 0..<40 {
                try run.write(to: harness)
                try run.read(harness)
                if Int.random(in: 0..<4, using: &run.generator.random) == 0 { run.trim(harness) }
            }
            harness.storage.close()
            #expect(harness.fatal.change { $0 } == nil)
        }
        _ = try run.open().storage.close()
        #expect(run.entriesRead > 1000 && run.compacted > 10, "seed \(seed)")
    }
}
