package import Membership

/// The members of the cluster as one node knows them at one time. Advice: who owns what is decided elsewhere.
package struct MembershipView: Equatable, Sendable {
    /// This node is among them.
    package var me: MemberID
    /// Ascending by name, then by id. A node that came back with an empty data directory is there twice for a while.
    package var members: [ClusterMember]
    /// This node has the list of another member, or is the first one.
    package var isJoined: Bool

    /// O(members).
    package func member(replica: UInt64) -> ClusterMember? { members.first { $0.replica == replica } }

    /// Members that may be there: alive or suspected.
    package var present: [ClusterMember] { members.filter { !$0.status.isFinal } }

    package var counts: [MemberStatus: Int] { members.reduce(into: [:]) { $0[$1.status, default: 0] += 1 } }

    /// More than half of `replicas` are alive: what a node says of its cluster to one that wants to join.
    package func majorityIsAlive(of replicas: [UInt64]) -> Bool {
        let alive = Set(members.filter { $0.status == .alive }.map(\.replica))
        return replicas.filter(alive.contains).count * 2 > replicas.count
    }
}

/// One member of the cluster, as another knows it.
package struct ClusterMember: Equatable, Sendable {
    package var id: MemberID
    /// Its data directory's id in consensus.
    package var replica: UInt64
    package var name: String
    /// Where other nodes reach it.
    package var peer: PeerAddress
    /// Where clients reach it.
    package var client: PeerAddress
    package var region: String
    package var zone: String
    /// Holds no shard, serves and forwards only.
    package var isEdge: Bool
    package var status: MemberStatus
    /// Raised at each start of the member.
    package var generation: UInt64
    /// Since when it has its status: milliseconds of the event loop's monotonic clock (`NIODeadline`), negative for what
    /// was before that clock began.
    package var sinceMilliseconds: Int64

    init(_ member: Membership.Member) {
        id = member.id
        replica = member.id.replica
        name = member.description.name
        peer = member.description.peer
        client = member.description.client
        region = member.description.region
        zone = member.description.zone
        isEdge = member.description.role == .edge
        status = member.standing.status
        generation = member.standing.generation
        sinceMilliseconds = member.sinceMilliseconds
    }
}
