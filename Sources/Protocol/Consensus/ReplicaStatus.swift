package import WriteAheadLog

/// What a replica knows, for metrics and for people.
package struct ReplicaStatus: Hashable, Sendable {
    package var id: ReplicaID
    package var group: GroupID
    package var role: RoleName
    package var term: UInt64
    package var vote: ReplicaID?
    package var leader: ReplicaID?
    /// The last entry of the log, on disk or not.
    package var last: LogPoint
    /// The point before the oldest entry of the log.
    package var base: LogPoint
    package var durable: UInt64
    package var commit: UInt64
    package var applied: UInt64
    package var configuration: IndexedConfiguration
    package var configurationCommitted: Bool
    package var isSuspect: Bool
    package var isHalted: Bool
    package var transferringTo: ReplicaID?
    /// Proposed by this leader and not committed, in bytes.
    package var uncommittedBytes: Int
    package var readsWaiting: Int
    package var windowBytes: Int
    /// On the leader alone: the other members, ascending by id.
    package var peers: [PeerStatus]
}

package struct PeerStatus: Hashable, Sendable {
    package enum Mode: Hashable, Sendable {
        /// Finding out where the peer's log agrees with the leader's.
        case probing
        case replicating
        /// Waiting for a snapshot to arrive.
        case snapshot
    }

    package var id: ReplicaID
    package var isLearner: Bool
    package var mode: Mode
    /// The last entry that is known to be on the peer's disk.
    package var match: UInt64
    /// The next entry to send.
    package var next: UInt64
    /// Entries that the leader has and that are not known to be on the peer's disk.
    package var lag: UInt64
    package var inflightAppends: Int
    package var inflightBytes: Int
    /// Since the peer was last heard, in nanoseconds.
    package var silentNanoseconds: UInt64
}
