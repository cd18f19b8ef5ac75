import Conditions
import JSON
import Model
import TaggingRules

extension Timestamp {
    static func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }
}

/// Rules, a schema and a resource, and what comes out.
struct Scene {
    static let definitions = [
        definition(
            "environment", type: .enum, allowed: ["production", "staging", "pre-prod"], aliases: ["Env", "env_name"],
            values: ["production": ["prd", "live"], "staging": ["stg"]]),
        definition("cost-center", aliases: ["cc"]),
        definition("Owner"),
        definition("backup", type: .boolean),
    ]

    var rules: [TagRule] = []
    var definitions = Self.definitions
    var resource = Self.resource([])

    static func definition(
        _ key: String, type: TagDefinition.DataType = .string, allowed: [String] = [], aliases: [String] = [],
        values: [String: [String]] = [:]
    ) -> TagDefinition {
        TagDefinition(
            id: UUID128(high: StableHash.hash(key), low: 0), tagKey: key, dataType: type, allowedValues: allowed,
            aliases: aliases,
            valueAliases: values.sorted { $0.key < $1.key }.map { .init(value: $0.key, aliases: $0.value) },
            createdAt: .at(0), updatedAt: .at(0))
    }

    static func resource(_ native: [(String, String)], provider: Provider = .aws, name: String = "web-prod-01") -> Resource {
        Resource(
            provider: provider, resourceID: "i-1", resourceType: "ec2.instance", name: name, accountID: "111122223333",
            region: "eu-west-1", nativeTags: TagList(native.map { Tag($0.0, $0.1) }),
            metadata: JSONText(trusted: Array(#"{"size":"large","cpu":8,"ips":["a"]}"#.utf8)), firstSeen: .at(0),
            lastSeen: .at(0))
    }

    /// Adds a rule from JSON; ids count up from 1.
    @discardableResult
    mutating func rule(_ json: String, version: UInt64 = 1) throws -> UUID128 {
        let draft = try TagRuleDraft(json: JSONValue(parsing: json))
        let id = UUID128(high: 0, low: UInt64(rules.count + 1))
        rules.append(
            TagRule(
                id: id, name: draft.name, description: draft.description, priority: draft.priority, enabled: draft.enabled,
                condition: draft.condition, actions: draft.actions, ifTagExists: draft.ifTagExists,
                defaultValue: draft.defaultValue, effectiveStart: draft.effectiveStart, effectiveEnd: draft.effectiveEnd,
                version: version, createdBy: "ada", createdAt: .at(0), updatedAt: .at(0)))
        return id
    }

    mutating func set(
        _ key: String, _ value: String, priority: Int = 100, when: String = #"{"all":[]}"#, name: String? = nil
    ) throws {
        let name = name ?? "r\(rules.count + 1)"
        try rule(
            #"{"rule_name":"\#(name)","priority":\#(priority),"conditions":\#(when),"actions":[{"set_tag":{"key":"\#(key)","value":"\#(value)"}}]}"#
        )
    }

    func evaluate(
        claims: [VirtualTag] = [], previous: [VirtualTag] = [], at now: Int64 = 1,
        in context: TaggingContext = TaggingContext()
    ) -> [VirtualTag] {
        CompiledRuleSet(rules: rules, definitions: definitions)
            .evaluate(resource, claims: claims, previous: previous, at: .at(now), in: context)
    }

    /// `key=value source` for each tag, ` > value source` for each loser.
    func outcome(claims: [VirtualTag] = []) -> [String] { evaluate(claims: claims).map(\.outline) }
}

extension VirtualTag {
    var outline: String {
        "\(key)=" + assertions.map { "\($0.value) \($0.createdBy)" }.joined(separator: " > ")
    }

    static func manual(_ key: String, _ value: String, at time: Int64 = 0) -> VirtualTag {
        VirtualTag(
            key: key,
            winner: TagAssertion(value: value, source: .manual, createdBy: "ada", createdAt: .at(time), updatedAt: .at(time))
        )
    }

    static func model(_ key: String, _ value: String, _ confidence: Double) -> VirtualTag {
        VirtualTag(
            key: key,
            winner: TagAssertion(
                value: value, source: .ml, confidence: confidence, createdBy: "model:1", createdAt: .at(0), updatedAt: .at(0)
            ))
    }
}
