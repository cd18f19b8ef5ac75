import Model
import Testing

@testable import Checkpoint

@Suite("The audit trail")
struct AuditTrailTests {
    /// A history of several rounds, and all of it as the trail gives it.
    private func history(_ body: (Checkpoint, World, [AuditEntry]) throws -> Void) async throws {
        let scratch = try Scratch()
        var world = World(seed: 31)
        let checkpoint = try Checkpoint.open(path: scratch.file)
        for _ in 0..<6 {
            let (batches, system) = world.round()
            try await checkpoint.write(batches, system: system)
        }
        try body(checkpoint, world, try Loaded(checkpoint).audit)
        checkpoint.close()
    }

    @Test("A place in the trail is the same after it was bytes; other bytes are none")
    func cursors() {
        let cursor = AuditCursor(stamp: -1_790_000_000_000, shard: 64, sequence: 1 << 39)
        #expect(AuditCursor(bytes: cursor.bytes) == cursor)
        for bytes in [[], Array(cursor.bytes.dropLast()), cursor.bytes + [0], [UInt8](repeating: 0xFF, count: 24)] {
            #expect(AuditCursor(bytes: bytes) == nil)
        }
    }

    @Test("Every entry is there once, the newest first within a shard, and newest first but for clocks that jump back")
    func complete() async throws {
        try await history { _, world, trail in
            #expect(Set(trail) == Set(world.audit.map(\.entry)) && trail.count == world.audit.count)
            for shard in World.shards {
                let own = Set(world.audit.filter { $0.shard == shard }.map(\.entry.id))
                let sequences = trail.filter { own.contains($0.id) }.map(\.sequence)
                #expect(sequences == sequences.sorted(by: >))
            }
            let stamps = trail.map(\.at.milliseconds)
            #expect(zip(stamps, stamps.dropFirst()).allSatisfy { $0 >= $1 - 1000 })
        }
    }

    @Test("Pages of any size make up the whole trail")
    func pages() async throws {
        try await history { checkpoint, _, trail in
            for limit in [1, 7, 100, 1000] {
                var found: [AuditEntry] = []
                var cursor: AuditCursor?
                repeat {
                    let page = try checkpoint.auditTrail(AuditFilter(), before: cursor, limit: limit)
                    #expect(page.entries.count <= limit)
                    found += page.entries
                    cursor = page.next
                } while cursor != nil
                #expect(found == trail)
            }
        }
    }

    @Test("Each filter gives exactly the entries that match, deleted resources included")
    func filters() async throws {
        try await history { checkpoint, world, trail in
            func check(_ change: (inout AuditFilter) -> Void, _ matches: (AuditEntry) -> Bool) throws {
                var filter = AuditFilter()
                change(&filter)
                let page = try checkpoint.auditTrail(filter, before: nil, limit: 1000)
                #expect(page.entries == trail.filter(matches), "\(filter)")
                #expect(!page.entries.isEmpty)
            }
            try check({ $0.actor = "alice" }, { $0.actor == "alice" })
            try check({ $0.tagKey = "team" }, { $0.tagKey == "team" })
            try check({ $0.action = .ruleUpdated }, { $0.action == .ruleUpdated })
            try check({ $0.ruleID = UUID128(high: 5, low: 5) }, { $0.ruleID != nil })
            for resource in Set(trail.compactMap(\.resourceID)) {
                try check({ $0.resource = resource }, { $0.resourceID == resource })
            }
            let times = trail.map(\.at).sorted()
            for (from, to) in [(times[20], times[90]), (times[0], times[1]), (times[50], times[times.count - 1])] {
                try check({ ($0.from, $0.to) = (from, to) }, { $0.at >= from && $0.at < to })
            }
        }
    }

    @Test("Counts by day, actor and action add up")
    func counts() async throws {
        try await history { checkpoint, _, trail in
            let counts = try checkpoint.auditCounts(AuditFilter(), before: nil, lines: 1000).tally.report(limit: 1000)
            #expect(counts.map(\.count).reduce(0, +) == trail.count)
            let first = try #require(counts.first)
            let same = trail.filter {
                $0.at.description.hasPrefix(first.day) && $0.actor == first.actor && $0.action.rawValue == first.action
            }
            #expect(same.count == first.count)
        }
    }

    @Test("Pages of parts of the shards, merged, are the pages of all of them, wherever the parts stopped looking")
    func mergedPages() async throws {
        try await history { checkpoint, _, trail in
            let parts: [Set<Int>] = [[0, 3], [1], [2]]
            #expect(parts.reduce(into: []) { $0.formUnion($1) } == Set([0] + World.shards))
            for (limit, bound) in [(1, 1000), (7, 1000), (100, 1000), (1000, 1000), (1000, 5), (7, 1)] {
                var found: [AuditEntry] = []
                var cursor: AuditCursor?
                repeat {
                    let pages = try parts.map {
                        try checkpoint.auditTrail(AuditFilter(), of: $0, before: cursor, limit: limit, lookingAt: bound)
                    }
                    let page = AuditPage(merging: pages, limit: limit)
                    if bound == 1000 {
                        let whole = try checkpoint.auditTrail(AuditFilter(), before: cursor, limit: limit)
                        #expect(page.entries == whole.entries && page.places == whole.places)
                    }
                    #expect(page.entries.count <= limit)
                    found += page.entries
                    cursor = page.next
                } while cursor != nil
                #expect(found == trail)
            }
        }
    }

    @Test("A report is the same whether it is counted at once or in parts, and keeps whole days only")
    func mergedCounts() async throws {
        try await history { checkpoint, _, _ in
            let whole = try checkpoint.auditCounts(AuditFilter(), before: nil, lines: 1000).tally
            for lines in [1, 2, 5, 1000] {
                var tally = AuditTally()
                for shards in [[0, 3], [1], [2]] as [Set<Int>] {
                    var cursor: AuditCursor?
                    repeat {
                        let part = try checkpoint.auditCounts(
                            AuditFilter(), of: shards, before: cursor, lines: lines, lookingAt: 10)
                        tally.add(part.tally)
                        tally.trim(to: lines)
                        cursor = part.next
                    } while cursor != nil
                }
                #expect(tally.report(limit: lines) == whole.report(limit: lines))
                if lines == 1000 { #expect(tally == whole) }
            }
        }
    }

    @Test("Days that are not on a report any more are let go of, and stay away")
    func oldDays() {
        var tally = AuditTally()
        for day in 0..<10 as Range<Int64> {
            for actor in ["ann", "bob"] {
                tally.add(1, to: .init(day: day * AuditTally.dayMilliseconds, actor: actor, action: "tag_set"))
            }
        }
        tally.trim(to: 3)
        #expect(tally.firstDay == 8 * AuditTally.dayMilliseconds)
        #expect(tally.counts.count == 4)
        tally.add(1, to: .init(day: 7 * AuditTally.dayMilliseconds, actor: "ann", action: "tag_set"))
        #expect(tally.counts.count == 4)
        #expect(tally.report(limit: 3).map(\.actor) == ["ann", "bob", "ann"])
    }

    @Test("An entry that is missing or altered behind our back is damage for the page that needs it")
    func tampering() async throws {
        for sql in [
            "DELETE FROM tag_audit WHERE shard = 2 AND sequence = 5",
            "UPDATE tag_audit SET actor = 'mallory' WHERE shard = 2 AND sequence = 5",
            "UPDATE tag_audit SET number = number + 100000 WHERE shard = 2 AND sequence = 5",
        ] {
            let scratch = try Scratch()
            var world = World(seed: 32)
            let checkpoint = try Checkpoint.open(path: scratch.file)
            let (batches, system) = world.round(changes: 30)
            try await checkpoint.write(batches, system: system)
            let intruder = try SQLiteConnection(path: scratch.file, readOnly: false)
            try intruder.execute(sql)
            _ = try checkpoint.auditTrail(AuditFilter(), before: nil, limit: 10)
            let error = #expect(throws: CheckpointError.self) {
                try checkpoint.auditTrail(AuditFilter(), before: nil, limit: 1000)
            }
            #expect(error?.code == .damaged)
            checkpoint.close()
        }
    }
}
