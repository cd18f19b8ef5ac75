import Model

/// What retention does to group 0.
extension SystemShard {
    /// - Parameter newest: retention as the last proposal left it.
    func decide(
        _ command: RetentionCommand, _ context: WriteContext, _ now: Timestamp, _ effects: inout [SystemState.Effect]
    ) -> (Outcome, UUID128?) {
        let newest = newestRetention
        switch command {
        case .keep(let months, let precondition):
            let old = newest.retention
            if let refusal = Self.refusal(precondition, old) { return (refusal, nil) }
            guard old?.months != months || old == nil else { return (.unchanged, nil) }
            let new = AuditRetention(
                months: months, changedBy: context.actor, changedAt: now, version: (old?.version ?? 0) + 1)
            effects.append(.keep(.retention(new)))
            effects.append(
                .audit(entry(.retentionChanged, new.id, "audit", Self.text(old?.months), Self.text(months), context, now)))
            return (old == nil ? .created : .updated, new.id)
        case .place(var hold):
            if newest.holds.values.contains(where: { $0.name == hold.name }) {
                return (.conflict("there is a hold named \"\(hold.name)\" already"), nil)
            }
            guard newest.holds.count < LegalHold.countMax else {
                return (.conflict("\(LegalHold.countMax) holds are in force; release some of them first"), nil)
            }
            (hold.placedBy, hold.placedAt) = (context.actor, now)
            effects.append(.keep(.hold(hold)))
            effects.append(.audit(entry(.holdPlaced, hold.id, hold.name, nil, hold.reason, context, now)))
            return (.created, hold.id)
        case .release(let id):
            guard let hold = newest.holds[id] else { return (.notFound, nil) }
            effects.append(.forget(id))
            effects.append(.audit(entry(.holdReleased, id, hold.name, hold.reason, nil, context, now)))
            return (.deleted, id)
        case .begin:
            guard let cleaning = newest.due(at: now) else { return (.unchanged, nil) }
            effects.append(.keep(.cleaning(cleaning)))
            return (.created, cleaning.id)
        case .finish(let run, let removed, let held):
            guard var cleaning = newest.underWay, cleaning.run == run else { return (.unchanged, nil) }
            (cleaning.finishedAt, cleaning.removed, cleaning.held) = (now, removed, held)
            effects.append(.keep(.cleaning(cleaning)))
            effects.append(
                .audit(
                    entry(
                        .auditCleaned, cleaning.id, "before \(cleaning.before)", nil,
                        "\(removed) removed, \(held) held, kept for \(Self.text(cleaning.months))", context, now)))
            return (.updated, cleaning.id)
        case .remove(let part):
            guard newestProgress.admits(part), part.through <= state.auditSequence else {
                return (AuditRemoval.isStale, nil)
            }
            effects.append(.auditRemoved(part))
            return (.updated, nil)
        }
    }

    private static func text(_ months: Int?) -> String { months.map { "\($0) months" } ?? "for ever" }

    private static func refusal(_ precondition: Precondition, _ old: AuditRetention?) -> Outcome? {
        switch precondition {
        case .none: nil
        case .unchangedSince(let version):
            (old?.version ?? 0) == version ? nil : .preconditionFailed(current: old?.version)
        case .exists: old == nil ? .preconditionFailed(current: nil) : nil
        case .absent: old.map { .preconditionFailed(current: $0.version) }
        }
    }

    private func entry(
        _ action: AuditEntry.Action, _ id: UUID128, _ name: String, _ old: String?, _ new: String?,
        _ context: WriteContext, _ now: Timestamp
    ) -> AuditEntry {
        let sequence = newestAuditSequence + 1
        return AuditEntry(
            id: .version8(partOf: ResourceID(id), salt: StableHash.mix(sequence)), sequence: sequence, resourceID: nil,
            action: action, tagKey: name, oldValue: old, newValue: new, actor: context.actor,
            requestID: context.requestID, at: now)
    }
}
