internal import Conditions
package import Model

extension CompiledRuleSet {
    /// The tags of a resource, sorted by key.
    ///
    /// - Parameters:
    ///   - claims: what people and models said, by key; assertions of other sources in it are passed over.
    ///   - previous: its tags as they were, sorted by key. A claim that was there and says the same keeps its times; when
    ///     all do, the answer is `previous` itself.
    ///   - now: the time of claims that are new or say something new.
    ///
    /// Calling it again with its own answer as `previous` gives that answer.
    package func evaluate(
        _ resource: Resource, claims: [VirtualTag], previous: [VirtualTag], at now: Timestamp, in context: TaggingContext
    ) -> [VirtualTag] {
        context.evaluation.facts.startResource(resource)
        return evaluate(claims, previous, now, &context.scratch, &context.evaluation.facts)
    }

    private func evaluate(
        _ claims: [VirtualTag], _ previous: [VirtualTag], _ now: Timestamp, _ scratch: inout TaggingContext.Scratch,
        _ facts: inout Facts
    ) -> [VirtualTag] {
        runAll(claims, &scratch, &facts)
        return claims.withUnsafeBufferPointer { stored in
            Result(ruleSet: self, stored: stored, now: now).tags(previous, &scratch, facts)
        }
    }

    func runAll(_ claims: [VirtualTag], _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts) {
        prepare(claims, &scratch, &facts)
        let candidates = scratch.candidates.base
        for word in 0..<scratch.candidates.words {
            var bits = candidates[word]
            while bits != 0 {
                let bit = bits.trailingZeroBitCount
                run(Int32(word * 64 + bit), &scratch, &facts)
                // What has run may have ruled out some that follow.
                bits &= candidates[word] & ~((UInt64(2) << UInt64(bit)) &- 1)
            }
        }
    }

    /// All that comes before the rules: the claims that they find, and which of them may hold.
    func prepare(_ claims: [VirtualTag], _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts) {
        if scratch.owner !== self {
            scratch.natives.removeAll()
            scratch.owner = self
        }
        facts.tags.removeAll()
        scratch.tags.startResource()
        scratch.natives.startResource()
        scratch.matched.removeAll(keepingCapacity: true)
        scratch.found.removeAll(keepingCapacity: true)
        if !claims.isEmpty { addStored(claims, &scratch, &facts) }
        addNative(&scratch, &facts)
        index.fill(scratch.candidates, scratch.found, by: facts.row.resource)
        if !scratch.keepsMatches { passOverKeepers(scratch) }
    }

    // MARK: Claims

    private func addStored(_ stored: [VirtualTag], _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts) {
        for (number, tag) in stored.enumerated() {
            let key = normaliser.key(tag.key)
            let word = normaliser.word(for: key) ?? -1
            let formHash = TagKeyForm.hash(of: key)
            let indexed = index.tag(key)
            let found = facts.tags.position(of: key, formHash: formHash)
            let entry = found >= 0 ? found : append(key, formHash: formHash, &scratch, &facts)
            guard entry >= 0 else { continue }
            for position in 0...tag.losers.count {
                let assertion = tag.assertion(position)
                guard assertion.source == .manual || assertion.source == .ml else { continue }
                let value = normaliser.value(facts.texts.copy(assertion.value), ofWord: word, keptIn: facts.texts)
                index.add(indexed, value, to: &scratch.found)
                let claim = WorkingTags.Claim(
                    origin: .stored(tag: Int32(number), assertion: Int32(position)), source: assertion.source, value: value)
                scratch.tags.add(claim, to: entry, &facts) { other in
                    guard case .stored(let otherTag, let otherPosition) = other.origin else { return false }
                    let rival = stored[Int(otherTag)].assertion(Int(otherPosition))
                    // Between two people the later word counts.
                    return assertion.source == .manual ? assertion.updatedAt > rival.updatedAt : assertion.precedes(rival)
                }
            }
        }
    }

    private func append(
        _ key: String, formHash: UInt64, _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts
    ) -> Int {
        let key = facts.texts.copy(key)
        return scratch.tags.append(
            key, order: KeyOrder(key), formHash: formHash, keeperRow: keepers.row(of: String(key)), &facts)
    }

    private func addNative(_ scratch: inout TaggingContext.Scratch, _ facts: inout Facts) {
        let provider = facts.row.resource.provider
        for position in 0..<facts.row.resource.nativeTags.count {
            let tag = facts.row.resource.nativeTags[position]
            var number = scratch.natives.position(of: tag.key, provider)
            if number < 0 { number = scratch.natives.add(NativeKey(String(tag.key), provider, self)) }
            index.add(scratch.natives.keys[number].nativeEntry, tag.value, to: &scratch.found)
            guard !scratch.natives.keys[number].isLeftOut, tag.value.count <= TagLimits.valueBytesMax else { continue }
            let normal = normaliser.value(tag.value, ofWord: scratch.natives.keys[number].word, keptIn: facts.texts)
            index.add(scratch.natives.keys[number].tagEntry, normal, to: &scratch.found)
            let entry = entry(ofNative: number, &scratch, &facts)
            guard entry >= 0 else { continue }
            let isExact = scratch.natives.keys[number].isExact
            let claim = WorkingTags.Claim(origin: .native(Int32(number)), source: .inherited, value: normal)
            scratch.tags.add(claim, to: entry, &facts) { _ in isExact }
        }
    }

    @inline(__always)
    private func entry(
        ofNative number: Int, _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts
    ) -> Int {
        let key = scratch.natives.keys[number].key
        let formHash = scratch.natives.keys[number].formHash
        let found = facts.tags.position(of: key, formHash: formHash)
        if found >= 0 { return found }
        return scratch.tags.append(
            key, order: scratch.natives.keys[number].order, formHash: formHash,
            keeperRow: scratch.natives.keys[number].keeperRow, &facts)
    }

    /// Rules that keep what there is, and write nothing else, need not be asked where there is something.
    private func passOverKeepers(_ scratch: borrowing TaggingContext.Scratch) {
        for entry in scratch.tags.entries.indices where scratch.tags.entries[entry].first >= 0 {
            keepers.passOver(scratch.tags.entries[entry].keeperRow, scratch.candidates)
        }
    }

    // MARK: Rules

    /// What came of one action.
    enum ActionOutcome {
        /// The key has the rule's claim, on top or below others.
        case claimed
        case removed
        /// An earlier rule removed the key for all later ones.
        case shut
        /// The same rule has given the key its value already.
        case repeated
        /// The key has a value, which the rule is to keep.
        case kept
        /// A reference has no value, or what comes out is no acceptable one.
        case noValue
        /// The resource carries as many tags as it may.
        case full
    }

    private func run(_ number: Int32, _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts) {
        rules.lend(Int(number)) { rule in
            if rule.keepsSeveral, !scratch.keepsMatches, hasNothingToSay(rule, facts) { return }
            guard let groups = match(rule, &facts) else { return }
            scratch.matched.append(number)
            for position in 0..<rule.actions.count {
                let outcome = perform(position, of: rule, number, groups, &scratch, &facts)
                // The key has a value now, and will not lose it to anything but a removal, which shuts it.
                if outcome == .claimed, !scratch.keepsMatches {
                    keepers.passOver(rule.keeperRows.base[position], scratch.candidates)
                }
            }
        }
    }

    /// Whether all keys of a rule that keeps what there is have a value: then it need not be asked.
    private func hasNothingToSay(_ rule: Rule, _ facts: borrowing Facts) -> Bool {
        for position in 0..<rule.actions.count {
            let target = rule.actions[position].target
            let found = facts.tags.position(of: target.bytes, formHash: target.formHash)
            guard found >= 0, facts.tags.value(at: found) != nil else { return false }
        }
        return true
    }

    /// Nil when the rule's conditions do not hold, else the groups of its regular expression, where it needs them.
    @inline(__always)
    func match(_ rule: Rule, _ facts: inout Facts) -> [String]? {
        if rule.needsGroups { return rule.condition.groups(&facts) }
        return rule.condition.holds(&facts) ? [] : nil
    }

    /// - Parameter number: the rule's position.
    func perform(
        _ position: Int, of rule: Rule, _ number: Int32, _ groups: [String], _ scratch: inout TaggingContext.Scratch,
        _ facts: inout Facts
    ) -> ActionOutcome {
        rule.actions.lend(position) { action in
            let found = facts.tags.position(of: action.target.bytes, formHash: action.target.formHash)
            // Where a key is shut, or has the rule's own value, there is nothing to add; a removal after the rule's own value
            // has nothing to take away either.
            if found >= 0, scratch.tags.entries[found].isShut { return .shut }
            if found >= 0, scratch.tags.hasClaim(ofRule: number, on: found) { return .repeated }
            if case .nothing = action.value {
                let entry = entry(of: action, found, &scratch, &facts)
                guard entry >= 0 else { return .full }
                scratch.tags.shut(entry, &facts)
                return .removed
            }
            if rule.keepsExisting, found >= 0, facts.tags.value(at: found) != nil { return .kept }
            guard let value = action.result(&facts, groups: groups, normaliser) else { return .noValue }
            let entry = entry(of: action, found, &scratch, &facts)
            guard entry >= 0 else { return .full }
            scratch.tags.add(.init(origin: .rule(number), source: action.source, value: value), to: entry, &facts)
            return .claimed
        }
    }

    private func entry(
        of action: CompiledAction, _ found: Int, _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts
    ) -> Int {
        guard found < 0 else { return found }
        return scratch.tags.append(
            action.target.bytes, order: action.target.order, formHash: action.target.formHash, keeperRow: -1, &facts)
    }
}

extension VirtualTag {
    /// The winner at 0, then the losers.
    func assertion(_ position: Int) -> TagAssertion { position == 0 ? winner : losers[position - 1] }
}
