package import Conditions
package import Model

extension CompiledPolicySet {
    /// One result for each policy whose scope the resource is in, sorted by policy id.
    ///
    /// - Parameters:
    ///   - tags: the resource's tags, sorted by key.
    ///   - previous: its results as they were, sorted by policy id. A result that finds the same keeps the time of its
    ///     check; when all do, the answer is `previous` itself.
    ///   - continuing: true when the last thing that `context` was used for is to work out these very tags of this very
    ///     resource (`CompiledRuleSet.evaluate`); then what is known of the resource is used again.
    package func judge(
        _ resource: Resource, tags: [VirtualTag], previous: [ComplianceResult], at now: Timestamp,
        in context: EvaluationContext, continuing: Bool = false
    ) -> [ComplianceResult] {
        judge(resource, tags, previous, now, &context.facts, continuing)
    }

    private func judge(
        _ resource: Resource, _ tags: [VirtualTag], _ previous: [ComplianceResult], _ now: Timestamp, _ facts: inout Facts,
        _ continuing: Bool
    ) -> [ComplianceResult] {
        if !continuing { facts.startResource(resource, tags: tags) }
        var made: [ComplianceResult]?
        var old = 0
        var count = 0
        for position in 0..<policies.count {
            if policies[position].scope?.holds(&facts) == false { continue }
            let id = policies[position].id
            while old < previous.count, previous[old].policyID < id { old += 1 }
            let before = old < previous.count && previous[old].policyID == id ? previous[old].violations : nil
            var findings = Findings(before: before)
            check(policies[position].demand, tags, &facts, &findings)
            let waiver = findings.isEmpty ? nil : waiver(ofPolicy: position, &facts)
            if before != nil, findings.isUnchanged, previous[old].waiverID == waiver {
                if old != count, made == nil { made = Array(previous[..<count]) }
                made?.append(previous[old])
            } else {
                if made == nil { made = Array(previous[..<count]) }
                made?.append(
                    ComplianceResult(policyID: id, violations: findings.violations, waiverID: waiver, checkedAt: now))
            }
            count += 1
        }
        if let made { return made }
        return count == previous.count ? previous : Array(previous[..<count])
    }

    /// What allows the resource to violate the policy.
    private func waiver(ofPolicy position: Int, _ facts: inout Facts) -> UUID128? {
        for waiver in policies[position].waivers where waiver.scope?.holds(&facts) ?? true {
            return waiver.id
        }
        return nil
    }

    private func check(
        _ demand: Demand, _ tags: [VirtualTag], _ facts: inout Facts, _ findings: inout Findings
    ) {
        switch demand {
        case .keys(let keys): require(keys, facts, &findings)
        case .conditional(let condition, let keys):
            if condition.holds(&facts) { require(keys, facts, &findings) }
        case .value(let key, let allowed, let pattern):
            guard let value = value(of: key, facts) else { return }
            if let allowed, !allowed.contains(value) { findings.add(.valueNotAllowed, key.key, String(value)) }
            if let pattern, !facts.occurs(pattern, inRepeated: value) {
                findings.add(.patternMismatch, key.key, String(value))
            }
        case .format(.some(let key), let pattern, let keyPattern):
            let position = facts.tags.position(of: key.key, formHash: key.formHash)
            guard position >= 0, let value = facts.tags.value(at: position) else { return }
            checkFormat(facts.tags.key(at: position), value, pattern, keyPattern, &facts, &findings)
        case .format(.none, let pattern, let keyPattern):
            for position in tags.indices {
                tags[position].key.withBytes { key in
                    tags[position].winner.value.withBytes { value in
                        checkFormat(key, value, pattern, keyPattern, &facts, &findings)
                    }
                }
            }
        case .count(let min, let max):
            if tags.count < min { findings.add(.tooFewTags, "", String(tags.count)) }
            if tags.count > max { findings.add(.tooManyTags, "", String(tags.count)) }
        case .schema(let keys, let schema):
            for position in 0..<keys.count {
                let found = value(of: keys[position], facts).map { String($0) }
                if let code = schema.definitions[position].violation(by: found, of: facts.resource.provider) {
                    findings.add(code, keys[position].key, found ?? "")
                }
            }
        }
    }

    private func require(_ keys: Fixed<Key>, _ facts: borrowing Facts, _ findings: inout Findings) {
        for position in 0..<keys.count {
            if value(of: keys[position], facts)?.isEmpty ?? true { findings.add(.missingTag, keys[position].key, "") }
        }
    }

    private func checkFormat(
        _ key: ByteText.Bytes, _ value: ByteText.Bytes, _ pattern: Pattern?, _ keyPattern: Pattern?, _ facts: inout Facts,
        _ findings: inout Findings
    ) {
        let keyFits = keyPattern.map { facts.occurs($0, inRepeated: key) } ?? true
        let valueFits = pattern.map { facts.occurs($0, inRepeated: value) } ?? true
        if !keyFits || !valueFits { findings.add(.patternMismatch, String(key), String(value)) }
    }

    private func value(of key: Key, _ facts: borrowing Facts) -> ByteText.Bytes? {
        let position = facts.tags.position(of: key.key, formHash: key.formHash)
        return position < 0 ? nil : facts.tags.value(at: position)
    }
}

/// Violations as they are found. As long as they are those of before, nothing is made.
private struct Findings {
    private let before: [Violation]
    private var count = 0
    private var made: [Violation]?

    init(before: [Violation]?) { self.before = before ?? [] }

    var isEmpty: Bool { count == 0 }

    var isUnchanged: Bool { made == nil && count == before.count }

    var violations: [Violation] { made ?? Array(before[..<count]) }

    mutating func add(_ code: Violation.Code, _ key: String, _ value: String) {
        guard count < CompiledPolicySet.violationsMax else { return }
        count += 1
        if made == nil, count <= before.count {
            let known = before[count - 1]
            if known.code == code, known.tagKey == key, known.value == value { return }
        }
        if made == nil { made = Array(before[..<(count - 1)]) }
        made?.append(Violation(code, tagKey: key, value: value))
    }
}
