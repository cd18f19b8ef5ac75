import Model
import Testing

@testable import Shard

/// Group 0 alone, with every entry that it proposed.
private struct Bench {
    var shard = SystemShard(state: SystemState())
    var log: [[UInt8]] = []
    var catalog: Catalog { Catalog(shard.state) }

    @discardableResult
    mutating func take(_ command: SystemCommand, at time: Timestamp = now) throws -> Outcome? {
        switch try shard.propose(command, by: ann, at: time) {
        case .answer(let reply, _): return reply.outcomes.first
        case .append(let proposal):
            shard.appended(proposal, term: 1)
            log.append(proposal.encoded)
            return proposal.reply.outcomes.first
        }
    }

    @discardableResult
    mutating func commit() throws -> [SystemState.Changes] {
        guard shard.lastIndex > shard.state.appliedIndex else { return [] }
        return try (shard.state.appliedIndex + 1...shard.lastIndex).map { try shard.apply([], at: $0, term: 1) }
    }

    /// What a replica makes of the same entries.
    func replica() throws -> SystemState {
        var replica = SystemShard(state: SystemState())
        for (position, bytes) in log.enumerated() { _ = try replica.apply(bytes, at: UInt64(position + 1), term: 1) }
        return replica.state
    }

    func plan(_ id: UInt64, _ changes: [CatalogPlan.Change?], at time: Timestamp = now) -> CatalogPlan {
        CatalogPlan(
            id: UUID128(high: 7, low: id), description: "plan \(id)", createdBy: "ann", createdAt: time,
            changes: changes.compactMap(\.self), under: catalog, report: Array("{}".utf8))
    }
}

private func rule(_ id: UInt64, _ name: String? = nil, value: String = "b", priority: Int32 = 1) -> CatalogItem {
    .rule(
        TagRule(
            id: UUID128(high: 5, low: id), name: name ?? "r\(id)", priority: priority, condition: .all([]),
            actions: [.setTag(key: "a", value: value)], createdBy: "", createdAt: now, updatedAt: now))
}

private func creation(_ item: CatalogItem) -> CatalogPlan.Change? { .init(before: nil, after: item) }

extension Optional<Outcome> {
    fileprivate var isConflict: Bool { if case .conflict = self { true } else { false } }
    fileprivate var isInvalid: Bool { if case .invalid = self { true } else { false } }
}

@Suite("Plans in group 0")
struct PlanTests {
    @Test("A plan is applied whole in one entry, once; its changes are audited with its id")
    func apply() throws {
        var bench = Bench()
        try bench.take(.create(rule(1)))
        try bench.take(.create(rule(2)))
        try bench.commit()
        let items = bench.shard.state.items
        let plan = bench.plan(
            1,
            [
                .init(before: items[UUID128(high: 5, low: 1)], after: rule(1, "renamed")),
                .init(before: items[UUID128(high: 5, low: 2)], after: nil), creation(rule(3, "r1")),
            ])
        #expect(try bench.take(.keepPlan(plan)) == .created)
        #expect(try bench.take(.keepPlan(plan)) == .unchanged)
        // In flight already: the second is told so before the first is committed.
        #expect(try bench.take(.applyPlan(plan.id)) == .updated)
        #expect(try bench.take(.applyPlan(plan.id)) == .unchanged)
        let version = bench.shard.state.catalogVersion
        let changes = try bench.commit()
        #expect(try bench.take(.applyPlan(plan.id)) == .unchanged)
        #expect(bench.log.count == 4)
        #expect(bench.shard.state.catalogVersion == version + 1)
        #expect(bench.catalog.rules.map { "\($0.name) \($0.version)" } == ["r1 1", "renamed 2"])
        let applied = try #require(bench.shard.state.plans[plan.id]?.application)
        #expect(applied.actor == "ann" && applied.at == now && applied.catalogVersion == version + 1)
        let audit = changes.flatMap(\.audit)
        #expect(audit.map(\.action) == [.planCreated, .ruleUpdated, .ruleDeleted, .ruleCreated, .planApplied])
        #expect(audit.map(\.sequence) == [3, 4, 5, 6, 7])
        #expect(audit[1...3].allSatisfy { $0.newValue?.contains("plan \(plan.id)") == true && $0.requestID == "r1" })
        #expect(audit[2].oldValue == "version 1")

        let replica = try bench.replica()
        #expect(replica.items == bench.shard.state.items && replica.plans[plan.id] == bench.shard.state.plans[plan.id])
    }

    @Test("A plan is refused once anything of the catalogue is another, in flight or committed, and says what")
    func stale() throws {
        var bench = Bench()
        try bench.take(.create(rule(1)))
        try bench.take(.create(rule(2)))
        try bench.commit()
        let first = bench.plan(1, [creation(rule(3))])
        let second = bench.plan(2, [creation(rule(4))])
        try bench.take(.keepPlan(first))
        try bench.take(.keepPlan(second))
        #expect(try bench.take(.applyPlan(first.id)) == .updated)
        #expect(try bench.take(.applyPlan(second.id)).isConflict)
        try bench.take(.update(rule(1, "other"), .none))
        try bench.take(.delete(.rule, UUID128(high: 5, low: 2), .none))
        try bench.commit()
        #expect(try bench.take(.applyPlan(second.id)).isConflict)
        let drift = second.drift(to: bench.catalog.seen)
        #expect(
            drift.map { "\($0.item.name) \($0.before?.version ?? 0) \($0.after?.version ?? 0)" } == [
                "other 1 2", "r2 1 0", "r3 0 1",
            ])
        #expect(bench.catalog.rules.map(\.name) == ["other", "r3"])
        #expect(try bench.take(.applyPlan(UUID128(high: 7, low: 9))) == .notFound)
    }

    @Test("A rule that started by itself makes a plan stale, though its version is the same")
    func passage() throws {
        var bench = Bench()
        guard case .rule(var late) = rule(1) else { return }
        late.effectiveStart = now.adding(milliseconds: 10)
        try bench.take(.create(.rule(late)))
        try bench.commit()
        let plan = bench.plan(1, [creation(rule(2))])
        try bench.take(.keepPlan(plan))
        try bench.take(.passTime, at: now.adding(milliseconds: 10))
        #expect(try bench.take(.applyPlan(plan.id), at: now.adding(milliseconds: 10)).isConflict)
        try bench.commit()
        #expect(plan.drift(to: bench.catalog.seen).map(\.isPassage) == [true])
    }

    @Test("Plans expire by themselves, can be dropped, and the oldest go where there are too many")
    func bounds() throws {
        var bench = Bench()
        for number in 1...UInt64(CatalogPlan.countMax) {
            let time = now.adding(milliseconds: Int64(number))
            #expect(try bench.take(.keepPlan(bench.plan(number, [creation(rule(number))], at: time)), at: time) == .created)
        }
        try bench.commit()
        let late = now.adding(milliseconds: 1_000)
        try bench.take(.keepPlan(bench.plan(1_000, [creation(rule(1_000))], at: late)), at: late)
        try bench.commit()
        #expect(bench.shard.state.plans.count == CatalogPlan.countMax)
        #expect(bench.shard.state.plans[UUID128(high: 7, low: 1)] == nil)
        #expect(bench.shard.state.plans[UUID128(high: 7, low: 2)] != nil)
        #expect(try bench.take(.dropPlan(UUID128(high: 7, low: 2))) == .deleted)
        #expect(try bench.take(.dropPlan(UUID128(high: 7, low: 2))) == .notFound)
        #expect(try bench.take(.applyPlan(UUID128(high: 7, low: 2))) == .notFound)
        try bench.commit()
        let over = late.adding(milliseconds: CatalogPlan.ageMillisecondsMax)
        #expect(bench.shard.state.nextBoundary == now.adding(milliseconds: 3 + CatalogPlan.ageMillisecondsMax))
        #expect(try bench.take(.applyPlan(UUID128(high: 7, low: 1_000)), at: over).isConflict)
        let version = bench.shard.state.catalogVersion
        try bench.take(.passTime, at: over)
        try bench.commit()
        #expect(bench.shard.state.plans.count == 0 && bench.shard.state.plans.totalBytes == 0)
        #expect(bench.shard.state.nextBoundary == nil && bench.shard.state.catalogVersion == version)
        #expect(try bench.replica().plans.count == 0)
    }

    @Test("Random plans make what the same changes make one by one")
    func equivalent() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var state = seed
        func random(below limit: UInt64) -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            return StableHash.mix(state) % limit
        }
        var (planned, single) = (Bench(), Bench())
        for round in 1...40 as ClosedRange<UInt64> {
            var changes: [CatalogPlan.Change?] = []
            for number in 0..<(random(below: 6) + 1) {
                let id = random(below: 12)
                guard !changes.contains(where: { $0?.id == UUID128(high: 5, low: id) }) else { continue }
                let before = planned.catalog[UUID128(high: 5, low: id)]
                // Names differ from round to round, so that none is in another's way.
                let item = rule(id, "r\(id)-\(round)-\(number)", value: "\(random(below: 3))")
                if let before, random(below: 3) == 0 {
                    changes.append(.init(before: before, after: nil))
                    #expect(try single.take(.delete(.rule, before.id, .none)) == .deleted)
                } else {
                    changes.append(.init(before: before, after: item))
                    #expect(try single.take(before == nil ? .create(item) : .update(item, .none))?.succeeded == true)
                }
            }
            let plan = planned.plan(round, changes)
            try planned.take(.keepPlan(plan))
            #expect(try planned.take(.applyPlan(plan.id)) == .updated)
            try planned.commit()
            try single.commit()
            #expect(planned.shard.state.items == single.shard.state.items)
        }
        #expect(try planned.replica().items == single.shard.state.items)
    }

    @Test(
        "Ten thousand rules are one plan and one entry that the log takes; more, or larger ones, are refused with the limit")
    func large() throws {
        var bench = Bench()
        let plan = bench.plan(1, (0..<UInt64(CatalogPlan.changesMax)).map { creation(rule($0, "rule number \($0)")) })
        #expect(plan.objection == nil)
        #expect(try bench.take(.keepPlan(plan)) == .created)
        #expect(try bench.take(.applyPlan(plan.id)) == .updated)
        #expect(bench.log.map(\.count).allSatisfy { $0 < CatalogPlan.applicationBytesMax })
        try bench.commit()
        #expect(bench.catalog.rules.count == CatalogPlan.changesMax)
        let again = bench.plan(2, bench.catalog.rules.map { CatalogPlan.Change(before: .rule($0), after: nil) })
        #expect(try bench.take(.keepPlan(again)) == .created)

        let more = bench.plan(3, (0...UInt64(CatalogPlan.changesMax)).map { creation(rule($0)) })
        #expect(try bench.take(.keepPlan(more)).isInvalid)
        #expect(more.objection?.contains("\(CatalogPlan.changesMax)") == true)
        let long = String(repeating: "x", count: 1_000)
        let heavy = bench.plan(4, (0..<9_000).map { creation(rule($0, value: long)) })
        #expect(heavy.objection?.contains("\(CatalogPlan.bytesMax)") == true)
    }

    @Test(
        "Plans read back from their stored form, from an entry and from another node are the same; cut off they are refused")
    func codec() throws {
        var bench = Bench()
        try bench.take(.create(rule(1)))
        try bench.commit()
        var plan = bench.plan(1, [creation(rule(2)), .init(before: bench.catalog[UUID128(high: 5, low: 1)], after: nil)])
        for _ in 0..<2 {
            let stored = SystemItem.plan(plan).encoded
            #expect(try SystemItem(decoding: stored) == .plan(plan))
            for length in stored.indices {
                #expect(throws: CodecError.self) { try SystemItem(decoding: Array(stored[..<length])) }
            }
            plan.application = .init(actor: "bob", at: now, catalogVersion: 9)
        }
        for command in [SystemCommand.keepPlan(plan), .dropPlan(plan.id), .applyPlan(plan.id)] {
            let bytes = command.encoded
            #expect(try SystemCommand(decoding: bytes).encoded == bytes)
        }
        let effects: [SystemState.Effect] = [
            .keepPlan(plan), .dropPlan(plan.id), .planApplied(plan.id, actor: "ann", at: now),
        ]
        #expect(try [SystemState.Effect](decoding: effects.encoded) == effects)
    }
}
