package import Model

/// Decides where shards are to be. A pure function of what is known; group 0's leader calls it now and then, proposes what
/// it asks for, and calls it again when that is committed and the groups have reported.
///
/// Every shard gets the replication factor, or as many replicas as there are members to hold them, spread over the zones,
/// the members holding and leading equally many where the spread allows that. Moves are as few as that takes. A shard goes
/// from one set of replicas to another in steps of one replica (`ReplicaStep`), each planned when its group reports that it
/// has taken the one before; at most `movesMax` shards are on their way at a time, those with dead replicas first.
package enum PlacementPlanner {
    /// - Parameters:
    ///   - cluster: as committed.
    ///   - liveness: by replica id.
    ///   - groups: by group, 0 for the system group; a group without a report is left alone.
    ///   - now: the clock that `liveness` tells deaths by.
    package static func plan(
        _ cluster: ClusterState, liveness: [UInt64: Liveness], groups: [Int: GroupReport], at now: Timestamp,
        _ parameters: PlannerParameters = PlannerParameters()
    ) -> PlacementPlan {
        let roster = Roster(cluster, liveness, groups, at: now, parameters)
        var plan = PlacementPlan()
        plan.memberStates = roster.memberStates
        plan.removals = removals(cluster, liveness, groups)
        plan.systemGroup = groups[0].flatMap { SystemGroupPlan(roster, cluster, $0, parameters) }
        if let settings = cluster.settings, !roster.seats.isEmpty {
            var draft = PlacementDraft(settings, cluster, roster, groups, parameters)
            plan.placements = draft.changes()
        }
        return plan
    }

    /// Who left, or came back under another id, and holds nothing any more.
    private static func removals(
        _ cluster: ClusterState, _ liveness: [UInt64: Liveness], _ groups: [Int: GroupReport]
    ) -> [UInt64] {
        let gone = cluster.members.values.filter { member in
            switch member.state {
            case .active, .draining: false
            case .left: liveness[member.replica] != .alive
            case .dead: cluster.present(named: member.name) != nil
            }
        }
        return gone.map(\.replica).filter { replica in
            !cluster.holds(replica, groups) && groups[0]?.names(replica) != true
        }.sorted()
    }
}
