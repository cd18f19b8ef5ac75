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
        evaluate(resource, claims, previous, now, &context.scratch, &context.evaluation.facts)
    }

    private func evaluate(
        _ resource: Resource, _ claims: [VirtualTag], _ previous: [VirtualTag], _ now: Timestamp,
        _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts
    ) -> [VirtualTag] {
        runAll(resource, claims, &scratch, &facts)
        return claims.withUnsafeBufferPointer { stored in
            Result(ruleSet: self, stored: stored, now: now).tags(previous, &scratch, facts)
        }
    }

    /// Works out which rules hold for a resource and what its tags come to, and makes nothing of it: `TaggingContext` tells.
    package func decide(_ resource: Resource, claims: [VirtualTag], in context: TaggingContext) {
        runAll(resource, claims, &context.scratch, &context.evaluation.facts)
    }

    private func runAll(
        _ resource: Resource, _ claims: [VirtualTag], _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts
    ) {
        prepare(resource, claims, &scratch, &facts)
        for word in 0..<scratch.candidates.count {
            var bits = scratch.candidates[word]
            while bits != 0 {
                let bit = bits.trailingZeroBitCount
                run(Int32(word * 64 + bit), resource, &scratch, &facts)
                // What has run may have ruled out some that follow.
                bits &= scratch.candidates[word] & ~((UInt64(2) << UInt64(bit)) &- 1)
            }
        }
    }

    /// All that comes before the rules: the claims that they find, and which of them may hold.
    func prepare(
        _ resource: Resource, _ claims: [VirtualTag], _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts
    ) {
        if scratch.owner !== self {
            scratch.natives.removeAll()
            scratch.owner = self
        }
        facts.startResource()
        scratch.tags.startResource()
        scratch.natives.startResource()
        scratch.matched.removeAll(keepingCapacity: true)
        index.start(&scratch.candidates)
        addStored(claims, &scratch, &facts)
        addNative(resource, &scratch, &facts)
        index.narrow(&scratch.candidates, by: resource)
    }

    // MARK: Claims

    private func addStored(_ stored: [VirtualTag], _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts) {
        for (number, tag) in stored.enumerated() {
            let key = normaliser.key(tag.key)
            let word = normaliser.word(for: key) ?? -1
            let formHash = TagKeyForm.hash(of: key)
            let indexed = index.tag(key)
            let found = facts.tags.position(of: key, formHash: formHash)
            let entry = found >= 0 ? found : scratch.tags.append(key, order: KeyOrder(key), formHash: formHash, &facts)
            guard entry >= 0 else { continue }
            for position in 0...tag.losers.count {
                let assertion = position == 0 ? tag.winner : tag.losers[position - 1]
                guard assertion.source == .manual || assertion.source == .ml else { continue }
                let value = normaliser.value(assertion.value, ofWord: word)
                index.add(indexed, value, to: &scratch.candidates)
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

    private func addNative(_ resource: Resource, _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts) {
        let provider = resource.provider
        let tags = resource.nativeTags.tags
        facts.startNativeKeys()
        for position in tags.indices {
            let number = scratch.natives.position(of: tags[position].key, provider) {
                NativeKey($0, provider, normaliser, index)
            }
            let native = scratch.natives.keys[number]
            facts.addNativeKey(hash: native.originalHash, formHash: native.originalFormHash)
            let value = tags[position].value
            index.add(native.nativeEntry, value, to: &scratch.candidates)
            guard !native.isLeftOut, value.utf8.count <= TagLimits.valueBytesMax else { continue }
            let normal = normaliser.value(value, ofWord: Int(native.word))
            index.add(native.tagEntry, normal, to: &scratch.candidates)
            let found = facts.tags.position(of: native.key, formHash: native.formHash)
            let entry =
                found >= 0 ? found : scratch.tags.append(native.key, order: native.order, formHash: native.formHash, &facts)
            guard entry >= 0 else { continue }
            let claim = WorkingTags.Claim(
                origin: .native(Int32(number)), source: .inherited, value: normal)
            scratch.tags.add(claim, to: entry, &facts) { _ in native.isExact }
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

    private func run(_ number: Int32, _ resource: Resource, _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts) {
        if !scratch.keepsMatches, hasNothingToSay(number, scratch, facts) { return }
        guard let groups = match(number, resource, &facts) else { return }
        scratch.matched.append(number)
        for position in 0..<(rules.base + Int(number)).pointee.actions.count {
            let outcome = perform(position, of: number, resource, groups, &scratch, &facts)
            if outcome == .claimed, !scratch.keepsMatches { passOverKeepers(of: number, position, &scratch) }
        }
    }

    /// The key of that action has a value now, and will not lose it to anything but a removal, which shuts it: rules that keep
    /// what there is, and write nothing else, need not be asked.
    private func passOverKeepers(of number: Int32, _ action: Int, _ scratch: inout TaggingContext.Scratch) {
        let row = (rules.base + Int(number)).pointee.keeperRows[action]
        guard row >= 0 else { return }
        let keepers = keeperRules.base + Int(row) * index.words
        for word in scratch.candidates.indices { scratch.candidates[word] &= ~keepers[word] }
    }

    /// Whether all keys of a rule that keeps what there is have a value: then it need not be asked.
    private func hasNothingToSay(
        _ number: Int32, _ scratch: borrowing TaggingContext.Scratch, _ facts: borrowing Facts
    ) -> Bool {
        let rule = rules.base + Int(number)
        guard rule.pointee.keepsExisting else { return false }
        for position in 0..<rule.pointee.actions.count {
            let action = rule.pointee.actions[position]
            if case .nothing = action.value { return false }
            let found = facts.tags.position(of: action.target.key, formHash: action.target.formHash)
            guard found >= 0, facts.tags.value(at: found) != nil else { return false }
        }
        return true
    }

    /// Nil when the rule's conditions do not hold, else the groups of its regular expression, where it needs them.
    @inline(__always)
    func match(_ number: Int32, _ resource: Resource, _ facts: inout Facts) -> [String]? {
        let rule = rules.base + Int(number)
        if rule.pointee.needsGroups { return rule.pointee.condition.groups(for: resource, &facts) }
        return rule.pointee.condition.holds(for: resource, &facts) ? [] : nil
    }

    @inline(__always)
    func perform(
        _ position: Int, of number: Int32, _ resource: Resource, _ groups: [String],
        _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts
    ) -> ActionOutcome {
        let action = (rules.base + Int(number)).pointee.actions[position]
        let found = facts.tags.position(of: action.target.key, formHash: action.target.formHash)
        // Where a key is shut, or has the rule's own value, there is nothing to add; a removal after the rule's own value has
        // nothing to take away either.
        if found >= 0, scratch.tags.entries[found].isShut { return .shut }
        if found >= 0, scratch.tags.hasClaim(ofRule: number, on: found) { return .repeated }
        if case .nothing = action.value {
            let entry = entry(of: action, found, &scratch, &facts)
            guard entry >= 0 else { return .full }
            scratch.tags.shut(entry, &facts)
            return .removed
        }
        if (rules.base + Int(number)).pointee.keepsExisting, found >= 0, facts.tags.value(at: found) != nil { return .kept }
        guard let value = action.result(for: resource, &facts, groups: groups, normaliser) else { return .noValue }
        let entry = entry(of: action, found, &scratch, &facts)
        guard entry >= 0 else { return .full }
        scratch.tags.add(.init(origin: .rule(number), source: .rule, value: value), to: entry, &facts)
        return .claimed
    }

    private func entry(
        of action: CompiledAction, _ found: Int, _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts
    ) -> Int {
        guard found < 0 else { return found }
        return scratch.tags.append(
            action.target.key, order: action.target.order, formHash: action.target.formHash, &facts)
    }
}

extension VirtualTag {
    /// The winner at 0, then the losers.
    func assertion(_ position: Int) -> TagAssertion { position == 0 ? winner : losers[position - 1] }
}
