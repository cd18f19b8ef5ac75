import WriteAheadLog

/// What a replica starts with, read back from its disk.
package struct ReplicaStart: Sendable {
    package var hardState: HardState
    package var log: RecoveredEntries
    /// The last entry that the state on disk includes; at or above the log's base.
    package var applied: UInt64
    package var durability: Durability
    /// The members that the replica founds its group with.
    private(set) var founders: Configuration?

    package init(
        hardState: HardState, log: RecoveredEntries, applied: UInt64, durability: Durability = .intact
    ) {
        self.hardState = hardState
        self.log = log
        self.applied = applied
        self.durability = durability
    }

    /// A founder of a new group, or, with nil, a replica that a leader is to bring everything to. It must be the only life
    /// of its id in this group.
    ///
    /// All founders begin with the same first entry, `foundingEntry`, so that whoever reads the log learns the members from
    /// it. A founder that ends before its first write is on disk starts like this again.
    package init(newIn founders: Configuration?) {
        self.init(
            hardState: HardState(), log: RecoveredEntries(base: SnapshotPoint(point: .zero, configuration: .empty)),
            applied: 0)
        self.founders = founders
    }

    /// A replica of a group that this node had one of before and removed, with the hard state of then, which the node must
    /// have kept. It is empty and learns everything from a leader.
    ///
    /// It starts as one that has lost all its entries: votes and acknowledgements of its former life may still be under way,
    /// and a leader of the same term would count them.
    package init(againWith hardState: HardState) {
        self.init(newIn: nil)
        self.hardState = hardState
        durability = .suspect(lostAfter: 0)
    }

    /// The first entry of every group, as if a leader of term 1 had given it to all founders.
    static func foundingEntry(_ founders: Configuration) -> Entry {
        Entry(point: LogPoint(index: 1, term: 1), content: .configuration(founders))
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
