package import Model

/// Two spellings that likely mean the same, and what speaks for it. Applied only when somebody accepts it.
package struct AliasProposal: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Hashable, Sendable {
        /// `alias` is another spelling of the key.
        case key
        /// `alias` is another spelling of a value of the key.
        case value
    }

    package enum Reason: Hashable, Sendable {
        /// They differ in case and separators alone.
        case sameForm
        /// They differ by so many letters left out, put in, exchanged or swapped.
        case slips(Int)
        /// The one shortens the other.
        case abbreviation
        /// Their words are the same but for such as `name`.
        case sameWords
        /// This part of the alias's resources, from 0 to 1, has values that the key has too.
        case sharedValues(Double)

        package var name: String {
            switch self {
            case .sameForm: "same_form"
            case .slips: "edit_distance"
            case .abbreviation: "abbreviation"
            case .sameWords: "same_words"
            case .sharedValues: "shared_values"
            }
        }
    }

    package let kind: Kind
    package let tagKey: String
    /// Nil for a key.
    package let value: String?
    package let alias: String
    package var reasons: [Reason]
    /// From 0 to 1: for the order in which proposals are shown.
    package var confidence: Double
    /// Resources with the alias, and with what it would stand for.
    package let aliasResources: Int
    package let resources: Int
    /// Resources with both keys, and those of them on which their values differ.
    package var together = 0
    package var togetherDifferent = 0
    /// Values that both keys have; at most `AliasLearner.sharedMax`.
    package var shared: [String] = []
    /// Resources with the alias.
    package let samples: [ResourceID]

    /// Follows from the spellings, so that a rejection holds for good.
    package var id: UUID128 { Self.id(kind, tagKey: tagKey, value: value, alias: alias) }

    static func id(_ kind: Kind, tagKey: String, value: String?, alias: String) -> UUID128 {
        let parts = [kind.rawValue, tagKey, value ?? "", alias]
        return .version5(
            namespace: UUID128(high: 0x616c_6961_732d_7072, low: 0x6f70_6f73_616c_7300),
            name: parts.map { "\($0.utf8.count):\($0)" }.joined())
    }
}
