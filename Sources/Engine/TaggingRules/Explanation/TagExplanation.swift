package import Conditions
package import Model

/// Why a resource has the tags that it has, and why not others: what each rule found and did.
package struct TagExplanation: Sendable {
    package struct RuleOutcome: Sendable {
        package let rule: TagRule
        /// The index of candidates lets the rule be tried; false: it was ruled out without asking, and does not hold.
        package let isCandidate: Bool
        /// Rules that do not run are told with what they would find.
        package let runs: Bool
        /// As things stood when it was the rule's turn.
        package let condition: ConditionTrace
        /// One per action, in order; empty where the rule does not hold or does not run.
        package let actions: [ActionOutcome]

        package var holds: Bool { condition.holds }
    }

    package struct ActionOutcome: Sendable {
        package enum Result: String, CaseIterable, Sendable {
            /// The tag has this value.
            case won
            /// Somebody who goes before the rule says otherwise, or the same.
            case shadowed
            case removed
            /// An earlier rule removed the key for all later ones.
            case shut
            /// An earlier action of the same rule has given the key its value.
            case repeated
            /// The key had a value already, which the rule is to keep.
            case kept
            /// A reference has no value, or the value is empty, too long or has control characters.
            case noValue = "no_value"
            /// The resource carries as many tags as it may.
            case full
        }

        /// The key in the virtual layer's spelling.
        package let key: String
        package let result: Result
        /// For `won` and `shadowed`.
        package let value: String?
        /// For `shadowed`: the claim that is in force.
        package let shadowedBy: TagAssertion?
    }

    /// What the resource's tags are, sorted by key: those asked for, each with its losers.
    package let tags: [VirtualTag]
    /// In the order in which they run.
    package let rules: [RuleOutcome]
    /// How many more there were to tell than asked for.
    package let omitted: Int
}

/// Which rules are to be explained.
package struct ExplanationScope: Sendable {
    /// Rules that write or remove this key, in any spelling; nil: any key.
    package var key: String?
    /// Also those that the index of candidates rules out, that are disabled, or that write other keys.
    package var includesAll = false
    /// Most rules to tell; those that hold go before candidates, and these before all others.
    package var rulesMax = 100

    package init(key: String? = nil, includesAll: Bool = false, rulesMax: Int = 100) {
        self.key = key
        self.includesAll = includesAll
        self.rulesMax = rulesMax
    }
}
