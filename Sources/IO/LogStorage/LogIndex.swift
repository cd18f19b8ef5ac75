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

    private struct State: Sendable {
        var slots = GroupSlots()
        var groups: [Group] = []

        func history(of group: GroupID) -> GroupHistory {
            slots.slot(of: group).map { groups[$0].history } ?? GroupHistory()
        }

        mutating func slot(of group: GroupID) -> Int {
            if let slot = slots.slot(of: group) { return slot }
            groups.append(Group(history: GroupHistory()))
            return slots.add(group)
        }
    }

    private let state: Mutex<State>

    init(_ histories: [GroupID: GroupHistory] = [:]) {
        var state = State()
        for (group, history) in histories { state.groups[state.slot(of: group)].history = history }
        self.state = Mutex(state)
    }

    // MARK: The writer

    /// Takes what is durable now in segment `sequence`. Returns whether it voided entries.
    func publish(_ changes: [Change], sequence: UInt64) -> Bool {
        state.withLock { state in
            var voids = false
            for item in changes {
                let position = LogPosition(sequence: sequence, offset: item.offset)
                state.groups[state.slot(of: item.group)].apply(item.change, at: position, group: item.group)
                voids = voids || item.change.voidsEntries
            }
            return voids
        }
    }

    /// Whether `group` may be cut back to `point`; true as well where that lies above what is durable.
    func allowsTruncation(of group: GroupID, to point: LogPoint) -> Bool {
        state.withLock { state in
            let history = state.history(of: group)
            return point.index > history.last.index || history.term(at: point.index) == point.term
        }
    }

    // MARK: Readers

    enum Finding {
        /// Those of the first index asked for and of what follows it. May be empty.
        case positions([LogPosition])
        /// The first index is not above the base.
        case compacted
    }

    func find(_ group: GroupID, from first: UInt64, through last: UInt64, countMax: Int) -> Finding {
        state.withLock { state in
            let history = state.history(of: group)
            guard first > history.base.index else { return .compacted }
            return .positions(Array(history.positions(from: first, through: last, countMax: countMax)))
        }
    }

    // MARK: The keeper of the segments

    /// Entries up to these indexes are durable elsewhere, as far as they are in the log now.
    func raise(_ watermarks: [GroupID: UInt64]) {
        state.withLock { state in
            for (group, index) in watermarks {
                guard let slot = state.slots.slot(of: group) else { continue }
                let watermark = min(index, state.groups[slot].history.last.index)
                state.groups[slot].watermark = max(state.groups[slot].watermark, watermark)
            }
        }
    }

    /// Whether all entries in segments up to `sequence` are void or held elsewhere. Once true it stays so.
    func isCovered(through sequence: UInt64) -> Bool {
        state.withLock { state in
            state.groups.allSatisfy { group in
                let last = group.history.lastIndex(through: sequence)
                return last == group.history.base.index || last <= group.watermark
            }
        }
    }

    /// Takes the entries in segments up to `sequence` out. Returns the new bases of the groups that had any.
    func forget(through sequence: UInt64) -> [GroupID: LogPoint] {
        state.withLock { state in
            var bases: [GroupID: LogPoint] = [:]
            for (slot, group) in state.slots.groups.enumerated() {
                let base = state.groups[slot].history.base
                state.groups[slot].history.forget(through: sequence)
                let newBase = state.groups[slot].history.base
                if newBase != base { bases[group] = newBase }
            }
            return bases
        }
    }
}

extension LogIndex.Group {
    fileprivate mutating func apply(_ change: GroupChange, at position: LogPosition, group: GroupID) {
        do throws(LogDamage.Reason) {
            try history.apply(change, at: position, group: group)
        } catch {
            preconditionFailure("group \(group) was written in a way that recovery refuses: \(error)")
        }
        // What follows a cut are other entries than those that the watermark was given for.
        if change.voidsEntries { watermark = min(watermark, history.last.index) }
    }
}
