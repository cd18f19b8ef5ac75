package import Conditions
package import JSON
package import Model

/// A violation in words, made when a person asks for it: what is wrong, where that comes from, and which change would mend it.
package struct Explanation: Hashable, Sendable {
    /// A change that would mend the violation.
    package enum Fix: Hashable, Sendable {
        /// Set the tag to this value; nil: to one of `choices`, or to whatever fits where there are none.
        case setTag(key: String, value: String?, choices: [String])
        /// A tag has a key that is likely meant to be this one.
        case renameTag(from: String, to: String)
        /// So many more, or fewer, tags.
        case addTags(Int)
        case removeTags(Int)
    }

    package let message: String
    /// The fix in words.
    package let words: String
    package let fix: Fix
    /// What set the tag concerned; nil where there is none.
    package let origin: TagAssertion?

    /// - Parameters:
    ///   - definition: that of the tag concerned, where the schema has one.
    ///   - record: the resource and its tags as they were judged.
    ///   - patterns: those that are compiled already.
    package init(
        of violation: Violation, under policy: CompliancePolicy, definition: TagDefinition? = nil,
        on record: ResourceRecord? = nil, patterns: inout PatternCache
    ) {
        let key = violation.tagKey
        let value = violation.value.shortened
        origin = key.isEmpty ? nil : record?.tags.first { $0.key == key }?.winner
        let definition = definition?.tagKey == key ? definition : nil
        let allowed = policy.rules.allowedValues.isEmpty ? definition?.allowedValues ?? [] : policy.rules.allowedValues
        switch violation.code {
        case .missingTag:
            message = "tag `\(key)` is missing or empty"
            if let near = Self.slip(of: key, among: record?.tags ?? []) {
                fix = .renameTag(from: near, to: key)
            } else {
                fix = .setTag(key: key, value: nil, choices: definition?.allowedValues ?? [])
            }
        case .valueNotAllowed:
            if allowed.isEmpty, let type = definition?.dataType {
                message = "tag `\(key)` has the value `\(value)`, which is no \(type.rawValue)"
            } else {
                message = "tag `\(key)` has the value `\(value)`, which is not allowed"
            }
            fix = .setTag(key: key, value: Suggestion.nearest(to: violation.value, among: allowed), choices: allowed)
        case .patternMismatch:
            if let pattern = policy.rules.keyPattern,
                (try? patterns.pattern(pattern, ignoreCase: false))?.occurs(in: key) == false
            {
                message = "the key `\(key)` does not have the form `\(pattern)`"
                fix = .renameTag(from: key, to: "")
            } else {
                message =
                    "tag `\(key)` has the value `\(value)`, which does not have the form `\(policy.rules.pattern ?? "")`"
                fix = .setTag(key: key, value: nil, choices: allowed)
            }
        case .tooFewTags:
            let least = policy.rules.bounds.min
            message = "the resource has \(violation.value) tags; at least \(least) are asked for"
            fix = .addTags(max(1, least - (Int(violation.value) ?? 0)))
        case .tooManyTags:
            let most = policy.rules.bounds.max
            message =
                "the resource has \(violation.value) tags; at most \(most.map(String.init) ?? "as many as there are") are accepted"
            fix = .removeTags(max(1, (Int(violation.value) ?? 0) - (most ?? 0)))
        case .providerLimit:
            let problem = record.flatMap {
                ProviderTagLimits.problem(key: key, of: $0.resource.provider)
                    ?? ProviderTagLimits.problem(value: violation.value, of: $0.resource.provider)
            }
            message = "tag `\(key)` with the value `\(value)` could not be written: \(problem ?? "the provider refuses it")"
            fix = .setTag(key: key, value: nil, choices: definition?.allowedValues ?? [])
        }
        words = Self.words(fix, policy) + Self.source(origin)
    }

    /// Most tags whose keys are looked at.
    private static let keysMax = 64

    /// A key that is likely meant to be this one.
    private static func slip(of key: String, among tags: [VirtualTag]) -> String? {
        tags.prefix(keysMax).first { tag in
            abs(tag.key.utf8.count - key.utf8.count) <= 2 && EditDistance.isSlip(tag.key, of: key)
        }?.key
    }

    /// Most values that a fix lists.
    private static let choicesMax = 10

    private static func words(_ fix: Fix, _ policy: CompliancePolicy) -> String {
        switch fix {
        case .setTag(let key, let value?, _): "set `\(key)` to `\(value.shortened)`"
        case .setTag(let key, nil, let choices):
            "set `\(key)`"
                + (choices.isEmpty ? policy.rules.pattern == nil ? "" : " to a value of that form" : choice(choices))
        case .renameTag(let from, ""):
            "use a key of that form instead of `\(from)`, or make `\(from)` an alias in the schema"
        case .renameTag(let from, let to): "make `\(from)` an alias of `\(to)` in the schema, or set `\(to)`"
        case .addTags(let count): "add \(count) more"
        case .removeTags(let count): "remove \(count)"
        }
    }

    private static func choice(_ values: [String]) -> String {
        let shown = values.prefix(choicesMax).map { "`\($0.shortened)`" }.joined(separator: ", ")
        return " to one of \(shown)\(values.count > choicesMax ? " …" : "")"
    }

    /// A value that is derived comes back until what makes it is changed; one that is set by hand goes before it.
    private static func source(_ origin: TagAssertion?) -> String {
        guard let origin else { return "" }
        return switch origin.source {
        case .manual: "; \(origin.createdBy.shortened) set it by hand"
        case .rule: " by hand, or change \(origin.createdBy.shortened), which set it"
        case .ml: " by hand; \(origin.createdBy.shortened) suggested it"
        case .inherited where origin.ruleID != nil:
            " by hand, or on the resource that \(origin.createdBy.shortened) has it from"
        case .inherited: " by hand or at the provider, where it comes from"
        }
    }
}

extension Explanation.Fix {
    /// As the API shows it.
    package var json: JSONValue {
        func choices(_ values: [String]) -> JSONValue { .array(values.prefix(Self.choicesMax).map(JSONValue.string)) }
        func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }
        let members: [JSONValue.Member] =
            switch self {
            case .setTag(let key, let value, let values):
                [
                    .init("action", .string("set_tag")), .init("tag_key", .string(key)), .init("tag_value", text(value)),
                    .init("allowed_values", choices(values)),
                ]
            case .renameTag(let from, let to):
                [
                    .init("action", .string("rename_tag")), .init("from", .string(from)),
                    .init("tag_key", to.isEmpty ? .null : .string(to)),
                ]
            case .addTags(let count): [.init("action", .string("add_tags")), .init("count", .int(count))]
            case .removeTags(let count): [.init("action", .string("remove_tags")), .init("count", .int(count))]
            }
        return .object(members)
    }

    /// Most allowed values that it names.
    private static let choicesMax = 100
}

extension CompliancePolicy.Rules {
    fileprivate var allowedValues: [String] {
        if case .valueValidation(_, let allowed, _) = self { allowed } else { [] }
    }

    fileprivate var pattern: String? {
        switch self {
        case .valueValidation(_, _, let pattern), .tagFormat(_, let pattern, _): pattern
        case .requiredTags, .conditionalRequirement, .tagCount: nil
        }
    }

    fileprivate var keyPattern: String? {
        if case .tagFormat(_, _, let pattern) = self { pattern } else { nil }
    }

    fileprivate var bounds: (min: Int, max: Int?) {
        if case .tagCount(let min, let max) = self { (min, max) } else { (0, nil) }
    }
}
