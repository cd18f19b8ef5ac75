import WriteAheadLog

/// What a replica starts with, read back from its disk.
package struct ReplicaStart: Sendable {
    package var hardState: HardState
    package var log: RecoveredEntries
    /// The last entry that the state on disk includes; at or above the log's base.
    package var applied: UInt64
    package var durability: Durability

    package init(
        hardState: HardState, log: RecoveredEntries, applied: UInt64, durability: Durability = .intact
    ) {
        self.hardState = hardState
        self.log = log
        self.applied = applied
        self.durability = durability
    }

    /// A replica that was never there. It must be the only life of its id in this group.
    ///
    /// `configuration` is that of the founders, the same on all of them, or `.empty` where a leader is to bring it.
    package init(newIn configuration: Configuration) {
        self.init(
            hardState: HardState(), log: RecoveredEntries(base: SnapshotPoint(point: .zero, configuration: configuration)),
            applied: 0)
    }
}

/// Whether the disk still holds all that the replica had confirmed.
package enum Durability: Hashable, Sendable {
    case intact
    /// Entries above `lostAfter` are gone and some of them may have been acknowledged; the hard state is intact.
    ///
    /// The replica then neither votes nor stands for election until it is `repaired`, see `SuspectState`. Where the hard
    /// state may be lost too, this is not enough: the node must give up its id and join as a new one.
    case suspect(lostAfter: UInt64)
}
