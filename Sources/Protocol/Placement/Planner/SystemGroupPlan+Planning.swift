extension SystemGroupPlan {
    /// The next step of group 0, planned from its own report; nil when there is none to take.
    init?(_ roster: Roster, _ cluster: ClusterState, _ report: GroupReport, _ parameters: PlannerParameters) {
        guard !report.isJoint, !report.voters.isEmpty else { return nil }
        let step = ReplicaStep(roster: roster, report: report, parameters: parameters, factor: Self.votersMax)
        let wanted = Self.wantedVoters(roster, report)
        guard !wanted.isEmpty else { return nil }
        let next =
            step.next(from: report.voters, to: wanted) { newcomer in
                // Who is to vote learns first.
                roster.mayTake(newcomer) && report.learners.contains(newcomer) && step.isSteady(newcomer)
            } ?? report.voters
        let learners = cluster.members.values.filter { member in
            guard !next.contains(member.replica) else { return false }
            switch member.state {
            case .active, .draining: return roster.takesPart(member.replica)
            case .left, .dead: return false
            }
        }
        self.init(
            voters: next.sorted(), learners: learners.map(\.replica).sorted(),
            preferredLeader: Self.successor(step, next, wanted))
        if voters == report.voters.sorted(), self.learners == report.learners.sorted(), preferredLeader == nil { return nil }
    }

    /// As many as there are up to five, and no even number above two: an even set outlives no more deaths than the odd one
    /// below it. With a dead voter, whom nobody replaces, four are five again when it comes back.
    private static func size(_ roster: Roster, _ report: GroupReport) -> Int {
        let size = min(roster.seats.count, votersMax)
        let isEven = size > 2 && size.isMultiple(of: 2)
        return isEven && !report.voters.contains { roster.standing(of: $0) == .dead } ? size - 1 : size
    }

    private static func wantedVoters(_ roster: Roster, _ report: GroupReport) -> [UInt64] {
        guard !roster.seats.isEmpty else { return [] }
        let row = Layout.Row(
            shard: 0, home: report.voters.sorted().compactMap(roster.seat), leader: report.leader.flatMap(roster.seat))
        let layout = Layout(seats: roster.seats, rows: [row], size: size(roster, report))
        return layout.rows[0].seats.map { roster.seats[$0].replica }
    }

    /// Who is to take over where the leader is not to vote any more.
    private static func successor(_ step: ReplicaStep, _ next: [UInt64], _ wanted: [UInt64]) -> UInt64? {
        guard let leader = step.report.leader, !wanted.contains(leader) else { return nil }
        return next.filter { wanted.contains($0) && step.report.voters.contains($0) && step.isSteady($0) }.min()
    }
}
