import Compliance
import Conditions
import JSON
import Model
import Shard

/// The policies by id, the tag schema's demand among them, for names and severities beside what they found.
struct PolicyNames: Sendable {
    let inOrder: [CompliancePolicy]
    private let byID: [UUID128: CompliancePolicy]
    private let catalog: Catalog
    private let definitions: [String: TagDefinition]

    init(_ call: Call) async throws {
        catalog = try await call.catalogHere()
        inOrder = catalog.judgedPolicies
        byID = Dictionary(inOrder.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        definitions = Dictionary(catalog.definitions.map { ($0.tagKey, $0) }, uniquingKeysWith: { first, _ in first })
    }

    subscript(id: UUID128) -> CompliancePolicy? { byID[id] }

    func waiver(_ id: UUID128) -> ComplianceWaiver? { catalog.waiver(id) }
    func definition(_ key: String) -> TagDefinition? { definitions[key] }
}

/// Writes compliance statuses: what one policy found of one resource, why, and what would mend it.
struct StatusRenderer {
    private let policies: PolicyNames
    private var patterns = PatternCache()

    init(_ policies: PolicyNames) { self.policies = policies }

    private mutating func explain(
        _ violation: Violation, _ policy: CompliancePolicy?, _ record: ResourceRecord
    ) -> Explanation? {
        policy.map {
            Explanation(
                of: violation, under: $0, definition: policies.definition(violation.tagKey), on: record,
                patterns: &patterns)
        }
    }

    mutating func write(_ result: ComplianceResult, of record: ResourceRecord, to json: inout JSONWriter) {
        let policy = policies[result.policyID]
        let resource = record.resource
        json.beginObject()
        json.key("id")
        json.uuid(PartID.complianceStatus(of: resource.id, policy: result.policyID))
        json.key("resource_id")
        json.uuid(resource.id.uuid)
        json.member("native_id", resource.resourceID)
        json.member("resource_name", resource.name)
        json.member("resource_type", resource.resourceType)
        json.member("provider", resource.provider.rawValue)
        json.member("account_id", resource.accountID)
        json.member("region", resource.region)
        json.key("policy_id")
        json.uuid(result.policyID)
        json.optional("policy_name", policy?.name)
        json.optional("severity", policy?.severity.rawValue)
        json.member("is_compliant", result.isCompliant)
        json.member("is_waived", result.isWaived)
        json.optional("waiver_id", result.waiverID)
        json.optional("waiver_name", result.waiverID.flatMap { policies.waiver($0) }?.name)
        json.key("violations")
        json.beginArray()
        for violation in result.violations { write(violation, policy, record, to: &json) }
        json.endArray()
        json.key("checked_at")
        json.time(result.checkedAt)
        json.endObject()
    }

    private mutating func write(
        _ violation: Violation, _ policy: CompliancePolicy?, _ record: ResourceRecord, to json: inout JSONWriter
    ) {
        let explanation = explain(violation, policy, record)
        json.beginObject()
        json.member("code", violation.code.rawValue)
        json.member("tag_key", violation.tagKey)
        json.member("value", violation.value)
        // A policy that is gone cannot say what it asked for; its results go as well, in a moment.
        json.optional("message", explanation?.message)
        json.optional("suggested_fix", explanation?.words)
        json.key("fix")
        json.value(explanation?.fix.json ?? .null)
        json.optional("source", explanation?.origin?.source.rawValue)
        json.optional("rule_id", explanation?.origin?.ruleID)
        json.endObject()
    }

    // MARK: CSV

    static let columns = [
        "resource_id", "native_id", "resource_name", "resource_type", "provider", "account_id", "region", "policy_id",
        "policy_name", "severity", "is_waived", "waiver_name", "code", "tag_key", "value", "message", "suggested_fix",
        "source", "rule_id", "checked_at",
    ]

    /// A line for each violation.
    mutating func write(_ result: ComplianceResult, of record: ResourceRecord, to text: inout CSVText) {
        let policy = policies[result.policyID]
        let resource = record.resource
        for violation in result.violations {
            let explanation = explain(violation, policy, record)
            text.row([
                resource.id.description, resource.resourceID, resource.name, resource.resourceType,
                resource.provider.rawValue, resource.accountID, resource.region, result.policyID.description,
                policy?.name ?? "", policy?.severity.rawValue ?? "", result.isWaived ? "true" : "false",
                result.waiverID.flatMap { policies.waiver($0) }?.name ?? "", violation.code.rawValue, violation.tagKey,
                violation.value, explanation?.message ?? "", explanation?.words ?? "",
                explanation?.origin?.source.rawValue ?? "", explanation?.origin?.ruleID?.description ?? "",
                result.checkedAt.description,
            ])
        }
    }
}
