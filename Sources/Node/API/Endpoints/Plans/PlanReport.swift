import Compliance
import Conditions
import JSON
import Model
import Shard
import TaggingRules

/// What the author of a plan is told and what is kept with it: figures, where they were wanted, and warnings.
struct PlanReport: Sendable {
    /// How much is told; the first that fits `CatalogPlan.reportBytesMax` is taken.
    private struct Detail {
        let lines: Int
        let values: Int

        static let levels = [
            Detail(lines: 1_000, values: RuleImpact.valuesToldMax), Detail(lines: 200, values: 20),
            Detail(lines: 20, values: 3), Detail(lines: 0, values: 0),
        ]
    }

    let draft: PlanDraft
    let trial: PlanTrial
    /// Nil: no figures were wanted.
    let impact: PlanImpact?
    let warnings: ValidationErrors

    var encoded: [UInt8] {
        for detail in Detail.levels {
            var json = JSONWriter(reserving: 16 << 10)
            write(detail, to: &json)
            if json.bytes.count <= CatalogPlan.reportBytesMax { return json.bytes }
        }
        preconditionFailure("a report without any detail is longer than \(CatalogPlan.reportBytesMax) bytes")
    }

    private func write(_ detail: Detail, to json: inout JSONWriter) {
        json.beginObject()
        json.key("figures")
        if let impact { write(impact, detail, to: &json) } else { json.null() }
        json.key("warnings")
        json.beginArray()
        for warning in warnings.problems.prefix(detail.lines == 0 ? 10 : warnings.problems.count) {
            json.beginObject()
            json.member("pointer", warning.pointer)
            json.member("message", warning.message)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    private func write(_ impact: PlanImpact, _ detail: Detail, to json: inout JSONWriter) {
        json.beginObject()
        impact.tags.writeTotals(to: &json)
        impact.tags.writeKeys(to: &json, lines: detail.lines, values: detail.values) { _ in false }
        impact.tags.writeConflicts(to: &json, lines: detail.lines, of: trial.after)
        writeRules(impact, detail, to: &json)
        writePolicies(impact, detail, to: &json)
        impact.tags.writeSamples(to: &json, changes: min(detail.lines, 20))
        json.endObject()
    }

    private func writeRules(_ impact: PlanImpact, _ detail: Detail, to json: inout JSONWriter) {
        let rules = draft.changes.compactMap { change -> TagRule? in
            if case .rule(let rule)? = change.after { rule } else { nil }
        }
        json.key("by_rule")
        json.beginArray()
        for rule in rules.prefix(detail.lines) {
            json.beginObject()
            json.key("rule_id")
            json.uuid(rule.id)
            json.member("rule_name", rule.name)
            json.member("state", rule.state.rawValue)
            json.member("matched", impact.matched[rule.id] ?? 0)
            json.endObject()
        }
        json.endArray()
        json.member("rules_omitted", max(0, rules.count - detail.lines))
    }

    private func writePolicies(_ impact: PlanImpact, _ detail: Detail, to json: inout JSONWriter) {
        let names = Dictionary(
            (trial.before.judgedPolicies + trial.after.judgedPolicies).map { ($0.id, $0.name) },
            uniquingKeysWith: { _, last in last })
        let changed = impact.policies.filter { $0.value.appearing > 0 || $0.value.disappearing > 0 }
            .sorted {
                ($1.value.appearing + $1.value.disappearing, $0.key) < ($0.value.appearing + $0.value.disappearing, $1.key)
            }
        let total = changed.reduce(into: PlanImpact.PolicyTally()) { sum, policy in
            sum.appearing += policy.value.appearing
            sum.disappearing += policy.value.disappearing
        }
        json.member("violations_appearing", total.appearing)
        json.member("violations_disappearing", total.disappearing)
        json.key("by_policy")
        json.beginArray()
        for (id, tally) in changed.prefix(detail.lines) {
            json.beginObject()
            json.key("policy_id")
            json.uuid(id)
            json.member("policy_name", names[id] ?? "")
            json.member("violating_before", tally.before)
            json.member("violating_after", tally.after)
            json.member("appearing", tally.appearing)
            json.member("disappearing", tally.disappearing)
            json.endObject()
        }
        json.endArray()
        json.member("policies_omitted", max(0, changed.count - detail.lines))
    }

    // MARK: Warnings

    /// What is odd about the changed items, as pointers into the document, and about other rules because of them.
    static func warnings(
        about draft: PlanDraft, in catalog: Catalog, inForce: Catalog
    ) async -> ValidationErrors {
        await Task(executorPreference: globalConcurrentExecutor) {
            var warnings = ValidationErrors()
            var places: [UUID128: String] = [:]
            for (position, change) in draft.changes.enumerated() {
                let place = draft.pointer(position).appending("definition").text
                var found: ValidationErrors
                switch change.after {
                case .rule(let rule)?:
                    places[rule.id] = place
                    found = LintEndpoint.warningsOfTimes(of: rule)
                    for problem in LintEndpoint.warningsOfRelations(of: rule, in: inForce).problems { found.add(problem) }
                case .definition(let definition)?: found = definition.warnings
                case .policy(let policy)?: found = policy.warnings
                case .waiver?, nil: continue
                }
                for problem in found.problems {
                    warnings.add(.init(pointer: place + problem.pointer, message: problem.message))
                }
            }
            guard !places.isEmpty else { return warnings }
            let lint = RuleLint(catalog.rules, catalog.ruleSet) { catalog.schema.objection(key: $0, value: $1) }
            for finding in lint.findings() {
                if let place = places[finding.rule] {
                    warnings.add(.init(pointer: place + finding.pointer.text, message: finding.message))
                } else if finding.others.contains(where: { places[$0] != nil }) {
                    let name = catalog.rule(finding.rule)?.name ?? ""
                    warnings.add("of \"\(name)\": \(finding.message)", at: .root)
                }
            }
            return warnings
        }.value
    }
}
