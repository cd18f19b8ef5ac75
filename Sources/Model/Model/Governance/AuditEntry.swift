/// One change of one thing: who did what, when, from what to what, and why.
package struct AuditEntry: Hashable, Sendable {
    package enum Action: String, CaseIterable, Hashable, Sendable {
        case resourceCreated = "resource_created"
        case resourceUpdated = "resource_updated"
        case resourceDeleted = "resource_deleted"
        case tagAdded = "tag_added"
        case tagChanged = "tag_changed"
        case tagRemoved = "tag_removed"
        case ruleCreated = "rule_created"
        case ruleUpdated = "rule_updated"
        case ruleDeleted = "rule_deleted"
        case schemaCreated = "schema_created"
        case schemaUpdated = "schema_updated"
        case schemaDeleted = "schema_deleted"
        case policyCreated = "policy_created"
        case policyUpdated = "policy_updated"
        case policyDeleted = "policy_deleted"
        case clusterConfigured = "cluster_configured"
        case memberAdded = "member_added"
        case memberUpdated = "member_updated"
        case memberRemoved = "member_removed"
        case shardPlaced = "shard_placed"
        case ruleStarted = "rule_started"
        case ruleEnded = "rule_ended"
        case waiverCreated = "waiver_created"
        case waiverUpdated = "waiver_updated"
        case waiverDeleted = "waiver_deleted"
        case waiverExpired = "waiver_expired"
        case aliasRejected = "alias_rejected"
        case aliasReconsidered = "alias_reconsidered"
        case planCreated = "plan_created"
        case planDropped = "plan_dropped"
        case planApplied = "plan_applied"
        case retentionChanged = "retention_changed"
        case holdPlaced = "hold_placed"
        case holdReleased = "hold_released"
        case auditCleaned = "audit_cleaned"
        case clusterSuperseded = "cluster_superseded"

        package var code: UInt8 { UInt8(Self.allCases.firstIndex(of: self) ?? 0) }
        package init?(code: UInt8) {
            guard Int(code) < Self.allCases.count else { return nil }
            self = Self.allCases[Int(code)]
        }
    }

    package let id: UUID128
    /// Dense number in its shard's history, from 1.
    package let sequence: UInt64
    /// The resource, or nil for what belongs to none (rules, schema, policies, the cluster).
    package let resourceID: ResourceID?
    package let action: Action
    /// The tag's key; the name of the rule, definition, policy, waiver, member or shard for changes of those; empty for the
    /// resource itself.
    package let tagKey: String
    package let oldValue: String?
    package let newValue: String?
    package let actor: String
    package let source: TagSource?
    package let ruleID: UUID128?
    package let requestID: String
    package let at: Timestamp

    package init(
        id: UUID128, sequence: UInt64, resourceID: ResourceID?, action: Action, tagKey: String = "", oldValue: String? = nil,
        newValue: String? = nil, actor: String, source: TagSource? = nil, ruleID: UUID128? = nil, requestID: String = "",
        at: Timestamp
    ) {
        self.id = id
        self.sequence = sequence
        self.resourceID = resourceID
        self.action = action
        self.tagKey = tagKey
        self.oldValue = oldValue
        self.newValue = newValue
        self.actor = actor
        self.source = source
        self.ruleID = ruleID
        self.requestID = requestID
        self.at = at
    }
}
