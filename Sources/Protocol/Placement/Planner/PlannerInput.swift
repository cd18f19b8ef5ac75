package import Model

/// What the membership protocol says of a member. One that it does not know yet is taken as suspected.
package enum Liveness: Hashable, Sendable {
    case alive
    case suspected
    case dead(since: Timestamp)
}

/// A group as its leader last reported it.
package struct GroupReport: Hashable, Sendable {
    package var voters: [UInt64]
    /// Who voted before, while a change is under way; else empty.
    package var outgoing: [UInt64]
    package var learners: [UInt64]
    /// Nil when nobody is known to lead.
    package var leader: UInt64?
    /// By replica: entries that the leader has and that are not known to be on that replica's disk. The leader need not be
    /// among them; a replica that is missing counts as far behind.
    package var lag: [UInt64: UInt64]

    package init(
        voters: [UInt64], outgoing: [UInt64] = [], learners: [UInt64] = [], leader: UInt64?, lag: [UInt64: UInt64]
    ) {
        self.voters = voters
        self.outgoing = outgoing
        self.learners = learners
        self.leader = leader
        self.lag = lag
    }

    var isJoint: Bool { !outgoing.isEmpty }

    func names(_ replica: UInt64) -> Bool {
        voters.contains(replica) || outgoing.contains(replica) || learners.contains(replica)
    }
}

package struct PlannerParameters: Hashable, Sendable {
    /// A member that is dead for so long loses its replicas.
    package var deadGraceMilliseconds: Int64 = 60_000
    /// Shards that are on the way to another set of replicas at a time.
    package var movesMax = 4
    /// A replica with no more entries missing is caught up.
    package var lagEntriesMax: UInt64 = 1_000

    package init() {}
}
