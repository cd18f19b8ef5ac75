import Membership

/// All that a node says, in a request as in an answer: who it is and where it stands.
struct FoundingMessage: Equatable, Sendable {
    var sender: FounderInfo
    /// What the sender wants to found; nil if it only joins.
    var terms: FoundingTerms?
    var standing: Standing
    /// Where the sender has heard of nodes, itself not among them.
    var addresses: [PeerAddress]

    enum Standing: Equatable, Sendable {
        case open(FoundingPledge)
        /// Of a cluster.
        ///
        /// - isUp: most of its members are there.
        case member(ClusterFounding, isUp: Bool)
    }
}

/// Why bytes are not a message.
package enum FoundingDamage: Error, Hashable, Sendable {
    case tooLong(Int)
    case version(UInt8)
    /// A field ends behind the message's end.
    case truncated
    case trailingBytes(Int)
    /// A value that the field does not admit.
    case outOfRange(Field)

    package enum Field: String, Sendable {
        case text, name, replica, terms, kind, flag, round, founders, addresses, proposal, pledge
    }
}
