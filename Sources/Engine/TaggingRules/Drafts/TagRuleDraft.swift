package import Conditions
package import JSON
package import Model

/// A rule as somebody sends it: checked, not stored yet.
package struct TagRuleDraft: Hashable, Sendable {
    package static let descriptionBytesMax = 4096
    package static let actionsMax = 32
    package static let priorityDefault = 1000

    package var name: String
    package var description: String
    package var priority: Int32
    package var enabled: Bool
    package var condition: Condition
    package var actions: [TagAction]
    package var ifTagExists: TagRule.IfTagExists
    package var defaultValue: String?
    package var effectiveStart: Timestamp?
    package var effectiveEnd: Timestamp?

    private static let fields = [
        "rule_name", "description", "priority", "enabled", "conditions", "actions", "if_tag_exists", "default_value",
        "effective_start", "effective_end",
    ]
    /// What a rule that was read from here carries beside them.
    private static let readOnly = ["id", "version", "created_by", "created_at", "updated_at", "stats", "warnings"]

    /// Reads `{"rule_name", "description", "priority", "enabled", "conditions", "actions", "if_tag_exists", "default_value",
    /// "effective_start", "effective_end"}`. Throws all that is wrong.
    package init(json: JSONValue, at pointer: JSONPointer = .root) throws(ValidationErrors) {
        var errors = ValidationErrors()
        guard
            let reader = ObjectReader(json, at: pointer, accepting: Self.fields, ignoring: Self.readOnly, into: &errors)
        else { throw errors }
        let name = reader.name("rule_name", into: &errors)
        description = reader.text("description", bytes: 0...Self.descriptionBytesMax, into: &errors) ?? ""
        let priorities = Int(Int32.min)...Int(Int32.max)
        priority = Int32(reader.int("priority", in: priorities, into: &errors) ?? Self.priorityDefault)
        enabled = reader.bool("enabled", into: &errors) ?? true
        var condition: Condition?
        if let value = reader.value("conditions") {
            condition = Condition(
                json: value, at: reader.place(of: "conditions"), alongRelationships: true, into: &errors)
        } else {
            errors.add(
                "the field is required; {\"all\": []} holds for every resource", at: reader.place(of: "conditions"))
        }
        actions = Self.actions(in: reader, groups: condition?.groupsMax, into: &errors)
        ifTagExists = reader.choice("if_tag_exists", as: TagRule.IfTagExists.self, into: &errors) ?? .replace
        defaultValue = reader.value("default_value").flatMap {
            reader.tagValue($0, at: reader.place(of: "default_value"), into: &errors)
        }
        effectiveStart = Self.time("effective_start", in: reader, into: &errors)
        effectiveEnd = Self.time("effective_end", in: reader, into: &errors)
        guard let name, let condition, errors.isEmpty else { throw errors }
        self.name = name
        self.condition = condition
    }

    private static func time(
        _ name: String, in reader: ObjectReader, into errors: inout ValidationErrors
    ) -> Timestamp? {
        guard let value = reader.value(name) else { return nil }
        if let time = value.string.flatMap({ Timestamp($0) }) { return time }
        errors.add(
            "expected a date or time of RFC 3339, such as 2026-10-31 or 2026-10-31T08:00:00Z", at: reader.place(of: name))
        return nil
    }

    private static func actions(in reader: ObjectReader, groups: Int?, into errors: inout ValidationErrors) -> [TagAction] {
        guard let value = reader.required("actions", into: &errors) else { return [] }
        let place = reader.place(of: "actions")
        guard let elements = value.array else {
            errors.add("expected an array of actions, found \(value.kindName)", at: place)
            return []
        }
        guard (1...actionsMax).contains(elements.count) else {
            errors.add("a rule has 1 to \(actionsMax) actions, not \(elements.count)", at: place)
            return []
        }
        return elements.enumerated().compactMap { position, element in
            TagAction(json: element, at: place.appending(position), groups: groups, into: &errors)
        }
    }
}

extension Condition {
    /// Most groups that one of its regular expressions has; nil when it has no such test.
    var groupsMax: Int? {
        switch self {
        case .all(let parts), .any(let parts): parts.compactMap(\.groupsMax).max()
        case .not(let part): part.groupsMax
        case .related: nil
        case .test(let test):
            if test.comparison == .regex, case .text(let regex) = test.operand {
                (try? Pattern(regex: regex))?.groupCount
            } else {
                nil
            }
        }
    }
}

extension TagRule {
    /// A stored rule as the API shows it, without statistics.
    package var json: JSONValue {
        .object([
            .init("id", .string(id.description)),
            .init("rule_name", .string(name)),
            .init("description", .string(description)),
            .init("priority", .int(Int(priority))),
            .init("enabled", .bool(enabled)),
            .init("conditions", condition.json),
            .init("actions", .array(actions.map(\.json))),
            .init("if_tag_exists", .string(ifTagExists.rawValue)),
            .init("default_value", defaultValue.map(JSONValue.string) ?? .null),
            .init("effective_start", effectiveStart.map { .string($0.description) } ?? .null),
            .init("effective_end", effectiveEnd.map { .string($0.description) } ?? .null),
            .init("version", .int(Int(version))),
            .init("created_by", .string(createdBy)),
            .init("created_at", .string(createdAt.description)),
            .init("updated_at", .string(updatedAt.description)),
        ])
    }
}
