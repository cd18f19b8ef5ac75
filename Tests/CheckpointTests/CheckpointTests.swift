import Foundation
import Model
import Testing

@testable import Checkpoint

@Suite("The checkpoint")
struct CheckpointTests {
    /// Ten rows, one of them gone again, a state, a rule and the trail of it all.
    private func filled(_ bench: borrowing Bench) async throws -> Contents {
        let checkpoint = try bench.open()
        try await checkpoint.write(
            [
                batch(
                    index: 1, rows: (0..<10).map { record($0) }, audit: (1...10).map { entry(UInt64($0), of: $0 - 1) },
                    state: [("sweep", [1]), ("gone", [2])])
            ], system: systemBatch(index: 1, item: [1, 2, 3]))
        try await checkpoint.write([
            batch(
                index: 2, rows: [record(3, name: "db", changed: 2)], deleted: [4],
                audit: [entry(11, of: 4, action: .resourceDeleted)], state: [("sweep", [9]), ("gone", nil)])
        ])
        let contents = try checkpoint.contents()
        checkpoint.close()
        return contents
    }

    @Test("Rows, deletions, state, items and trail come back as they were written, also after a new start")
    func roundTrip() async throws {
        let bench = try Bench()
        let contents = try await filled(bench)
        #expect(contents.rows.count == 9)
        #expect(contents.rows[record(4).resource.id] == nil)
        #expect(contents.rows[record(3).resource.id] == RecordCodec.encode(record(3, name: "db", changed: 2)))
        #expect(contents.state == ["sweep": [9]])
        #expect(contents.items == [UUID128(high: 1, low: 1): [1, 2, 3]])
        #expect(contents.system == ["catalog_version": [1]])
        #expect(contents.watermarks[1] == Watermark(term: 1, appliedIndex: 2, auditSequence: 11))
        #expect(contents.trail.map(\.sequence) == (1...11).reversed())
        let again = try bench.open()
        #expect(try again.contents() == contents)
        #expect(again.durableWatermarks == contents.watermarks)
        again.close()
    }

    @Test("A batch that is written twice is there once")
    func twice() async throws {
        let bench = try Bench()
        let checkpoint = try bench.open()
        let same = batch(index: 1, rows: [record(1), record(2)], audit: [entry(1, of: 1), entry(2, of: 2)], state: [("a", [1])])
        try await checkpoint.write([same])
        let once = try checkpoint.contents()
        try await checkpoint.write([same])
        #expect(try checkpoint.contents() == once)
        checkpoint.close()
    }

    @Test("A rule that is deleted is gone")
    func deletedItem() async throws {
        let bench = try Bench()
        let checkpoint = try bench.open()
        try await checkpoint.write([], system: systemBatch(index: 1, item: [1]))
        try await checkpoint.write([], system: systemBatch(index: 2, item: nil))
        #expect(try checkpoint.contents().items.isEmpty)
        checkpoint.close()
    }

    @Test("After it was closed a batch is refused, not dropped in silence")
    func closed() async throws {
        let bench = try Bench()
        let checkpoint = try bench.open()
        checkpoint.close()
        await #expect(throws: CheckpointError.self) { try await checkpoint.write([batch(index: 1, rows: [record(1)])]) }
    }

    @Test(
        "What was changed behind its back is refused, naming the file",
        arguments: [
            "DELETE FROM rows WHERE id = (SELECT id FROM rows LIMIT 1)",
            "UPDATE rows SET record = x'0102' WHERE id = (SELECT id FROM rows LIMIT 1)",
            "UPDATE rows SET crc = crc + 1 WHERE id = (SELECT id FROM rows LIMIT 1)",
            "INSERT INTO rows SELECT zeroblob(16), crc, record FROM rows LIMIT 1",
            "UPDATE watermarks SET applied_index = 1 WHERE shard = 1",
            "UPDATE watermarks SET row_count = 0 WHERE shard = 1",
            "DELETE FROM watermarks WHERE shard = 1",
            "DELETE FROM watermarks WHERE shard = 0",
            "UPDATE shard_state SET value = x'00' WHERE shard = 1",
            "DELETE FROM shard_state WHERE shard = 1",
            "INSERT INTO shard_state SELECT shard, 'other', value, crc FROM shard_state WHERE shard = 1",
            "UPDATE virtual_tag_rules SET record = x'00'",
            "DELETE FROM virtual_tag_rules",
            "DELETE FROM tag_audit WHERE sequence = 5",
            "DELETE FROM tag_audit WHERE sequence = 11",
            "UPDATE tag_audit SET actor = 'eve' WHERE sequence = 5",
            "UPDATE tag_audit SET at = at + 1 WHERE sequence = 5",
            "UPDATE tag_audit SET resource_id = zeroblob(16) WHERE sequence = 5",
            "UPDATE tag_audit SET tag_key = 'other' WHERE sequence = 5",
            "UPDATE tag_audit SET rule_id = zeroblob(16) WHERE sequence = 5",
            "UPDATE tag_audit SET entry = x'00' WHERE sequence = 5",
            "UPDATE tag_audit SET shard = 2 WHERE sequence = 11",
            "DROP TABLE shard_state",
            "PRAGMA user_version = 0",
            "PRAGMA application_id = 0",
        ])
    func altered(sql: String) async throws {
        let bench = try Bench()
        _ = try await filled(bench)
        try bench.alter(sql)
        do {
            let checkpoint = try bench.open()
            defer { checkpoint.close() }
            _ = try checkpoint.contents()
            Issue.record("read in spite of: \(sql)")
        } catch {
            let refusal = try #require(error as? CheckpointError)
            #expect(refusal.message.contains(bench.path))
        }
    }

    @Test("A newer schema is refused as such")
    func newerSchema() async throws {
        let bench = try Bench()
        _ = try await filled(bench)
        try bench.alter("PRAGMA user_version = 99")
        let error = try #require(throws: CheckpointError.self) { try bench.open() }
        #expect(error.code == .newerVersion)
    }

    @Test("A file that is no database is refused; an empty one is a new checkpoint")
    func notADatabase() throws {
        let bench = try Bench()
        try Data(repeating: 0x41, count: 20_000).write(to: URL(fileURLWithPath: bench.path))
        let error = try #require(throws: CheckpointError.self) { try bench.open() }
        #expect(error.code == .damaged)
        try Data().write(to: URL(fileURLWithPath: bench.path))
        let checkpoint = try bench.open()
        #expect(try checkpoint.contents() == Contents())
        checkpoint.close()
    }

    @Test("A batch that fails in its midst leaves nothing; tried again later it succeeds and nothing is lost")
    func failedBatch() async throws {
        let bench = try Bench()
        let checkpoint = try bench.open()
        try await checkpoint.write([batch(index: 1, rows: [record(0)], audit: [entry(1, of: 0)], state: [("a", [1])])])
        let before = try checkpoint.contents()
        try bench.alter(
            "CREATE TRIGGER full BEFORE INSERT ON tag_audit WHEN new.sequence = 150 BEGIN SELECT RAISE(ABORT, 'full'); END")
        let large = batch(
            index: 2, rows: (0..<200).map { record($0, changed: 2) }, audit: (2...201).map { entry(UInt64($0), of: $0 - 2) },
            state: [("a", nil), ("b", [2])])
        let error = try await #require(throws: CheckpointError.self) { try await checkpoint.write([large]) }
        #expect(error.code == .unavailable)
        #expect(try checkpoint.contents() == before)
        try bench.alter("DROP TRIGGER full")
        try await checkpoint.write([large])
        let after = try checkpoint.contents()
        #expect(after.rows.count == 200)
        #expect(after.state == ["b": [2]])
        #expect(after.trail.count == 201)
        checkpoint.close()
        let again = try bench.open()
        #expect(try again.contents() == after)
        again.close()
    }

    @Test("Who reads during writes sees whole batches")
    func readersDuringWrites() async throws {
        let bench = try Bench()
        let checkpoint = try bench.open()
        try await checkpoint.write([batch(index: 1, rows: (0..<20).map { record($0) })])
        let reader = Task.detached {
            for _ in 0..<200 {
                let connection = try SQLiteConnection(path: checkpoint.path, readOnly: true)
                let kinds = try connection.integer("SELECT count(DISTINCT name) FROM resources")
                #expect(kinds == 1)
            }
        }
        for index in 2..<60 {
            let rows = (0..<20).map { record($0, name: "name-\(index)", changed: UInt64(index)) }
            try await checkpoint.write([batch(index: UInt64(index), rows: rows)])
        }
        try await reader.value
        checkpoint.close()
    }
}
