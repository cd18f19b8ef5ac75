import Consensus
import WriteAheadLog

/// What a replica's entries are applied to; on the replica's event loop.
protocol ReplicatedMachine: AnyObject {
    /// The next committed entries, in order.
    func apply(_ entries: [Entry])
    /// Whether an entry of these bytes, which is to stand at `point`, can be applied, as far as its form goes.
    func understands(_ bytes: [UInt8], at point: LogPoint) -> Bool
    /// The replica leads, follows, or has heard of another leader.
    func roleChanged(_ change: RoleChange)
    /// The log no longer holds what `peer` needs.
    func snapshotNeeded(by peer: ReplicaID)
}

extension ReplicaID {
    /// As a text that people can tell apart.
    var text: String { String(rawValue, radix: 16) }
}
