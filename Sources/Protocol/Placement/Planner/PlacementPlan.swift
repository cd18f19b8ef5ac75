/// What a plan asks for. Everything in it is a proposal to group 0 but `systemGroup`, which group 0's leader carries out.
package struct PlacementPlan: Hashable, Sendable {
    package struct StateChange: Hashable, Sendable {
        package let replica: UInt64
        package let state: Member.State
    }

    /// To be proposed first: the placements may rely on it. Ascending by replica.
    package var memberStates: [StateChange] = []
    /// Those that change, ascending by shard, with the revision after the one that they replace.
    package var placements: [ShardPlacement] = []
    /// Members that are gone for good and hold nothing, ascending.
    package var removals: [UInt64] = []
    /// Nil when group 0 is as it should be.
    package var systemGroup: SystemGroupPlan?

    package init() {}

    package var isEmpty: Bool {
        memberStates.isEmpty && placements.isEmpty && removals.isEmpty && systemGroup == nil
    }
}

/// What group 0's members are to become next. Its voters differ from those of now by one at most.
package struct SystemGroupPlan: Hashable, Sendable {
    /// Ascending.
    package var voters: [UInt64]
    /// Everybody else who takes part, edge nodes included; ascending.
    package var learners: [UInt64]
    /// Who is to take over from a leader that is to lose its vote; nil: whoever leads goes on.
    package var preferredLeader: UInt64?

    package init(voters: [UInt64], learners: [UInt64], preferredLeader: UInt64?) {
        self.voters = voters
        self.learners = learners
        self.preferredLeader = preferredLeader
    }

    /// Most voters. Five outlive two deaths; more make every commit slower.
    package static let votersMax = 5
}
