package import Membership

/// What everyone should know of a node before there is a cluster.
package struct FounderInfo: Hashable, Sendable {
    /// Stands for the node's data directory. Never 0.
    package var replica: UInt64
    /// 1 to `FoundingLimits.nameBytesMax` of `A-Z a-z 0-9 . _ -`; the name in the node's certificate.
    package var name: String
    /// Where other nodes reach this one.
    package var peer: PeerAddress
    /// Where clients reach it.
    package var client: PeerAddress
    package var region: String
    package var zone: String

    package init(replica: UInt64, name: String, peer: PeerAddress, client: PeerAddress, region: String, zone: String) {
        self.replica = replica
        self.name = name
        self.peer = peer
        self.client = client
        self.region = region
        self.zone = zone
    }

    /// Whether every part is within its limit.
    package var isWithinLimits: Bool {
        replica != 0 && FoundingLimits.isName(name) && (1...FoundingLimits.hostBytesMax).contains(peer.host.utf8.count)
            && (1...FoundingLimits.hostBytesMax).contains(client.host.utf8.count)
            && region.utf8.count <= FoundingLimits.placeBytesMax && zone.utf8.count <= FoundingLimits.placeBytesMax
    }

    /// Names decide; the replica only where a name was given twice.
    static func precedes(_ one: FounderInfo, _ other: FounderInfo) -> Bool {
        one.name == other.name ? one.replica < other.replica : one.name < other.name
    }
}

/// What a node wants to found. Nodes found a cluster with those only that want the same.
package struct FoundingTerms: Hashable, Sendable {
    /// `--bootstrap-expect`: so many nodes found it; 1 to `FoundingLimits.foundersMax`.
    package var founders: Int
    /// 1 to `FoundingLimits.shardsMax`.
    package var shards: Int
    /// Voters of a shard, 1 to `FoundingLimits.replicationFactorMax`.
    package var replicationFactor: Int
    /// The cluster begins with what another one left elsewhere: no founder may begin without it.
    package var isRestored: Bool

    package init(founders: Int, shards: Int, replicationFactor: Int, isRestored: Bool = false) {
        self.founders = founders
        self.shards = shards
        self.replicationFactor = replicationFactor
        self.isRestored = isRestored
    }

    package var isWithinLimits: Bool {
        (1...FoundingLimits.foundersMax).contains(founders) && (1...FoundingLimits.shardsMax).contains(shards)
            && (1...FoundingLimits.replicationFactorMax).contains(replicationFactor)
    }
}

/// How a cluster began. The same on all its nodes, for ever; members come and go later and are known elsewhere.
package struct ClusterFounding: Hashable, Sendable {
    package var cluster: ClusterID
    /// Ascending by name, no name and no replica twice.
    package var founders: [FounderInfo]
    package var shards: Int
    package var replicationFactor: Int
    /// It began with what another cluster left elsewhere.
    package var isRestored: Bool

    package init(
        cluster: ClusterID, founders: [FounderInfo], shards: Int, replicationFactor: Int, isRestored: Bool = false
    ) {
        self.cluster = cluster
        self.founders = founders
        self.shards = shards
        self.replicationFactor = replicationFactor
        self.isRestored = isRestored
    }

    package var terms: FoundingTerms {
        FoundingTerms(
            founders: founders.count, shards: shards, replicationFactor: replicationFactor, isRestored: isRestored)
    }

    /// The founder with this data directory; nil if that is none.
    package func founder(_ replica: UInt64) -> FounderInfo? { founders.first { $0.replica == replica } }

    /// Whether every part is within its limit and the founders are in order.
    package var isSound: Bool {
        terms.isWithinLimits && founders.allSatisfy(\.isWithinLimits)
            && zip(founders, founders.dropFirst()).allSatisfy { $0.name < $1.name }
            && Set(founders.map(\.replica)).count == founders.count
    }
}

/// Names a proposal, and says which of two is stronger: the later round, then the lower name.
package struct Ballot: Hashable, Comparable, Sendable {
    /// 1 to `FoundingLimits.roundMax`.
    package var round: UInt64
    /// Who proposed.
    package var name: String
    package var replica: UInt64

    package init(round: UInt64, name: String, replica: UInt64) {
        self.round = round
        self.name = name
        self.replica = replica
    }

    package static func < (one: Self, other: Self) -> Bool {
        if one.round != other.round { return one.round < other.round }
        if one.name != other.name { return one.name > other.name }
        return one.replica > other.replica
    }
}

/// A cluster that some node would like to found.
package struct Proposal: Hashable, Sendable {
    package var ballot: Ballot
    package var founding: ClusterFounding

    package init(ballot: Ballot, founding: ClusterFounding) {
        self.ballot = ballot
        self.founding = founding
    }

    /// Whether it is one that a node may promise itself to: the proposer is a founder.
    package var isSound: Bool {
        founding.isSound && (1...FoundingLimits.roundMax).contains(ballot.round)
            && founding.founder(ballot.replica)?.name == ballot.name
    }
}

/// What a node must not forget while it founds: written to disk before anyone hears of it.
package struct FoundingPledge: Hashable, Sendable {
    /// The node gives no promise to a proposal that is not above.
    package var floor: Ballot?
    /// What the node has promised itself to; given up only once it is known that it cannot come about.
    package var promise: Proposal?

    package init(floor: Ballot? = nil, promise: Proposal? = nil) {
        self.floor = floor
        self.promise = promise
    }

    /// Whether it may have been written by this protocol.
    package var isSound: Bool {
        guard let promise else { return true }
        return promise.isSound && floor.map { $0 >= promise.ballot } ?? false
    }
}
