import Compliance
import Foundation
import JSON
import Model
import Shard
import TaggingRules
import Yams

/// The starter pack of rules, schema and policies, as the samples have it.
struct SampleCatalog {
    let items: [CatalogItem]

    /// Throws when a file cannot be read or says something that a node would refuse.
    init(directory: String, at now: Timestamp) throws {
        var items: [CatalogItem] = []
        func id() -> UUID128 { UUID128(high: 0x8000, low: UInt64(items.count + 1)) }
        for json in try Self.list("\(directory)/schema.yaml") {
            let draft = try TagDefinitionDraft(json: json)
            items.append(
                .definition(
                    TagDefinition(
                        id: id(), tagKey: draft.tagKey, displayName: draft.displayName, description: draft.description,
                        dataType: draft.dataType, allowedValues: draft.allowedValues, required: draft.required,
                        aliases: draft.aliases, valueAliases: draft.valueAliases, createdAt: now, updatedAt: now)))
        }
        for json in try Self.list("\(directory)/rules.yaml") {
            let draft = try TagRuleDraft(json: json)
            items.append(
                .rule(
                    TagRule(
                        id: id(), name: draft.name, description: draft.description, priority: draft.priority,
                        enabled: draft.enabled, condition: draft.condition, actions: draft.actions, createdBy: "bench",
                        createdAt: now, updatedAt: now)))
        }
        for json in try Self.list("\(directory)/policies.yaml") {
            let draft = try CompliancePolicyDraft(json: json)
            items.append(
                .policy(
                    CompliancePolicy(
                        id: id(), name: draft.name, description: draft.description, severity: draft.severity,
                        scope: draft.scope, rules: draft.rules, enabled: draft.enabled, createdBy: "bench",
                        createdAt: now, updatedAt: now)))
        }
        self.items = items
    }

    var catalog: Catalog { Catalog(SystemState(items: items, catalogVersion: 1)) }

    private static func list(_ path: String) throws -> [JSONValue] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return try JSONValue(yaml: text).array ?? []
    }
}

extension JSONValue {
    init(yaml text: String) throws { self.init(loaded: try Yams.load(yaml: text)) }

    /// What Yams loads: scalars by YAML's core schema, lists, and maps with text keys.
    private init(loaded yaml: Any?) {
        switch yaml {
        case let value as Bool: self = .bool(value)
        case let value as Int: self = .int(value)
        case let value as Double: self = .double(value)
        case let value as String: self = .string(value)
        case let values as [Any]: self = .array(values.map { JSONValue(loaded: $0) })
        case let members as [AnyHashable: Any]:
            self = .object(
                members.map { Member("\($0.key)", JSONValue(loaded: $0.value)) }.sorted { $0.name < $1.name })
        default: self = .null
        }
    }
}
