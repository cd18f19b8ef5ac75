import Consensus
import WriteAheadLog

/// One group's entries as its node's log holds them, written or on the way: what a reader of the log would find.
struct StoredLog {
    /// The point before the first entry.
    private(set) var base: LogPoint
    private(set) var entries: [Entry] = []

    init(base: LogPoint = .zero) { self.base = base }

    var last: LogPoint { entries.last?.point ?? base }

    /// The newest members that an entry sets.
    var configuration: IndexedConfiguration? {
        for entry in entries.reversed() {
            if case .configuration(let configuration) = entry.content {
                return IndexedConfiguration(index: entry.index, configuration: configuration)
            }
        }
        return nil
    }

    mutating func append(_ entry: Entry) { entries.append(entry) }

    /// Drops the entries above `index`.
    mutating func truncate(to index: UInt64) {
        while let entry = entries.last, entry.index > index { entries.removeLast() }
    }

    mutating func restart(at point: LogPoint) { self = StoredLog(base: point) }

    /// Drops the entries up to and including `point`.
    mutating func compact(upTo point: LogPoint) {
        guard point.index > base.index else { return }
        entries.removeFirst(min(entries.count, Int(point.index - base.index)))
        base = point
    }

    /// Entries from `from` on, until their weight exceeds `bytesMax`; at least one. Nil where the first is not there.
    func read(from: UInt64, through: UInt64, bytesMax: Int) -> [Entry]? {
        guard from > base.index, from <= last.index else { return nil }
        var result: [Entry] = []
        var bytes = 0
        for entry in entries[Int(from - base.index - 1)...] {
            bytes += entry.weight
            if entry.index > through || (bytes > bytesMax && !result.isEmpty) { break }
            result.append(entry)
        }
        return result
    }
}
