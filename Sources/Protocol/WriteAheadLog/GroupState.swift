/// What one record changes in its group.
package enum GroupChange: Hashable, Sendable {
    /// The next entry.
    case entry(LogPoint)
    /// The entries above the point are void.
    case truncate(LogPoint)
    case hardState(LogHardState)
    /// All entries are void, and the group goes on behind the point; with the hard state, where it changed with it.
    case restart(LogPoint, LogHardState?)
    /// All entries are void; the hard state stays, in case the group comes back.
    case remove

    /// Whether entries before it may no longer count.
    package var voidsEntries: Bool {
        switch self {
        case .entry, .hardState: false
        case .truncate, .restart, .remove: true
        }
    }
}

/// What the log knows of a group at some offset, its entries aside. Every segment's header has it of every group.
package struct GroupState: Hashable, Sendable {
    /// The newest entry, or the point that the group restarted at.
    package private(set) var last: LogPoint
    /// Outlives the group's removal.
    package private(set) var hardState: LogHardState
    /// The group was removed and nothing was written to it since.
    package private(set) var isRemoved: Bool

    package init(last: LogPoint = .zero, hardState: LogHardState = LogHardState(), isRemoved: Bool = false) {
        self.last = last
        self.hardState = hardState
        self.isRemoved = isRemoved
    }

    /// Takes the next change of `group`, or says why it cannot follow. Of a truncation it sees only whether it goes back;
    /// whether the point was in the log, `GroupHistory` knows.
    package mutating func apply(_ change: GroupChange, group: GroupID) throws(LogDamage.Reason) {
        switch change {
        case .entry(let point):
            guard point.index == last.index &+ 1, point.index > 0 else {
                throw .index(group: group, expected: last.index &+ 1, found: point.index)
            }
            guard point.term >= last.term else { throw .term(group: group, lowest: last.term, found: point.term) }
            last = point
        case .truncate(let point):
            guard point.index <= last.index, point.term <= last.term else { throw .truncation(group: group, to: point) }
            last = point
        case .hardState(let next):
            try advance(to: next, group: group)
        case .restart(let point, let next):
            if let next { try advance(to: next, group: group) }
            last = point
        case .remove:
            self = GroupState(hardState: hardState, isRemoved: true)
            return
        }
        isRemoved = false
    }

    private mutating func advance(to next: LogHardState, group: GroupID) throws(LogDamage.Reason) {
        guard hardState.mayBecome(next) else { throw .hardState(group: group, held: hardState, found: next) }
        hardState = next
    }
}
