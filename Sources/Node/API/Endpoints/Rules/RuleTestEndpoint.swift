import Conditions
import HTTPTransport
import JSON
import Model
import NIOCore
import NodeRuntime
import Shard
import TaggingRules

/// `POST /tag-rules/test`: what a rule would change if it were in force; changes nothing.
enum RuleTestEndpoint {
    /// Resources that are listed with what would change.
    static let samplesMax = 20
    /// Resources that are judged in one go, off the event loops.
    static let pageSize = 1_000

    static let test: Route.Handler = { call in
        let (value, _) = try await call.document()
        let catalog = try await call.catalog()
        let rule = try CatalogEndpoints.rule(value, value["id"]?.string.flatMap { UUID128($0) } ?? .random(), catalog)
        let trial = RuleTrial(rule, in: catalog, at: call.api.clock.now)
        var impact = RuleImpact()
        try await call.forEachPage(of: pageSize) { records in
            await trial.run(on: records, at: call.api.clock.now)
        } then: {
            impact.add($0)
        }
        // They name other rules, which are not for a caller who is limited to some resources.
        var warnings = LintEndpoint.warningsOfRelations(of: trial.rule, in: catalog)
        if call.principal.scope == nil {
            for problem in await LintEndpoint.warnings(about: trial.rule, in: trial.catalog).problems {
                warnings.add(problem)
            }
        }
        return call.json { impact.write(of: trial, warnings, to: &$0) }
    }
}

/// A catalogue with one rule more (or in the place of its namesake), beside the one in force.
struct RuleTrial: Sendable {
    let rule: TagRule
    /// With the rule in it.
    let catalog: Catalog
    private let before: Catalog
    /// The rule's place in its set; nil where it does not run.
    private let position: Int32?
    /// Forms of the keys that rules write: no other tag can change.
    private let written: Set<String>

    /// A rule that has not started yet is tried as it will be once it has.
    init(_ draft: TagRule, in catalog: Catalog, at now: Timestamp) {
        var rule = draft
        rule.phase = rule.phase(at: now) == .ended ? .ended : .current
        self.rule = rule
        before = catalog
        let others = catalog.rules.filter { $0.id != rule.id && $0.name != rule.name }
        let items =
            (others + [rule]).map(CatalogItem.rule) + catalog.definitions.map(CatalogItem.definition)
            + catalog.policies.map(CatalogItem.policy)
        self.catalog = Catalog(SystemState(items: items, catalogVersion: catalog.version), after: catalog)
        position = self.catalog.ruleSet.ruleIDs.firstIndex(of: rule.id).map(Int32.init)
        written = Set((catalog.rules + [rule]).flatMap { $0.actions.map { TagKeyForm.form(of: $0.key) } })
    }

    func run(on records: [ResourceRecord], at now: Timestamp) async -> RuleImpact {
        await Task(executorPreference: globalConcurrentExecutor) {
            // A context serves one set best.
            let (old, new) = (TaggingContext(), TaggingContext())
            var impact = RuleImpact()
            for record in records {
                let claims = record.tags.compactMap(\.stated)
                let was = before.ruleSet.evaluate(
                    record.resource, claims: claims, previous: record.tags, at: now, in: old)
                let would = catalog.ruleSet.evaluate(
                    record.resource, claims: claims, previous: record.tags, at: now, in: new)
                let matches = position.map { new.matchedRules.contains($0) } ?? false
                impact.count(record.resource, of: [rule.id], matches: matches, from: was, to: would) { key in
                    written.contains(TagKeyForm.form(of: catalog.ruleSet.normaliser.key(key)))
                        || written.contains(TagKeyForm.form(of: key))
                }
            }
            return impact
        }.value
    }
}
