import CypherValues

/// The nodes of one label by the value of one property, in the order of ORDER BY.
///
/// It holds texts, booleans, dates and numbers but NaN; values of other types are few and found by looking at every
/// node of the
/// label. So whoever looks something up asks `holds` first.
struct PropertyIndex: Sendable {
    struct Entry: Comparable, Sendable {
        let value: CypherValue
        let node: UInt32

        static func == (a: Self, b: Self) -> Bool { a.node == b.node && a.value.order(b.value) == .same }

        static func < (a: Self, b: Self) -> Bool {
            switch a.value.order(b.value) {
            case .before: true
            case .after: false
            case .same, .unordered: a.node < b.node
            }
        }
    }

    let definition: IndexDefinition
    let label: UInt16
    let key: UInt16
    private var entries = SortedChunks<Entry>()
    private(set) var distinctValues = 0

    init(_ definition: IndexDefinition, label: UInt16, key: UInt16) {
        self.definition = definition
        self.label = label
        self.key = key
    }

    var count: Int { entries.count }

    /// True when every node with a value that equals this one, or that compares with it, is in the index.
    static func holds(_ value: CypherValue) -> Bool {
        switch value {
        case .string, .boolean, .date, .integer: true
        case .float(let number): !number.isNaN
        default: false
        }
    }

    mutating func insert(_ value: CypherValue, node: UInt32) {
        guard Self.holds(value) else { return }
        let entry = Entry(value: value, node: node)
        if !isShared(entry) { distinctValues += 1 }
        entries.insert(entry)
    }

    mutating func remove(_ value: CypherValue, node: UInt32) {
        guard Self.holds(value) else { return }
        let entry = Entry(value: value, node: node)
        entries.remove(entry)
        if !isShared(entry) { distinctValues -= 1 }
    }

    /// Another node than the entry's has the same value.
    private func isShared(_ entry: Entry) -> Bool {
        let (before, from) = entries.neighbours(of: entry)
        return [before, from].contains { $0.map { $0.node != entry.node && $0.value.order(entry.value) == .same } ?? false }
    }

    /// How many entries stand in the range. O(chunks).
    func count(in range: ValueRange) -> Int {
        let low = range.lower.map { entries.rank(of: Entry(value: $0, node: 0)) } ?? 0
        let high = range.upper.map { entries.rank(of: Entry(value: $0, node: .max)) } ?? entries.count
        return max(0, high - low)
    }

    /// Lends `body` the entries in the range, ascending, those after `position` alone when it is given, until it
    /// answers false.
    /// Returns whether that was at the end.
    func walk(_ range: ValueRange, after position: Entry?, _ body: (Entry) -> Bool) -> Bool {
        var first = range.lower.map { Entry(value: $0, node: 0) }
        if let position { first = first.map { max($0, position) } ?? position }
        var stopped = false
        let atEnd = entries.walk(from: first) { entry in
            if let position, entry == position { return true }
            if let upper = range.upper, entry.value.order(upper) == .after { return false }
            stopped = !body(entry)
            return !stopped
        }
        return atEnd || !stopped
    }
}

/// A stretch of the order of values: both ends belong to it, and one that is nil is open. Nodes that are found by it
/// are still tested.
struct ValueRange: Sendable {
    let lower: CypherValue?
    let upper: CypherValue?

    /// All values by which `test` may hold; several when there are several values to equal, ascending. Nil: an index
    /// cannot tell.
    static func all(for test: PropertyTest.Test) -> [ValueRange]? {
        switch test {
        case .equal(let value):
            return PropertyIndex.holds(value) ? [ValueRange(lower: value, upper: value)] : nil
        case .oneOf(let values):
            guard values.allSatisfy(PropertyIndex.holds) else { return nil }
            var distinct: [CypherValue] = []
            for value in values.sorted(by: { $0.precedes($1) }) where distinct.last?.order(value) != .same {
                distinct.append(value)
            }
            return distinct.map { ValueRange(lower: $0, upper: $0) }
        case .prefix(let text):
            // Nothing that starts with the text is after this, but for texts that go on with a noncharacter.
            return [ValueRange(lower: .string(text), upper: .string(text + "\u{10FFFF}\u{10FFFF}"))]
        case .range(let lower, let upper):
            guard [lower, upper].allSatisfy({ $0.map { PropertyIndex.holds($0.value) } ?? true }) else { return nil }
            guard let end = lower?.value ?? upper?.value else { return nil }
            return [ValueRange(lower: lower?.value ?? least(like: end), upper: upper?.value ?? greatest(like: end))]
        case .exists:
            return nil
        }
    }

    /// The least value of those that compare with `value`.
    private static func least(like value: CypherValue) -> CypherValue? {
        switch value {
        case .string: .string("")
        case .boolean: .boolean(false)
        case .date: .date(CypherDate(days: .min))
        case .integer, .float: .float(-.infinity)
        default: nil
        }
    }

    /// The greatest value of those that compare with `value`, or one between them and the next type.
    private static func greatest(like value: CypherValue) -> CypherValue? {
        switch value {
        case .string: .boolean(false)
        case .boolean: .boolean(true)
        case .date: .date(CypherDate(days: .max))
        case .integer, .float: .float(.infinity)
        default: nil
        }
    }
}
