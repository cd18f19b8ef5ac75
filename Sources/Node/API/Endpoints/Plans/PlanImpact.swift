import Compliance
import Conditions
import Model
import Shard
import TaggingRules

/// What a plan would change, counted one resource after the other.
struct PlanImpact: Sendable {
    /// Resources that violate a policy, before and after.
    struct PolicyTally: Sendable {
        var before = 0
        var after = 0
        var appearing = 0
        var disappearing = 0
    }

    var tags = RuleImpact()
    /// Resources that each changed rule holds for when it is its turn.
    var matched: [UUID128: Int] = [:]
    /// What is waived counts as met, as in the score.
    var policies: [UUID128: PolicyTally] = [:]

    mutating func add(_ other: PlanImpact) {
        tags.add(other.tags)
        matched.merge(other.matched, uniquingKeysWith: +)
        policies.merge(other.policies) { first, second in
            PolicyTally(
                before: first.before + second.before, after: first.after + second.after,
                appearing: first.appearing + second.appearing, disappearing: first.disappearing + second.disappearing)
        }
    }

    mutating func count(_ old: [ComplianceResult], _ new: [ComplianceResult]) {
        let before = Set(old.lazy.filter(\.counts).map(\.policyID))
        let after = Set(new.lazy.filter(\.counts).map(\.policyID))
        for policy in before.union(after) {
            var tally = policies[policy] ?? PolicyTally()
            let (was, will) = (before.contains(policy), after.contains(policy))
            if was { tally.before += 1 }
            if will { tally.after += 1 }
            if will, !was { tally.appearing += 1 }
            if was, !will { tally.disappearing += 1 }
            policies[policy] = tally
        }
    }
}

extension ComplianceResult {
    fileprivate var counts: Bool { !isCompliant && waiverID == nil }
}

/// The catalogue in force beside the one that a plan would make.
struct PlanTrial: Sendable {
    let before: Catalog
    let after: Catalog
    /// Rules that are new or changed.
    private let rules: Set<UUID128>
    /// Forms of the keys that rules write, or that changed definitions are about: no other tag can change.
    private let written: Set<String>

    init(_ changes: [CatalogPlan.Change], in catalog: Catalog) {
        before = catalog
        after = catalog.changed(by: changes)
        rules = Set(changes.filter { $0.kind == .rule && $0.after != nil }.map(\.id))
        var written = Set((before.rules + after.rules).flatMap { $0.actions.map { TagKeyForm.form(of: $0.key) } })
        for change in changes {
            for case .definition(let definition)? in [change.before, change.after] {
                written.formUnion(([definition.tagKey] + definition.aliases).map(TagKeyForm.form))
            }
        }
        self.written = written
    }

    func run(on records: [ResourceRecord], at now: Timestamp) async -> PlanImpact {
        await Task(executorPreference: globalConcurrentExecutor) {
            // A context serves one set best.
            let (old, new) = (TaggingContext(), TaggingContext())
            var impact = PlanImpact()
            for record in records {
                let (resource, claims) = (record.resource, record.tags.compactMap(\.stated))
                let was = before.ruleSet.evaluate(resource, claims: claims, previous: record.tags, at: now, in: old)
                let violated = before.policySet.judge(
                    resource, tags: was, previous: record.compliance, at: now, in: old.evaluation, continuing: true)
                let would = after.ruleSet.evaluate(resource, claims: claims, previous: record.tags, at: now, in: new)
                let matched = new.matchedRules.lazy.map { after.ruleSet.ruleIDs[Int($0)] }.filter { rules.contains($0) }
                for rule in matched { impact.matched[rule, default: 0] += 1 }
                let matches = !matched.isEmpty
                let violates = after.policySet.judge(
                    resource, tags: would, previous: record.compliance, at: now, in: new.evaluation, continuing: true)
                impact.count(violated, violates)
                impact.tags.count(resource, of: rules, matches: matches, from: was, to: would) { key in
                    written.contains(TagKeyForm.form(of: after.ruleSet.normaliser.key(key)))
                        || written.contains(TagKeyForm.form(of: key))
                }
            }
            return impact
        }.value
    }
}
