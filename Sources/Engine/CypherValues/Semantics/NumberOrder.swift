/// How two values compare. `unordered`: not at all, as with NaN.
package enum Comparison: Sendable, Hashable {
    case before, same, after, unordered

    package var reversed: Comparison {
        switch self {
        case .before: .after
        case .after: .before
        case .same, .unordered: self
        }
    }
}

/// Numbers compared exactly: an integer is never rounded to a float for it.
package enum NumberOrder {
    /// 2^63 as a float: the least that no integer reaches.
    private static let beyondIntegers = 9_223_372_036_854_775_808.0

    package static func compare(_ a: Int64, _ b: Int64) -> Comparison { a < b ? .before : a == b ? .same : .after }

    package static func compare(_ a: Double, _ b: Double) -> Comparison {
        a < b ? .before : a == b ? .same : a > b ? .after : .unordered
    }

    package static func compare(_ a: Int64, _ b: Double) -> Comparison {
        if b.isNaN { return .unordered }
        if b >= beyondIntegers { return .before }
        if b < -beyondIntegers { return .after }
        let whole = Int64(b.rounded(.towardZero))
        if a != whole { return a < whole ? .before : .after }
        return compare(0.0, b - b.rounded(.towardZero))
    }
}
