package import Model

/// A shard's leader: decides the whole consequence of each command against the newest state, committed or in flight,
/// and applies entries once they are committed.
///
/// The output contract: what `propose` returns is handed to the log, and `appended` is told; when the log reports it durable
/// (on a majority; here in a group of one), `commit` applies it, and only then is its reply given. Reads see committed
/// state only.
package struct Shard: Sendable {
    package let number: Int
    package private(set) var state: ShardState
    private var queue: EntryQueue<ShardPayload>
    /// Rows that entries in flight change: the newest version of each.
    private var inFlightRows: [ResourceID: InFlightRow] = [:]
    private var inFlightAnswers: [IdempotencyKey: Remembered] = [:]
    private var lastAuditSequence: UInt64
    /// The sweep as of the last proposal.
    private var proposedSweep: ShardState.SweepPosition
    /// The sweep of a new version starts when all entries that were judged under older ones are applied.
    private var sweepBarrier: UInt64 = 0

    private struct InFlightRow {
        let index: UInt64
        /// Nil: deleted.
        let record: ResourceRecord?
    }

    package init(number: Int, state: ShardState) {
        self.number = number
        self.state = state
        queue = EntryQueue(lastIndex: state.appliedIndex)
        lastAuditSequence = state.auditSequence
        proposedSweep = state.sweep
    }

    /// Index of the last entry proposed.
    package var lastIndex: UInt64 { queue.lastIndex }

    // MARK: Events

    /// Works a command out. Changes nothing; the next proposal must wait for `appended`.
    package func propose(
        _ command: ShardCommand, by context: WriteContext, at now: Timestamp, judge: some Judge
    ) throws(ShardError) -> OnProposed<ShardPayload> {
        if let idempotency = context.idempotency, let answer = try remembered(idempotency) { return answer }
        var draft = Draft(shard: self, index: queue.nextIndex, now: now, context: context, version: judge.version)
        do throws(CodecError) {
            try draft.carryOut(command, judge: judge)
        } catch {
            throw .damagedRow(error.message)
        }
        return finish(draft, context, at: now)
    }

    /// The log took the proposal.
    package mutating func appended(_ proposal: Proposal<ShardPayload>) {
        for (id, record) in proposal.payload.rows { inFlightRows[id] = InFlightRow(index: proposal.index, record: record) }
        if let (key, answer) = proposal.payload.answer { inFlightAnswers[key] = answer }
        lastAuditSequence = proposal.payload.auditSequence
        proposedSweep = proposal.payload.sweep
        queue.append(proposal)
    }

    /// A new version of the catalogue is in force: rows that are in flight now were judged under an older one.
    package mutating func catalogChanged() { sweepBarrier = queue.lastIndex }

    /// An entry that says nothing: a new leader's first, or one that marks a point.
    package func proposeNoOperation(at now: Timestamp) -> Proposal<ShardPayload> {
        proposal(
            ShardPayload(
                entry: EntryPayload(at: now, effects: []), rows: [], answer: nil, auditSequence: lastAuditSequence,
                sweep: proposedSweep),
            ShardReply(index: queue.nextIndex, outcomes: []))
    }

    /// Applies everything up to `index`, in order. Throws when an entry cannot be applied: damaged memory.
    package mutating func commit(upTo index: UInt64) throws(CodecError) -> [Committed] {
        var committed: [Committed] = []
        while let entry = queue.popFirst(upTo: index) {
            let changes = try state.apply(entry.payload.entry, at: entry.index)
            for id in changes.rows where inFlightRows[id]?.index == entry.index { inFlightRows[id] = nil }
            for key in changes.remembered { inFlightAnswers[key] = nil }
            committed.append(Committed(index: entry.index, changes: changes))
        }
        return committed
    }

    // MARK: Queries

    /// The row as the last proposal left it.
    func newest(_ id: ResourceID) throws(CodecError) -> ResourceRecord? {
        if let row = inFlightRows[id] { return row.record }
        return try state.record(id)
    }

    /// The resource and tag that a virtual tag's id stands for, as the last proposal left them.
    func newestTag(_ id: UUID128) throws(CodecError) -> (ResourceRecord, VirtualTag)? {
        for row in state.rows.rows(sharingPrefixOf: id) {
            guard let record = try newest(row.id) else { continue }
            if let tag = record.tag(withID: id) { return (record, tag) }
        }
        for row in inFlightRows.values {
            if let record = row.record, record.resource.id.uuid.prefix == id.prefix, let tag = record.tag(withID: id) {
                return (record, tag)
            }
        }
        return nil
    }

    var sweepMayStart: Bool { state.appliedIndex >= sweepBarrier }
    var sweepPosition: ShardState.SweepPosition { proposedSweep }
    var auditSequence: UInt64 { lastAuditSequence }

    /// True when a sweep command has something to do.
    package func needsSweep(version: UInt64) -> Bool { proposedSweep.version < version || !proposedSweep.isComplete }

    // MARK: Private

    private func remembered(_ idempotency: WriteContext.Idempotency) throws(ShardError) -> OnProposed<ShardPayload>? {
        guard let answer = inFlightAnswers[idempotency.key] ?? state.idempotency[idempotency.key] else { return nil }
        guard answer.bodyDigest == idempotency.bodyDigest else { throw .idempotencyKeyReused }
        return .answer(answer.reply, after: answer.reply.index)
    }

    private func finish(_ draft: Draft, _ context: WriteContext, at now: Timestamp) -> OnProposed<ShardPayload> {
        var effects = draft.effects
        var answer: (IdempotencyKey, Remembered)?
        if let idempotency = context.idempotency, draft.outcomes.contains(where: \.succeeded) {
            let reply = ShardReply(
                index: queue.nextIndex, outcomes: draft.outcomes, subject: draft.subject, tags: draft.tags)
            let remembered = Remembered(bodyDigest: idempotency.bodyDigest, reply: reply, at: now)
            effects.append(.remember(idempotency.key, remembered))
            answer = (idempotency.key, remembered)
        }
        guard !effects.isEmpty else {
            let reply = ShardReply(
                index: queue.lastIndex, outcomes: draft.outcomes, subject: draft.subject, tags: draft.tags)
            return .answer(reply, after: queue.lastIndex)
        }
        let payload = ShardPayload(
            entry: EntryPayload(at: now, effects: effects), rows: draft.changedRows, answer: answer,
            auditSequence: draft.auditSequence, sweep: draft.sweep)
        let reply = ShardReply(index: queue.nextIndex, outcomes: draft.outcomes, subject: draft.subject, tags: draft.tags)
        return .append(proposal(payload, reply))
    }

    private func proposal(_ payload: ShardPayload, _ reply: ShardReply) -> Proposal<ShardPayload> {
        Proposal(index: queue.nextIndex, encoded: payload.entry.encoded, reply: reply, payload: payload)
    }
}

/// An entry beside what its leader knows of it already, so that it need not read it back.
package struct ShardPayload: Sendable {
    let entry: EntryPayload
    let rows: [(ResourceID, ResourceRecord?)]
    let answer: (IdempotencyKey, Remembered)?
    let auditSequence: UInt64
    let sweep: ShardState.SweepPosition
}

extension ResourceRecord {
    func tag(withID id: UUID128) -> VirtualTag? {
        tags.first { PartID.virtualTag(of: resource.id, key: $0.key) == id }
    }
}
