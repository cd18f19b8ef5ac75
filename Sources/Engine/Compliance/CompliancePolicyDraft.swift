package import Conditions
package import JSON
package import Model

/// A policy as somebody sends it: checked, not stored yet.
package struct CompliancePolicyDraft: Hashable, Sendable {
    package static let descriptionBytesMax = 4096
    /// Most keys that one policy requires.
    package static let keysMax = 64
    package static let allowedValuesMax = 5000
    /// Highest bound of a `TAG_COUNT`.
    package static let countMax = 1000

    package var name: String
    package var description: String
    package var severity: CompliancePolicy.Severity
    package var scope: Condition?
    package var rules: CompliancePolicy.Rules
    package var enabled: Bool

    private static let fields = ["policy_name", "description", "policy_type", "severity", "scope", "rules", "enabled"]
    private static let readOnly = ["id", "version", "warnings", "created_by", "created_at", "updated_at", "stats"]

    /// Reads the fields above; `severity` is `MEDIUM` and `enabled` true unless told, and without `scope` the policy is for
    /// all resources. Throws all that is wrong.
    package init(json: JSONValue, at pointer: JSONPointer = .root) throws(ValidationErrors) {
        var errors = ValidationErrors()
        guard
            let reader = ObjectReader(json, at: pointer, accepting: Self.fields, ignoring: Self.readOnly, into: &errors)
        else { throw errors }
        let name = reader.name("policy_name", into: &errors)
        description = reader.text("description", bytes: 0...Self.descriptionBytesMax, into: &errors) ?? ""
        severity = reader.choice("severity", as: CompliancePolicy.Severity.self, into: &errors) ?? .medium
        enabled = reader.bool("enabled", into: &errors) ?? true
        scope = reader.value("scope").flatMap {
            Condition(json: $0, at: reader.place(of: "scope"), alongRelationships: true, into: &errors)
        }
        _ = reader.required("policy_type", into: &errors)
        let type = reader.choice("policy_type", as: CompliancePolicy.PolicyType.self, into: &errors)
        var rules: CompliancePolicy.Rules?
        if let value = reader.required("rules", into: &errors), let type {
            rules = CompliancePolicy.Rules(json: value, type: type, at: reader.place(of: "rules"), into: &errors)
        }
        guard let name, let rules, errors.isEmpty else { throw errors }
        self.name = name
        self.rules = rules
    }
}

extension CompliancePolicy.Rules {
    /// Reads the `rules` of a policy of that type. Nil, with all problems in `errors`, when anything is wrong.
    init?(
        json: JSONValue, type: CompliancePolicy.PolicyType, at place: JSONPointer, into errors: inout ValidationErrors
    ) {
        let before = errors
        func reader(_ fields: [String]) -> ObjectReader? {
            ObjectReader(json, at: place, accepting: fields, into: &errors)
        }
        let rules: Self?
        switch type {
        case .requiredTags:
            rules = reader(["required_tags"]).flatMap { Self.keys("required_tags", in: $0, into: &errors) }
                .map(Self.requiredTags)
        case .valueValidation:
            rules = reader(["tag_key", "allowed_values", "pattern"]).flatMap { Self.valueValidation($0, into: &errors) }
        case .conditionalRequirement:
            rules = reader(["if", "then_required"]).flatMap { Self.conditional($0, into: &errors) }
        case .tagFormat:
            rules = reader(["tag_key", "pattern", "key_pattern"]).flatMap { Self.tagFormat($0, into: &errors) }
        case .tagCount:
            rules = reader(["min", "max"]).flatMap { Self.tagCount($0, into: &errors) }
        }
        guard let rules, errors == before else { return nil }
        self = rules
    }

    private static func keys(_ name: String, in reader: ObjectReader, into errors: inout ValidationErrors) -> [String]? {
        guard let value = reader.required(name, into: &errors) else { return nil }
        let place = reader.place(of: name)
        guard let elements = value.array, (1...CompliancePolicyDraft.keysMax).contains(elements.count) else {
            errors.add("expected an array of 1 to \(CompliancePolicyDraft.keysMax) tag keys", at: place)
            return nil
        }
        var keys: [String] = []
        for (position, element) in elements.enumerated() {
            guard let key = ObjectReader.tagKey(element, at: place.appending(position), into: &errors) else { continue }
            if keys.contains(key) { errors.add("the key is given twice", at: place.appending(position)) }
            keys.append(key)
        }
        return keys
    }

    private static func pattern(_ name: String, in reader: ObjectReader, into errors: inout ValidationErrors) -> String? {
        guard let regex = reader.text(name, bytes: 1...Pattern.bytesMax, into: &errors) else { return nil }
        do throws(PatternError) {
            _ = try Pattern(checking: regex)
            return regex
        } catch {
            errors.add(error.message, at: reader.place(of: name))
            return nil
        }
    }

    private static func valueValidation(_ reader: ObjectReader, into errors: inout ValidationErrors) -> Self? {
        let key = reader.tagKey("tag_key", into: &errors)
        let pattern = pattern("pattern", in: reader, into: &errors)
        let allowed =
            reader.texts(
                "allowed_values", count: 1...CompliancePolicyDraft.allowedValuesMax, bytes: 1...TagLimits.valueBytesMax,
                into: &errors) ?? []
        if reader.value("pattern") == nil, reader.value("allowed_values") == nil {
            errors.add("VALUE_VALIDATION needs `allowed_values`, `pattern` or both", at: reader.pointer)
        }
        return key.map { .valueValidation(tagKey: $0, allowedValues: allowed, pattern: pattern) }
    }

    private static func conditional(_ reader: ObjectReader, into errors: inout ValidationErrors) -> Self? {
        let condition = reader.required("if", into: &errors).flatMap {
            Condition(json: $0, at: reader.place(of: "if"), alongRelationships: true, into: &errors)
        }
        guard let keys = keys("then_required", in: reader, into: &errors), let condition else { return nil }
        return .conditionalRequirement(condition: condition, thenRequired: keys)
    }

    private static func tagFormat(_ reader: ObjectReader, into errors: inout ValidationErrors) -> Self? {
        let key = reader.value("tag_key") == nil ? CompliancePolicy.everyKey : reader.tagKey("tag_key", into: &errors)
        let pattern = pattern("pattern", in: reader, into: &errors)
        let keyPattern = Self.pattern("key_pattern", in: reader, into: &errors)
        if reader.value("pattern") == nil, reader.value("key_pattern") == nil {
            errors.add("TAG_FORMAT needs `pattern`, `key_pattern` or both", at: reader.pointer)
        }
        return key.map { .tagFormat(tagKey: $0, pattern: pattern, keyPattern: keyPattern) }
    }

    private static func tagCount(_ reader: ObjectReader, into errors: inout ValidationErrors) -> Self? {
        let range = 0...CompliancePolicyDraft.countMax
        let min = reader.int("min", in: range, into: &errors)
        let max = reader.int("max", in: range, into: &errors)
        if reader.value("min") == nil, reader.value("max") == nil {
            errors.add("TAG_COUNT needs `min`, `max` or both", at: reader.pointer)
        }
        return .tagCount(min: min ?? 0, max: max)
    }

    /// The policy's `rules` in the contract's form.
    package var json: JSONValue {
        func texts(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }
        var members: [JSONValue.Member] = []
        switch self {
        case .requiredTags(let keys): members.append(.init("required_tags", texts(keys)))
        case .valueValidation(let key, let allowed, let pattern):
            members.append(.init("tag_key", .string(key)))
            if !allowed.isEmpty { members.append(.init("allowed_values", texts(allowed))) }
            if let pattern { members.append(.init("pattern", .string(pattern))) }
        case .conditionalRequirement(let condition, let keys):
            members.append(.init("if", condition.json))
            members.append(.init("then_required", texts(keys)))
        case .tagFormat(let key, let pattern, let keyPattern):
            members.append(.init("tag_key", .string(key)))
            if let pattern { members.append(.init("pattern", .string(pattern))) }
            if let keyPattern { members.append(.init("key_pattern", .string(keyPattern))) }
        case .tagCount(let min, let max):
            members.append(.init("min", .int(min)))
            if let max { members.append(.init("max", .int(max))) }
        }
        return .object(members)
    }
}

extension CompliancePolicy {
    /// What is odd about the policy, as pointers into its document: a schema cannot say it, and it has a meaning.
    package var warnings: ValidationErrors {
        guard case .tagCount(let min, let max?) = rules, min > max else { return ValidationErrors() }
        return ValidationErrors(
            "`min` is greater than `max`: no resource can comply", at: .root.appending("rules").appending("min"))
    }

    /// A stored policy as the API shows it.
    package var json: JSONValue {
        .object([
            .init("id", .string(id.description)),
            .init("policy_name", .string(name)),
            .init("description", .string(description)),
            .init("policy_type", .string(rules.type.rawValue)),
            .init("severity", .string(severity.rawValue)),
            .init("scope", scope?.json ?? .null),
            .init("rules", rules.json),
            .init("enabled", .bool(enabled)),
            .init("warnings", warnings.json),
            .init("version", .int(Int(version))),
            .init("created_by", .string(createdBy)),
            .init("created_at", .string(createdAt.description)),
            .init("updated_at", .string(updatedAt.description)),
        ])
    }
}
