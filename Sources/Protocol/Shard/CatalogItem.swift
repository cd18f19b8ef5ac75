package import Model

/// What the system shard keeps and every node needs: a rule, a tag definition, a policy or a waiver.
package enum CatalogItem: Hashable, Sendable {
    case rule(TagRule)
    case definition(TagDefinition)
    case policy(CompliancePolicy)
    case waiver(ComplianceWaiver)

    package enum Kind: UInt8, CaseIterable, Hashable, Sendable {
        case rule = 1
        case definition = 2
        case policy = 3
        case waiver = 4

        /// What people call it.
        package var noun: String {
            switch self {
            case .rule: "tag rule"
            case .definition: "tag definition"
            case .policy: "policy"
            case .waiver: "waiver"
            }
        }
    }

    package var kind: Kind {
        switch self {
        case .rule: .rule
        case .definition: .definition
        case .policy: .policy
        case .waiver: .waiver
        }
    }

    package var id: UUID128 {
        switch self {
        case .rule(let rule): rule.id
        case .definition(let definition): definition.id
        case .policy(let policy): policy.id
        case .waiver(let waiver): waiver.id
        }
    }

    /// Unique among its kind.
    package var name: String {
        switch self {
        case .rule(let rule): rule.name
        case .definition(let definition): definition.tagKey
        case .policy(let policy): policy.name
        case .waiver(let waiver): waiver.name
        }
    }

    package var version: UInt64 {
        switch self {
        case .rule(let rule): rule.version
        case .definition(let definition): definition.version
        case .policy(let policy): policy.version
        case .waiver(let waiver): waiver.version
        }
    }

    /// When the item comes to mean something else, without anybody's doing; nil: never.
    package var nextBoundary: Timestamp? {
        switch self {
        case .definition, .policy: nil
        case .rule(let rule): rule.nextBoundary
        case .waiver(let waiver): waiver.isExpired ? nil : waiver.expiresAt
        }
    }

    /// What time has made of the item by `now`, and how the trail calls that; nil where it has made nothing of it.
    func passing(_ now: Timestamp) -> (item: CatalogItem, action: AuditEntry.Action)? {
        guard let nextBoundary, nextBoundary <= now else { return nil }
        switch self {
        case .definition, .policy: return nil
        case .rule(var rule):
            rule.phase = max(rule.phase, rule.phase(at: now))
            return (.rule(rule), rule.phase == .current ? .ruleStarted : .ruleEnded)
        case .waiver(var waiver):
            waiver.isExpired = true
            return (.waiver(waiver), .waiverExpired)
        }
    }

    /// The same item as made by `actor` now, or as the next version of `previous`.
    package func stamped(actor: String, at now: Timestamp, replacing previous: CatalogItem?) -> CatalogItem {
        switch (self, previous) {
        case (.rule(var rule), .rule(let old)?):
            (rule.version, rule.createdBy, rule.createdAt, rule.updatedAt) = (
                old.version + 1, old.createdBy, old.createdAt, now
            )
            rule.phase = rule.phase(at: now)
            return .rule(rule)
        case (.definition(var definition), .definition(let old)?):
            (definition.version, definition.createdAt, definition.updatedAt) = (old.version + 1, old.createdAt, now)
            return .definition(definition)
        case (.policy(var policy), .policy(let old)?):
            (policy.version, policy.createdBy, policy.createdAt, policy.updatedAt) =
                (old.version + 1, old.createdBy, old.createdAt, now)
            return .policy(policy)
        case (.waiver(var waiver), .waiver(let old)?):
            (waiver.version, waiver.approver, waiver.createdAt, waiver.updatedAt) =
                (old.version + 1, actor, old.createdAt, now)
            waiver.isExpired = waiver.expiresAt <= now
            return .waiver(waiver)
        case (.rule(var rule), _):
            (rule.version, rule.createdBy, rule.createdAt, rule.updatedAt) = (1, actor, now, now)
            rule.phase = rule.phase(at: now)
            return .rule(rule)
        case (.definition(var definition), _):
            (definition.version, definition.createdAt, definition.updatedAt) = (1, now, now)
            return .definition(definition)
        case (.policy(var policy), _):
            (policy.version, policy.createdBy, policy.createdAt, policy.updatedAt) = (1, actor, now, now)
            return .policy(policy)
        case (.waiver(var waiver), _):
            (waiver.version, waiver.approver, waiver.createdAt, waiver.updatedAt) = (1, actor, now, now)
            waiver.isExpired = waiver.expiresAt <= now
            return .waiver(waiver)
        }
    }

    /// True when the two differ in nothing but version and times.
    package func saysSame(as other: CatalogItem, at now: Timestamp, actor: String) -> Bool {
        stamped(actor: actor, at: now, replacing: nil) == other.stamped(actor: actor, at: now, replacing: nil)
    }
}
