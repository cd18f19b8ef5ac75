/// What is said of a member. The order of the cases is their order of precedence at one incarnation.
package enum MemberStatus: UInt8, Comparable, Sendable {
    case alive = 0
    /// Did not answer; may refute with a higher incarnation.
    case suspected = 1
    /// Did not refute in time. Final for the generation.
    case dead = 2
    /// Said goodbye. Final for the generation.
    case left = 3

    package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }

    /// No claim about the same generation overrides this one, except `left` over `dead`.
    package var isFinal: Bool { self >= .dead }
}

/// The part of a claim that decides which of two is newer: a total order, so that every node ends at the same claim in
/// whatever order it hears them.
package struct Standing: Equatable, Sendable {
    /// Raised and persisted at every start of the node.
    package var generation: UInt64
    /// Raised by the member itself within a generation, to refute a suspicion or to announce new metadata.
    package var incarnation: UInt64
    package var status: MemberStatus

    package init(generation: UInt64, incarnation: UInt64, status: MemberStatus) {
        self.generation = generation
        self.incarnation = incarnation
        self.status = status
    }

    /// Whether this overrides `other` about the same member.
    package func overrides(_ other: Standing) -> Bool {
        if generation != other.generation { return generation > other.generation }
        if status.isFinal || other.status.isFinal { return status > max(other.status, .suspected) }
        if incarnation != other.incarnation { return incarnation > other.incarnation }
        return status > other.status
    }
}

/// One statement about one member: what gossip carries.
package struct Claim: Equatable, Sendable {
    package var id: MemberID
    package var standing: Standing
    /// Who suspects, or declared dead; the member itself otherwise.
    package var accuser: MemberID
    /// How long ago a final status was reached, in seconds; 0 otherwise.
    package var ageSeconds: UInt32
    /// Present in claims of life and in anti-entropy; a suspicion or death told by gossip concerns a known member.
    package var description: MemberDescription?

    package init(
        id: MemberID, standing: Standing, accuser: MemberID, ageSeconds: UInt32 = 0, description: MemberDescription? = nil
    ) {
        self.id = id
        self.standing = standing
        self.accuser = accuser
        self.ageSeconds = ageSeconds
        self.description = description
    }
}
