import Model
import Testing

@testable import Placement

/// A cluster whose groups do what placements ask for, at once or in their own time. Every plan is held to the rules.
struct World {
    var cluster: ClusterState
    var liveness: [UInt64: Liveness] = [:]
    var groups: [Int: GroupReport] = [:]
    var now = start
    var parameters = PlannerParameters()
    /// Replicas that came to a member that did not have them.
    private(set) var moves = 0
    /// Preferred leaders that changed while the old one still held the shard.
    private(set) var leaderChanges = 0
    /// Where replicas went.
    private(set) var receivers: Set<UInt64> = []
    let seed: UInt64
    var lot: Lot
    private var nextReplica: UInt64 = 1

    init(seed: UInt64, members: Int, zones: Int = 1, shards: Int, factor: Int) {
        self.seed = seed
        lot = Lot(seed: seed)
        cluster = ClusterState([
            .settings(ClusterSettings(id: UUID128(high: 1, low: seed), shards: shards, replicationFactor: factor))
        ])
        for position in 0..<members { join(zone: "z\(position % zones)") }
        let voters = Array(cluster.members.keys.sorted().prefix(SystemGroupPlan.votersMax))
        groups[0] = GroupReport(voters: voters, leader: voters.first, lag: [:])
        report(0)
    }

    // MARK: What happens

    @discardableResult
    mutating func join(zone: String, name: String? = nil, isEdge: Bool = false) -> UInt64 {
        // Ids as in life: nothing about their order means anything.
        let replica = StableHash.mix(seed &* 1_000 &+ nextReplica)
        nextReplica += 1
        var new = member(replica, zone: zone, isEdge: isEdge)
        if let name { new.name = name }
        cluster.apply(.put(.member(new)))
        liveness[replica] = .alive
        return replica
    }

    mutating func set(_ replica: UInt64, _ state: Member.State) {
        guard var member = cluster.members[replica] else { return }
        (member.state, member.since) = (state, now)
        cluster.apply(.put(.member(member)))
    }

    mutating func kill(_ replica: UInt64) {
        liveness[replica] = .dead(since: now)
        for group in groups.keys.sorted() { report(group) }
    }

    mutating func revive(_ replica: UInt64) {
        liveness[replica] = .alive
        for group in groups.keys.sorted() { report(group) }
    }

    mutating func pass(seconds: Int64) { now = now.adding(milliseconds: seconds * 1_000) }

    // MARK: Planning

    func plan() -> PlacementPlan {
        PlacementPlanner.plan(cluster, liveness: liveness, groups: groups, at: now, parameters)
    }

    /// One plan, committed; the groups then follow, each with that probability. Returns false when there was nothing to do.
    @discardableResult
    mutating func round(percent: Int = 100) -> Bool {
        let plan = plan()
        if lot.chance(5) { #expect(plan == self.plan(), "seed \(seed): the same question has two answers") }
        check(plan)
        for change in plan.memberStates { set(change.replica, change.state) }
        for placement in plan.placements { place(placement) }
        for replica in plan.removals { cluster.apply(.removeMember(replica)) }
        if let system = plan.systemGroup { follow(system) }
        var isIdle = plan.isEmpty
        for shard in 1...(cluster.settings?.shards ?? 1) where lot.chance(percent) {
            if follow(shard) { isIdle = false }
        }
        return !isIdle
    }

    /// Plans until nothing is left to do; returns after how many rounds.
    @discardableResult
    mutating func settle(within limit: Int, percent: Int = 100) -> Int {
        var idle = 0
        for round in 1...limit {
            // Groups that take their time may all do nothing in one round.
            idle = self.round(percent: percent) ? 0 : idle + 1
            if idle > (percent == 100 ? 0 : 20) { return round }
        }
        Issue.record("seed \(seed): still moving after \(limit) rounds: \(plan())")
        return limit
    }

    mutating func forgetMoves() { (moves, leaderChanges, receivers) = (0, 0, []) }

    private mutating func place(_ placement: ShardPlacement) {
        let old = cluster.placements[placement.shard]
        if let old {
            let came = placement.replicas.filter { !old.replicas.contains($0) }
            moves += came.count
            receivers.formUnion(came)
            if let leader = old.preferredLeader, leader != placement.preferredLeader, placement.replicas.contains(leader) {
                leaderChanges += 1
            }
        }
        cluster.apply(.put(.placement(placement)))
    }

    // MARK: Groups

    private func isAlive(_ replica: UInt64) -> Bool { liveness[replica] == .alive }

    private func hasQuorum(_ voters: [UInt64]) -> Bool { voters.filter(isAlive).count > voters.count / 2 }

    /// Takes the step that the placement asks for, if quorums permit. Returns whether anything changed.
    private mutating func follow(_ shard: Int) -> Bool {
        guard let placement = cluster.placements[shard] else { return false }
        let before = groups[shard]
        let old = before?.voters ?? placement.replicas
        let newcomers = placement.replicas.filter { !old.contains($0) }
        if hasQuorum(old), hasQuorum(placement.replicas), newcomers.allSatisfy(isAlive) {
            groups[shard] = GroupReport(voters: placement.replicas, leader: before?.leader, lag: [:])
        }
        report(shard)
        if let preferred = placement.preferredLeader, groups[shard]?.leader != nil, isAlive(preferred),
            groups[shard]?.voters.contains(preferred) == true
        {
            groups[shard]?.leader = preferred
        }
        return groups[shard] != before
    }

    private mutating func follow(_ system: SystemGroupPlan) {
        groups[0]?.voters = system.voters
        groups[0]?.learners = system.learners
        if let successor = system.preferredLeader, isAlive(successor) { groups[0]?.leader = successor }
        report(0)
    }

    /// What the group's leader says now: who is up has everything.
    private mutating func report(_ group: Int) {
        guard var report = groups[group] else { return }
        if let leader = report.leader, !isAlive(leader) || !report.voters.contains(leader) { report.leader = nil }
        if !hasQuorum(report.voters) {
            report.leader = nil
        } else if report.leader == nil {
            let candidates = report.voters.filter(isAlive).sorted()
            report.leader = candidates[lot.below(candidates.count)]
        }
        report.lag = [:]
        for replica in report.voters + report.learners { report.lag[replica] = isAlive(replica) ? 0 : 1_000_000 }
        groups[group] = report
    }

    // MARK: The rules

    /// What must hold of every plan, whatever the cluster went through.
    private func check(_ plan: PlacementPlan) {
        let changed = Dictionary(uniqueKeysWithValues: plan.placements.map { ($0.shard, $0) })
        var moving = 0
        for shard in 1...(cluster.settings?.shards ?? 1) {
            let old = cluster.placements[shard]
            let new = changed[shard]
            if let new {
                #expect(new.fault == nil && new.revision == (old?.revision ?? 0) + 1, "seed \(seed): \(new)")
                let known = (old?.replicas ?? []) + (groups[shard]?.voters ?? [])
                for replica in new.replicas where !known.contains(replica) {
                    let member = cluster.members[replica]
                    #expect(member?.state == .active && member?.isEdge == false, "seed \(seed): \(new) on \(replica)")
                }
            }
            guard let old, let report = groups[shard] else { continue }
            if Set(report.voters) != Set((new ?? old).replicas) { moving += 1 }
            if let new, Set(new.replicas) != Set(old.replicas) { checkStep(from: report, to: new, after: old) }
        }
        #expect(moving <= parameters.movesMax, "seed \(seed): \(moving) shards are moving")
        if let system = plan.systemGroup, let report = groups[0] {
            #expect(system.voters.count <= SystemGroupPlan.votersMax, "seed \(seed): \(system)")
            #expect(Set(system.voters).subtracting(report.voters).count <= 1, "seed \(seed): \(system)")
            if Set(system.voters) != Set(report.voters) {
                #expect(isSafe(from: report.voters, to: system.voters), "seed \(seed): \(report) to \(system)")
            }
        }
    }

    private func checkStep(from report: GroupReport, to new: ShardPlacement, after old: ShardPlacement) {
        let (before, after) = (Set(report.voters), Set(new.replicas))
        #expect(
            after.subtracting(before).count <= 1 && before.subtracting(after).count <= 1, "seed \(seed): \(new) after \(old)"
        )
        for newcomer in after.subtracting(before) { #expect(isAlive(newcomer), "seed \(seed): \(new)") }
        guard before != after else { return }
        #expect(isSafe(from: report.voters, to: new.replicas), "seed \(seed): \(report) to \(new)")
    }

    private func isSafe(from old: [UInt64], to new: [UInt64]) -> Bool {
        let kept = old.filter { isAlive($0) && new.contains($0) }.count
        return kept > old.count / 2 || (old.count <= 2 && old.allSatisfy(isAlive))
    }
}
