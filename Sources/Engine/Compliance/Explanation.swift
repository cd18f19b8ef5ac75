internal import Conditions
package import JSON
package import Model

/// A violation in words, made when a person asks for it: what is wrong, and what would mend it.
package struct Explanation: Hashable, Sendable {
    package let message: String
    package let fix: String

    /// `definition`: that of the tag concerned, where the schema has one.
    package init(of violation: Violation, under policy: CompliancePolicy, definition: TagDefinition? = nil) {
        let key = violation.tagKey
        switch violation.code {
        case .missingTag:
            message = "tag `\(key)` is missing or empty"
            fix = "set `\(key)`" + Self.choice(definition?.allowedValues ?? [])
        case .valueNotAllowed:
            let allowed = policy.rules.allowedValues
            message = "tag `\(key)` has the value `\(violation.value.shortened)`, which is not allowed"
            if let near = Suggestion.nearest(to: violation.value, among: allowed) {
                fix = "set `\(key)` to `\(near)`"
            } else {
                fix = "set `\(key)`" + Self.choice(allowed)
            }
        case .patternMismatch:
            if let pattern = policy.rules.keyPattern, (try? Pattern(regex: pattern))?.occurs(in: key) == false {
                message = "the key `\(key)` does not have the form `\(pattern)`"
                fix = "use a key of that form instead of `\(key)`, or define `\(key)` as an alias in the schema"
            } else {
                let pattern = policy.rules.pattern ?? ""
                message =
                    "tag `\(key)` has the value `\(violation.value.shortened)`, which does not have the form `\(pattern)`"
                fix = "set `\(key)` to a value of that form"
            }
        case .tooFewTags:
            message = "the resource has \(violation.value) tags; at least \(policy.rules.bounds.min) are asked for"
            fix = "add tags"
        case .tooManyTags:
            let most = policy.rules.bounds.max.map(String.init) ?? "as many as there are"
            message = "the resource has \(violation.value) tags; at most \(most) are accepted"
            fix = "remove tags"
        }
    }

    /// Most values that a fix lists.
    private static let choicesMax = 10

    private static func choice(_ values: [String]) -> String {
        guard !values.isEmpty else { return "" }
        let shown = values.prefix(choicesMax).map { "`\($0.shortened)`" }.joined(separator: ", ")
        return " to one of \(shown)\(values.count > choicesMax ? " …" : "")"
    }
}

extension Violation {
    /// The violation as the API shows it.
    package func json(under policy: CompliancePolicy, definition: TagDefinition? = nil) -> JSONValue {
        let explanation = Explanation(of: self, under: policy, definition: definition)
        return .object([
            .init("code", .string(code.rawValue)),
            .init("tag_key", tagKey.isEmpty ? .null : .string(tagKey)),
            .init("value", value.isEmpty ? .null : .string(value)),
            .init("message", .string(explanation.message)),
            .init("suggested_fix", .string(explanation.fix)),
        ])
    }
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
