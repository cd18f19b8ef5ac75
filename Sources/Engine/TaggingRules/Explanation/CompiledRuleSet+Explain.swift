internal import Conditions
package import Model

extension CompiledRuleSet {
    /// Evaluates the resource as `evaluate` does and tells what each rule found and did.
    ///
    /// - Parameters:
    ///   - written: the rules that the set was compiled from, disabled ones too.
    ///   - claims, previous, now: as of `evaluate`.
    package func explain(
        _ resource: Resource, claims: [VirtualTag], previous: [VirtualTag], rules written: [TagRule],
        _ scope: ExplanationScope, at now: Timestamp, in context: TaggingContext
    ) -> TagExplanation {
        let all = evaluate(resource, claims: claims, previous: previous, at: now, in: context)
        let wantedKey = scope.key.map(normaliser.key(_:))
        let chosen = choose(written, wantedKey, scope, context.scratch)
        var teller = Teller(ruleSet: self, tags: all)
        context.evaluation.facts.startResource(resource)
        prepare(claims, &context.scratch, &context.evaluation.facts)
        let outcomes = chosen.rules.compactMap { choice in
            teller.tell(choice, &context.scratch, &context.evaluation.facts)
        }
        let form = wantedKey.map(TagKeyForm.form(of:))
        return TagExplanation(
            tags: all.filter { tag in form.map { $0 == TagKeyForm.form(of: tag.key) } ?? true }, rules: outcomes,
            omitted: chosen.omitted)
    }

    struct Choice {
        let rule: TagRule
        /// Its position in the set; nil where it does not run.
        let number: Int32?
        let isCandidate: Bool
        let isTold: Bool
    }

    /// All rules in the order in which they run, and which of them are told.
    private func choose(
        _ written: [TagRule], _ key: String?, _ scope: ExplanationScope, _ scratch: borrowing TaggingContext.Scratch
    ) -> (rules: [Choice], omitted: Int) {
        var numbers: [UUID128: Int32] = [:]
        for number in 0..<rules.count { numbers[rules[number].id] = Int32(number) }
        let matched = Set(scratch.matched)
        let form = key.map(TagKeyForm.form(of:))
        let ordered = written.sorted { ($0.priority, $0.id) < ($1.priority, $1.id) }
        var ranks: [(rank: Int, position: Int)] = []
        var candidates: [Bool] = []
        for (position, rule) in ordered.enumerated() {
            let number = numbers[rule.id]
            let isCandidate = number.map(scratch.candidates.contains) ?? false
            candidates.append(isCandidate)
            let writesKey = form.map { form in
                rule.actions.contains { TagKeyForm.form(of: normaliser.key($0.key)) == form }
            }
            guard scope.includesAll || writesKey ?? isCandidate else { continue }
            let rank = number.map { matched.contains($0) } == true ? 0 : isCandidate ? 1 : 2
            ranks.append((writesKey == false ? rank + 3 : rank, position))
        }
        ranks.sort { $0 < $1 }
        let told = Set(ranks.prefix(scope.rulesMax).map(\.position))
        let choices = ordered.enumerated().map { position, rule in
            Choice(
                rule: rule, number: numbers[rule.id], isCandidate: candidates[position], isTold: told.contains(position))
        }
        return (choices, ranks.count - told.count)
    }

    /// Runs the rules once more, one by one, and notes what they find and do.
    private struct Teller {
        let ruleSet: CompiledRuleSet
        /// What comes out in the end.
        let tags: [VirtualTag]
        private var patterns = PatternCache()

        init(ruleSet: CompiledRuleSet, tags: [VirtualTag]) {
            self.ruleSet = ruleSet
            self.tags = tags
        }

        mutating func tell(
            _ choice: Choice, _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts
        ) -> TagExplanation.RuleOutcome? {
            let trace =
                choice.isTold
                ? choice.rule.condition.trace(
                    &facts, spelling: ruleSet.normaliser.key(_:), patterns: &patterns) : nil
            var actions: [TagExplanation.ActionOutcome] = []
            if let number = choice.number, choice.isCandidate,
                let groups = ruleSet.match(ruleSet.rules[Int(number)], &facts)
            {
                let rule = ruleSet.rules[Int(number)]
                for position in 0..<rule.actions.count {
                    let outcome = ruleSet.perform(position, of: rule, number, groups, &scratch, &facts)
                    if choice.isTold { actions.append(told(outcome, rule, position)) }
                }
            }
            return trace.map {
                TagExplanation.RuleOutcome(
                    rule: choice.rule, isCandidate: choice.isCandidate, runs: choice.number != nil, condition: $0,
                    actions: actions)
            }
        }

        private func told(
            _ outcome: ActionOutcome, _ rule: CompiledRuleSet.Rule, _ position: Int
        ) -> TagExplanation.ActionOutcome {
            let written = rule.actions[position].target.key
            let form = TagKeyForm.form(of: written)
            let tag = tags.first { TagKeyForm.form(of: $0.key) == form }
            let own = tag?.assertions.first { $0.ruleID == rule.id }
            let result: TagExplanation.ActionOutcome.Result =
                switch outcome {
                case .claimed: tag?.winner.ruleID == rule.id ? .won : .shadowed
                case .removed: .removed
                case .shut: .shut
                case .repeated: .repeated
                case .kept: .kept
                case .noValue: .noValue
                case .full: .full
                }
            return TagExplanation.ActionOutcome(
                key: tag?.key ?? written, result: result,
                value: result == .won || result == .shadowed ? own?.value : nil,
                shadowedBy: result == .shadowed ? tag?.winner : nil)
        }
    }
}
