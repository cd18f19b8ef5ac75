/// Times and limits of a replica; the same for all replicas of a group.
package struct ConsensusSettings: Hashable, Sendable {
    /// How often a leader shows itself, in milliseconds. All groups of a node do so at the same instants.
    package var heartbeatMilliseconds: UInt64 = 100
    /// A follower that hears nothing for this long, times a random factor between 1 and 2, wants to be leader; a leader
    /// that no majority answers for this long steps down. In milliseconds; several heartbeats.
    package var electionMilliseconds: UInt64 = 500
    /// An append unanswered for this long is taken for lost, in milliseconds.
    package var appendMilliseconds: UInt64 = 300

    /// Longest entry, in bytes of data; at most `FrameCodec.entryBytesMax`.
    package var entryBytesMax = 8 << 20
    /// Weight of the entries in one append, in bytes; a longer entry travels alone.
    package var appendBytesMax = 256 << 10
    /// Appends under way to one peer.
    package var inflightAppendsMax = 64
    /// Weight of the entries under way to one peer, in bytes.
    package var inflightBytesMax = 4 << 20
    /// Weight of the leader's entries that are proposed and not committed, in bytes.
    package var uncommittedBytesMax = 16 << 20
    /// Weight of the entries kept in memory, in bytes, beyond those that are not on disk or not applied yet.
    package var windowBytesMax = 4 << 20
    /// A follower takes no more entries while those that it cannot drop from memory weigh more than this, in bytes.
    package var backlogBytesMax = 64 << 20
    /// Weight of the entries read back at once, in bytes.
    package var fetchBytesMax = 256 << 10
    /// Reads waiting for leadership to be confirmed, or for entries to be applied.
    package var readsMax = 65_536

    /// What the simulator breaks on purpose; has no effect unless compiled in, see `PlantedBugs`.
    package var plantedBugs: PlantedBugs = []

    package init() {}

    var heartbeatNanoseconds: UInt64 { max(1, heartbeatMilliseconds) * 1_000_000 }
    var electionNanoseconds: UInt64 { max(1, electionMilliseconds) * 1_000_000 }
    var appendNanoseconds: UInt64 { max(1, appendMilliseconds) * 1_000_000 }
}
