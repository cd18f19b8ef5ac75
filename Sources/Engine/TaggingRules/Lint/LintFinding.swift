package import Conditions
package import Model

/// Something that is odd about a rule among others.
package struct LintFinding: Hashable, Sendable {
    package enum Code: String, CaseIterable, Sendable {
        /// Its conditions hold for nothing.
        case matchesNothing = "matches_nothing"
        /// A value that it sets is never in force: others go before it wherever it holds.
        case shadowed
        /// It holds, and yet never gives the key a value.
        case noEffect = "no_effect"
        /// Another rule gives the same key a value on the same resource.
        case overlap
        /// Rules copy each other's tags in a circle.
        case cycle
        /// The tag schema does not allow a value that it sets.
        case forbiddenValue = "forbidden_value"

        package var severity: Severity {
            switch self {
            case .forbiddenValue: .error
            case .matchesNothing, .shadowed, .noEffect, .cycle: .warning
            case .overlap: .note
            }
        }
    }

    package enum Severity: String, CaseIterable, Sendable, Comparable {
        case error, warning, note

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
        package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
    }

    package enum Proof: String, CaseIterable, Sendable {
        /// It follows from the rules alone, whatever resources there are.
        case rules
        /// It is so for the resources that there are.
        case inventory
    }

    package let code: Code
    package let proof: Proof
    package let rule: UUID128
    /// A place in the rule's document.
    package let pointer: JSONPointer
    /// In the virtual layer's spelling; nil where no key is meant.
    package let tagKey: String?
    /// The other rules that it takes, the ones that matter most first; `othersMax` at most.
    package let others: [UUID128]
    /// Resources that it is so for; nil where none were looked at.
    package let count: Int?
    package let samples: [ResourceID]
    package let message: String

    package static let othersMax = 10

    init(
        _ code: Code, _ proof: Proof, _ rule: UUID128, at pointer: JSONPointer, key: String? = nil, others: [UUID128] = [],
        count: Int? = nil, samples: [ResourceID] = [], _ message: String
    ) {
        self.code = code
        self.proof = proof
        self.rule = rule
        self.pointer = pointer
        tagKey = key
        self.others = Array(others.prefix(Self.othersMax))
        self.count = count
        self.samples = samples
        self.message = message
    }
}
