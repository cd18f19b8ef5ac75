import Model
import Testing

@testable import Shard

/// Group 0 alone, with every entry that it proposed.
private struct Bench {
    var shard = SystemShard(state: SystemState())
    var log: [[UInt8]] = []

    @discardableResult
    mutating func take(_ command: SystemCommand, at time: Timestamp = now) throws -> [Outcome] {
        switch try shard.propose(command, by: ann, at: time) {
        case .answer(let reply, _): return reply.outcomes
        case .append(let proposal):
            shard.appended(proposal, term: 1)
            log.append(proposal.encoded)
            return proposal.reply.outcomes
        }
    }

    @discardableResult
    mutating func commit() throws -> [SystemState.Changes] {
        guard shard.lastIndex > shard.state.appliedIndex else { return [] }
        return try (shard.state.appliedIndex + 1...shard.lastIndex).map { try shard.apply([], at: $0, term: 1) }
    }
}

private func waiver(_ id: UInt64, until milliseconds: Int64, name: String? = nil) -> ComplianceWaiver {
    ComplianceWaiver(
        id: UUID128(high: 3, low: id), name: name ?? "w\(id)", reason: "because", policies: [UUID128(high: 1, low: 1)],
        expiresAt: now.adding(milliseconds: milliseconds), approver: "", createdAt: now, updatedAt: now)
}

private func day(_ number: Int64, compliant: Int = 1) -> GovernanceItem {
    var score = ComplianceScore()
    (score.resources, score.compliant) = (2, compliant)
    return .score(ScoreDay(at: Timestamp(milliseconds: number * 86_400_000 + 5), score: score, policies: []))
}

extension [Outcome] {
    fileprivate var isConflict: Bool { count == 1 && allSatisfy { if case .conflict = $0 { true } else { false } } }
}

@Suite("Waivers, time and governance in group 0")
struct GovernanceTests {
    @Test("Whoever makes or changes a waiver is its approver; one that has expired already is so from the start")
    func approver() throws {
        var bench = Bench()
        #expect(try bench.take(.create(.waiver(waiver(1, until: 1_000)))) == [.created])
        try bench.commit()
        guard case .waiver(let kept)? = bench.shard.state.items[UUID128(high: 3, low: 1)] else {
            Issue.record("no waiver")
            return
        }
        #expect(kept.approver == "ann" && kept.version == 1 && kept.createdAt == now)
        #expect(try bench.take(.create(.waiver(waiver(2, until: 0)))) == [.created])
        try bench.commit()
        #expect(Catalog(bench.shard.state).waiver(UUID128(high: 3, low: 2))?.isExpired == true)
        #expect(try bench.take(.create(.waiver(waiver(3, until: 9, name: "w1")))).isConflict)
        // What a waiver says may be put right after its time.
        var late = waiver(1, until: 1_000)
        late.reason = "said better"
        #expect(try bench.take(.update(.waiver(late), .none), at: now.adding(milliseconds: 5_000)) == [.updated])
    }

    @Test("Time that passes a waiver's expiry makes a new catalogue once, tells it in the trail, and never goes back")
    func passing() throws {
        var bench = Bench()
        try bench.take(.create(.waiver(waiver(1, until: 1_000))))
        try bench.take(.create(.waiver(waiver(2, until: 2_000))))
        try bench.commit()
        let version = bench.shard.state.catalogVersion
        #expect(bench.shard.state.nextBoundary == now.adding(milliseconds: 1_000))
        #expect(try bench.take(.passTime, at: now.adding(milliseconds: 999)) == [.unchanged])
        #expect(try bench.take(.passTime, at: now.adding(milliseconds: 1_000)) == [.updated])
        // Not yet committed, and already known.
        #expect(try bench.take(.passTime, at: now.adding(milliseconds: 1_001)) == [.unchanged])
        let changes = try bench.commit()
        #expect(changes.map(\.catalogChanged) == [true])
        #expect(changes.flatMap(\.audit).map(\.action) == [.waiverExpired])
        #expect(bench.shard.state.catalogVersion == version + 1)
        #expect(bench.shard.state.nextBoundary == now.adding(milliseconds: 2_000))
        // A leader whose clock is behind brings nothing back.
        #expect(try bench.take(.passTime, at: now.adding(milliseconds: -50_000)) == [.unchanged])
        try bench.take(.passTime, at: now.adding(milliseconds: 9_000))
        try bench.commit()
        #expect(bench.shard.state.nextBoundary == nil)
        // A new expiry brings a waiver back.
        #expect(
            try bench.take(.update(.waiver(waiver(1, until: 50_000)), .none), at: now.adding(milliseconds: 9_000)) == [
                .updated
            ])
        try bench.commit()
        #expect(bench.shard.state.nextBoundary == now.adding(milliseconds: 50_000))
    }

    @Test("The entries alone give the same state, what is in force included")
    func replay() throws {
        var bench = Bench()
        try bench.take(.create(.waiver(waiver(1, until: 1_000))))
        try bench.take(.passTime, at: now.adding(milliseconds: 1_500))
        try bench.take(.keep(day(20_000)))
        try bench.commit()
        var copy = SystemState()
        for (position, bytes) in bench.log.enumerated() {
            _ = copy.apply(try [SystemState.Effect](decoding: bytes), at: UInt64(position + 1))
        }
        #expect(copy.items == bench.shard.state.items && copy.nextBoundary == nil)
        #expect(copy.governance == bench.shard.state.governance)
        #expect(copy.catalogVersion == bench.shard.state.catalogVersion)
        for item in [SystemItem.governance(day(3)), .catalog(.waiver(waiver(1, until: 5)))] {
            #expect(try SystemItem(decoding: item.encoded) == item)
        }
    }

    @Test("A day's score is kept as it last was; the oldest days go; no row is judged again for it")
    func history() throws {
        var bench = Bench()
        let first: Int64 = 20_000
        let count = Int64(ScoreDay.daysMax)
        for number in first...(first + count) { try bench.take(.keep(day(number))) }
        #expect(try bench.take(.keep(day(first + count, compliant: 2))) == [.updated])
        let changes = try bench.commit()
        #expect(changes.allSatisfy { !$0.catalogChanged })
        #expect(bench.shard.state.governance.days.count == ScoreDay.daysMax)
        #expect(bench.shard.state.governance.days.first?.day == Int32(first + 1))
        #expect(bench.shard.state.governance.days.last?.score.compliant == 2)
        #expect(try bench.take(.keep(day(first + count, compliant: 2))) == [.unchanged])
        // The day that went is told to whoever keeps a copy.
        #expect(changes[Int(count)].items.contains(day(first).id))
        #expect(ScoreDay(at: Timestamp(milliseconds: -1), score: ComplianceScore(), policies: []).text == "1969-12-31")
    }

    @Test("A rejection is remembered with its author until it is taken back")
    func rejections() throws {
        var bench = Bench()
        let rejection = AliasRejection(
            id: UUID128(high: 8, low: 8), tagKey: "environment", value: nil, alias: "enviroment", rejectedBy: "",
            at: now)
        #expect(try bench.take(.keep(.rejection(rejection))) == [.created])
        let changes = try bench.commit()
        #expect(changes.flatMap(\.audit).map(\.action) == [.aliasRejected] && !changes[0].catalogChanged)
        #expect(bench.shard.state.governance.rejections[rejection.id]?.rejectedBy == "ann")
        #expect(try bench.take(.keep(.rejection(rejection))) == [.unchanged])
        #expect(try bench.take(.forget(rejection.id)) == [.deleted])
        try bench.commit()
        #expect(bench.shard.state.governance.rejections.isEmpty)
        #expect(try bench.take(.forget(rejection.id)) == [.notFound])
    }
}
