import Synchronization
import WriteAheadLog

/// Where the durable entries of every group lie, and up to where they are held elsewhere too. Any thread.
///
/// The writer adds what a batch made durable, with one lock a batch; readers look entries up; the keeper of the segments
/// asks what may go and takes it out, before the files go.
final class LogIndex: Sendable {
    /// A change that a record at `offset` of the segment being written makes.
    struct Change: Sendable {
        var group: GroupID
        var change: GroupChange
        var offset: Int
    }

    fileprivate struct Group: Sendable {
        var history: GroupHistory
        /// The entries up to this index are durable elsewhere.
        var watermark: UInt64 = 0
    }

    private let groups: Mutex<GroupTable<Group>>

    init(_ histories: GroupTable<GroupHistory> = GroupTable()) {
        groups = Mutex(histories.mapped { Group(history: $0) })
    }

    // MARK: The writer

    /// Takes what is durable now in segment `sequence`. Returns whether it voided entries.
    func publish(_ changes: [Change], sequence: UInt64) -> Bool {
        groups.withLock { groups in
            var voids = false
            for item in changes {
                let position = LogPosition(sequence: sequence, offset: item.offset)
                let isVoiding = groups[item.group, initially: Group(history: GroupHistory())].apply(
                    item.change, at: position, group: item.group)
                voids = voids || isVoiding
            }
            return voids
        }
    }

    /// Whether `group` may be cut back to `point`; true as well where that lies above what is durable.
    func allowsTruncation(of group: GroupID, to point: LogPoint) -> Bool {
        groups.withLock { groups in
            let history = groups[group]?.history ?? GroupHistory()
            return point.index > history.last.index || history.term(at: point.index) == point.term
        }
    }

    // MARK: Readers

    enum Finding {
        /// Above the first index asked for. May be empty.
        case positions([LogPosition])
        /// The first index is not above the base.
        case compacted
    }

    func find(_ group: GroupID, from first: UInt64, through last: UInt64, countMax: Int) -> Finding {
        groups.withLock { groups in
            let history = groups[group]?.history ?? GroupHistory()
            guard first > history.base.index else { return .compacted }
            return .positions(Array(history.positions(from: first, through: last, countMax: countMax)))
        }
    }

    // MARK: The keeper of the segments

    /// Entries up to these indexes are durable elsewhere, as far as they are in the log now.
    func raise(_ watermarks: [GroupID: UInt64]) {
        groups.withLock { groups in
            for (group, index) in watermarks {
                guard let last = groups[group]?.history.last.index else { continue }
                let watermark = min(index, last)
                groups[group, initially: Group(history: GroupHistory())].raise(to: watermark)
            }
        }
    }

    /// Whether all entries in segments up to `sequence` are void or held elsewhere. Once true it stays so.
    func isCovered(through sequence: UInt64) -> Bool {
        groups.withLock { groups in
            groups.groups.allSatisfy { group in
                guard let group = groups[group] else { return true }
                let last = group.history.lastIndex(through: sequence)
                return last == group.history.base.index || last <= group.watermark
            }
        }
    }

    /// Takes the entries in segments up to `sequence` out. Returns the new bases of the groups that had any.
    func forget(through sequence: UInt64) -> [GroupID: LogPoint] {
        groups.withLock { groups in
            var bases: [GroupID: LogPoint] = [:]
            for group in groups.groups {
                guard let history = groups[group]?.history, history.lastIndex(through: sequence) > history.base.index
                else { continue }
                bases[group] = groups[group, initially: Group(history: history)].forget(through: sequence)
            }
            return bases
        }
    }
}

extension LogIndex.Group {
    /// Returns whether entries became void.
    fileprivate mutating func apply(_ change: GroupChange, at position: LogPosition, group: GroupID) -> Bool {
        do throws(LogDamage.Reason) {
            try history.apply(change, at: position, group: group)
        } catch {
            preconditionFailure("group \(group) was written in a way that recovery refuses: \(error)")
        }
        switch change {
        case .entry, .hardState: return false
        case .truncate, .restart, .remove:
            // What follows are other entries than those that the watermark was given for.
            watermark = min(watermark, history.last.index)
            return true
        }
    }

    fileprivate mutating func raise(to index: UInt64) { watermark = max(watermark, index) }

    fileprivate mutating func forget(through sequence: UInt64) -> LogPoint {
        history.forget(through: sequence)
        return history.base
    }
}
