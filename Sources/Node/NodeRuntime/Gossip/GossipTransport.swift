package import Membership

/// How gossip and founding reach other nodes: a `POST` to a node, and what it answers.
///
/// Called on one event loop. `completion` is called there exactly once, later than the call; with nil where there is no
/// answer, for whatever reason.
package protocol GossipTransport: Sendable {
    func post(_ request: GossipRequest, completion: @escaping @Sendable (GossipAnswer?) -> Void)
}

package struct GossipRequest: Sendable {
    package enum Path: String, Sendable {
        /// Frames of `Membership`, one behind the other; so is the answer.
        case gossip = "/gossip"
        /// A message of `Founding`; so is the answer. Nodes without a cluster send it, so none is asked for.
        case founding = "/founding"
    }

    package enum Connection: Sendable {
        case pooled
        /// A new one: the pooled one may be what is broken. It takes the place of that.
        case fresh
    }

    package var path: Path
    package var address: PeerAddress
    /// The node that should be there, by its certificate; nil if whoever is there will do.
    package var expecting: String?
    package var connection: Connection
    package var body: [UInt8]
    /// After that an answer is of no use.
    package var timeoutMilliseconds: Int64
}

package struct GossipAnswer: Sendable {
    /// The name in the certificate of the node that answered; nil in clear text.
    package var peer: String?
    package var body: [UInt8]

    package init(peer: String?, body: [UInt8]) {
        self.peer = peer
        self.body = body
    }
}
