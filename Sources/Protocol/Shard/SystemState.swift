package import Model
package import Placement

/// What the system shard is: rules, tag definitions, policies and waivers, the version that counts their changes, and the cluster.
package struct SystemState: Sendable {
    package private(set) var items: [UUID128: CatalogItem] = [:]
    /// Settings, members and placements. Rows are not judged by them: their changes leave `catalogVersion` as it is.
    package private(set) var cluster: ClusterState
    package private(set) var idempotency = IdempotencyTable()
    package private(set) var appliedIndex: UInt64
    package private(set) var auditSequence: UInt64
    /// Counts the changes of all items; rows are judged under a version.
    package private(set) var catalogVersion: UInt64
    package private(set) var governance: GovernanceState
    package private(set) var plans: PlanTable
    /// Of group 0's own history.
    package private(set) var cleaning: AuditCleaningProgress
    /// What the last versions of the catalogue changed.
    private(set) var journal: CatalogJournal

    package enum Effect: Hashable, Sendable {
        case put(CatalogItem)
        case delete(UUID128)
        case audit(AuditEntry)
        case remember(IdempotencyKey, Remembered)
        /// Counts as a change, so that all rows are judged again.
        case reapply
        case cluster(ClusterChange)
        case keep(GovernanceItem)
        case forget(UUID128)
        case keepPlan(CatalogPlan)
        case dropPlan(UUID128)
        /// The entry's other effects are the plan's changes.
        case planApplied(UUID128, actor: String, at: Timestamp)
        case auditRemoved(AuditRemoval)
    }

    package struct Changes: Sendable {
        /// Ids of what is stored anew or gone, of the catalogue and of the cluster (`SystemState.item`).
        package var items: [UUID128] = []
        package var catalogChanged = false
        /// Settings, members or placements are others than before.
        package var clusterChanged = false
        /// Plans came, went or were applied.
        package var plansChanged = false
        package var audit: [AuditEntry] = []
        /// Entries that go, after those that came.
        package var removals: [AuditRemoval] = []
        package var remembered: [IdempotencyKey] = []
        package var forgotten: [IdempotencyKey] = []

        package init() {}

        mutating func planChanged(_ id: UUID128) {
            items.append(id)
            plansChanged = true
        }
    }

    package init(
        items: [CatalogItem] = [], cluster: ClusterState = ClusterState(), appliedIndex: UInt64 = 0,
        auditSequence: UInt64 = 0, catalogVersion: UInt64 = 0, governance: [GovernanceItem] = [],
        plans: [CatalogPlan] = [], cleaning: AuditCleaningProgress = AuditCleaningProgress(),
        remembered: [(IdempotencyKey, Remembered)] = []
    ) {
        for item in items { self.items[item.id] = item }
        self.cluster = cluster
        self.appliedIndex = appliedIndex
        self.auditSequence = auditSequence
        self.catalogVersion = catalogVersion
        journal = CatalogJournal(from: catalogVersion)
        self.governance = GovernanceState(governance)
        self.plans = PlanTable(plans)
        self.cleaning = cleaning
        idempotency.restore(remembered)
    }

    /// A copy for another region, from what is replicated.
    package init(
        copying copied: some Sequence<SystemItem>, appliedIndex: UInt64, auditSequence: UInt64, catalogVersion: UInt64
    ) {
        var items: [CatalogItem] = []
        var cluster: [ClusterItem] = []
        var governance: [GovernanceItem] = []
        var plans: [CatalogPlan] = []
        for item in copied {
            switch item {
            case .catalog(let item): items.append(item)
            case .cluster(let item): cluster.append(item)
            case .governance(let item): governance.append(item)
            case .plan(let plan): plans.append(plan)
            }
        }
        self.init(
            items: items, cluster: ClusterState(cluster), appliedIndex: appliedIndex, auditSequence: auditSequence,
            catalogVersion: catalogVersion, governance: governance, plans: plans)
    }

    /// An entry without content for the state stands at `index`, which follows the last one.
    package mutating func advance(to index: UInt64) {
        precondition(index == appliedIndex + 1, "entry \(index) does not follow \(appliedIndex)")
        appliedIndex = index
    }

    package mutating func apply(_ effects: [Effect], at index: UInt64) -> Changes {
        precondition(index == appliedIndex + 1, "entry \(index) does not follow \(appliedIndex)")
        var changes = Changes()
        var replacements: [CatalogJournal.Replacement]? = []
        for effect in effects {
            switch effect {
            case .put(let item):
                replacements?.append(.init(id: item.id, old: items[item.id], new: item))
                items[item.id] = item
                changes.items.append(item.id)
                changes.catalogChanged = true
            case .delete(let id):
                replacements?.append(.init(id: id, old: items[id], new: nil))
                items[id] = nil
                changes.items.append(id)
                changes.catalogChanged = true
            case .audit(let entry):
                auditSequence = entry.sequence
                changes.audit.append(entry)
            case .remember(let key, let answer):
                changes.forgotten.append(contentsOf: idempotency.remember(key, answer))
                changes.remembered.append(key)
            case .reapply:
                replacements = nil
                changes.catalogChanged = true
            case .cluster(let change):
                cluster.apply(change)
                changes.items.append(change.id)
                changes.clusterChanged = true
            case .keep(let item):
                changes.items.append(item.id)
                changes.items += governance.keep(item).map(\.id)
            case .forget(let id):
                governance.forget(id)
                changes.items.append(id)
            case .keepPlan, .dropPlan, .planApplied: break
            case .auditRemoved(let part):
                cleaning.apply(part)
                changes.removals.append(part)
            }
        }
        if changes.catalogChanged {
            catalogVersion += 1
            journal.note(catalogVersion, replacements)
        }
        for effect in effects { applyToPlans(effect, &changes) }
        appliedIndex = index
        return changes
    }

    private mutating func applyToPlans(_ effect: Effect, _ changes: inout Changes) {
        switch effect {
        case .keepPlan(let plan):
            plans.keep(plan)
            changes.planChanged(plan.id)
        case .dropPlan(let id):
            plans.drop(id)
            changes.planChanged(id)
        case .planApplied(let id, let actor, let at):
            plans.applied(id, CatalogPlan.Application(actor: actor, at: at, catalogVersion: catalogVersion))
            changes.planChanged(id)
        case .put, .delete, .audit, .remember, .reapply, .cluster, .keep, .forget, .auditRemoved: break
        }
    }

    /// What is stored under that id; nil when it is gone.
    package func item(_ id: UUID128) -> SystemItem? {
        if let item = items[id] { return .catalog(item) }
        if let item = governance.item(id) { return .governance(item) }
        if let plan = plans[id] { return .plan(plan) }
        return cluster.item(id).map(SystemItem.cluster)
    }

    /// What somebody who is no member may keep a copy of, to make the same state from: all but the cluster itself, with its members
    /// and secrets.
    package var replicated: [UUID128: SystemItem] {
        var all = items.mapValues(SystemItem.catalog)
        for item in governance.items { all[item.id] = .governance(item) }
        for plan in plans.all { all[plan.id] = .plan(plan) }
        return all
    }

    /// What kind of thing is stored under each id.
    package var kinds: [UUID128: SystemItem.Kind] {
        var kinds = items.mapValues { SystemItem.Kind.catalog($0.kind) }
        for item in cluster.items { kinds[item.id] = .cluster(item.kind) }
        for item in governance.items { kinds[item.id] = .governance(item.kind) }
        for plan in plans.all { kinds[plan.id] = .plan }
        return kinds
    }

    /// The items of one kind, rules by priority, the others by name.
    package func sorted(_ kind: CatalogItem.Kind) -> [CatalogItem] {
        items.values.filter { $0.kind == kind }.sorted { left, right in
            if case .rule(let first) = left, case .rule(let second) = right, first.priority != second.priority {
                return first.priority < second.priority
            }
            return left.name == right.name ? left.id < right.id : left.name < right.name
        }
    }

    /// When the next item comes to mean something else, or the next plan goes, by itself; nil: none will.
    package var nextBoundary: Timestamp? {
        [items.values.lazy.compactMap(\.nextBoundary).min(), plans.nextExpiry].compactMap(\.self).min()
    }
}
