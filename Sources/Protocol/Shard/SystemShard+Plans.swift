import Model

/// What plans do to group 0.
extension SystemShard {
    func keep(
        _ draft: CatalogPlan, _ context: WriteContext, _ now: Timestamp, _ effects: inout [SystemState.Effect]
    ) -> Outcome {
        // The same request once more, after its first answer was lost.
        guard newestPlans[draft.id] == nil else { return .unchanged }
        let plan = draft.stamped(actor: context.actor, at: now)
        let bytes = plan.encodedBytes
        if let objection = plan.objection(storedBytes: bytes) { return .invalid(objection) }
        for old in newestPlans.excess(for: bytes, at: now) {
            effects.append(.dropPlan(old.id))
            audit(.planDropped, old, "for \(plan.id)", context, now, &effects)
        }
        effects.append(.keepPlan(plan))
        audit(.planCreated, plan, nil, context, now, &effects)
        return .created
    }

    func drop(
        _ id: UUID128, _ context: WriteContext, _ now: Timestamp, _ effects: inout [SystemState.Effect]
    ) -> Outcome {
        guard let plan = newestPlans[id] else { return .notFound }
        effects.append(.dropPlan(id))
        audit(.planDropped, plan, nil, context, now, &effects)
        return .deleted
    }

    /// All changes of the plan in one entry, or none: `conflict` when the catalogue is not what the plan was made for. What
    /// was applied already is `unchanged`.
    func applyPlan(
        _ id: UUID128, _ context: WriteContext, _ now: Timestamp, _ effects: inout [SystemState.Effect]
    ) -> Outcome {
        guard let plan = newestPlans[id] else { return .notFound }
        guard plan.application == nil else { return .unchanged }
        guard now < plan.expiresAt else { return .conflict("the plan has expired") }
        let newest = newestItems
        guard plan.drift(to: newest.seen).isEmpty else {
            return .conflict("the catalogue has changed since the plan was made")
        }
        for change in plan.changes {
            if let after = change.after {
                effects.append(.put(after.stamped(actor: context.actor, at: now, replacing: change.before)))
            } else {
                effects.append(.delete(change.id))
            }
        }
        var sequence = newestAuditSequence
        for (change, effect) in zip(plan.changes, effects) {
            sequence += 1
            let item: CatalogItem? = if case .put(let item) = effect { item } else { nil }
            let note = "plan \(id)"
            effects.append(
                .audit(
                    entry(
                        for: item, replacing: change.before, context, now, sequence: sequence,
                        newValue: item.map { "version \($0.version), \(note)" } ?? note)))
        }
        effects.append(.planApplied(id, actor: context.actor, at: now))
        audit(.planApplied, plan, nil, context, now, &effects)
        return .updated
    }

    /// Plans whose time is over go.
    func dropExpiredPlans(_ now: Timestamp, _ effects: inout [SystemState.Effect]) {
        let expired = newestPlans.all.filter { $0.expiresAt <= now }
        for plan in expired.sorted(by: { $0.id < $1.id }) { effects.append(.dropPlan(plan.id)) }
    }

    /// - Parameter note: takes the place of the number of changes.
    private func audit(
        _ action: AuditEntry.Action, _ plan: CatalogPlan, _ note: String?, _ context: WriteContext, _ now: Timestamp,
        _ effects: inout [SystemState.Effect]
    ) {
        var sequence = newestAuditSequence
        for case .audit(let entry) in effects { sequence = max(sequence, entry.sequence) }
        sequence += 1
        effects.append(
            .audit(
                AuditEntry(
                    id: .version8(partOf: ResourceID(plan.id), salt: StableHash.mix(sequence)), sequence: sequence,
                    resourceID: nil, action: action, tagKey: "plan \(plan.id)",
                    newValue: note ?? "\(plan.changes.count) changes", actor: context.actor, requestID: context.requestID,
                    at: now)))
    }
}
