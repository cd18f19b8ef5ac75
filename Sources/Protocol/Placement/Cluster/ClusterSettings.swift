package import Model

/// What a cluster is founded with.
package struct ClusterSettings: Hashable, Sendable {
    /// Drawn when it is founded; never changes.
    package let id: UUID128
    /// Data shards, numbered from 1; never changes.
    package let shards: Int
    /// How many replicas each shard is to have.
    package var replicationFactor: Int

    package static let shardsMax = 1024
    package static let replicationFactorMax = 7

    package init(id: UUID128, shards: Int, replicationFactor: Int) {
        self.id = id
        self.shards = shards
        self.replicationFactor = replicationFactor
    }

    /// What is wrong with them, for people; nil when every number is within its limits.
    package var fault: String? {
        if !(1...Self.shardsMax).contains(shards) { return "a cluster has 1 to \(Self.shardsMax) shards" }
        if !(1...Self.replicationFactorMax).contains(replicationFactor) {
            return "the replication factor is 1 to \(Self.replicationFactorMax)"
        }
        return nil
    }
}
