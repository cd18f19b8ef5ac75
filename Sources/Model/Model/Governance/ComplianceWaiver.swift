/// Leave to violate policies for a while: where, which ones, why, and who answers for it.
///
/// A waived violation stays a violation that everybody sees; it does not count against the score.
package struct ComplianceWaiver: Hashable, Sendable {
    package let id: UUID128
    package var name: String
    package var reason: String
    /// Nil: all resources.
    package var scope: Condition?
    /// Ids of the policies that may be violated; of one that is gone nothing follows.
    package var policies: [UUID128]
    /// From this moment on the waiver counts no more.
    package var expiresAt: Timestamp
    /// Set by the system shard's leader, which has a clock: everybody else goes by it.
    package var isExpired = false
    /// Who made it, or changed it last.
    package var approver: String
    package var version: UInt64
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        id: UUID128, name: String, reason: String, scope: Condition? = nil, policies: [UUID128], expiresAt: Timestamp,
        approver: String, version: UInt64 = 1, createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.reason = reason
        self.scope = scope
        self.policies = policies
        self.expiresAt = expiresAt
        self.approver = approver
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}
