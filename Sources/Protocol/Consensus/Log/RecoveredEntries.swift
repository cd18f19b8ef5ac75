package import WriteAheadLog

/// Takes a log's entries at start, one after the other, and keeps what a replica needs of them: terms, configurations,
/// and the newest entries themselves.
package struct RecoveredEntries: Sendable {
    private(set) var log: ReplicaLog

    /// `base` is the point before the first entry, and the configuration as of there. `windowBytesMax` is the weight of
    /// the entries kept in memory.
    package init(base: SnapshotPoint, windowBytesMax: Int = ConsensusSettings().windowBytesMax) {
        log = ReplicaLog(base: base, windowBytesMax: windowBytesMax)
    }

    /// The last entry taken.
    package var last: LogPoint { log.last }

    /// Takes the next entry. The log's recovery has checked that its index follows and its term does not fall.
    package mutating func add(_ entry: Entry) { log.recovered(entry) }
}
