/// What the runtime is to do, in order.
package enum MembershipEffect: Equatable, Sendable {
    /// Send over the pooled connection. A failure needs no report: the missing answer tells.
    case send(Frame, to: PeerAddress)
    /// Open a fresh connection and send over that: the pooled one may be what is broken. The fresh one takes its place.
    case dial(PeerAddress, Frame)
    /// A member's state changed. Advice: ownership is decided elsewhere.
    case memberChanged(MemberChange)
    /// This node's incarnation within its generation. Worth keeping for people; the next start's higher generation
    /// makes it needless for safety.
    case incarnationRaised(UInt64)
    /// The list of some member was received, or there is no other.
    case joined(members: Int)
    /// The goodbye has spread; the process may end.
    case left
    /// This generation is over, and the node is silent until `generationRaised` with a number of at least `next`. If that
    /// is above `MembershipLimits.numberMax`, there is none: the node needs another id.
    case declaredDead(DeathNotice, next: UInt64)
    /// Two nodes go by one id, or two ids by one name: for a person to look at.
    case conflict(IdentityConflict)
    /// Something was not believed. For the log and a metric; no state was touched.
    case refused(Refusal)
}

/// A member's new state.
package struct MemberChange: Equatable, Sendable {
    package var id: MemberID
    /// nil for a member that was not known.
    package var before: MemberStatus?
    package var standing: Standing
    package var description: MemberDescription
    /// When this node learned of it, in its own monotonic milliseconds.
    package var at: UInt64
}

/// Why a generation is over.
package enum DeathNotice: Equatable, Sendable {
    case declaredDead(by: MemberID)
    /// Others know a later generation of this very node: its directory is older than its last start.
    case outlived(by: UInt64)
    /// There is no number left to refute with.
    case incarnationsExhausted
}

/// Two nodes that cannot both be right.
package struct IdentityConflict: Equatable, Sendable {
    package enum Kind: String, Sendable {
        /// Two processes with one id: a copied data directory.
        case id
        /// Two ids with one name: a label that was given twice.
        case name
    }
    package var kind: Kind
    package var id: MemberID
    package var known: PeerAddress
    package var other: PeerAddress
    /// This node is one of the two, and has fallen silent in favour of the other.
    package var isSilenced: Bool
}

/// A frame or claim that was not believed.
package struct Refusal: Equatable, Sendable {
    package var reason: Reason
    /// Who sent it, as the frame says; nil where the frame could not be read.
    package var sender: Frame.Sender?

    package enum Reason: Equatable, Sendable {
        case malformed(FrameDamage)
        case foreignCluster
        case wrongDestination
        case protocolVersion(ProtocolRange)
        /// The frame says it comes from this node itself.
        case ownIdentity
        case deadGeneration
        case outdatedGeneration
        case identityConflict
        /// A claim about this node with an incarnation that it never had.
        case unknownIncarnation
        /// An answer that nobody waits for.
        case unsolicited
        /// A claim about one more member than there may be.
        case tooManyMembers
        case overloaded
        /// This node has left, or its generation is over.
        case notAMember

        /// Happens in a healthy cluster, too (late answers, frames to a node that leaves): for the metric, not for the log.
        package var isRoutine: Bool { self == .unsolicited || self == .notAMember }

        /// The value of a metric's label.
        package var label: String {
            switch self {
            case .malformed: "malformed"
            case .foreignCluster: "foreign_cluster"
            case .wrongDestination: "wrong_destination"
            case .protocolVersion: "protocol_version"
            case .ownIdentity: "own_identity"
            case .deadGeneration: "dead_generation"
            case .outdatedGeneration: "outdated_generation"
            case .identityConflict: "identity_conflict"
            case .unknownIncarnation: "unknown_incarnation"
            case .unsolicited: "unsolicited"
            case .tooManyMembers: "too_many_members"
            case .overloaded: "overloaded"
            case .notAMember: "not_a_member"
            }
        }
    }
}
