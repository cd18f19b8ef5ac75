internal import Conditions
package import Model

/// What can be told of rules without a look at any resource. Sound: what it says is so; it does not say all that is so.
package struct RuleLint {
    /// Why the tag schema does not allow a value of a key; nil when it does. Key and value as in the virtual layer.
    package typealias Objection = (_ key: String, _ value: String) -> String?

    let rules: [LintedRule]
    let normaliser: TagNormaliser
    /// Forms of keys that rules write or remove: what conditions find there changes while rules run.
    private let volatile: Set<String>
    private let objection: Objection

    /// `written`: rules of one catalogue, of which those in force count; `ruleSet`: their compiled form.
    package init(_ written: [TagRule], _ ruleSet: CompiledRuleSet, objection: @escaping Objection) {
        normaliser = ruleSet.normaliser
        self.objection = objection
        let normaliser = ruleSet.normaliser
        rules =
            written.filter { $0.state == .inForce }.sorted { ($0.priority, $0.id) < ($1.priority, $1.id) }
            .map { LintedRule($0, normaliser) }
        volatile = Set(rules.joined().map(\.form))
    }

    /// All findings, or those that a rule has a part in.
    package func findings(about id: UUID128? = nil) -> [LintFinding] {
        var found: [LintFinding] = []
        for rule in rules where id.map({ $0 == rule.id }) ?? true {
            found += impossible(rule)
            found += forbidden(rule)
        }
        found += shadowed(about: id)
        found += KeyCycles(rules).findings.filter { finding in
            id.map { finding.rule == $0 || finding.others.contains($0) } ?? true
        }
        return found
    }

    // MARK: Conditions that hold for nothing

    private func impossible(_ rule: LintedRule) -> [LintFinding] {
        let required = Requirements(of: rule.rule.condition, volatile: [], spelling: normaliser.key(_:))
        let known = Set(Provider.allCases.map(\.rawValue))
        let field: String?
        if required.providers?.isDisjoint(with: known) == true {
            field = "provider"
        } else if required.resourceTypes?.isEmpty == true {
            field = "resource_type"
        } else if required.accounts?.isEmpty == true {
            field = "account_id"
        } else if required.regions?.isEmpty == true {
            field = "region"
        } else {
            field = nil
        }
        guard let field else { return [] }
        return [
            LintFinding(
                .matchesNothing, .rules, rule.id, at: .root.appending("conditions"),
                "no resource can match: the conditions on \(field) exclude each other")
        ]
    }

    // MARK: Values that the schema forbids

    private func forbidden(_ rule: LintedRule) -> [LintFinding] {
        var found: [LintFinding] = []
        for action in rule {
            let values = action.constants.compactMap { value in objection(action.key, value).map { (value, $0) } }
            guard let first = values.first else { continue }
            let more = values.count > 1 ? " (and \(values.count - 1) more of its values)" : ""
            found.append(
                LintFinding(.forbiddenValue, .rules, rule.id, at: action.pointer, key: action.key, first.1 + more))
        }
        return found
    }

    // MARK: Values that never come into force

    /// Rules that give or take a key wherever their conditions hold, by the rarest of the tests that these ask for: who holds
    /// wherever another does is among those that share a test with it.
    private struct Shadows {
        /// Most rules that one action is compared with.
        static let comparisonsMax = 1_000

        private var unconditional: Int?
        private var byTest: [Condition: [Int]] = [:]

        mutating func add(_ position: Int, _ tests: Set<Condition>, frequency: [Condition: Int]) {
            guard let anchor = tests.min(by: { frequency[$0] ?? 0 < frequency[$1] ?? 0 }) else {
                unconditional = unconditional ?? position
                return
            }
            byTest[anchor, default: []].append(position)
        }

        /// The first rule all of whose tests are among `tests`.
        func first(holdingWith tests: Set<Condition>, _ testsOf: (Int) -> Set<Condition>) -> Int? {
            var first = unconditional
            var left = Self.comparisonsMax
            for test in tests {
                for position in byTest[test] ?? [] {
                    guard left > 0 else { return first }
                    left -= 1
                    if position < first ?? .max, testsOf(position).isSubset(of: tests) { first = position }
                }
            }
            return first
        }
    }

    private func shadowed(about id: UUID128?) -> [LintFinding] {
        var found: [LintFinding] = []
        var shadows: [String: Shadows] = [:]
        var frequency: [Condition: Int] = [:]
        for test in rules.lazy.flatMap(\.tests) { frequency[test, default: 0] += 1 }
        for (position, rule) in rules.enumerated() {
            var own: Set<String> = []
            for action in rule where own.insert(action.form).inserted {
                if action.kind != .removes,
                    let other = shadows[action.form]?.first(holdingWith: rule.tests, { rules[$0].tests })
                {
                    guard id.map({ $0 == rule.id || $0 == rules[other].id }) ?? true else { continue }
                    found.append(
                        LintFinding(
                            .shadowed, .rules, rule.id, at: action.pointer, key: action.key, others: [rules[other].id],
                            "its `\(action.key)` is never in force: \"\(rules[other].rule.name)\" runs before and holds "
                                + "wherever this rule does"))
                } else if action.isCertain, isStable(rule) {
                    shadows[action.form, default: Shadows()].add(position, rule.tests, frequency: frequency)
                }
            }
        }
        return found
    }

    /// Its conditions find the same whenever they are asked.
    private func isStable(_ rule: LintedRule) -> Bool { rule.readForms(normaliser).isDisjoint(with: volatile) }
}
