import Compliance
import Conditions
import JSON
import Model
import Shard
import TaggingRules

extension CatalogItem {
    /// Columns for people who read the checkpoint's tables.
    var columns: [(name: String, value: String)] {
        switch self {
        case .rule(let rule):
            [
                ("rule_name", rule.name), ("description", rule.description), ("priority", "\(rule.priority)"),
                ("enabled", rule.enabled ? "1" : "0"), ("conditions", Self.text(rule.condition.json)),
                ("actions", Self.text(.array(rule.actions.map(\.json)))), ("version", "\(rule.version)"),
            ]
        case .definition(let definition):
            [
                ("tag_key", definition.tagKey), ("display_name", definition.displayName),
                ("data_type", definition.dataType.rawValue), ("allowed_values", Self.text(definition.allowedValues)),
                ("required", definition.required ? "1" : "0"), ("aliases", Self.text(definition.aliases)),
                ("version", "\(definition.version)"),
            ]
        case .policy(let policy):
            [
                ("policy_name", policy.name), ("policy_type", policy.rules.type.rawValue),
                ("severity", policy.severity.rawValue), ("scope", policy.scope.map { Self.text($0.json) } ?? ""),
                ("rules", Self.text(policy.rules.json)), ("enabled", policy.enabled ? "1" : "0"),
                ("version", "\(policy.version)"),
            ]
        case .waiver(let waiver):
            [
                ("waiver_name", waiver.name), ("reason", waiver.reason),
                ("scope", waiver.scope.map { Self.text($0.json) } ?? ""),
                ("policies", Self.text(waiver.policies.map(\.description))), ("approver", waiver.approver),
                ("expires_at", "\(waiver.expiresAt.milliseconds)"), ("version", "\(waiver.version)"),
            ]
        }
    }

    private static func text(_ json: JSONValue) -> String { String(decoding: json.serialised, as: UTF8.self) }
    private static func text(_ values: [String]) -> String { text(.array(values.map(JSONValue.string))) }
}
