import Model

/// What governance does to group 0.
extension SystemShard {
    func keep(
        _ item: GovernanceItem, _ context: WriteContext, _ now: Timestamp, _ effects: inout [SystemState.Effect]
    ) -> Outcome {
        switch item {
        case .retention, .hold, .cleaning:
            return .invalid("retention has commands of its own")
        case .score:
            guard state.governance.item(item.id) != item else { return .unchanged }
            effects.append(.keep(item))
            return .updated
        case .rejection(var rejection):
            guard state.governance.rejections[rejection.id] == nil else { return .unchanged }
            guard state.governance.rejections.count < AliasRejection.countMax else {
                return .conflict("\(AliasRejection.countMax) rejections are remembered; reconsider some of them first")
            }
            (rejection.rejectedBy, rejection.at) = (context.actor, now)
            effects.append(.keep(.rejection(rejection)))
            effects.append(.audit(entry(.aliasRejected, rejection, context, now)))
            return .created
        }
    }

    func forget(
        _ id: UUID128, _ context: WriteContext, _ now: Timestamp, _ effects: inout [SystemState.Effect]
    ) -> Outcome {
        guard let rejection = state.governance.rejections[id] else { return .notFound }
        effects.append(.forget(id))
        effects.append(.audit(entry(.aliasReconsidered, rejection, context, now)))
        return .deleted
    }

    private func entry(
        _ action: AuditEntry.Action, _ rejection: AliasRejection, _ context: WriteContext, _ now: Timestamp
    ) -> AuditEntry {
        let sequence = newestAuditSequence + 1
        return AuditEntry(
            id: .version8(partOf: ResourceID(rejection.id), salt: StableHash.mix(sequence)), sequence: sequence,
            resourceID: nil, action: action, tagKey: rejection.tagKey, oldValue: rejection.alias,
            newValue: rejection.value, actor: context.actor, requestID: context.requestID, at: now)
    }
}
