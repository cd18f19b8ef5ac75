import Consensus

/// Brings a group's state to a replica whose leader no longer has the entries that it needs.
protocol SnapshotSending: AnyObject, Sendable {
    /// Called on the group's event loop. Reports to `driver` there, in any case.
    func send(_ shard: Int, to peer: ReplicaID, from driver: ReplicaDriver, on loop: LoopHost)
}

/// In a node that is alone nobody can be behind.
final class NoSnapshots: SnapshotSending {
    func send(_ shard: Int, to peer: ReplicaID, from driver: ReplicaDriver, on loop: LoopHost) {}
}
