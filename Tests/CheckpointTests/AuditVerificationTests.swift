import Foundation
import Model
import Testing

@testable import Checkpoint

@Suite("The chain of the audit history")
struct AuditVerificationTests {
    private func faults(_ checkpoint: Checkpoint, pages limit: Int = .max) throws -> [Int: AuditFault] {
        var faults: [Int: AuditFault] = [:]
        for shard in 0...3 {
            var next: UInt64? = 1
            while let first = next {
                let found = try checkpoint.verifyAudit(shard: shard, from: first, limit: limit)
                faults[shard] = found.fault
                next = found.next
            }
        }
        return faults
    }

    /// A checkpoint after some rounds whose file somebody else has changed.
    private func tampered(_ sql: String) async throws -> [Int: AuditFault] {
        let lived = try await Lived(seed: 31)
        let intruder = try SQLiteConnection(path: lived.scratch.file, readOnly: false)
        try intruder.execute(sql)
        defer { lived.checkpoint.close() }
        return try faults(lived.checkpoint)
    }

    @Test("A history that nobody touched is whole, in pages of any length", arguments: [1, 7, 1_000_000])
    func whole(limit: Int) async throws {
        let lived = try await Lived(seed: 32)
        #expect(try faults(lived.checkpoint, pages: limit) == [:])
        let last = try lived.checkpoint.verifyAudit(shard: 1, from: 1, limit: .max)
        #expect(last.last == lived.world.watermark(1).auditSequence && last.head.count == 32)
        #expect(try lived.checkpoint.verifyAudit(shard: 9, from: 1, limit: 10).last == 0)
        lived.checkpoint.close()
    }

    @Test("The first entry that is missing, altered, exchanged or added is named")
    func tampering() async throws {
        let row = "WHERE shard = 2 AND sequence = 5"
        func fault(_ sql: String) async throws -> AuditFault? {
            let faults = try await tampered(sql)
            #expect(faults.keys.allSatisfy { $0 == 2 })
            return faults[2]
        }
        for column in ["actor = 'mallory'", "new_value = 'x'", "at = at + 1", "hash = zeroblob(32)"] {
            #expect(
                try await fault("UPDATE tag_audit SET \(column) \(row)") == AuditFault(sequence: 5, problem: .altered))
        }
        #expect(try await fault("DELETE FROM tag_audit \(row)") == AuditFault(sequence: 5, problem: .missing))
        let last = try await Lived(seed: 31).world.watermark(2).auditSequence
        #expect(
            try await fault("DELETE FROM tag_audit WHERE shard = 2 AND sequence = \(last)")
                == AuditFault(sequence: last, problem: .missing))
        let copy = """
            CREATE TEMP TABLE copy AS SELECT * FROM tag_audit WHERE shard = 2 AND sequence = \(last);
            UPDATE copy SET number = number + 1; INSERT INTO tag_audit SELECT * FROM copy
            """
        #expect(try await fault(copy) == AuditFault(sequence: last + 1, problem: .added))
    }

    @Test("Who makes checksums and hashes fit is told by the hash of the end")
    func forgery() async throws {
        let lived = try await Lived(seed: 33)
        let last = lived.world.watermark(1).auditSequence
        let intruder = try SQLiteConnection(path: lived.scratch.file, readOnly: false)
        func forge(from first: UInt64, hashes: Bool) throws -> AuditFault? {
            let rows = try intruder.prepare(
                "SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE shard = 1 ORDER BY number")
            var forged: [StoredAuditEntry] = []
            var hash: [UInt8] = []
            while try rows.step() {
                let row = try #require(AuditRow(rows))
                var entry = try #require(row.entry)
                if entry.sequence == first {
                    entry = AuditEntry(
                        id: entry.id, sequence: entry.sequence, resourceID: entry.resourceID, action: entry.action,
                        actor: "mallory", at: entry.at)
                }
                hash = hashes ? try AuditChain().hash(entry, after: hash, shard: 1) : row.hash
                forged.append(
                    StoredAuditEntry(
                        shard: 1, previous: row.previous, stamp: row.stamp, changedIndex: row.changedIndex, hash: hash,
                        entry: entry))
            }
            rows.reset()
            try intruder.execute("DELETE FROM tag_audit WHERE shard = 1")
            let insert = try intruder.prepare(StoredAuditEntry.insert)
            for entry in forged { try entry.write(with: insert) }
            return try lived.checkpoint.verifyAudit(shard: 1, from: 1, limit: .max).fault
        }
        #expect(try forge(from: 4, hashes: false) == AuditFault(sequence: 4, problem: .unchained))
        #expect(try forge(from: 4, hashes: true) == AuditFault(sequence: last, problem: .wrongEnd))
        lived.checkpoint.close()
    }

    @Test("A snapshot carries it: the replica that takes it over ends at the same hash")
    func snapshot() async throws {
        let lived = try await Lived(seed: 34)
        let other = try await Lived(seed: 35, rounds: 0)
        try other.install(try lived.export(2))
        let mine = try lived.checkpoint.verifyAudit(shard: 2, from: 1, limit: .max)
        #expect(try other.checkpoint.verifyAudit(shard: 2, from: 1, limit: .max) == mine)
        #expect(mine.fault == nil && mine.last > 0)
        lived.checkpoint.close()
        other.checkpoint.close()
    }

    @Test("A byte flipped in the file is found, or it is none of the history's")
    func flippedByte() async throws {
        let lived = try await Lived(seed: 36)
        lived.checkpoint.close()
        let whole = lived.scratch.bytes
        let mark = Array("r7".utf8)
        var found = 0
        for place in whole.indices.dropLast(1) where whole[place] == mark[0] && whole[place + 1] == mark[1] {
            var bytes = whole
            bytes[place] ^= 1
            let copy = try Scratch()
            copy.bytes = bytes
            let checkpoint = try Checkpoint.open(path: copy.file, checkingWholeUpTo: 0)
            for fault in try faults(checkpoint).values {
                #expect(fault.problem == .altered)
                found += 1
            }
            checkpoint.close()
        }
        #expect(found >= 3, "each of the three shards has a seventh request")
    }
}
