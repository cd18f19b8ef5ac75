package import Model
import Placement

/// A replica of the system shard. The same contract as `Shard`: propose, append, apply, reply.
package struct SystemShard: Sendable {
    /// Its group in the log; data shards follow from 1.
    package static let group = 0

    package private(set) var state: SystemState
    private var queue: EntryQueue<[SystemState.Effect]>
    /// Items as the last proposal left them; nil values are deleted.
    private var inFlight: [UUID128: (index: UInt64, item: CatalogItem?)] = [:]
    private var inFlightAnswers: [IdempotencyKey: Remembered] = [:]
    /// The cluster as the last proposal left it.
    private(set) var newestCluster: ClusterState
    /// The plans as the last proposal left them.
    private(set) var newestPlans: PlanTable
    private var lastAuditSequence: UInt64
    /// Retention and the clean-up of this group's history as the last proposal left them. The fence is the last hold.
    private(set) var newestRetention: RetentionState
    private(set) var newestProgress: AuditCleaningProgress

    package init(state: SystemState) {
        self.state = state
        newestCluster = state.cluster
        newestPlans = state.plans
        queue = EntryQueue(lastIndex: state.appliedIndex)
        lastAuditSequence = state.auditSequence
        newestRetention = state.governance.retention
        newestProgress = state.cleaning
        newestProgress.fence = state.appliedIndex
    }

    package var lastIndex: UInt64 { queue.lastIndex }

    /// Works a command out. Changes nothing; the next proposal must wait for `appended`.
    package func propose(
        _ command: SystemCommand, by context: WriteContext, at now: Timestamp
    ) throws(ShardError) -> OnProposed<[SystemState.Effect]> {
        if let idempotency = context.idempotency,
            let answer = inFlightAnswers[idempotency.key] ?? state.idempotency[idempotency.key]
        {
            guard answer.bodyDigest == idempotency.bodyDigest else { throw .idempotencyKeyReused }
            return .answer(answer.reply, after: answer.reply.index)
        }
        var effects: [SystemState.Effect] = []
        let (outcomes, subject) = decide(command, context, now, &effects)
        guard !effects.isEmpty else {
            return .answer(ShardReply(index: queue.lastIndex, outcomes: outcomes, subject: subject), after: queue.lastIndex)
        }
        let reply = ShardReply(index: queue.nextIndex, outcomes: outcomes, subject: subject)
        if let idempotency = context.idempotency {
            let answer = Remembered(bodyDigest: idempotency.bodyDigest, reply: reply, at: now)
            effects.append(.remember(idempotency.key, answer))
        }
        return .append(proposal(effects, reply))
    }

    /// The group's log took the proposal in this term.
    package mutating func appended(_ proposal: Proposal<[SystemState.Effect]>, term: UInt64) {
        for effect in proposal.payload {
            switch effect {
            case .put(let item): inFlight[item.id] = (proposal.index, item)
            case .delete(let id): inFlight[id] = (proposal.index, nil)
            case .audit(let entry): lastAuditSequence = entry.sequence
            case .remember(let key, let answer): inFlightAnswers[key] = answer
            case .reapply: break
            case .cluster(let change): newestCluster.apply(change)
            case .keepPlan(let plan): newestPlans.keep(plan)
            case .dropPlan(let id): newestPlans.drop(id)
            case .planApplied(let id, let actor, let at):
                // Which version it makes is known once it is applied.
                newestPlans.applied(id, CatalogPlan.Application(actor: actor, at: at, catalogVersion: 0))
            case .keep(let item):
                newestRetention.keep(item)
                switch item {
                case .hold, .retention: newestProgress.fence = proposal.index
                case .cleaning, .score, .rejection: break
                }
            case .forget(let id): newestRetention.forget(id)
            case .auditRemoved(let part): newestProgress.apply(part)
            }
        }
        queue.append(proposal, term: term)
    }

    /// This replica leads, and everything that earlier leaders left is applied; or it leads no more.
    package mutating func termChanged() { forgetInFlight() }

    /// The group's own entries, without content for the state, were appended up to `index`.
    package mutating func advance(to index: UInt64) { queue.advance(to: index) }

    /// Applies the next committed entry; nil bytes: one of the group's own, without content.
    package mutating func apply(_ bytes: [UInt8]?, at index: UInt64, term: UInt64) throws(CodecError) -> SystemState.Changes
    {
        guard let bytes else {
            state.advance(to: index)
            queue.advance(to: index)
            return SystemState.Changes()
        }
        let effects: [SystemState.Effect]
        if let own = queue.take(index: index, term: term) {
            effects = own
        } else {
            effects = try [SystemState.Effect](decoding: bytes)
        }
        let changes = state.apply(effects, at: index)
        queue.advance(to: index)
        for id in changes.items where inFlight[id]?.index == index { inFlight[id] = nil }
        for key in changes.remembered { inFlightAnswers[key] = nil }
        return changes
    }

    /// A snapshot takes the place of everything that was.
    package mutating func install(_ state: SystemState) {
        self.state = state
        forgetInFlight()
    }

    private mutating func forgetInFlight() {
        queue = EntryQueue(lastIndex: state.appliedIndex)
        inFlight = [:]
        inFlightAnswers = [:]
        newestCluster = state.cluster
        newestPlans = state.plans
        lastAuditSequence = state.auditSequence
        newestRetention = state.governance.retention
        newestProgress = state.cleaning
        // A hold may have come through another leader.
        newestProgress.fence = state.appliedIndex
    }

    // MARK: Private

    private func proposal(_ effects: [SystemState.Effect], _ reply: ShardReply) -> Proposal<[SystemState.Effect]> {
        Proposal(index: queue.nextIndex, encoded: effects.encoded, reply: reply, payload: effects)
    }

    private func decide(
        _ command: SystemCommand, _ context: WriteContext, _ now: Timestamp, _ effects: inout [SystemState.Effect]
    ) -> ([Outcome], UUID128?) {
        switch command {
        case .create, .update, .delete, .reapply, .passTime:
            let (outcome, subject) = decideCatalog(command, context, now, &effects)
            return ([outcome], subject)
        case .keep(let item):
            return ([keep(item, context, now, &effects)], item.id)
        case .forget(let id):
            return ([forget(id, context, now, &effects)], id)
        case .keepPlan(let plan):
            return ([keep(plan, context, now, &effects)], plan.id)
        case .dropPlan(let id):
            return ([drop(id, context, now, &effects)], id)
        case .applyPlan(let id):
            return ([applyPlan(id, context, now, &effects)], id)
        case .retention(let command):
            let (outcome, subject) = decide(command, context, now, &effects)
            return ([outcome], subject)
        case .configure, .putMember, .replaceMember, .setMemberState, .removeMember, .place, .setCursorKey, .supersede:
            var draft = ClusterDraft(
                cluster: newestCluster, context: context, now: now, lastAuditSequence: lastAuditSequence)
            let outcomes = draft.carryOut(command)
            effects = draft.effects
            return (outcomes, nil)
        }
    }

    private func decideCatalog(
        _ command: SystemCommand, _ context: WriteContext, _ now: Timestamp, _ effects: inout [SystemState.Effect]
    ) -> (Outcome, UUID128?) {
        switch command {
        case .create(let item):
            if let other = holder(of: item.name, item.kind) { return (nameConflict(item), other.id) }
            put(item.stamped(actor: context.actor, at: now, replacing: nil), nil, context, now, &effects)
            return (.created, item.id)
        case .update(let item, let precondition):
            let old = newest(item.id)
            if let refusal = refusal(precondition, old) { return (refusal, item.id) }
            guard let old, old.kind == item.kind else { return (.notFound, nil) }
            if let other = holder(of: item.name, item.kind), other.id != item.id { return (nameConflict(item), other.id) }
            guard !item.saysSame(as: old, at: now, actor: context.actor) else { return (.unchanged, item.id) }
            put(item.stamped(actor: context.actor, at: now, replacing: old), old, context, now, &effects)
            return (.updated, item.id)
        case .delete(let kind, let id, let precondition):
            let old = newest(id)
            if let refusal = refusal(precondition, old) { return (refusal, id) }
            guard let old, old.kind == kind else { return (.notFound, nil) }
            effects.append(.delete(id))
            effects.append(.audit(entry(for: nil, replacing: old, context, now)))
            return (.deleted, id)
        case .reapply:
            effects.append(.reapply)
            return (.updated, nil)
        case .passTime: return (passTime(context, now, &effects), nil)
        case .configure, .putMember, .replaceMember, .setMemberState, .removeMember, .place, .setCursorKey, .supersede,
            .keep,
            .forget, .keepPlan, .dropPlan, .applyPlan, .retention:
            preconditionFailure("\(command) is none of the catalogue's commands")
        }
    }

    /// Rules that start or end in one entry may have this many stored bytes, and one more of them; the others follow in the
    /// next.
    private static let passTimeBytesMax = 1 << 20

    private func passTime(
        _ context: WriteContext, _ now: Timestamp, _ effects: inout [SystemState.Effect]
    ) -> Outcome {
        dropExpiredPlans(now, &effects)
        var sequence = lastAuditSequence
        var bytes = 0
        for item in newestItems.sorted(by: { $0.id < $1.id }) where bytes < Self.passTimeBytesMax {
            guard let passed = item.passing(now) else { continue }
            bytes += SystemItem.catalog(passed.item).encoded.count
            sequence += 1
            effects.append(.put(passed.item))
            effects.append(
                .audit(
                    AuditEntry(
                        id: .version8(partOf: ResourceID(item.id), salt: StableHash.mix(sequence)), sequence: sequence,
                        resourceID: nil, action: passed.action, tagKey: item.name, actor: context.actor,
                        ruleID: item.kind == .rule ? item.id : nil, requestID: context.requestID, at: now)))
        }
        return effects.isEmpty ? .unchanged : .updated
    }

    private func put(
        _ item: CatalogItem, _ old: CatalogItem?, _ context: WriteContext, _ now: Timestamp,
        _ effects: inout [SystemState.Effect]
    ) {
        effects.append(.put(item))
        effects.append(.audit(entry(for: item, replacing: old, context, now)))
    }

    var newestAuditSequence: UInt64 { lastAuditSequence }

    /// The catalogue as the last proposal left it, in no order.
    var newestItems: [CatalogItem] {
        guard !inFlight.isEmpty else { return Array(state.items.values) }
        return state.items.values.filter { inFlight[$0.id] == nil } + inFlight.values.compactMap(\.item)
    }

    private func newest(_ id: UUID128) -> CatalogItem? {
        if let known = inFlight[id] { return known.item }
        return state.items[id]
    }

    private func holder(of name: String, _ kind: CatalogItem.Kind) -> CatalogItem? {
        let proposed = inFlight.values.lazy.compactMap(\.item)
        if let item = proposed.first(where: { $0.kind == kind && $0.name == name }) { return item }
        return state.items.values.first { $0.kind == kind && $0.name == name && inFlight[$0.id] == nil }
    }

    private func nameConflict(_ item: CatalogItem) -> Outcome {
        .conflict("there is a \(item.kind.noun) named \"\(item.name)\" already")
    }

    private func refusal(_ precondition: Precondition, _ old: CatalogItem?) -> Outcome? {
        switch precondition {
        case .none: nil
        case .unchangedSince(let version): old?.version == version ? nil : .preconditionFailed(current: old?.version)
        case .exists: old == nil ? .preconditionFailed(current: nil) : nil
        case .absent: old.map { .preconditionFailed(current: $0.version) }
        }
    }

    private func entry(
        for item: CatalogItem?, replacing old: CatalogItem?, _ context: WriteContext, _ now: Timestamp
    ) -> AuditEntry {
        entry(
            for: item, replacing: old, context, now, sequence: lastAuditSequence + 1,
            newValue: item.map { "version \($0.version)" })
    }

    func entry(
        for item: CatalogItem?, replacing old: CatalogItem?, _ context: WriteContext, _ now: Timestamp, sequence: UInt64,
        newValue: String?
    ) -> AuditEntry {
        let subject = item ?? old
        let ruleID = subject?.kind == .rule ? subject?.id : nil
        return AuditEntry(
            id: .version8(partOf: ResourceID(subject?.id ?? UUID128(high: 0, low: 0)), salt: StableHash.mix(sequence)),
            sequence: sequence, resourceID: nil, action: Self.action(subject?.kind ?? .rule, old, item),
            tagKey: subject?.name ?? "", oldValue: old.map { "version \($0.version)" },
            newValue: newValue, actor: context.actor, ruleID: ruleID,
            requestID: context.requestID, at: now)
    }

    private static func action(_ kind: CatalogItem.Kind, _ old: CatalogItem?, _ new: CatalogItem?) -> AuditEntry.Action {
        switch kind {
        case .rule: new == nil ? .ruleDeleted : old == nil ? .ruleCreated : .ruleUpdated
        case .definition: new == nil ? .schemaDeleted : old == nil ? .schemaCreated : .schemaUpdated
        case .policy: new == nil ? .policyDeleted : old == nil ? .policyCreated : .policyUpdated
        case .waiver: new == nil ? .waiverDeleted : old == nil ? .waiverCreated : .waiverUpdated
        }
    }
}
