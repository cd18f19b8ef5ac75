package import Conditions
package import Model

/// All enabled rules and the tag schema, made ready to work out the tags of one resource after the other.
///
/// **Who wins for one key**: people, then the rule with the lowest priority number (then the lowest id), then models by
/// confidence, then the provider's own tag, then what a rule inherits along relationships. All others stay as losers, in that order.
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
    final class Rule: Sendable {
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
        /// It does that, and does nothing else, for several keys: see `Keepers` for those with one.
        let keepsSeveral: Bool
        /// For each action the row of `keepers` for its key, or -1.
        let keeperRows: Fixed<Int32>

        fileprivate init(
            _ rule: TagRule, _ normaliser: TagNormaliser, _ keepers: Keepers, patterns cache: inout PatternCache
        ) {
            id = rule.id
            version = rule.version
            priority = rule.priority
            createdBy = "rule:\(rule.name)"
            needsGroups = rule.actions.contains(where: \.needsGroups)
            condition = CompiledCondition(
                rule.condition, keepsOrder: needsGroups, spelling: normaliser.key(_:), patterns: &cache)
            actions = Fixed(rule.actions.map { CompiledAction($0, default: rule.defaultValue, normaliser) })
            keepsExisting = rule.ifTagExists == .keep
            keepsSeveral = rule.keepsOnly && Keepers.soleKey(of: rule, normaliser) == nil
            keeperRows = Fixed(rule.actions.map { keepers.row(of: normaliser.key($0.key)) })
        }
    }

    package let normaliser: TagNormaliser
    /// In the order in which they run.
    let rules: Fixed<Rule>
    let index: CandidateIndex
    let keepers: Keepers

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
        let keepers = Keepers(ordered, normaliser)
        self.keepers = keepers
        rules = Fixed(ordered.map { Rule($0, normaliser, keepers, patterns: &cache) })
        index = CandidateIndex(
            ordered.map {
                indexing
                    ? Requirements(of: $0.condition, volatile: volatile, spelling: normaliser.key(_:)) : Requirements()
            })
    }
}

extension TagAction {
    /// The key that it writes or removes.
    package var key: String {
        switch self {
        case .setTag(let key, _), .copyTag(_, let key), .mapValue(let key, _, _, _), .removeTag(let key),
            .inheritTag(let key, _, _, _):
            key
        }
    }

    /// Whether it refers to groups of a regular expression.
    var needsGroups: Bool {
        guard case .setTag(_, let value) = self else { return false }
        return (try? Template(value))?.needsGroups ?? false
    }
}
