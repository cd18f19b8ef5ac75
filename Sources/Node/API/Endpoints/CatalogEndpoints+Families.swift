import Compliance
import Conditions
import JSON
import Model
import Shard
import TaggingRules

extension CatalogEndpoints {
    static let rules = CatalogEndpoints(kind: .rule, path: "/tag-rules") { value, id, catalog in
        .rule(try rule(value, id, catalog))
    } render: { json, item in
        if case .rule(let rule) = item { json.value(rule.json) }
    } warnings: { item, catalog in
        guard case .rule(let rule) = item else { return ValidationErrors() }
        return await LintEndpoint.warnings(about: rule, in: catalog)
    }

    static let definitions = CatalogEndpoints(kind: .definition, path: "/tag-schema") { value, id, catalog in
        let draft = try valid { () throws(ValidationErrors) in try TagDefinitionDraft(json: value) }
        let clashes = draft.conflicts(with: catalog.definitions, replacing: id)
        guard clashes.isEmpty else { throw Problem.conflict(clashes.problems[0].message + ".") }
        return .definition(TagDefinition(draft, id: id))
    } render: { json, item in
        if case .definition(let definition) = item { json.value(definition.json) }
    }

    static let policies = CatalogEndpoints(kind: .policy, path: "/compliance/policies") { value, id, catalog in
        let draft = try valid { () throws(ValidationErrors) in try CompliancePolicyDraft(json: value) }
        let item = CatalogItem.policy(CompliancePolicy(draft, id: id))
        try checkPatterns(of: item, in: catalog)
        return item
    } render: { json, item in
        if case .policy(let policy) = item { json.value(policy.json) }
    }

    static let waivers = CatalogEndpoints(kind: .waiver, path: "/compliance/waivers") { value, id, catalog in
        let draft = try valid { () throws(ValidationErrors) in try ComplianceWaiverDraft(json: value) }
        let policies: [UUID128]
        do throws(ValidationErrors) {
            policies = try draft.policyIDs(among: catalog.judgedPolicies, or: catalog.waiver(id)?.policies ?? [])
        } catch {
            var problem = Problem.conflict("The waiver names a policy that it cannot be for.")
            problem.errors = Problem(error).errors
            throw problem
        }
        let item = CatalogItem.waiver(
            ComplianceWaiver(
                id: id, name: draft.name, reason: draft.reason, scope: draft.scope, policies: policies,
                expiresAt: draft.expiresAt, approver: "", createdAt: .unset, updatedAt: .unset))
        try checkPatterns(of: item, in: catalog)
        return item
    } render: { json, item in
        if case .waiver(let waiver) = item { json.value(waiver.json) }
    }

    /// The rule in a document, with this id. Throws a 422 with all that is wrong.
    static func rule(_ value: JSONValue, _ id: UUID128, _ catalog: Catalog) throws(Problem) -> TagRule {
        let draft = try valid { () throws(ValidationErrors) in try TagRuleDraft(json: value) }
        let rule = TagRule(draft, id: id)
        try checkPatterns(of: .rule(rule), in: catalog)
        return rule
    }

    /// Throws a 422 when the patterns of all rules and policies would take more memory and time than they may.
    private static func checkPatterns(of item: CatalogItem, in catalog: Catalog) throws(Problem) {
        guard item.patternCost > 0 else { return }
        let others = catalog.patternCost(except: item.id)
        guard others + item.patternCost > PatternCost.catalogMax else { return }
        throw .invalid([
            .init(
                "",
                "the regular expressions of all rules and policies would be too large together: about \(others) instructions "
                    + "in the others and \(item.patternCost) here; \(PatternCost.catalogMax) are accepted")
        ])
    }

    private static func valid<Draft>(_ read: () throws(ValidationErrors) -> Draft) throws(Problem) -> Draft {
        do throws(ValidationErrors) { return try read() } catch { throw Problem(error) }
    }
}

extension Timestamp {
    /// The system shard sets times and authors when it takes an item.
    fileprivate static let unset = Timestamp(milliseconds: 0)
}

extension TagRule {
    init(_ draft: TagRuleDraft, id: UUID128) {
        self.init(
            id: id, name: draft.name, description: draft.description, priority: draft.priority, enabled: draft.enabled,
            condition: draft.condition, actions: draft.actions, ifTagExists: draft.ifTagExists,
            defaultValue: draft.defaultValue, effectiveStart: draft.effectiveStart, effectiveEnd: draft.effectiveEnd,
            createdBy: "", createdAt: .unset, updatedAt: .unset)
    }
}

extension TagDefinition {
    init(_ draft: TagDefinitionDraft, id: UUID128) {
        self.init(
            id: id, tagKey: draft.tagKey, displayName: draft.displayName, description: draft.description,
            dataType: draft.dataType, allowedValues: draft.allowedValues, required: draft.required,
            aliases: draft.aliases, valueAliases: draft.valueAliases, casePolicy: draft.casePolicy,
            providers: draft.providers, createdAt: .unset, updatedAt: .unset)
    }
}

extension CompliancePolicy {
    init(_ draft: CompliancePolicyDraft, id: UUID128) {
        self.init(
            id: id, name: draft.name, description: draft.description, severity: draft.severity, scope: draft.scope,
            rules: draft.rules, enabled: draft.enabled, createdBy: "", createdAt: .unset, updatedAt: .unset)
    }
}
