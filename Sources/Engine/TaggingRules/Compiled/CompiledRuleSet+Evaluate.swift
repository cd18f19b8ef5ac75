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
        if scratch.owner !== identity {
            scratch.natives.removeAll()
            scratch.owner = identity
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
        return Result(ruleSet: self, resource: resource, stored: claims, now: now).tags(previous, &scratch, facts)
    }

    // MARK: Claims

    private func addStored(_ stored: [VirtualTag], _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts) {
        for (number, tag) in stored.enumerated() {
            let key = normaliser.key(tag.key)
            let word = normaliser.word(for: key) ?? -1
            let formHash = TagKeyForm.hash(of: key)
            index.add(index.tagRow(key), to: &scratch.candidates)
            let found = facts.tags.position(of: key, formHash: formHash)
            let entry = scratch.tags.entry(for: key, order: KeyOrder(key), formHash: formHash, found: found, &facts)
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
        for tag in resource.nativeTags.tags {
            let number = scratch.natives.position(of: tag.key, resource.provider) { nativeKey($0, resource.provider) }
            let nativeRow = scratch.natives.keys[number].nativeRow
            let tagRow = scratch.natives.keys[number].tagRow
            index.add(nativeRow, to: &scratch.candidates)
            guard !scratch.natives.keys[number].isLeftOut, tag.value.utf8.count <= TagLimits.valueBytesMax else { continue }
            index.add(tagRow, to: &scratch.candidates)
            let formHash = scratch.natives.keys[number].formHash
            let found = facts.tags.position(of: scratch.natives.keys[number].key, formHash: formHash)
            let entry = scratch.tags.entry(
                for: scratch.natives.keys[number].key, order: scratch.natives.keys[number].order, formHash: formHash,
                found: found, &facts)
            guard entry >= 0 else { continue }
            let isExact = scratch.natives.keys[number].isExact
            let claim = WorkingTags.Claim(
                origin: .native(Int32(number)), source: .inherited,
                value: normaliser.value(tag.value, ofWord: Int(scratch.natives.keys[number].word)))
            scratch.tags.add(claim, to: entry, &facts) { _ in isExact }
        }
    }

    private func nativeKey(_ original: String, _ provider: Provider) -> NativeKey {
        let key = normaliser.key(native: original)
        let isLeftOut = TagLimits.problem(key: key, value: "") != nil || ReservedKeys.contains(original, of: provider)
        return NativeKey(
            original: original, provider: provider, key: key, order: KeyOrder(key), formHash: TagKeyForm.hash(of: key),
            word: Int32(normaliser.word(for: key) ?? -1), isLeftOut: isLeftOut, isExact: original == key,
            createdBy: "native:\(original)", nativeRow: index.nativeRow(original), tagRow: index.tagRow(key))
    }

    // MARK: Rules

    private func run(_ number: Int32, _ resource: Resource, _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts) {
        guard rules[Int(number)].condition.holds(for: resource, &facts) else { return }
        let groups =
            rules[Int(number)].needsGroups ? rules[Int(number)].condition.groups(for: resource, &facts) : nil
        for position in rules[Int(number)].actions.indices {
            let found = facts.tags.position(
                of: rules[Int(number)].actions[position].target.key,
                formHash: rules[Int(number)].actions[position].target.formHash)
            if found >= 0, scratch.tags.entries[found].isShut || scratch.tags.hasClaim(ofRule: number, on: found) {
                // Nothing to add. A removal after the rule's own value has nothing to take away either.
                continue
            }
            let action = rules[Int(number)].actions[position]
            if case .nothing = action.value {
                let entry = entry(of: action.target, found, &scratch, &facts)
                if entry >= 0 { scratch.tags.shut(entry, &facts) }
                continue
            }
            guard let value = action.result(for: resource, &facts, groups: groups, normaliser) else { continue }
            let entry = entry(of: action.target, found, &scratch, &facts)
            guard entry >= 0 else { continue }
            scratch.tags.add(.init(origin: .rule(number), source: .rule, value: value), to: entry, &facts)
        }
    }

    private func entry(
        of target: TargetKey, _ found: Int, _ scratch: inout TaggingContext.Scratch, _ facts: inout Facts
    ) -> Int {
        scratch.tags.entry(for: target.key, order: target.order, formHash: target.formHash, found: found, &facts)
    }
}

extension VirtualTag {
    /// The winner at 0, then the losers.
    func assertion(_ position: Int) -> TagAssertion { position == 0 ? winner : losers[position - 1] }
}
