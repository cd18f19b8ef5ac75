import Consensus
package import Founding
package import Membership
import Model

// Who a node is, for others. Everything comes from its data directory: the UUID of the file NODE is the id in gossip, and
// gives the replica id in consensus, so neither has to be told beside the other, and none can be told wrong.

extension NodeIdentity {
    package var memberID: MemberID { MemberID(high: uuid.high, low: uuid.low) }

    /// The id of this data directory in consensus.
    package var replica: UInt64 { memberID.replica }
    var replicaID: ReplicaID { ReplicaID(replica) }
}

extension MemberID {
    /// The id of the member's data directory in consensus. Never 0.
    ///
    /// Each half of a random UUID (RFC 9562, section 5.4) has fixed bits where the other has random ones: together they
    /// are 64 random bits.
    package var replica: UInt64 {
        let mixed = high ^ low
        return mixed == 0 ? 1 : mixed
    }
}

extension MemberDescription {
    /// What a node says of itself in gossip.
    package init(_ info: FounderInfo, isEdge: Bool, startedAtMilliseconds: UInt64) {
        self.init(
            name: info.name, peer: info.peer, client: info.client, region: info.region, zone: info.zone,
            role: isEdge ? .edge : .node, startedAtMilliseconds: startedAtMilliseconds)
    }
}
