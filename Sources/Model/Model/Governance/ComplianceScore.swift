/// How well resources comply: how many there are, how many of them do, and what those cost.
package struct ComplianceScore: Hashable, Sendable {
    /// Resources that were judged.
    package var resources = 0
    /// Those of them that violate nothing, waived violations aside.
    package var compliant = 0
    /// Those of the compliant ones that have violations, all of them waived.
    package var waived = 0
    /// Violations that count.
    package var violations = 0
    package var waivedViolations = 0
    /// By currency (ISO 4217).
    package var costs: [String: Cost] = [:]

    /// In billionths of the currency's unit. Sums stop at the ends of what an `Int64` holds.
    package struct Cost: Hashable, Sendable {
        package var total: Int64 = 0
        /// What compliant resources cost.
        package var compliant: Int64 = 0

        package init(total: Int64 = 0, compliant: Int64 = 0) {
            self.total = total
            self.compliant = compliant
        }

        /// Per cent of the cost that compliant resources have, to two digits. Nil where nothing was paid.
        package var score: Double? {
            guard total > 0 else { return nil }
            return ComplianceScore.percent(Double(max(0, compliant)), of: Double(total))
        }

        package static func += (left: inout Self, right: Self) {
            left.total = left.total.addingClamped(right.total)
            left.compliant = left.compliant.addingClamped(right.compliant)
        }
    }

    package init() {}

    /// Per cent of resources that comply, to two digits; 100 where there is nothing to judge.
    package var score: Double { resources == 0 ? 100 : Self.percent(Double(compliant), of: Double(resources)) }

    package static func += (left: inout Self, right: Self) {
        left.resources += right.resources
        left.compliant += right.compliant
        left.waived += right.waived
        left.violations += right.violations
        left.waivedViolations += right.waivedViolations
        for (currency, cost) in right.costs { left.costs[currency, default: Cost()] += cost }
    }

    /// Rounded to two digits, but never up to 100: what is not whole does not look whole.
    package static func percent(_ part: Double, of whole: Double) -> Double {
        let percent = part / whole * 100
        if percent >= 100 { return 100 }
        return min((percent * 100).rounded() / 100, 99.99)
    }
}

extension Int64 {
    fileprivate func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }
}
