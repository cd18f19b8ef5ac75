import Compliance
import Conditions
import JSON
import Model

extension Timestamp {
    static func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }
}

enum Fixture {
    static let resource = Resource(
        provider: .aws, resourceID: "i-1", resourceType: "ec2.instance", name: "web", accountID: "1", region: "eu-west-1",
        metadata: JSONText(trusted: Array(#"{"public":true}"#.utf8)), firstSeen: .at(0), lastSeen: .at(0))

    static func tags(_ tags: [String: String]) -> [VirtualTag] {
        tags.sorted { $0.key < $1.key }.map {
            VirtualTag(
                key: $0.key,
                winner: TagAssertion(
                    value: $0.value, source: .manual, createdBy: "ada", createdAt: .at(0), updatedAt: .at(0)))
        }
    }

    static func policy(_ json: String, id: UInt64 = 1) throws -> CompliancePolicy {
        let draft = try CompliancePolicyDraft(json: JSONValue(parsing: json))
        return CompliancePolicy(
            id: UUID128(high: 0, low: id), name: draft.name, description: draft.description, severity: draft.severity,
            scope: draft.scope, rules: draft.rules, enabled: draft.enabled, createdBy: "ada", createdAt: .at(0),
            updatedAt: .at(0))
    }

    static func policy(type: String, rules: String, scope: String = "null", id: UInt64 = 1) throws -> CompliancePolicy {
        try policy(
            #"{"policy_name":"p","policy_type":"\#(type)","severity":"HIGH","scope":\#(scope),"rules":\#(rules)}"#, id: id)
    }

    static func judge(
        _ policies: [CompliancePolicy], _ tags: [String: String], previous: [ComplianceResult] = [], at now: Int64 = 1
    ) -> [ComplianceResult] {
        CompiledPolicySet(policies: policies, spelling: { $0 == "env" ? "environment" : $0 })
            .judge(resource, tags: Self.tags(tags), previous: previous, at: .at(now), in: EvaluationContext())
    }
}
