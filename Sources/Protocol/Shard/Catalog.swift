package import Compliance
import Conditions
package import Model
package import TaggingRules

/// Everything that rows are judged under, as of one version: what people wrote, and its compiled form.
package struct Catalog: Sendable {
    package let version: UInt64
    /// By priority, then name.
    package let rules: [TagRule]
    /// By key.
    package let definitions: [TagDefinition]
    /// By name.
    package let policies: [CompliancePolicy]
    /// By name; those that have expired among them.
    package let waivers: [ComplianceWaiver]
    package let ruleSet: CompiledRuleSet
    package let policySet: CompiledPolicySet
    /// What rules and policies ask along relationships.
    package let relations: RelationPlan
    /// What the definitions ask of values.
    package let schema: SchemaPolicy
    private let items: [UUID128: CatalogItem]
    private let patterns: PatternCache
    private let journal: CatalogJournal

    /// `earlier`: a catalogue whose compiled patterns are used again.
    package init(_ state: SystemState, after earlier: Catalog? = nil) {
        version = state.catalogVersion
        items = state.items
        journal = state.journal
        rules = state.sorted(.rule).compactMap { if case .rule(let rule) = $0 { rule } else { nil } }
        definitions = state.sorted(.definition).compactMap {
            if case .definition(let definition) = $0 { definition } else { nil }
        }
        policies = state.sorted(.policy).compactMap { if case .policy(let policy) = $0 { policy } else { nil } }
        waivers = state.sorted(.waiver).compactMap { if case .waiver(let waiver) = $0 { waiver } else { nil } }
        var patterns = PatternCache(reusing: earlier?.patterns)
        let ruleSet = CompiledRuleSet(rules: rules, definitions: definitions, patterns: &patterns)
        self.ruleSet = ruleSet
        relations = RelationPlan(rules: rules, policies: policies, definitions: definitions)
        schema = SchemaPolicy(definitions)
        policySet = CompiledPolicySet(
            policies: policies, schema: schema, waivers: waivers.filter { !$0.isExpired },
            spelling: { ruleSet.normaliser.key($0) }, patterns: &patterns)
        patterns.forgetEarlier()
        self.patterns = patterns
    }

    package subscript(_ id: UUID128) -> CatalogItem? { items[id] }

    /// What is told of rows that were judged under an earlier version, without judging them.
    enum Reach {
        /// Where rules alone have changed, so that the results of policies follow from a row's tags as they did. Nil: any row's
        /// tags may come out otherwise.
        case rules(RuleReach?)
        /// Any row may come out otherwise.
        case everything
    }

    /// What may have become otherwise for rows that were judged under `version`.
    func reach(since version: UInt64) -> Reach {
        switch journal.change(since: version) {
        case .anything: return .everything
        case .manyRules(let keys): return mayRespellPolicies(keys) ? .everything : .rules(nil)
        case .rules(let changes):
            var patterns = PatternCache(reusing: self.patterns)
            let reach = RuleReach(
                of: changes, among: rules, definitions: definitions, policyKeys: policyKeys, patterns: &patterns)
            return reach.map { .rules($0) } ?? .everything
        }
    }

    private var policyKeys: [String] { policies.flatMap(\.rules.keys) }

    /// Whether rules that write keys of these forms may lend a policy's key its spelling, in which violations tell it.
    private func mayRespellPolicies(_ forms: Set<String>) -> Bool {
        let defined = Set(definitions.flatMap { [$0.tagKey] + $0.aliases }.map(TagKeyForm.form))
        return policyKeys.map(TagKeyForm.form).contains { forms.contains($0) && !defined.contains($0) }
    }

    /// What people wrote, and after it what the tag schema asks for, where it asks for anything.
    package var judgedPolicies: [CompliancePolicy] { policies + (schema.isEmpty ? [] : [schema.policy]) }

    /// Why the schema does not permit a tag that somebody sets; nil when it does.
    package func objection(to tag: Tag) -> String? {
        guard !schema.isEmpty else { return nil }
        let normaliser = ruleSet.normaliser
        return schema.objection(key: normaliser.key(tag.key), value: normaliser.value(tag.value, for: tag.key))
    }

    /// What the regular expressions of all rules and policies but that one cost together (`PatternCost`).
    package func patternCost(except id: UUID128) -> Int {
        items.values.reduce(0) { $0 + ($1.id == id ? 0 : $1.patternCost) }
    }

    package func rule(_ id: UUID128) -> TagRule? { if case .rule(let rule)? = items[id] { rule } else { nil } }
    package func definition(_ id: UUID128) -> TagDefinition? {
        if case .definition(let definition)? = items[id] { definition } else { nil }
    }
    package func policy(_ id: UUID128) -> CompliancePolicy? {
        if case .policy(let policy)? = items[id] { policy } else { nil }
    }
    package func waiver(_ id: UUID128) -> ComplianceWaiver? {
        if case .waiver(let waiver)? = items[id] { waiver } else { nil }
    }
}

extension CatalogItem {
    /// What its regular expressions cost (`PatternCost`).
    package var patternCost: Int {
        switch self {
        case .rule(let rule): rule.condition.patternCost
        case .definition: 0
        case .policy(let policy): (policy.scope?.patternCost ?? 0) + policy.rules.patternCost
        case .waiver(let waiver): waiver.scope?.patternCost ?? 0
        }
    }
}

extension CompliancePolicy.Rules {
    /// The keys that violations of it may name.
    fileprivate var keys: [String] {
        switch self {
        case .requiredTags(let keys), .conditionalRequirement(_, let keys): keys
        case .valueValidation(let key, _, _), .tagFormat(let key, _, _): [key]
        case .tagCount: []
        }
    }
}

/// Judges under one catalogue. Confined to one event loop: the context is scratch space.
package final class CatalogJudge: Judge {
    package let catalog: Catalog
    private let context = TaggingContext(keepingMatches: false)
    /// Worked out for the version that was asked for last.
    private var reach: (since: UInt64, Catalog.Reach)?

    package init(_ catalog: Catalog) { self.catalog = catalog }

    package var version: UInt64 { catalog.version }

    package func judge(
        _ resource: Resource, claims: [VirtualTag], previous: ResourceRecord?, at now: Timestamp
    ) -> (tags: [VirtualTag], compliance: [ComplianceResult]) {
        let tags = catalog.ruleSet.evaluate(resource, claims: claims, previous: previous?.tags ?? [], at: now, in: context)
        let compliance = catalog.policySet.judge(
            resource, tags: tags, previous: previous?.compliance ?? [], at: now, in: context.evaluation, continuing: true)
        return (tags, compliance)
    }

    package func mayChange(_ row: UnsafeRawBufferPointer, judgedSince version: UInt64) -> Bool {
        guard case .rules(let reach) = reach(since: version) else { return true }
        if let reach, !reach.mayChange(row) { return false }
        // Touched, or rules too many to look at one by one: decided where it lies.
        return !catalog.ruleSet.keepsTags(of: row, in: context)
    }

    private func reach(since version: UInt64) -> Catalog.Reach {
        if let reach, reach.since == version { return reach.1 }
        let reach = catalog.reach(since: version)
        self.reach = (version, reach)
        return reach
    }
}
