/// What verification found.
package struct Verdict: Equatable, Sendable {
    package var acknowledged = 0
    package var unknown = 0
    /// Of the unknown writes, those that did take effect.
    package var unknownApplied = 0
    package var refused = 0
    package var reads = 0
    package var registers = 0
    /// Registers whose history was too large to decide.
    package var undecided: [String] = []
    package var violations: [Violation] = []

    package init() {}

    package var isClean: Bool { violations.isEmpty && undecided.isEmpty }

    package func count(_ kind: Violation.Kind) -> Int { violations.count { $0.kind == kind } }
}

/// Something that a sound system never does.
package struct Violation: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// Acknowledged, and not in the audit trail.
        case lost
        /// More than once in the audit trail.
        case appliedTwice = "applied_twice"
        /// Refused, and carried out nevertheless.
        case refusedButApplied = "refused_but_applied"
        /// A value that no write of this run set.
        case foreignValue = "foreign_value"
        /// The audit trail says of a change that it replaced another value than the one before it.
        case brokenTrail = "broken_trail"
        /// A read saw a value that the audit trail does not know.
        case readWithoutTrail = "read_without_trail"
        /// No order of the operations explains what was seen.
        case notLinearizable = "not_linearizable"
    }

    package let kind: Kind
    /// Which tag of which resource.
    package let subject: String
    /// For a person: what happened, in lines.
    package let story: [String]
}
