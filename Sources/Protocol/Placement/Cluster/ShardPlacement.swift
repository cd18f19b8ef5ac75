/// Where a shard is wanted. Its leader makes it so: the group's own configuration says where it is.
package struct ShardPlacement: Hashable, Sendable {
    /// The shard's number, which is its group's in the log; from 1.
    package let shard: Int
    /// The wanted voters; those that came later stand further back.
    package var replicas: [UInt64]
    /// Who is to lead, one of `replicas`; nil when nobody can be named.
    package var preferredLeader: UInt64?
    /// Counts the changes of this shard's placement, from 1. A new one says its predecessor's plus one, so that nobody
    /// overwrites what he has not seen.
    package var revision: UInt64

    /// Most replicas of a shard: the highest replication factor, and the one that an exchange adds.
    package static let replicasMax = ClusterSettings.replicationFactorMax + 1

    package init(shard: Int, replicas: [UInt64], preferredLeader: UInt64?, revision: UInt64) {
        self.shard = shard
        self.replicas = replicas
        self.preferredLeader = preferredLeader
        self.revision = revision
    }

    /// What is wrong with it in itself, for people.
    package var fault: String? {
        if !(1...ClusterSettings.shardsMax).contains(shard) { return "there is no data shard \(shard)" }
        if replicas.isEmpty { return "a shard has at least one replica" }
        if replicas.count > Self.replicasMax { return "a shard has at most \(Self.replicasMax) replicas" }
        if Set(replicas).count != replicas.count { return "a member holds a shard once" }
        if let preferredLeader, !replicas.contains(preferredLeader) { return "a shard's leader is one of its replicas" }
        return nil
    }
}
