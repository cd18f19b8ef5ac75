import Compliance
import Conditions
import Interchange
import JSON
import Model
import TaggingRules

/// A resource with the provider's tags, and what imported definitions make of it.
struct Inventory {
    var provider = Provider.aws
    var type = "ec2.instance"
    var account = "111122223333"
    var region = "eu-west-1"
    var tags: [String: String] = [:]
    var metadata = "{}"

    private var resource: Resource {
        Resource(
            provider: provider, resourceID: "i-1", resourceType: type, name: "web", accountID: account, region: region,
            nativeTags: TagList(tags.sorted { $0.key < $1.key }.map { Tag($0.key, $0.value) }),
            metadata: JSONText(trusted: Array(metadata.utf8)), firstSeen: .zero, lastSeen: .zero)
    }

    /// The resource's virtual tags under the imported rules.
    func tagged(by imported: ImportedDefinitions) throws -> [String: String] {
        Dictionary(uniqueKeysWithValues: try virtual(imported).map { ($0.key, $0.value) })
    }

    /// The names of imported policies that the resource violates.
    func violations(of imported: ImportedDefinitions) throws -> [String] {
        let policies = try imported.policies.enumerated().map { position, json in
            let draft = try CompliancePolicyDraft(json: json)
            return CompliancePolicy(
                id: UUID128(high: 1, low: UInt64(position)), name: draft.name, severity: draft.severity, scope: draft.scope,
                rules: draft.rules, createdBy: "ada", createdAt: .zero, updatedAt: .zero)
        }
        let names = Dictionary(uniqueKeysWithValues: policies.map { ($0.id, $0.name) })
        return CompiledPolicySet(policies: policies, spelling: { $0 })
            .judge(resource, tags: try virtual(imported), previous: [], at: .zero, in: EvaluationContext())
            .filter { !$0.isCompliant }.compactMap { names[$0.policyID] }.sorted()
    }

    private func virtual(_ imported: ImportedDefinitions) throws -> [VirtualTag] {
        let rules = try imported.rules.enumerated().map { position, json in
            let draft = try TagRuleDraft(json: json)
            return TagRule(
                id: UUID128(high: 0, low: UInt64(position + 1)), name: draft.name, priority: draft.priority,
                condition: draft.condition, actions: draft.actions, ifTagExists: draft.ifTagExists, createdBy: "ada",
                createdAt: .zero, updatedAt: .zero)
        }
        let definitions = try imported.definitions.enumerated().map { position, json in
            let draft = try TagDefinitionDraft(json: json)
            return TagDefinition(
                id: UUID128(high: 2, low: UInt64(position)), tagKey: draft.tagKey, dataType: draft.dataType,
                allowedValues: draft.allowedValues, casePolicy: draft.casePolicy, createdAt: .zero, updatedAt: .zero)
        }
        return CompiledRuleSet(rules: rules, definitions: definitions)
            .evaluate(resource, claims: [], previous: [], at: .zero, in: TaggingContext())
    }
}

extension Timestamp { static let zero = Timestamp(milliseconds: 0) }

extension ImportedDefinitions {
    /// `pointer: why` of what was left out.
    var leftOut: [String] { findings.filter { $0.kind == .leftOut }.map { "\($0.pointer): \($0.why)" } }

    func contains(leftOut why: String) -> Bool { leftOut.contains { $0.contains(why) } }
}

/// A file of Cloud Custodian with one policy for EC2 instances.
func custodian(
    filters: String, actions: String? = nil, resource: String = "aws.ec2", more: String = "", at moment: String? = nil
) throws -> ImportedDefinitions {
    let acting = actions.map { #","actions":\#($0)"# } ?? ""
    return try custodian(#"{"name":"p","resource":"\#(resource)","filters":\#(filters)\#(acting)\#(more)}"#, at: moment)
}

func custodian(_ policies: String..., at moment: String? = nil) throws -> ImportedDefinitions {
    try CustodianImport(at: moment.flatMap { Timestamp($0) }).definitions(
        from: JSONValue(parsing: #"{"policies":[\#(policies.joined(separator: ","))]}"#))
}
