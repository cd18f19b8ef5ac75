/// A place in the log. Packed, as the log keeps one for each entry that it retains.
package struct LogPosition: Comparable, Hashable, Sendable {
    private let packed: UInt64

    /// Offset `offset` in bytes, a multiple of `LogFormat.alignmentBytes`, of segment `sequence`.
    package init(sequence: UInt64, offset: Int) {
        packed = UInt64(UInt32(sequence)) << 32 | UInt64(UInt32(offset / LogFormat.alignmentBytes))
    }

    package var sequence: UInt64 { packed >> 32 }
    /// Offset in the segment, in bytes.
    package var offset: Int { Int(packed & 0xFFFF_FFFF) * LogFormat.alignmentBytes }

    package static func < (left: LogPosition, right: LogPosition) -> Bool { left.packed < right.packed }
}

/// Which entries of one group the log holds, and where: 8 bytes for each, and 16 for each term.
package struct GroupHistory: Sendable {
    /// The point before the oldest entry that is retained.
    package private(set) var base: LogPoint
    /// Where the entries above the base lie, ascending. An entry that is void has no place here.
    private var positions: [LogPosition] = []
    /// The first entry of every run of entries with one term, ascending; after a trim the first may lie below the base.
    private var runs: [LogPoint] = []
    /// The base is where the oldest segment starts: what the group was cut back to later may lie below it.
    private var baseMayFall: Bool

    /// `isTrimmed`: the log held entries up to `base` once, in segments that are gone.
    package init(base: LogPoint = .zero, isTrimmed: Bool = false) {
        self.base = base
        baseMayFall = isTrimmed
    }

    /// The newest entry, or the base.
    package var last: LogPoint {
        LogPoint(index: base.index + UInt64(positions.count), term: runs.last?.term ?? base.term)
    }

    /// Takes a change that `GroupState` found to follow. Throws `truncation` where it goes to a point not in the log.
    package mutating func apply(
        _ change: GroupChange, at position: LogPosition, group: GroupID
    ) throws(LogDamage.Reason) {
        switch change {
        case .entry(let point):
            if runs.last?.term != point.term { runs.append(point) }
            positions.append(position)
        case .truncate(let point): try truncate(to: point, group: group)
        case .restart(let point, _): self = GroupHistory(base: point)
        case .remove: self = GroupHistory()
        case .hardState: break
        }
    }

    private mutating func truncate(to point: LogPoint, group: GroupID) throws(LogDamage.Reason) {
        if point.index < base.index {
            // The segments that held this point's entry are gone; those that hold what came after the cut are not.
            guard baseMayFall, point.term <= base.term else { throw .truncation(group: group, to: point) }
            self = GroupHistory(base: point, isTrimmed: true)
            return
        }
        guard term(at: point.index) == point.term else { throw .truncation(group: group, to: point) }
        positions.removeLast(positions.count - Int(point.index - base.index))
        while let run = runs.last, run.index > point.index { runs.removeLast() }
    }

    /// Forgets the entries that lie in segments up to `sequence`, which are to be deleted.
    package mutating func forget(through sequence: UInt64) {
        let count = countOfEntries(through: sequence)
        guard count > 0, let term = term(at: base.index + UInt64(count)) else { return }
        base = LogPoint(index: base.index + UInt64(count), term: term)
        // A copy, so that the memory shrinks with the log.
        positions = Array(positions[count...])
        if positions.isEmpty {
            runs = []
        } else if let first = runs.lastIndex(where: { $0.index <= base.index + 1 }) {
            runs.removeFirst(first)
        }
    }

    /// The term of the entry at `index`; nil where the log does not hold it.
    package func term(at index: UInt64) -> UInt64? {
        if index == base.index { return base.term }
        guard index > base.index, index <= last.index else { return nil }
        return runs.last { $0.index <= index }?.term
    }

    /// Where the entries from `first` through `last` lie, as far as they are retained; at most `countMax`. `first` is
    /// above the base.
    package func positions(from first: UInt64, through last: UInt64, countMax: Int) -> ArraySlice<LogPosition> {
        precondition(first > base.index, "entry \(first) is not above the base \(base.index)")
        let start = Int(min(first - base.index - 1, UInt64(positions.count)))
        guard last >= first else { return positions[start..<start] }
        let count = min(last - first + 1, UInt64(countMax), UInt64(positions.count - start))
        return positions[start..<start + Int(count)]
    }

    /// Whether the entry `index` that stands at `position` is in force.
    func isLive(_ index: UInt64, at position: LogPosition) -> Bool {
        guard index > base.index, index - base.index <= UInt64(positions.count) else { return false }
        return positions[Int(index - base.index) - 1] == position
    }

    /// Index of the newest entry in force that lies in a segment up to `sequence`; the base's where there is none.
    package func lastIndex(through sequence: UInt64) -> UInt64 {
        base.index + UInt64(countOfEntries(through: sequence))
    }

    private func countOfEntries(through sequence: UInt64) -> Int {
        var (low, high) = (0, positions.count)
        while low < high {
            let middle = (low + high) / 2
            if positions[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
