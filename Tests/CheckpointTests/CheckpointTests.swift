import CSQLite
import Foundation
import Model
import Testing

@testable import Checkpoint

@Suite("The checkpoint")
struct CheckpointTests {
    @Test(
        "What was written is read back after a restart, rounds of changes and deletions later",
        arguments: 1...5 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) async throws {
        let scratch = try Scratch()
        var world = World(seed: seed)
        var checkpoint = try Checkpoint.open(path: scratch.file)
        for round in 0..<12 {
            let (batches, system) = world.round()
            try await checkpoint.write(batches, system: system)
            if round % 4 == 3 {
                checkpoint.close()
                checkpoint = try Checkpoint.open(path: scratch.file)
                #expect(try checkpoint.durableWatermarks == checkpoint.watermarks())
            }
            let loaded = try Loaded(checkpoint)
            #expect(loaded.rows == world.rows && loaded.items == world.items, "seed \(seed), round \(round)")
            #expect(loaded.state.filter { !$0.value.isEmpty } == world.state.filter { !$0.value.isEmpty })
            #expect(loaded.audit.count == world.audit.count)
            #expect(loaded.configurations == Dictionary(uniqueKeysWithValues: (0...3).map { ($0, world.configuration($0)) }))
        }
        checkpoint.close()
    }

    @Test("Deletions are remembered with the index of each, whatever else was written with them")
    func deletions() async throws {
        let scratch = try Scratch()
        var world = World(seed: 4)
        let checkpoint = try Checkpoint.open(path: scratch.file)
        for _ in 0..<8 {
            let (batches, system) = world.round()
            try await checkpoint.write(batches, system: system)
        }
        for shard in World.shards {
            let expected = world.deletions[shard] ?? [:]
            let middle = expected.values.sorted().dropFirst(expected.count / 2).first ?? 0
            let found = try checkpoint.tombstones(of: shard, changedAfter: middle)
            #expect(
                Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0.changedIndex) })
                    == expected.filter { $0.value > middle })
            #expect(expected.count > 1)
        }
        checkpoint.close()
    }

    @Test("A process that dies loses no round that was reported written")
    func death() async throws {
        let scratch = try Scratch()
        var world = World(seed: 9)
        let checkpoint = try Checkpoint.open(path: scratch.file)
        let (batches, system) = world.round()
        try await checkpoint.write(batches, system: system)
        #expect(checkpoint.durableWatermarks.isEmpty, "it is in the write-ahead file only")
        let copy = try scratch.copy()
        let other = try Checkpoint.open(path: copy.file)
        #expect(try Loaded(other) == Loaded(checkpoint))
        #expect(try other.durableWatermarks == checkpoint.watermarks())
        other.close()
        checkpoint.close()
    }

    @Test("The eight tables say the same as the rows, for readers of SQL")
    func tables() async throws {
        let scratch = try Scratch()
        var world = World(seed: 3)
        let checkpoint = try Checkpoint.open(path: scratch.file)
        for _ in 0..<5 {
            let (batches, system) = world.round()
            try await checkpoint.write(batches, system: system)
        }
        checkpoint.close()
        let records = try world.rows.values.flatMap { try $0.map { try RecordCodec.decode($1, id: $0) } }
        let connection = try SQLiteConnection(path: scratch.file, readOnly: true)
        func count(_ sql: String) throws -> Int { Int(try connection.integer("SELECT count(*) FROM " + sql)) }
        #expect(try count("resources") == records.count)
        #expect(try count("virtual_tags") == records.map(\.tags.count).reduce(0, +))
        #expect(try count("compliance_status WHERE NOT is_compliant") == records.count)
        #expect(try count("virtual_tag_rules WHERE rule_name = 'a' AND priority = 5") == world.items.count)
        #expect(try count("tag_schema") == 0 && count("compliance_policies") == 0 && count("ml_inferences") == 0)
        #expect(try count("tag_audit") == world.audit.count)
        #expect(try count("resources WHERE json_extract(native_tags, '$.Owner') = 'A \"quoted\" name'") == records.count)
        #expect(try count("resources JOIN records USING (row) WHERE resources.id <> records.id") == 0)
        #expect(try count("virtual_tags JOIN resources USING (row) WHERE virtual_tags.resource_id <> resources.id") == 0)
    }

    @Test("A round that fails leaves nothing behind, and can be handed over again")
    func failedRound() async throws {
        let scratch = try Scratch()
        var world = World(seed: 4)
        let checkpoint = try Checkpoint.open(path: scratch.file)
        var (batches, system) = world.round()
        try await checkpoint.write(batches, system: system)
        let before = try Loaded(checkpoint)
        (batches, system) = world.round()
        let blocker = try SQLiteConnection(path: scratch.file, readOnly: false)
        try blocker.execute("CREATE TRIGGER full BEFORE INSERT ON watermarks BEGIN SELECT RAISE(ABORT, 'full'); END")
        await #expect(throws: CheckpointError.self) { try await checkpoint.write(batches, system: system) }
        #expect(try Loaded(checkpoint) == before)
        try blocker.execute("DROP TRIGGER full")
        try await checkpoint.write(batches, system: system)
        #expect(try Loaded(checkpoint).rows == world.rows)
        checkpoint.close()
    }
}

@Suite("A damaged checkpoint")
struct CheckpointDamageTests {
    private func written(seed: UInt64, rounds: Int = 4) async throws -> (Scratch, World, Loaded) {
        let scratch = try Scratch()
        var world = World(seed: seed)
        let checkpoint = try Checkpoint.open(path: scratch.file)
        for _ in 0..<rounds {
            let (batches, system) = world.round()
            try await checkpoint.write(batches, system: system)
        }
        let loaded = try Loaded(checkpoint)
        checkpoint.close()
        return (scratch, world, loaded)
    }

    @Test(
        "Flipped bytes are refused or harmless, with and without the check of all pages",
        arguments: 1...12 as ClosedRange<UInt64>)
    func flippedBytes(seed: UInt64) async throws {
        let (scratch, world, loaded) = try await written(seed: seed)
        let whole = scratch.bytes
        var random = SeededRandom(seed: seed)
        for trial in 0..<40 {
            let copy = try Scratch()
            var bytes = whole
            for _ in 0...trial % 3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
            }
            copy.bytes = bytes
            do {
                let checkpoint = try Checkpoint.open(
                    path: copy.file, checkingWholeUpTo: trial % 2 == 0 ? 0 : Checkpoint.wholeCheckBytesMax)
                defer { checkpoint.close() }
                #expect(try Loaded(checkpoint) == loaded, "seed \(seed), trial \(trial)")
                // The next round must not turn harmless damage into a wrong answer.
                var later = world
                let (batches, system) = later.round(changes: 60)
                try await checkpoint.write(batches, system: system)
                #expect(try Loaded(checkpoint).rows == later.rows, "seed \(seed), trial \(trial)")
            } catch let error as CheckpointError {
                #expect(error.message.contains(copy.file), "seed \(seed), trial \(trial): \(error)")
            }
        }
    }

    @Test(
        "A damaged write-ahead file takes the checkpoint back to an earlier round, whole",
        arguments: 1...6 as ClosedRange<UInt64>)
    func damagedWriteAheadFile(seed: UInt64) async throws {
        let scratch = try Scratch()
        var world = World(seed: seed)
        let checkpoint = try Checkpoint.open(path: scratch.file)
        var rounds = [try Loaded(checkpoint)]
        for _ in 0..<5 {
            let (batches, system) = world.round()
            try await checkpoint.write(batches, system: system)
            rounds.append(try Loaded(checkpoint))
        }
        var random = SeededRandom(seed: seed)
        for trial in 0..<8 {
            let copy = try scratch.copy()
            let path = copy.file + "-wal"
            var bytes = [UInt8](FileManager.default.contents(atPath: path) ?? Data())
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 0xFF
            _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
            let damaged = try Checkpoint.open(path: copy.file)
            let loaded = try Loaded(damaged)
            #expect(rounds.contains(loaded), "seed \(seed), trial \(trial)")
            damaged.close()
        }
        checkpoint.close()
    }

    @Test("A file cut short anywhere is refused")
    func cutShort() async throws {
        let (scratch, _, _) = try await written(seed: 21)
        let whole = scratch.bytes
        for count in [1, 99, 100, 4096, whole.count / 2, whole.count - 1] {
            let copy = try Scratch()
            copy.bytes = Array(whole.prefix(count))
            #expect(throws: CheckpointError.self, "\(count) bytes") { try Checkpoint.open(path: copy.file) }
        }
    }

    @Test("Another database, a newer schema and plain text are told apart")
    func strangers() async throws {
        func refusal(_ bytes: [UInt8]) throws -> CheckpointError? {
            let scratch = try Scratch()
            scratch.bytes = bytes
            return #expect(throws: CheckpointError.self) { try Checkpoint.open(path: scratch.file) }
        }
        #expect(try refusal(Array("hello".utf8))?.code == .damaged)
        let (scratch, _, _) = try await written(seed: 22, rounds: 1)
        var bytes = scratch.bytes
        bytes[63] = UInt8(CheckpointSchema.version) + 1
        let newer = try refusal(bytes)
        #expect(newer?.code == .newerVersion && newer?.message.contains("newer version") == true)
        bytes[63] = 1
        #expect(try refusal(bytes)?.code == .olderVersion)
        bytes[68] = 0
        #expect(try refusal(bytes)?.code == .damaged)
    }
}
