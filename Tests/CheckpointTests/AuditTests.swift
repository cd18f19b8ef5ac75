import Model
import Testing

@testable import Checkpoint

@Suite("The audit trail")
struct AuditTests {
    private static let rule = UUID128(high: 5, low: 5)
    private let entries: [AuditEntry] = (1...60).map { (number: Int) in
        entry(
            UInt64(number), of: number % 7, action: number % 3 == 0 ? .tagRemoved : .tagAdded, key: "key-\(number % 4)",
            actor: number % 2 == 0 ? "ann" : "bob", rule: number % 5 == 0 ? Self.rule : nil,
            after: Int64(number / 4) * 7_200_000)
    }

    private func filled(_ bench: borrowing Bench) async throws -> Checkpoint {
        let checkpoint = try bench.open()
        try await checkpoint.write([batch(index: 1, audit: entries)])
        return checkpoint
    }

    /// Every filter, and what it means.
    private static let filters: [(String, @Sendable (inout AuditFilter) -> Void, @Sendable (AuditEntry) -> Bool)] = [
        ("all", { _ in }, { _ in true }),
        ("resource", { $0.resource = record(3).resource.id }, { $0.resourceID == record(3).resource.id }),
        ("key", { $0.tagKey = "key-1" }, { $0.tagKey == "key-1" }),
        ("actor", { $0.actor = "bob" }, { $0.actor == "bob" }),
        ("action", { $0.action = .tagRemoved }, { $0.action == .tagRemoved }),
        ("rule", { $0.ruleID = rule }, { $0.ruleID == rule }),
        ("from", { $0.from = now.adding(milliseconds: 36_000_000) }, { $0.at >= now.adding(milliseconds: 36_000_000) }),
        ("to", { $0.to = now.adding(milliseconds: 36_000_000) }, { $0.at < now.adding(milliseconds: 36_000_000) }),
        (
            "several", { ($0.actor, $0.tagKey) = ("ann", "key-2") },
            { $0.actor == "ann" && $0.tagKey == "key-2" }
        ),
    ]

    @Test("Every filter picks what it says, newest first, in pages of any size", arguments: [1, 7, 60, 100])
    func filtersAndPages(limit: Int) async throws {
        let bench = try Bench()
        let checkpoint = try await filled(bench)
        for (name, fill, holds) in Self.filters {
            var filter = AuditFilter()
            fill(&filter)
            var found: [AuditEntry] = []
            var cursor: AuditCursor?
            repeat {
                let page = try checkpoint.auditTrail(filter, before: cursor, limit: limit)
                #expect(page.entries.count <= limit)
                found += page.entries
                cursor = page.next
            } while cursor != nil
            #expect(found == entries.filter(holds).reversed(), "\(name)")
        }
        checkpoint.close()
    }

    @Test("Counts are by day, actor and action")
    func counts() async throws {
        let bench = try Bench()
        let checkpoint = try await filled(bench)
        let counts = try checkpoint.auditCounts(AuditFilter(), limit: 1000)
        #expect(counts.reduce(0) { $0 + $1.count } == entries.count)
        for count in counts {
            let meant = entries.filter {
                $0.actor == count.actor && $0.action.rawValue == count.action && $0.at.description.hasPrefix(count.day)
            }
            #expect(count.count == meant.count)
        }
        #expect(counts.map(\.day) == counts.map(\.day).sorted(by: >))
        checkpoint.close()
    }
}
