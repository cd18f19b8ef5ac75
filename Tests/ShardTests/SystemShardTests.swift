import Model
import Placement
import Testing

@testable import Shard

private func member(_ replica: UInt64, _ name: String, zone: String = "a", isEdge: Bool = false) -> Member {
    Member(
        replica: replica, name: name, peerAddress: "10.0.0.\(replica):7000", apiAddress: "10.0.0.\(replica):8000",
        region: "eu", zone: zone, isEdge: isEdge, state: .draining, since: Timestamp(milliseconds: 0))
}

private let settings = ClusterSettings(id: UUID128(high: 1, low: 2), shards: 4, replicationFactor: 3)
private let rule = TagRule(
    id: UUID128(high: 5, low: 6), name: "names", description: "", priority: 1, enabled: true, condition: .all([]),
    actions: [.setTag(key: "a", value: "b")], version: 0, createdBy: "", createdAt: now, updatedAt: now)

/// A system shard, and every entry that it proposed.
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

    /// Founded, with the members 1, 2 and 3, a, b and c.
    init() throws {
        try take(.configure(settings))
        for (replica, name) in [(1, "a"), (2, "b"), (3, "c")] as [(UInt64, String)] {
            #expect(try take(.putMember(member(replica, name))) == [.created])
        }
    }

    mutating func commit() throws -> [SystemState.Changes] {
        guard shard.lastIndex > shard.state.appliedIndex else { return [] }
        return try (shard.state.appliedIndex + 1...shard.lastIndex).map { try shard.apply([], at: $0, term: 1) }
    }
}

private func placement(_ shard: Int, _ replicas: [UInt64], leader: UInt64? = nil, _ revision: UInt64 = 1) -> ShardPlacement {
    ShardPlacement(shard: shard, replicas: replicas, preferredLeader: leader, revision: revision)
}

extension [Outcome] {
    fileprivate var isConflict: Bool { count == 1 && allSatisfy { if case .conflict = $0 { true } else { false } } }
    fileprivate var isInvalid: Bool { count == 1 && allSatisfy { if case .invalid = $0 { true } else { false } } }
}

@Suite("What the system shard knows of its cluster")
struct SystemShardTests {
    @Test("Entries applied anew give the same cluster, and the catalogue's version counts the catalogue alone")
    func replay() throws {
        var bench = try Bench()
        try bench.take(.place([placement(1, [1, 2, 3], leader: 2), placement(2, [3, 1])]))
        try bench.take(.create(.rule(rule)))
        try bench.take(.setMemberState(3, .draining))
        try bench.take(.place([placement(2, [2, 1], 2)]))
        let changes = try bench.commit()
        #expect(changes.map(\.clusterChanged) == [true, true, true, true, true, false, true, true])
        #expect(changes.map(\.catalogChanged).filter(\.self).count == 1)
        var copy = SystemState()
        for (position, bytes) in bench.log.enumerated() {
            _ = copy.apply(try [SystemState.Effect](decoding: bytes), at: UInt64(position + 1))
        }
        #expect(copy.cluster == bench.shard.state.cluster)
        #expect(copy.catalogVersion == 1)
        #expect(copy.cluster.members[3]?.state == .draining)
        #expect(copy.cluster.placements[2] == placement(2, [2, 1], 2))
    }

    @Test("Every change leaves one line in the trail that people can read")
    func audit() throws {
        var bench = try Bench()
        try bench.take(.place([placement(1, [1, 2], leader: 2)]))
        try bench.take(.place([placement(1, [1, 3], leader: 3, 2)]))
        try bench.take(.setMemberState(2, .left))
        try bench.take(.removeMember(2))
        let entries = try bench.commit().flatMap(\.audit)
        #expect(entries.map(\.sequence) == Array(1...UInt64(entries.count)))
        #expect(
            entries.map(\.action) == [
                .clusterConfigured, .memberAdded, .memberAdded, .memberAdded, .shardPlaced, .shardPlaced, .memberUpdated,
                .memberRemoved,
            ])
        #expect(entries[5].tagKey == "shard 1")
        #expect(entries[5].oldValue == "a, b (leader)")
        #expect(entries[5].newValue == "a, c (leader)")
        #expect(Set(entries.map(\.id)).count == entries.count)
    }

    @Test("Two members of one name are a conflict, committed or in flight, until one of them is gone")
    func names() throws {
        var bench = try Bench()
        #expect(try bench.take(.putMember(member(9, "a"))).isConflict)
        #expect(try bench.take(.putMember(member(1, "z"))).isConflict)
        #expect(try bench.take(.setMemberState(1, .dead)) == [.updated])
        #expect(try bench.take(.putMember(member(9, "a"))) == [.created])
        #expect(try bench.take(.setMemberState(1, .active)).isConflict)
        #expect(bench.shard.newestCluster.members[9]?.state == .active)
        #expect(bench.shard.newestCluster.members[9]?.since == now)
    }

    @Test("A member that says new addresses keeps its state; one that says the same changes nothing")
    func addresses() throws {
        var bench = try Bench()
        try bench.take(.setMemberState(1, .draining))
        var moved = member(1, "a")
        moved.peerAddress = "10.9.9.9:7000"
        #expect(try bench.take(.putMember(moved)) == [.updated])
        #expect(try bench.take(.putMember(moved), at: now.adding(milliseconds: 9)) == [.unchanged])
        #expect(bench.shard.newestCluster.members[1]?.state == .draining)
        try bench.take(.place([placement(1, [1])]))
        moved.isEdge = true
        #expect(try bench.take(.putMember(moved)).isConflict)
    }

    @Test("A wiped node takes its name over from its old id; said twice it is the same")
    func replaced() throws {
        var bench = try Bench()
        #expect(try bench.take(.replaceMember(old: 1, member(9, "b"))).isInvalid)
        #expect(try bench.take(.replaceMember(old: 7, member(9, "a"))) == [.notFound])
        #expect(try bench.take(.replaceMember(old: 1, member(2, "a"))).isConflict)
        #expect(try bench.take(.replaceMember(old: 1, member(9, "a"))) == [.created])
        #expect(try bench.take(.replaceMember(old: 1, member(9, "a"))) == [.unchanged])
        _ = try bench.commit()
        #expect(bench.shard.state.cluster.members[1]?.state == .dead)
        #expect(bench.shard.state.cluster.present(named: "a")?.replica == 9)
        #expect(bench.shard.state.auditSequence == 6)
    }

    @Test("A member that is active, or that a placement names, cannot be removed")
    func removal() throws {
        var bench = try Bench()
        try bench.take(.place([placement(4, [1, 2])]))
        #expect(try bench.take(.removeMember(3)).isConflict)
        try bench.take(.setMemberState(1, .left))
        #expect(try bench.take(.removeMember(1)).isConflict)
        try bench.take(.place([placement(4, [2], 2)]))
        #expect(try bench.take(.removeMember(1)) == [.deleted])
        #expect(try bench.take(.removeMember(1)) == [.notFound])
        let changes = try bench.commit()
        #expect(bench.shard.state.item(try #require(changes.last?.items.first)) == nil)
    }

    @Test("Placements are refused one by one: wrong revision, unknown replica, edge node, unknown shard, malformed")
    func placements() throws {
        var bench = try Bench()
        try bench.take(.putMember(member(8, "edge", isEdge: true)))
        let outcomes = try bench.take(
            .place([
                placement(1, [1, 2]), placement(1, [1, 3]), placement(1, [1, 3], 2), placement(2, [1], 2), placement(2, [7]),
                placement(2, [8]), placement(5, [1]), placement(0, [1]), placement(2, []), placement(2, [1, 1]),
                placement(2, [1], leader: 2),
            ]))
        let kinds = outcomes.map { outcome in
            switch outcome {
            case .conflict: "conflict"
            case .invalid: "invalid"
            default: "\(outcome)"
            }
        }
        #expect(
            kinds == ["created", "conflict", "updated", "conflict", "conflict", "conflict"]
                + Array(repeating: "invalid", count: 5))
        _ = try bench.commit()
        #expect(bench.shard.state.cluster.placements == [1: placement(1, [1, 3], 2)])
    }

    @Test("The key of cursors is set once, also while the first one is in flight; the trail says nothing of it")
    func cursorKey() throws {
        var bench = try Bench()
        let keys = [1, 2].compactMap { CursorKey(Array(repeating: $0, count: CursorKey.byteCount)) }
        _ = try bench.commit()
        let audit = bench.shard.state.auditSequence
        #expect(try bench.take(.setCursorKey(keys[0])) == [.created])
        #expect(try bench.take(.setCursorKey(keys[1])) == [.unchanged])
        _ = try bench.commit()
        #expect(bench.shard.state.cluster.cursorKey == keys[0])
        #expect(try bench.take(.setCursorKey(keys[1])) == [.unchanged])
        #expect(bench.shard.state.auditSequence == audit)
        #expect("\(keys[0])" == "a secret")
    }

    @Test("A cluster is superseded once: said twice it is the same, and by another one it is a conflict")
    func superseded() throws {
        var bench = try Bench()
        func succession(_ successor: UInt64) -> Succession {
            Succession(
                successor: UUID128(high: successor, low: 1), at: now,
                positions: [
                    .init(group: 2, appliedIndex: 7, auditSequence: 40), .init(group: 0, appliedIndex: 3, auditSequence: 2),
                ])
        }
        #expect(try bench.take(.supersede(succession(1))) == [.updated])
        #expect(try bench.take(.supersede(succession(1))) == [.unchanged])
        #expect(try bench.take(.supersede(succession(2))).isConflict)
        let twice = Succession(
            successor: UUID128(high: 1, low: 1), at: now, positions: Array(repeating: succession(1).positions[0], count: 2))
        #expect(try bench.take(.supersede(twice)).isInvalid)
        let entries = try bench.commit().flatMap(\.audit)
        #expect(entries.last?.action == .clusterSuperseded)
        let found = try #require(bench.shard.state.cluster.succession)
        #expect(found == succession(1))
        #expect((0...2).map(found.auditSequence) == [2, 0, 40])
    }

    @Test("The cluster's id and number of shards never change; its replication factor may")
    func configured() throws {
        var bench = try Bench()
        let other = ClusterSettings(id: UUID128(high: 3, low: 4), shards: 4, replicationFactor: 3)
        #expect(try bench.take(.configure(other)).isConflict)
        #expect(try bench.take(.configure(ClusterSettings(id: settings.id, shards: 5, replicationFactor: 3))).isConflict)
        #expect(try bench.take(.configure(ClusterSettings(id: settings.id, shards: 4, replicationFactor: 0))).isInvalid)
        #expect(try bench.take(.configure(settings)) == [.unchanged])
        #expect(try bench.take(.configure(ClusterSettings(id: settings.id, shards: 4, replicationFactor: 5))) == [.updated])
        var fresh = SystemShard(state: SystemState())
        guard case .answer(let reply, _) = try fresh.propose(.place([placement(1, [1])]), by: ann, at: now) else {
            return #expect(Bool(false), "nothing is placed before the cluster is founded")
        }
        #expect(reply.outcomes.isConflict)
        fresh = bench.shard
        #expect(fresh.newestCluster.settings?.replicationFactor == 5)
    }

    @Test("Items survive the round trip to the checkpoint; every prefix of them, and every byte behind them, is refused")
    func items() throws {
        var bench = try Bench()
        try bench.take(.place([placement(1, [1, 2, 3], leader: 2)]))
        try bench.take(.create(.rule(rule)))
        _ = try bench.commit()
        let state = bench.shard.state
        #expect(state.kinds.count == 6)
        for id in state.kinds.keys {
            let item = try #require(state.item(id))
            #expect(item.id == id && item.kind == state.kinds[id])
            let bytes = item.encoded
            #expect(try SystemItem(decoding: bytes) == item)
            for length in 0..<bytes.count {
                #expect(throws: CodecError.self) { try SystemItem(decoding: Array(bytes[..<length])) }
            }
            #expect(throws: CodecError.self) { try SystemItem(decoding: bytes + [0]) }
        }
        #expect(ClusterState(state.cluster.items.shuffled()) == state.cluster)
    }

    @Test("What the planner asks for, the system shard takes")
    func plannedPlacements() throws {
        var bench = try Bench()
        var groups: [Int: GroupReport] = [:]
        for _ in 0..<40 {
            _ = try bench.commit()
            let cluster = bench.shard.state.cluster
            let plan = PlacementPlanner.plan(
                cluster, liveness: [1: .alive, 2: .alive, 3: .alive, 4: .alive], groups: groups, at: now)
            for change in plan.memberStates { try bench.take(.setMemberState(change.replica, change.state)) }
            if !plan.placements.isEmpty {
                #expect(try bench.take(.place(plan.placements)).allSatisfy(\.succeeded))
            }
            for placement in plan.placements {
                groups[placement.shard] = GroupReport(
                    voters: placement.replicas, leader: placement.preferredLeader,
                    lag: Dictionary(uniqueKeysWithValues: placement.replicas.map { ($0, 0) }))
            }
            guard plan.isEmpty else { continue }
            if cluster.members[4] == nil {
                try bench.take(.putMember(member(4, "d")))
            } else {
                try bench.take(.setMemberState(1, .draining))
            }
        }
        let cluster = bench.shard.state.cluster
        #expect(cluster.shards(placedOn: 1).isEmpty)
        #expect(cluster.placements.values.allSatisfy { $0.replicas.sorted() == [2, 3, 4] })
    }

    @Test("Rules start and end once their time has come, each once, with a trace, and never go back when the clock does")
    func passTime() throws {
        func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }
        var bench = try Bench()
        var timed = rule
        (timed.effectiveStart, timed.effectiveEnd) = (at(1_000), at(2_000))
        #expect(try bench.take(.create(.rule(timed)), at: at(500)) == [.created])
        func stored() -> TagRule? {
            if case .rule(let rule)? = bench.shard.state.items[timed.id] { rule } else { nil }
        }
        _ = try bench.commit()
        let version = bench.shard.state.catalogVersion
        #expect(stored()?.state == .notStarted && bench.shard.state.nextBoundary == at(1_000))
        #expect(try bench.take(.passTime, at: at(999)) == [.unchanged])
        // Before the first is applied the second finds what it will have done.
        #expect(try bench.take(.passTime, at: at(1_000)) == [.updated])
        #expect(try bench.take(.passTime, at: at(1_000)) == [.unchanged])
        let changes = try bench.commit()
        #expect(changes.flatMap(\.audit).map(\.action) == [.ruleStarted])
        #expect(stored()?.state == .inForce && stored()?.version == 1)
        #expect(bench.shard.state.catalogVersion == version + 1 && bench.shard.state.nextBoundary == at(2_000))
        #expect(try bench.take(.passTime, at: at(10)) == [.unchanged])
        #expect(try bench.take(.passTime, at: at(5_000)) == [.updated])
        #expect(try bench.commit().flatMap(\.audit).map(\.action) == [.ruleEnded])
        #expect(stored()?.state == .ended && bench.shard.state.nextBoundary == nil)
        // Another time makes it wait again.
        timed.effectiveEnd = at(9_000)
        timed.effectiveStart = at(8_000)
        #expect(try bench.take(.update(.rule(timed), .none), at: at(6_000)) == [.updated])
        _ = try bench.commit()
        #expect(stored()?.state == .notStarted)
        // The log alone tells the same.
        var replayed = SystemState()
        for (position, entry) in bench.log.enumerated() {
            _ = replayed.apply(try [SystemState.Effect](decoding: entry), at: UInt64(position + 1))
        }
        #expect(replayed.items == bench.shard.state.items)
    }

    @Test("More rules than fit one entry start in several, each once")
    func passTimeInParts() throws {
        func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }
        var bench = try Bench()
        let long = String(repeating: "x", count: 300_000)
        for number in 0..<10 {
            let timed = TagRule(
                id: UUID128(high: 9, low: UInt64(number)), name: "r\(number)", description: long, priority: 1,
                condition: .all([]), actions: [.removeTag(key: "a")], effectiveStart: at(1_000), createdBy: "",
                createdAt: now, updatedAt: now)
            try bench.take(.create(.rule(timed)), at: at(0))
        }
        _ = try bench.commit()
        var started: [Int] = []
        while try bench.take(.passTime, at: at(2_000)) == [.updated] {
            started.append(try bench.commit().reduce(0) { $0 + $1.audit.count })
        }
        #expect(started == [4, 4, 2])
        #expect(bench.shard.state.nextBoundary == nil)
    }
}
