/// One plan's work on the data shards.
struct PlacementDraft {
    private struct Shard {
        let number: Int
        let placement: ShardPlacement?
        let report: GroupReport?
        /// The set that the next step starts from.
        let current: [UInt64]
        /// Whether its group has taken the last step.
        let isSettled: Bool
        /// Whether the last step cannot be taken any more, as who was to join is gone.
        let isStranded: Bool
        var wanted: [UInt64] = []
        var next: [UInt64] = []

        init(_ number: Int, _ placement: ShardPlacement?, _ report: GroupReport?, _ roster: Roster) {
            self.number = number
            self.placement = placement
            self.report = report
            let placed = placement?.replicas ?? []
            guard let report else {
                (current, isSettled, isStranded) = (placed, false, false)
                return
            }
            isSettled = !report.isJoint && Set(report.voters) == Set(placed)
            isStranded =
                !report.isJoint
                && placed.contains { !report.voters.contains($0) && roster.standing(of: $0) != .staying }
            current = isStranded ? report.voters : placed
        }

        var isMoving: Bool { placement != nil && report != nil && !isSettled }
    }

    private let roster: Roster
    private let parameters: PlannerParameters
    private let factor: Int
    /// The factor, or as many as there are members to hold replicas.
    private let size: Int
    private var shards: [Shard]

    init(
        _ settings: ClusterSettings, _ cluster: ClusterState, _ roster: Roster, _ groups: [Int: GroupReport],
        _ parameters: PlannerParameters
    ) {
        self.roster = roster
        self.parameters = parameters
        factor = settings.replicationFactor
        size = min(factor, roster.seats.count)
        shards = (1...settings.shards).map { Shard($0, cluster.placements[$0], groups[$0], roster) }
    }

    /// The placements that change, ascending by shard.
    mutating func changes() -> [ShardPlacement] {
        layOut()
        takeSteps()
        let leaders = leaders()
        return zip(shards, leaders).compactMap { shard, leader in
            guard shard.placement?.replicas != shard.next || shard.placement?.preferredLeader != leader else { return nil }
            return ShardPlacement(
                shard: shard.number, replicas: shard.next, preferredLeader: leader,
                revision: (shard.placement?.revision ?? 0) + 1)
        }
    }

    // MARK: Replicas

    private mutating func layOut() {
        let rows = shards.map { shard in
            let leader = shard.placement?.preferredLeader ?? shard.report?.leader
            return Layout.Row(
                shard: shard.number, home: shard.current.compactMap(roster.seat), leader: leader.flatMap(roster.seat))
        }
        let layout = Layout(seats: roster.seats, rows: rows, size: size)
        for (position, row) in layout.rows.enumerated() {
            shards[position].wanted = row.seats.map { roster.seats[$0].replica }
        }
    }

    /// New shards are placed at once, as there is nothing to move; of the others as many step as may be on their way.
    private mutating func takeSteps() {
        var moving = shards.reduce(0) { $0 + ($1.isMoving ? 1 : 0) }
        for position in shards.indices {
            shards[position].next = shards[position].placement == nil ? shards[position].wanted : shards[position].current
        }
        for position in urgent where moving < parameters.movesMax || shards[position].isMoving {
            guard let next = step(shards[position]) else { continue }
            shards[position].next = next
            if !shards[position].isMoving { moving += 1 }
        }
    }

    /// The shards that may take a step, those with dead replicas first, then those that lack one, then by number.
    private var urgent: [Int] {
        func rank(_ shard: Shard) -> Int {
            if shard.current.contains(where: { roster.standing(of: $0) == .dead }) { return 0 }
            return shard.current.count < size ? 1 : 2
        }
        let ready = shards.indices.filter { position in
            let shard = shards[position]
            return shard.placement != nil && (shard.isSettled || shard.isStranded)
        }
        return ready.sorted { (rank(shards[$0]), $0) < (rank(shards[$1]), $1) }
    }

    private func step(_ shard: Shard) -> [UInt64]? {
        guard let report = shard.report else { return nil }
        return ReplicaStep(roster: roster, report: report, parameters: parameters, factor: factor).next(
            from: shard.current, to: shard.wanted, mayTake: roster.mayTake)
    }

    // MARK: Leaders

    private func leaders() -> [UInt64?] {
        let rows = shards.map { shard in
            let candidates = candidates(shard)
            let named = shard.placement?.preferredLeader ?? shard.report?.leader
            let leader = named.flatMap(roster.seat).flatMap { candidates.contains($0) ? $0 : nil }
            return LeaderBalance.Row(shard: shard.number, candidates: candidates, leader: leader)
        }
        let balance = LeaderBalance(
            seats: roster.seats, rows: rows, mayLead: roster.seats.map { roster.isAlive($0.replica) })
        return zip(shards, balance.rows).map { shard, row in
            if let leader = row.leader { return roster.seats[leader].replica }
            return shard.placement?.preferredLeader.flatMap { shard.next.contains($0) ? $0 : nil }
        }
    }

    /// Who has a vote, keeps it in the next step, and is to stay. Where nobody is all of that: who is to stay.
    private func candidates(_ shard: Shard) -> [Int] {
        let staying = shard.next.filter { shard.wanted.contains($0) }
        let voting = staying.filter { shard.report?.voters.contains($0) ?? true }
        return (voting.isEmpty ? staying : voting).compactMap(roster.seat)
    }
}
