package import Conditions
internal import Model

/// The memory that rules use again and again, and the evaluation context that compliance shares with them.
///
/// Not Sendable on purpose: one per event loop. It serves any rule set, best the same one many times.
package final class TaggingContext {
    package let evaluation = EvaluationContext()
    var scratch = Scratch()

    /// - Parameter keepingMatches: whether `matchedRules` is to tell of all rules. Otherwise rules are passed over that cannot
    ///   say anything any more.
    package init(keepingMatches: Bool = true) { scratch.keepsMatches = keepingMatches }

    /// Positions among the rule set's `ruleIDs` of the rules whose conditions held for the last resource, in the order in
    /// which they ran.
    package var matchedRules: ContiguousArray<Int32> { scratch.matched }

    /// The value that the last resource's tag came to, lent until the next resource; nil: it has no such tag. A stored row
    /// must still be where it was. `formHash`: that of the key (`TagKeyForm.hash`).
    package func value(of key: String, formHash: UInt64) -> ByteText.Bytes? {
        let position = evaluation.facts.tags.position(of: key, formHash: formHash)
        return position < 0 ? nil : evaluation.facts.tags.value(at: position)
    }

    struct Scratch {
        var tags = WorkingTags()
        var natives = NativeKeyCache()
        let candidates = RuleBits()
        /// Rows of the candidate index that the tags lead to.
        var found: ContiguousArray<Int32> = []
        var keepsMatches = true
        /// Rules whose conditions held, in the order in which they ran.
        var matched: ContiguousArray<Int32> = []
        /// Entries in the order of their keys.
        var order: ContiguousArray<Int32> = []
        /// The rule set whose native keys `natives` holds. Kept alive, so that no later one can be taken for it.
        var owner: CompiledRuleSet?
    }
}
