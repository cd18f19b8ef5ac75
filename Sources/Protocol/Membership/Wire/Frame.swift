/// One message between two nodes, with claims riding along.
package struct Frame: Equatable, Sendable {
    package var cluster: ClusterID
    package var sender: Sender
    /// Whom the frame is for; `anyone` in a join alone. A frame for another node is refused.
    package var destination: MemberID
    package var protocols: ProtocolRange
    package var message: Message
    package var claims: [Claim]

    package init(
        cluster: ClusterID, sender: Sender, destination: MemberID, protocols: ProtocolRange = .current, message: Message,
        claims: [Claim] = []
    ) {
        self.cluster = cluster
        self.sender = sender
        self.destination = destination
        self.protocols = protocols
        self.message = message
        self.claims = claims
    }

    /// Who sent a frame, and where it wants its answer.
    package struct Sender: Equatable, Sendable {
        package var id: MemberID
        package var generation: UInt64
        package var address: PeerAddress

        package init(id: MemberID, generation: UInt64, address: PeerAddress) {
            self.id = id
            self.generation = generation
            self.address = address
        }
    }
}

/// What a frame asks or answers.
package enum Message: Equatable, Sendable {
    /// Asks for an `ack` with the same sequence.
    case ping(sequence: UInt32)
    /// Asks the receiver to ping `target`, and to pass on its `ack`, or to answer `nack` before the sender gives up.
    case pingRequest(sequence: UInt32, target: MemberID, nackAfterMilliseconds: UInt32)
    case ack(sequence: UInt32)
    /// The helper is well and did ask, but the target has not answered yet.
    case nack(sequence: UInt32)
    /// Only the claims matter.
    case gossip
    /// The sender does not know the receiver: it asks for a claim of life.
    case introduceYourself
    /// The first claim is about the receiver, whose frames the sender refuses: dead, outlived, or in conflict.
    case notice
    /// The first claim is the sender's own; asks for all members.
    case join(sequence: UInt32)
    /// Claims for the receiver to merge: the answer to a join or to `contents`.
    case entries(sequence: UInt32, isLast: Bool)
    /// The sender's view, as one hash per bucket of members; one hash: the whole.
    case digest(hashes: [UInt64])
    /// The claims are all that the sender holds in these of `1 << bits` buckets; asks for what is newer.
    case contents(bits: UInt8, buckets: [UInt16])
}
