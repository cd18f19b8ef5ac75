/// A place in the log.
package struct LogPosition: Comparable, Hashable, Sendable {
    package var sequence: UInt64
    /// Offset in the segment, in bytes.
    package var offset: Int

    package init(sequence: UInt64, offset: Int) {
        self.sequence = sequence
        self.offset = offset
    }

    package static func < (left: LogPosition, right: LogPosition) -> Bool {
        (left.sequence, left.offset) < (right.sequence, right.offset)
    }
}

/// Which entries of one group the log holds. Grows with terms and truncations, not with entries.
package struct GroupHistory: Equatable, Sendable {
    /// The point before the oldest entry that is retained.
    package let base: LogPoint
    /// The newest entry.
    package private(set) var last: LogPoint
    /// The first entry of every run of entries with one term, ascending.
    private var runs: [LogPoint] = []
    private var truncations: [Truncation] = []

    private struct Truncation: Equatable {
        var position: LogPosition
        var index: UInt64
    }

    package init(base: LogPoint) {
        self.base = base
        last = base
    }

    /// Takes the next entry; its index must follow, its term must not fall.
    mutating func appended(_ point: LogPoint, group: GroupID) throws(LogDamage.Reason) {
        guard point.index == last.index &+ 1, point.index > 0 else {
            throw .index(group: group, expected: last.index &+ 1, found: point.index)
        }
        guard point.term >= last.term else { throw .term(group: group, lowest: last.term, found: point.term) }
        if runs.last?.term != point.term { runs.append(point) }
        last = point
    }

    /// Drops the entries above `point`, which must be in the log or be its base.
    mutating func truncated(to point: LogPoint, at position: LogPosition, group: GroupID) throws(LogDamage.Reason) {
        guard let term = term(at: point.index), term == point.term else { throw .truncation(group: group, to: point) }
        while let run = runs.last, run.index > point.index { runs.removeLast() }
        truncations.append(Truncation(position: position, index: point.index))
        last = point
    }

    /// The term of the entry at `index`; nil where the log does not hold it.
    package func term(at index: UInt64) -> UInt64? {
        if index == base.index { return base.term }
        guard index > base.index, index <= last.index else { return nil }
        return runs.last { $0.index <= index }?.term
    }

    /// Whether the entry `index` that stands at `position` is still in force.
    func isLive(_ index: UInt64, at position: LogPosition) -> Bool {
        !truncations.contains { $0.position > position && $0.index < index }
    }
}

extension LogDamage.Reason: Error {}
