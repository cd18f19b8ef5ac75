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
        if scratch.owner !== self {
            scratch.natives.removeAll()
            scratch.owner = self
        }
        facts.startResource()
        scratch.tags.startResource()
        scratch.natives.startResource()
        index.start(&scratch.candidates)
        addStored(claims, &scratch, &facts)
        addNative(resource, &scratch, &facts)
        index.narrow(&scratch.candidates, by: resource)
        for word in 0..<scratch.candidates.count {
            var bits = scratch.candidates[word]
            while bits != 0 {
                run(Int32(word * 64 + bits.trailingZeroBitCount), resource, &scratch, &facts)
                bits &= bits - 1
            }
        }
        return claims.withUnsafeBufferPointer { stored in
            Result(ruleSet: self, stored: stored, now: now).tags(previous, &scratch, facts)
        }
    }

    // MARK: Claims

    private func addStored(_ stored: [VirtualTag], _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts) {
        for (number, tag) in stored.enumerated() {
            let key = normaliser.key(tag.key)
            let word = normaliser.word(for: key) ?? -1
            let formHash = TagKeyForm.hash(of: key)
            index.add(index.tagRow(key), to: &scratch.candidates)
            let found = facts.tags.position(of: key, formHash: formHash)
            let entry = found >= 0 ? found : scratch.tags.append(key, order: KeyOrder(key), formHash: formHash, &facts)
            guard entry >= 0 else { continue }
            for position in 0...tag.losers.count {
                let assertion = position == 0 ? tag.winner : tag.losers[position - 1]
                guard assertion.source == .manual || assertion.source == .ml else { continue }
                let claim = WorkingTags.Claim(
                    origin: .stored(tag: Int32(number), assertion: Int32(position)), source: assertion.source,
                    value: normaliser.value(assertion.value, ofWord: word))
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
            index.add(native.nativeRow, to: &scratch.candidates)
            let value = tags[position].value
            guard !native.isLeftOut, value.utf8.count <= TagLimits.valueBytesMax else { continue }
            index.add(native.tagRow, to: &scratch.candidates)
            let found = facts.tags.position(of: native.key, formHash: native.formHash)
            let entry =
                found >= 0 ? found : scratch.tags.append(native.key, order: native.order, formHash: native.formHash, &facts)
            guard entry >= 0 else { continue }
            let claim = WorkingTags.Claim(
                origin: .native(Int32(number)), source: .inherited, value: normaliser.value(value, ofWord: Int(native.word)))
            scratch.tags.add(claim, to: entry, &facts) { _ in native.isExact }
        }
    }

    // MARK: Rules

    private func run(_ number: Int32, _ resource: Resource, _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts) {
        let rule = rules.base + Int(number)
        var groups: [String] = []
        if rule.pointee.needsGroups {
            guard let found = rule.pointee.condition.groups(for: resource, &facts) else { return }
            groups = found
        } else {
            guard rule.pointee.condition.holds(for: resource, &facts) else { return }
        }
        for position in 0..<rule.pointee.actions.count {
            let action = rule.pointee.actions[position]
            let found = facts.tags.position(of: action.target.key, formHash: action.target.formHash)
            if found >= 0, scratch.tags.entries[found].isShut || scratch.tags.hasClaim(ofRule: number, on: found) {
                // Nothing to add. A removal after the rule's own value has nothing to take away either.
                continue
            }
            if case .nothing = action.value {
                let entry = entry(of: action, found, &scratch, &facts)
                if entry >= 0 { scratch.tags.shut(entry, &facts) }
                continue
            }
            guard let value = action.result(for: resource, &facts, groups: groups, normaliser) else { continue }
            let entry = entry(of: action, found, &scratch, &facts)
            guard entry >= 0 else { continue }
            scratch.tags.add(.init(origin: .rule(number), source: .rule, value: value), to: entry, &facts)
        }
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
