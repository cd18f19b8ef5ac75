extension CypherValue {
    /// What `<`, `<=`, `>` and `>=` go by: nil, for unknown, when a null decides or the types do not compare. Numbers compare with
    /// numbers, `unordered` when one is NaN; durations with nothing, as a month has no fixed length.
    package func compare(_ other: CypherValue) -> Comparison? {
        switch (self, other) {
        case (.integer(let a), .integer(let b)): NumberOrder.compare(a, b)
        case (.float(let a), .float(let b)): NumberOrder.compare(a, b)
        case (.integer(let a), .float(let b)): NumberOrder.compare(a, b)
        case (.float(let a), .integer(let b)): NumberOrder.compare(b, a).reversed
        case (.string(let a), .string(let b)): Self.sequence(a, b)
        case (.boolean(let a), .boolean(let b)): Self.sequence(a ? 1 : 0, b ? 1 : 0)
        case (.list(let a), .list(let b)): Self.compare(a, b)
        case (.date(let a), .date(let b)): Self.sequence(a.days, b.days)
        case (.localTime(let a), .localTime(let b)): Self.sequence(a.nanoseconds, b.nanoseconds)
        case (.time(let a), .time(let b)): a.compare(b)
        case (.localDateTime(let a), .localDateTime(let b)): a.compare(b)
        case (.dateTime(let a), .dateTime(let b)): a.compare(b)
        default: nil
        }
    }

    private static func compare(_ a: [CypherValue], _ b: [CypherValue]) -> Comparison? {
        for (one, other) in zip(a, b) {
            switch one.compare(other) {
            case .same?: continue
            case let decided: return decided
            }
        }
        return sequence(a.count, b.count)
    }

    fileprivate static func sequence<Value: Comparable>(_ a: Value, _ b: Value) -> Comparison {
        a < b ? .before : a == b ? .same : .after
    }

    /// What ORDER BY, min and max go by: a total order over all values, ascending. Types come in the order map, node, relationship,
    /// list, path, dates and times, duration, string, boolean, number, null; NaN is the greatest number.
    package func order(_ other: CypherValue) -> Comparison {
        switch (self, other) {
        case (.list(let a), .list(let b)): return Self.order(a, b)
        case (.map(let a), .map(let b)): return Self.order(a, b)
        case (.node(let a), .node(let b)): return Self.sequence(a.handle, b.handle)
        case (.relationship(let a), .relationship(let b)): return Self.sequence(a.handle, b.handle)
        case (.path(let a), .path(let b)): return a.order(b)
        case (.duration(let a), .duration(let b)): return a.order(b)
        default: break
        }
        guard orderOfType == other.orderOfType else { return Self.sequence(orderOfType, other.orderOfType) }
        guard let comparison = compare(other) else { return .same }
        guard comparison == .unordered else { return comparison }
        return Self.sequence(isNotANumber ? 1 : 0, other.isNotANumber ? 1 : 0)
    }

    /// True when ORDER BY puts this value before the other.
    package func precedes(_ other: CypherValue) -> Bool { order(other) == .before }

    private var isNotANumber: Bool { if case .float(let value) = self { value.isNaN } else { false } }

    private var orderOfType: Int {
        switch self {
        case .map: 0
        case .node: 1
        case .relationship: 2
        case .list: 3
        case .path: 4
        case .dateTime: 5
        case .localDateTime: 6
        case .date: 7
        case .time: 8
        case .localTime: 9
        case .duration: 10
        case .string: 11
        case .boolean: 12
        case .integer, .float: 13
        case .null: 14
        }
    }

    private static func order(_ a: [CypherValue], _ b: [CypherValue]) -> Comparison {
        for (one, other) in zip(a, b) {
            let order = one.order(other)
            if order != .same { return order }
        }
        return sequence(a.count, b.count)
    }

    /// By size, then by the sorted keys, then by the values in the order of these.
    private static func order(_ a: CypherMap, _ b: CypherMap) -> Comparison {
        guard a.count == b.count else { return sequence(a.count, b.count) }
        let (keys, others) = (a.keys.sorted(), b.keys.sorted())
        for (key, other) in zip(keys, others) where key != other { return sequence(key, other) }
        return order(keys.map { a[$0] ?? .null }, keys.map { b[$0] ?? .null })
    }
}

extension CypherTime {
    /// By the instant, then by the offset: of two that mean the same moment, the eastern one is later on the clock.
    func compare(_ other: CypherTime) -> Comparison {
        let (mine, others) = (instant, other.instant)
        if mine != others { return mine < others ? .before : .after }
        return offset < other.offset ? .before : offset == other.offset ? .same : .after
    }

    /// Nanoseconds since midnight in UTC; below zero where that was the day before.
    var instant: Int64 { nanoseconds - Int64(offset) * 1_000_000_000 }
}

extension CypherLocalDateTime {
    func compare(_ other: CypherLocalDateTime) -> Comparison {
        if seconds != other.seconds { return seconds < other.seconds ? .before : .after }
        return nanosecond < other.nanosecond ? .before : nanosecond == other.nanosecond ? .same : .after
    }
}

extension CypherDateTime {
    /// By the instant, then by offset and name of the zone, so that only what is wholly equal is the same.
    func compare(_ other: CypherDateTime) -> Comparison {
        let mine = (epochSeconds, nanosecond, offset, zone ?? "")
        let others = (other.epochSeconds, other.nanosecond, other.offset, other.zone ?? "")
        return mine < others ? .before : mine == others ? .same : .after
    }
}

extension CypherDuration {
    /// An average month of the Gregorian calendar, in seconds.
    static let secondsOfMonth: Int64 = 2_629_746

    /// By average length, then by months, days and seconds.
    func order(_ other: CypherDuration) -> Comparison {
        let (mine, others) = (averageSeconds, other.averageSeconds)
        if mine != others { return mine < others ? .before : .after }
        let parts = (nanoseconds, months, days)
        let otherParts = (other.nanoseconds, other.months, other.days)
        return parts < otherParts ? .before : parts == otherParts ? .same : .after
    }

    /// Wide, as the parts are each as large as 64 bits hold.
    private var averageSeconds: Int128 {
        Int128(months) * Int128(Self.secondsOfMonth) + Int128(days) * 86_400 + Int128(seconds)
    }
}

extension PathValue {
    func order(_ other: PathValue) -> Comparison {
        for (node, otherNode) in zip(nodes, other.nodes) where node != otherNode {
            return node.handle < otherNode.handle ? .before : .after
        }
        for (one, another) in zip(relationships, other.relationships) where one != another {
            return one.handle < another.handle ? .before : .after
        }
        return nodes.count < other.nodes.count ? .before : nodes.count == other.nodes.count ? .same : .after
    }
}
