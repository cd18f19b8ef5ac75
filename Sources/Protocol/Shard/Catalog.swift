import Compliance
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
    package let ruleSet: CompiledRuleSet
    let policySet: CompiledPolicySet
    private let items: [UUID128: CatalogItem]

    package init(_ state: SystemState) {
        version = state.catalogVersion
        items = state.items
        rules = state.sorted(.rule).compactMap { if case .rule(let rule) = $0 { rule } else { nil } }
        definitions = state.sorted(.definition).compactMap {
            if case .definition(let definition) = $0 { definition } else { nil }
        }
        policies = state.sorted(.policy).compactMap { if case .policy(let policy) = $0 { policy } else { nil } }
        let ruleSet = CompiledRuleSet(rules: rules, definitions: definitions)
        self.ruleSet = ruleSet
        policySet = CompiledPolicySet(policies: policies) { ruleSet.normaliser.key($0) }
    }

    package subscript(_ id: UUID128) -> CatalogItem? { items[id] }

    package func rule(_ id: UUID128) -> TagRule? { if case .rule(let rule)? = items[id] { rule } else { nil } }
    package func definition(_ id: UUID128) -> TagDefinition? {
        if case .definition(let definition)? = items[id] { definition } else { nil }
    }
    package func policy(_ id: UUID128) -> CompliancePolicy? {
        if case .policy(let policy)? = items[id] { policy } else { nil }
    }
}

/// Judges under one catalogue. Confined to one event loop: the context is scratch space.
package final class CatalogJudge: Judge {
    package let catalog: Catalog
    private let context = TaggingContext()

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
}
