import WriteAheadLog

/// The log as a replica sees it: which entries there are (terms by runs, so that memory does not grow with entries), the
/// newest ones themselves (a window bounded by weight), and the configurations that they set.
struct ReplicaLog: Sendable {
    /// The point before the oldest entry that the log holds.
    private(set) var base: LogPoint
    private(set) var last: LogPoint
    /// The first entry of every run of entries with one term, ascending.
    private var runs: [LogPoint] = []
    /// The newest entries without gap; the last is `last`.
    private var window: [Entry] = []
    private(set) var windowBytes = 0
    /// Weight of the entries that are kept although they could be read back, in bytes.
    var windowBytesMax: Int
    /// The configuration as of the base, then one for every configuration entry of the log, ascending. Never empty.
    private var configurations: [IndexedConfiguration]

    init(base: SnapshotPoint, windowBytesMax: Int) {
        self.base = base.point
        last = base.point
        self.windowBytesMax = windowBytesMax
        configurations = [IndexedConfiguration(index: base.point.index, configuration: base.configuration)]
    }

    // MARK: Events

    /// Appends the next entry.
    mutating func append(_ entry: Entry) {
        precondition(
            entry.index == last.index + 1 && entry.term >= last.term, "entry \(entry.point) does not follow \(last)")
        if runs.last?.term != entry.term { runs.append(entry.point) }
        if case .configuration(let configuration) = entry.content {
            configurations.append(IndexedConfiguration(index: entry.index, configuration: configuration))
        }
        last = entry.point
        window.append(entry)
        windowBytes += entry.weight
    }

    /// Takes an entry from disk at start: it may leave memory at once.
    mutating func recovered(_ entry: Entry) {
        append(entry)
        dropOldest(upTo: last.index)
    }

    /// Drops the entries above `index`, which is at or above the base.
    mutating func truncate(to index: UInt64, keepingConfigurations: Bool = false) {
        guard index < last.index else { return }
        guard let term = term(at: index) else { preconditionFailure("cut to \(index), which is not in \(base)...\(last)") }
        while let run = runs.last, run.index > index { runs.removeLast() }
        while let entry = window.last, entry.index > index {
            windowBytes -= entry.weight
            window.removeLast()
        }
        while !keepingConfigurations, let newest = configurations.last, newest.index > index { configurations.removeLast() }
        last = LogPoint(index: index, term: term)
    }

    /// Forgets everything and goes on behind a snapshot.
    mutating func restart(at snapshot: SnapshotPoint) {
        self = ReplicaLog(base: snapshot, windowBytesMax: windowBytesMax)
    }

    /// The entries up to `index` are gone from disk.
    mutating func compact(upTo index: UInt64) {
        guard index > base.index, let term = term(at: index) else { return }
        base = LogPoint(index: index, term: term)
        let dropped = runs.prefix { $0.index <= index }.count
        // The run that goes on above the base keeps its term.
        if dropped > 0 {
            runs.removeFirst(dropped)
            if index < last.index, runs.first?.index != index + 1 {
                runs.insert(LogPoint(index: index + 1, term: term), at: 0)
            }
        }
        let superseded = configurations.dropFirst().prefix { $0.index <= index }.count
        configurations.removeFirst(superseded)
        dropFromWindow(window.prefix { $0.index <= index }.count)
    }

    /// Keeps the window within its weight; entries above `index` stay in any case.
    mutating func dropOldest(upTo index: UInt64) {
        guard windowBytes > windowBytesMax else { return }
        // A quarter more than needed, so that moving the rest costs little per entry.
        let target = windowBytesMax - windowBytesMax / 4
        var count = 0
        var bytes = windowBytes
        for entry in window {
            guard bytes > target, entry.index <= index else { break }
            bytes -= entry.weight
            count += 1
        }
        dropFromWindow(count)
    }

    // MARK: Queries

    /// The term of the entry at `index`; nil where the log does not hold it and it is not the base.
    func term(at index: UInt64) -> UInt64? {
        if index == base.index { return base.term }
        guard index > base.index, index <= last.index else { return nil }
        return runs[run(of: index)].term
    }

    func point(at index: UInt64) -> LogPoint? { term(at: index).map { LogPoint(index: index, term: $0) } }

    /// Whether the log holds this entry, or starts behind it.
    func holds(_ point: LogPoint) -> Bool { term(at: point.index) == point.term }

    /// The configuration in force: the newest in the log.
    var configuration: IndexedConfiguration { configurations[configurations.count - 1] }

    /// Whether `id` has a vote in the configuration of `commit` or in a later one.
    ///
    /// Not only in the newest: a leader that removes itself may lose office before its last configuration is committed,
    /// and with the longest log be the only one that can be elected to commit it (dissertation, 4.2.2).
    func isVoter(_ id: ReplicaID, sinceCommit commit: UInt64) -> Bool {
        for indexed in configurations.reversed() {
            if indexed.configuration.isVoter(id) { return true }
            if indexed.index <= commit { return false }
        }
        return false
    }

    /// The configuration as of `index`, at or above the base.
    func configuration(at index: UInt64) -> Configuration {
        (configurations.last { $0.index <= index } ?? configurations[0]).configuration
    }

    /// The first entry that is in memory; `last.index + 1` where none is.
    var windowStart: UInt64 { last.index + 1 - UInt64(window.count) }

    /// Entries from `from` on up to `through`, at least one, until their weight exceeds `bytesMax`. Nil where the first is
    /// not in memory; empty where the range is.
    func entries(from: UInt64, through: UInt64, bytesMax: Int) -> [Entry]? {
        guard from <= through, from <= last.index else { return [] }
        guard from >= windowStart else { return nil }
        let start = Int(from - windowStart)
        let end = Int(min(through, last.index) - windowStart) + 1
        var stop = start
        var bytes = 0
        while stop < end {
            bytes += window[stop].weight
            if bytes > bytesMax, stop > start { break }
            stop += 1
        }
        return Array(window[start..<stop])
    }

    /// The highest point at or below `index` whose term is at most `term`: where a log may agree with another that has
    /// `term` at `index`. The base at lowest.
    func highestPoint(atOrBelow index: UInt64, termAtMost term: UInt64) -> LogPoint {
        var index = min(index, last.index)
        while index > base.index {
            let run = runs[run(of: index)]
            if run.term <= term { return LogPoint(index: index, term: run.term) }
            index = run.index - 1
        }
        return base
    }

    /// Weight of the entries above `index` that are in memory.
    func weight(above index: UInt64) -> Int {
        guard index < last.index else { return 0 }
        if index < windowStart { return windowBytes }
        return window[Int(index + 1 - windowStart)...].reduce(0) { $0 + $1.weight }
    }

    // MARK: Private

    private func run(of index: UInt64) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].index <= index { low = middle + 1 } else { high = middle }
        }
        precondition(low > 0, "no run holds index \(index) of \(base)...\(last)")
        return low - 1
    }

    private mutating func dropFromWindow(_ count: Int) {
        guard count > 0 else { return }
        for entry in window[..<count] { windowBytes -= entry.weight }
        window.removeFirst(count)
    }
}
