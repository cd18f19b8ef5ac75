package import Conditions
package import Model

/// All enabled rules and the tag schema, made ready to work out the tags of one resource after the other.
///
/// **Who wins for one key**: people, then the rule with the lowest priority number (then the lowest id), then models by
/// confidence, then the provider's own tag. All others stay as losers, in that order.
///
/// **Rules** run in the order of their priority. A condition and a reference see the tags as they are effective then: what
/// people, earlier rules, models and the provider said. The first value that a rule gives a key stays; a later action of
/// the same rule on that key does nothing. `remove_tag` drops what models and the provider say of the key and shuts it
/// for all later actions; people's tags and what an earlier rule set stay. A key without a claim left is no tag. A rule
/// with `if_tag_exists: keep` says nothing of a key that has an effective value when it is its turn.
///
/// **The provider's tags** take part under their normalised keys and values (`TagNormaliser`), as source `inherited` and
/// made by `native:ORIGINAL_KEY`; keys that the provider reserves for itself (`ReservedKeys`), empty keys, and what is
/// beyond `TagLimits` do not. Where two become one key, the one that is spelt as in the virtual layer wins, else the first
/// in the order of the original keys.
///
/// Keys of one form (`TagKeyForm`) are one tag; its spelling is the schema's, else that of the claim by a person or model,
/// else the rules', else canonical.
package final class CompiledRuleSet: Sendable {
    struct Rule: Sendable {
        let id: UUID128
        let version: UInt64
        let priority: Int32
        /// `rule:NAME`.
        let createdBy: String
        let condition: CompiledCondition
        let actions: Fixed<CompiledAction>
        let needsGroups: Bool
        /// Keys that have a value are left alone.
        let keepsExisting: Bool
        /// For each action the row of `keeperRules` for its key, or -1.
        let keeperRows: Fixed<Int32>
    }

    package let normaliser: TagNormaliser
    /// In the order in which they run.
    let rules: Fixed<Rule>
    let index: CandidateIndex
    /// Rows of bits as in `index`: the rules that write one key alone and leave it where it has a value.
    let keeperRules: Fixed<UInt64>
    /// Whether a condition or an action reads a resource's metadata.
    package let readsMetadata: Bool

    /// The ids of the rules, in the order in which they run.
    package var ruleIDs: [UUID128] { (0..<rules.count).map { rules[$0].id } }

    /// Rules that are disabled, that have not started or that have ended are left out. Never fails: see `CompiledCondition`. Without `indexing` every rule is asked for every
    /// resource: the same answers, slower.
    package convenience init(rules: [TagRule], definitions: [TagDefinition] = [], indexing: Bool = true) {
        var cache = PatternCache()
        self.init(rules: rules, definitions: definitions, indexing: indexing, patterns: &cache)
    }

    package init(
        rules written: [TagRule], definitions: [TagDefinition], indexing: Bool = true, patterns cache: inout PatternCache
    ) {
        let ordered = written.filter { $0.state == .inForce }.sorted { ($0.priority, $0.id) < ($1.priority, $1.id) }
        let targets = ordered.flatMap { $0.actions.map(\.key) }
        let normaliser = TagNormaliser(definitions: definitions, spoken: targets)
        let volatile = Set(targets.map { TagKeyForm.form(of: normaliser.key($0)) })
        self.normaliser = normaliser
        let keepers = Self.keepers(ordered, normaliser)
        keeperRules = Fixed(keepers.rows)
        let rules = ordered.map { rule in
            let needsGroups = rule.actions.contains(where: \.needsGroups)
            return Rule(
                id: rule.id, version: rule.version, priority: rule.priority, createdBy: "rule:\(rule.name)",
                condition: CompiledCondition(
                    rule.condition, keepsOrder: needsGroups, spelling: normaliser.key(_:), patterns: &cache),
                actions: Fixed(rule.actions.map { CompiledAction($0, default: rule.defaultValue, normaliser) }),
                needsGroups: needsGroups, keepsExisting: rule.ifTagExists == .keep,
                keeperRows: Fixed(
                    rule.actions.map { keepers.numbers[TagKeyForm.form(of: normaliser.key($0.key))] ?? -1 }))
        }
        self.rules = Fixed(rules)
        readsMetadata = ordered.contains { $0.condition.readsMetadata || $0.actions.contains(where: \.readsMetadata) }
        index = CandidateIndex(
            ordered.map {
                indexing
                    ? Requirements(of: $0.condition, volatile: volatile, spelling: normaliser.key(_:)) : Requirements()
            })
    }

    /// For the form of each key that rules keep, the row of those that write it alone, and its number.
    private static func keepers(
        _ ordered: [TagRule], _ normaliser: TagNormaliser
    ) -> (numbers: [String: Int32], rows: [UInt64]) {
        let words = (ordered.count + 63) / 64
        var numbers: [String: Int32] = [:]
        var rows: [UInt64] = []
        for (rule, written) in ordered.enumerated() where written.ifTagExists == .keep {
            let removes = written.actions.contains { if case .removeTag = $0 { true } else { false } }
            let forms = Set(written.actions.map { TagKeyForm.form(of: normaliser.key($0.key)) })
            guard !removes, forms.count == 1, let form = forms.first else { continue }
            if numbers[form] == nil {
                numbers[form] = Int32(numbers.count)
                rows += Array(repeating: 0, count: words)
            }
            rows[Int(numbers[form] ?? 0) * words + rule / 64] |= 1 << UInt64(rule % 64)
        }
        return (numbers, rows)
    }
}

extension TagAction {
    /// The key that it writes or removes.
    package var key: String {
        switch self {
        case .setTag(let key, _), .copyTag(_, let key), .mapValue(let key, _, _, _), .removeTag(let key): key
        }
    }

    var readsMetadata: Bool {
        switch self {
        case .setTag(_, let value):
            return (try? Template(value))?.parts.contains { if case .field(.metadata) = $0 { true } else { false } } ?? false
        case .copyTag(let from, _), .mapValue(_, let from, _, _):
            if case .metadata = from { return true }
            return false
        case .removeTag: return false
        }
    }

    /// Whether it refers to groups of a regular expression.
    var needsGroups: Bool {
        guard case .setTag(_, let value) = self else { return false }
        return (try? Template(value))?.needsGroups ?? false
    }
}

extension Condition {
    fileprivate var readsMetadata: Bool {
        switch self {
        case .all(let parts), .any(let parts): return parts.contains(where: \.readsMetadata)
        case .not(let part): return part.readsMetadata
        case .test(let test):
            if case .metadata = test.field { return true }
            return false
        }
    }
}
