internal import Conditions
package import Model

/// What rules and policies ask along relationships, and what of a resource's tags they may find there.
///
/// What they find are the tags as they are without any rule that follows relationships, or that reads what such a rule writes. So
/// nothing that was found along relationships is found along relationships again: whatever the relationships are, and however the
/// rules refer to each other, the answers depend on resources alone, and there is one for each.
package struct RelationPlan: Sendable {
    /// Distinct, by key.
    package let queries: [RelationQuery]
    package let definitions: [TagDefinition]
    /// The rules that depend on relationships.
    private let dependent: Set<UUID128>
    /// All others, where one of these removes tags: then a row does not tell what there would be without it. Else nil.
    private let plainRules: [TagRule]?

    /// Of the rules in force.
    package init(rules written: [TagRule], policies: [CompliancePolicy], definitions: [TagDefinition]) {
        let rules = written.filter { $0.state == .inForce }
        let conditions = rules.map(\.condition) + policies.filter(\.enabled).flatMap(\.conditions)
        let asked = conditions.flatMap(\.relationQueries) + rules.flatMap(\.actions).compactMap(\.relationQuery)
        var distinct: [UUID128: RelationQuery] = [:]
        for query in asked { distinct[query.key] = query }
        queries = distinct.values.sorted { $0.key < $1.key }
        self.definitions = definitions
        let dependent = queries.isEmpty ? [] : Self.dependent(rules, TagNormaliser(definitions: definitions))
        self.dependent = dependent
        let removes = rules.contains { dependent.contains($0.id) && $0.actions.contains { $0.name == "remove_tag" } }
        plainRules = removes ? rules.filter { !dependent.contains($0.id) } : nil
    }

    /// Whether it comes to the same. Where nothing is asked, it does.
    package func isSame(as other: RelationPlan) -> Bool {
        guard queries.map(\.key) == other.queries.map(\.key) else { return false }
        return queries.isEmpty
            || definitions == other.definitions && dependent == other.dependent && plainRules == other.plainRules
    }

    private static func dependent(_ rules: [TagRule], _ normaliser: TagNormaliser) -> Set<UUID128> {
        func form(_ key: String) -> String { TagKeyForm.form(of: normaliser.key(key)) }
        var found = rules.filter(\.followsRelationships)
        var dependent = Set(found.map(\.id))
        var written: Set<String> = []
        while !found.isEmpty {
            written.formUnion(found.flatMap(\.actions).map { form($0.key) })
            found = rules.filter { rule in
                !dependent.contains(rule.id) && rule.keysRead.contains { written.contains(form($0)) }
            }
            dependent.formUnion(found.map(\.id))
        }
        return dependent
    }

    /// What others find of a resource.
    package final class View {
        private let plan: RelationPlan
        private let ruleSet: CompiledRuleSet?
        private let normaliser: TagNormaliser
        private let context = TaggingContext(keepingMatches: false)

        package init(_ plan: RelationPlan) {
            self.plan = plan
            ruleSet = plan.plainRules.map { CompiledRuleSet(rules: $0, definitions: plan.definitions) }
            normaliser = TagNormaliser(definitions: plan.definitions)
        }

        /// The key that the schema has for that one.
        package func spelling(_ key: String) -> String { normaliser.key(key) }

        /// The record with the tags that others find.
        package func plain(_ record: ResourceRecord) -> ResourceRecord {
            var plain = record
            if let ruleSet {
                plain.tags = ruleSet.evaluate(
                    record.resource, claims: record.tags.compactMap(\.stated), previous: record.tags,
                    at: record.resource.lastSeen, in: context)
            } else {
                plain.tags = record.tags.compactMap { $0.without(plan.dependent) }
            }
            return plain
        }
    }
}

extension VirtualTag {
    /// Nil where nobody else says anything of the key.
    fileprivate func without(_ rules: Set<UUID128>) -> VirtualTag? {
        func isOthers(_ assertion: TagAssertion) -> Bool { assertion.ruleID.map { !rules.contains($0) } ?? true }
        guard !isOthers(winner) || !losers.allSatisfy(isOthers) else { return self }
        let left = ([winner] + losers).filter(isOthers)
        return left.first.map { VirtualTag(key: key, winner: $0, losers: Array(left.dropFirst())) }
    }
}

extension TagAction {
    /// Nil: it asks for nothing along relationships.
    package var relationQuery: RelationQuery? {
        guard case .inheritTag(let key, let types, let direction, let depth) = self else { return nil }
        return RelationQuery(types: types, direction: direction, depths: 1...depth, subject: .tag(key))
    }
}

extension TagRule {
    /// Whether what it does depends on other resources.
    package var followsRelationships: Bool {
        !condition.relationQueries.isEmpty || actions.contains { $0.relationQuery != nil }
    }

    /// Keys of the tags that decide what it does.
    fileprivate var keysRead: [String] {
        let own = ifTagExists == .keep ? actions.map(\.key) : []
        return own + condition.fieldsRead.compactMap(\.tagKey) + actions.flatMap(\.fieldsRead).compactMap(\.tagKey)
    }
}

extension TagAction {
    fileprivate var fieldsRead: [ConditionField] {
        switch self {
        case .copyTag(let from, _), .mapValue(_, let from, _, _): [from]
        case .setTag(_, let value):
            ((try? Template(value))?.parts ?? []).compactMap { if case .field(let field) = $0 { field } else { nil } }
        case .removeTag, .inheritTag: []
        }
    }
}

extension ConditionField {
    fileprivate var tagKey: String? { if case .tag(let key) = self { key } else { nil } }
}

extension Condition {
    /// What it asks along relationships.
    package var relationQueries: [RelationQuery] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.relationQueries)
        case .not(let part): part.relationQueries
        case .test: []
        case .related(let query): [query]
        }
    }

    fileprivate var fieldsRead: [ConditionField] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap(\.fieldsRead)
        case .not(let part): part.fieldsRead
        case .test(let test): [test.field]
        case .related: []
        }
    }
}

extension CompliancePolicy {
    fileprivate var conditions: [Condition] {
        var conditions = [scope].compactMap(\.self)
        if case .conditionalRequirement(let condition, _) = rules { conditions.append(condition) }
        return conditions
    }
}
