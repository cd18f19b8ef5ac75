import Foundation
import Model
import Testing

@testable import Checkpoint

@Suite("Clean-ups of the audit history")
struct AuditRemovalTests {
    /// The entries of a shard with their stamps, as the world has them.
    private func stamped(_ world: World, _ shard: Int) -> [(entry: AuditEntry, stamp: Int64)] {
        var stamp = Int64.min
        return world.audit.filter { $0.shard == shard }.map { item in
            stamp = max(stamp, item.entry.at.milliseconds)
            return (item.entry, stamp)
        }
    }

    private func hold(_ scope: LegalHold.Scope) -> LegalHold {
        LegalHold(
            id: UUID128(high: 1, low: 1), name: "h", reason: "r", scope: scope, placedBy: "ann",
            placedAt: Timestamp(milliseconds: 0))
    }

    private func holds(_ scopes: LegalHold.Scope...) -> LegalHolds { LegalHolds(scopes.map(hold)) }

    private func trail(_ checkpoint: Checkpoint, limit: Int = 37) throws -> [AuditEntry] {
        var entries: [AuditEntry] = []
        var cursor: AuditCursor?
        repeat {
            let page = try checkpoint.auditTrail(AuditFilter(), before: cursor, limit: limit)
            entries += page.entries
            cursor = page.next
        } while cursor != nil
        return entries
    }

    private func verify(_ checkpoint: Checkpoint, _ shard: Int, pages limit: Int = .max) throws -> AuditVerification {
        var first: UInt64 = 1
        while true {
            let found = try checkpoint.verifyAudit(shard: shard, from: first, limit: limit)
            guard let next = found.next else { return found }
            first = next
        }
    }

    @Test("Random entries, holds and clean-ups: the chain verifies, what is held stays, the rest goes", arguments: 0..<12)
    func random(seed: UInt64) async throws {
        var lived = try await Lived(seed: 100 + seed, rounds: 5)
        var random = SeededRandom(seed: seed)
        var expected = Dictionary(
            uniqueKeysWithValues: try World.shards.map { shard in
                (shard, (head: try verify(lived.checkpoint, shard).head, gone: Set<UInt64>()))
            })
        for _ in 0..<4 {
            try await lived.round()
            let times = lived.world.audit.map(\.entry.at.milliseconds)
            let before = Timestamp(milliseconds: Int64.random(in: times.min()!...times.max()!, using: &random))
            var scope = LegalHold.Scope()
            let names = (0..<6).map { "i-\(1 + $0 % 3)-\(Int.random(in: 0..<40, using: &random))" }
            if Bool.random(using: &random) { scope.resources = names.map { ResourceID(provider: .aws, nativeID: $0) } }
            if Bool.random(using: &random) { scope.actors = ["bob"] }
            if Bool.random(using: &random) { scope.tagKeys = ["Team"] }
            if scope.isEmpty { scope.to = Timestamp(milliseconds: before.milliseconds - 500) }
            let holds = Bool.random(using: &random) ? holds(scope) : holds()
            for shard in World.shards {
                for (entry, stamp) in stamped(lived.world, shard) where stamp < before.milliseconds {
                    let isHeld = holds.names(
                        resource: entry.resourceID, actor: entry.actor, tagKey: entry.tagKey, at: entry.at
                    ) { _ in nil }
                    if !isHeld { expected[shard]?.gone.insert(entry.sequence) }
                }
                let limit = Int.random(in: 1...60, using: &random)
                try await lived.clean(shard, before: before, holds, limit: limit)
            }
            let other = try await Lived(seed: 7, rounds: 0)
            for shard in 0...3 { try other.install(lived.export(shard)) }
            for checkpoint in [lived.checkpoint, other.checkpoint] {
                let whole = try trail(checkpoint)
                for shard in World.shards {
                    let gone = expected[shard]?.gone ?? []
                    let left = lived.world.audit.filter { $0.shard == shard && !gone.contains($0.entry.sequence) }.map(
                        \.entry)
                    #expect(whole.filter { Set(left).contains($0) }.count == left.count)
                    for pages in [1, 9, .max] {
                        let found = try verify(checkpoint, shard, pages: pages)
                        #expect(found.fault == nil)
                        #expect(found.removals?.entries == UInt64(gone.count))
                        #expect(found.last == lived.world.watermark(shard).auditSequence)
                    }
                    for resource in Set(left.compactMap(\.resourceID)) {
                        var filter = AuditFilter()
                        filter.resource = resource
                        let own = try checkpoint.auditTrail(filter, before: nil, limit: 1_000).entries
                        #expect(own == left.filter { $0.resourceID == resource }.reversed())
                    }
                }
                let gone = expected.values.reduce(0) { $0 + $1.gone.count }
                #expect(whole.count == lived.world.audit.count - gone)
            }
            other.checkpoint.close()
        }
        lived.checkpoint.close()
        let again = try Checkpoint.open(path: lived.scratch.file)
        for shard in World.shards { #expect(try verify(again, shard).fault == nil) }
        again.close()
    }

    @Test("The hash of the end is the same whatever is removed")
    func sameHead() async throws {
        var cleaned = try await Lived(seed: 41)
        var whole = try await Lived(seed: 41)
        try await cleaned.clean(1, before: Timestamp(milliseconds: .max), holds(), limit: 10_000)
        let batch = whole.world.batch(shard: 1, changes: 1)
        try await whole.checkpoint.write([batch])
        for lived in [cleaned, whole] { lived.checkpoint.close() }
        let (first, second) = (
            try Checkpoint.open(path: cleaned.scratch.file), try Checkpoint.open(path: whole.scratch.file)
        )
        #expect(try verify(first, 1).head == verify(second, 1).head)
        #expect(try verify(first, 1).removals?.base == cleaned.world.watermark(1).auditSequence - 1)
        first.close()
        second.close()
    }

    @Test("What is altered is named, also where its neighbours are gone, and what stands for those")
    func tampering() async throws {
        var scope = LegalHold.Scope()
        scope.actors = ["bob"]
        for (sql, problem) in [
            ("UPDATE tag_audit SET new_value = 'x' WHERE shard = 1 AND sequence = 5", AuditFault.Problem.altered),
            ("DELETE FROM tag_audit WHERE shard = 1 AND sequence = 5", .missing),
            ("UPDATE audit_removed SET entries = zeroblob(40) WHERE number % (1 << 40) = 6 AND number >> 40 = 1", .altered),
            ("DELETE FROM audit_removed WHERE number % (1 << 40) = 6 AND number >> 40 = 1", .missing),
        ] {
            var lived = try await Lived(seed: 42)
            try await lived.clean(1, before: Timestamp(milliseconds: .max), holds(scope), limit: 10_000)
            try SQLiteConnection(path: lived.scratch.file, readOnly: false).execute(sql)
            let found = try verify(lived.checkpoint, 1)
            #expect(found.fault?.problem == problem, "\(sql)")
            #expect([5, 6].contains(found.fault?.sequence), "\(sql): \(String(describing: found.fault))")
            lived.checkpoint.close()
        }
    }

    @Test("A replica whose copy is damaged removes the same all the same, and verification goes on naming the place")
    func damagedCopy() async throws {
        var scope = LegalHold.Scope()
        scope.actors = ["bob"]
        for sql in ["UPDATE tag_audit SET new_value = 'x' \(Self.sixth)", "DELETE FROM tag_audit \(Self.sixth)"] {
            var (sound, damaged) = (try await Lived(seed: 44), try await Lived(seed: 44))
            try SQLiteConnection(path: damaged.scratch.file, readOnly: false).execute(sql)
            let parts = try await sound.clean(1, before: Timestamp(milliseconds: .max), holds(scope), limit: 10_000)
            for part in parts { try await damaged.write(part, shard: 1) }
            #expect(try verify(sound.checkpoint, 1).fault == nil)
            let found = try verify(damaged.checkpoint, 1)
            #expect(found.fault == AuditFault(sequence: 6, problem: .unchained))
            #expect(try trail(damaged.checkpoint) == trail(sound.checkpoint))
            for lived in [sound, damaged] { lived.checkpoint.close() }
        }
    }

    private static let sixth = "WHERE shard = 1 AND sequence = 6"

    @Test("Of an account are the entries of its resources, and those of resources that are gone")
    func accounts() async throws {
        let lived = try await Lived(seed: 43)
        var scope = LegalHold.Scope()
        func held() throws -> (held: Int, removed: Int) {
            let found = try lived.checkpoint.auditBefore(
                Timestamp(milliseconds: .max), shard: 1, after: 0, limit: 10_000, holds: holds(scope))
            return (found.held, found.removed.reduce(0) { $0 + $1.count })
        }
        let all = Int(lived.world.watermark(1).auditSequence)
        let ofGone = lived.world.audit.count { item in
            item.shard == 1 && item.entry.resourceID.map { lived.world.rows[1]?[$0] == nil } == true
        }
        scope.accounts = ["123456789012"]
        #expect(try held() == (all, 0))
        scope.accounts = ["999999999999"]
        #expect(try held() == (ofGone, all - ofGone))
        lived.checkpoint.close()
    }
}

extension Lived {
    /// A clean-up of one shard as its leader would decide it, part by part.
    @discardableResult
    mutating func clean(
        _ shard: Int, before: Timestamp, _ holds: LegalHolds, limit: Int
    ) async throws -> [AuditRemoval] {
        var after: UInt64 = 0
        var parts: [AuditRemoval] = []
        while true {
            let found = try checkpoint.auditBefore(before, shard: shard, after: after, limit: limit, holds: holds)
            let part = AuditRemoval(
                run: 1, before: before, months: 1, after: after, through: found.through, isLast: found.isLast, holdsAsOf: 1,
                removed: found.removed, held: found.held)
            var writer = ByteWriter()
            writer.removal(part)
            let read = try writer.bytes.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                return try reader.removal()
            }
            #expect(read == part)
            try await write(part, shard: shard)
            parts.append(part)
            if found.isLast { return parts }
            after = found.through
        }
    }

    /// The round that has the part in it.
    mutating func write(_ part: AuditRemoval, shard: Int) async throws {
        let batch = world.batch(shard: shard, changes: part.isLast ? 1 : 0)
        try await checkpoint.write([
            CheckpointBatch(
                shard: shard, watermark: batch.watermark, configuration: batch.configuration, rows: batch.rows,
                deleted: batch.deleted, audit: batch.audit, removals: [part], state: batch.state)
        ])
    }
}
