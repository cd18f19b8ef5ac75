package import Conditions
package import Model

/// All enabled policies, made ready to judge one resource after the other.
///
/// **What the types ask**, of the effective tags:
/// - `REQUIRED_TAGS`: each key is there with a value that is not empty.
/// - `VALUE_VALIDATION`: where the key is there, its value is one of the allowed ones and has the pattern in it. A missing
///   key is no violation here: ask for it with `REQUIRED_TAGS`.
/// - `CONDITIONAL_REQUIREMENT`: where the condition holds, each of the keys is there as for `REQUIRED_TAGS`.
/// - `TAG_FORMAT`: the key's value, or with `*` every tag's, has the pattern in it, and the key has the key pattern in it.
/// - `TAG_COUNT`: the number of tags lies between the bounds, both included.
///
/// Patterns are RE2 and search: anchor them with `^` and `$` to match the whole. Keys are found in any spelling
/// (`TagKeyForm`) and under the schema's aliases.
package final class CompiledPolicySet: Sendable {
    struct Policy: Sendable {
        let id: UUID128
        /// Nil: all resources.
        let scope: CompiledCondition?
        let demand: Demand
        /// What may allow its violations: the longest first.
        let waivers: [Waiver]
    }

    struct Waiver: Sendable {
        let id: UUID128
        /// Nil: all resources.
        let scope: CompiledCondition?
    }

    enum Demand: Sendable {
        case keys(Fixed<Key>)
        case value(Key, allowed: ByteMap?, pattern: Pattern?)
        case conditional(CompiledCondition, Fixed<Key>)
        case format(Key?, pattern: Pattern?, keyPattern: Pattern?)
        case count(min: Int, max: Int)
        /// The tag schema's own demand.
        case schema(Fixed<Key>, SchemaPolicy)
    }

    struct Key: Sendable {
        let key: String
        let formHash: UInt64

        init(_ written: String, _ spelling: (String) -> String) {
            key = spelling(written)
            formHash = TagKeyForm.hash(of: key)
        }
    }

    /// Most violations that one result lists.
    package static let violationsMax = 100

    /// In the order of their ids.
    let policies: Fixed<Policy>

    /// Disabled policies are left out. `spelling` maps a written key to the one in the virtual layer: the `key` of the rule
    /// set's normaliser. Never fails: a pattern that RE2 refuses (decoding refuses it first) is not demanded.
    package convenience init(
        policies: [CompliancePolicy], waivers: [ComplianceWaiver] = [], spelling: @escaping (String) -> String = { $0 }
    ) {
        var cache = PatternCache()
        self.init(policies: policies, waivers: waivers, spelling: spelling, patterns: &cache)
    }

    /// - Parameters:
    ///   - schema: judged like a policy, where it asks for anything.
    ///   - waivers: those that are in force.
    package init(
        policies written: [CompliancePolicy], schema: SchemaPolicy = SchemaPolicy([]), waivers: [ComplianceWaiver] = [],
        spelling: @escaping (String) -> String, patterns cache: inout PatternCache
    ) {
        func condition(_ condition: Condition) -> CompiledCondition {
            CompiledCondition(condition, spelling: spelling, patterns: &cache)
        }
        func pattern(_ text: String?) -> Pattern? { text.flatMap { try? cache.pattern($0, ignoreCase: false) } }
        var allowing: [UUID128: [Waiver]] = [:]
        for waiver in waivers.sorted(by: { ($1.expiresAt, $0.id) < ($0.expiresAt, $1.id) }) {
            let compiled = Waiver(id: waiver.id, scope: waiver.scope.map(condition))
            for policy in Set(waiver.policies) { allowing[policy, default: []].append(compiled) }
        }
        var policies = written.filter(\.enabled).map { policy in
            let demand: Demand =
                switch policy.rules {
                case .requiredTags(let keys): .keys(Fixed(keys.map { Key($0, spelling) }))
                case .valueValidation(let key, let allowed, let regex):
                    .value(Key(key, spelling), allowed: allowed.isEmpty ? nil : ByteMap(allowed), pattern: pattern(regex))
                case .conditionalRequirement(let test, let keys):
                    .conditional(condition(test), Fixed(keys.map { Key($0, spelling) }))
                case .tagFormat(let key, let regex, let keyRegex):
                    .format(
                        key == CompliancePolicy.everyKey ? nil : Key(key, spelling), pattern: pattern(regex),
                        keyPattern: pattern(keyRegex))
                case .tagCount(let min, let max): .count(min: min, max: max ?? .max)
                }
            return Policy(
                id: policy.id, scope: policy.scope.map(condition), demand: demand, waivers: allowing[policy.id] ?? [])
        }
        if !schema.isEmpty {
            let keys = Fixed(schema.definitions.map { Key($0.key, spelling) })
            policies.append(
                Policy(
                    id: SchemaPolicy.id, scope: nil, demand: .schema(keys, schema), waivers: allowing[SchemaPolicy.id] ?? [])
            )
        }
        self.policies = Fixed(policies.sorted { $0.id < $1.id })
    }
}

extension CompliancePolicy {
    /// The `tag_key` of a `TAG_FORMAT` policy for all tags.
    package static let everyKey = "*"
}

extension CompliancePolicy.Rules {
    /// What its regular expressions cost (`PatternCost`).
    package var patternCost: Int {
        switch self {
        case .requiredTags, .tagCount: 0
        case .valueValidation(_, _, let pattern): pattern.map(PatternCost.estimate) ?? 0
        case .conditionalRequirement(let condition, _): condition.patternCost
        case .tagFormat(_, let pattern, let keyPattern):
            [pattern, keyPattern].compactMap { $0.map(PatternCost.estimate) }.reduce(0, +)
        }
    }
}
