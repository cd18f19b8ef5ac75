package import Model

/// A replica of a shard: applies the entries of its group's log, and, while its replica leads, decides the whole
/// consequence of each command against the newest state, applied or in flight.
///
/// The output contract: what `propose` returns is proposed to the group, and `appended` is told; once a majority has it on
/// disk, `apply` takes it, and only then is its reply given. Reads see applied state only.
package struct Shard: Sendable {
    package let number: Int
    package private(set) var state: ShardState
    private var queue: EntryQueue<ShardPayload>
    /// Rows that entries in flight change: the newest version of each.
    private var inFlightRows: [ResourceID: InFlightRow] = [:]
    private var inFlightAnswers: [IdempotencyKey: Remembered] = [:]
    /// Graphs that entries in flight make, change or drop: their versions then, nil where they are gone.
    private var inFlightGraphs: [String: (index: UInt64, version: UInt64?)] = [:]
    private var decoded = DecodedEntries()
    private var lastAuditSequence: UInt64
    /// Clean-ups of the history as the last proposal left them.
    private var newestCleaning: AuditCleaningProgress
    /// The sweep as of the last proposal.
    private var proposedSweep: ShardState.SweepPosition
    /// The sweep of a new version starts when all entries that were judged under older ones are applied.
    private var sweepBarrier: UInt64 = 0

    private struct InFlightRow {
        let index: UInt64
        let row: ChangedRow
    }

    package init(number: Int, state: ShardState) {
        self.number = number
        self.state = state
        queue = EntryQueue(lastIndex: state.appliedIndex)
        lastAuditSequence = state.auditSequence
        newestCleaning = state.cleaning
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
        if case .audit(let command) = command { return proposal(of: command, at: now) }
        if case .graph(let command) = command { return proposal(of: command, by: context, at: now) }
        var draft = Draft(shard: self, index: queue.nextIndex, now: now, context: context, version: judge.version)
        do throws(CodecError) {
            try draft.carryOut(command, judge: judge)
            return try finish(draft, context, at: now)
        } catch {
            throw .damagedRow(error.message)
        }
    }

    /// The group's log took the proposal in this term.
    package mutating func appended(_ proposal: Proposal<ShardPayload>, term: UInt64) {
        for row in proposal.payload.rows { inFlightRows[row.id] = InFlightRow(index: proposal.index, row: row) }
        if let (key, answer) = proposal.payload.answer { inFlightAnswers[key] = answer }
        for case .graph(let effect) in proposal.payload.entry.effects {
            if case .dropped(let name) = effect {
                inFlightGraphs[name] = (proposal.index, nil)
            } else {
                inFlightGraphs[effect.name] = (proposal.index, proposal.index)
            }
        }
        lastAuditSequence = proposal.payload.auditSequence
        newestCleaning.note(proposal.payload.entry.effects)
        proposedSweep = proposal.payload.sweep
        queue.append(proposal, term: term)
    }

    /// A new version of the catalogue is in force: rows that are in flight now were judged under an older one.
    package mutating func catalogChanged() { sweepBarrier = queue.lastIndex }

    /// This replica leads, and everything that earlier leaders left is applied; or it leads no more. What was in flight is
    /// forgotten: it comes back through `apply`, or never.
    package mutating func termChanged() { forgetInFlight() }

    /// The group's own entries, without content for the shard, were appended up to `index`.
    package mutating func advance(to index: UInt64) { queue.advance(to: index) }

    /// Whether the bytes of an entry that another leader sent can be applied, as far as their form goes.
    package mutating func understands(_ bytes: [UInt8], at index: UInt64, term: UInt64) -> Bool {
        guard let payload = try? EntryPayload(decoding: bytes) else { return false }
        decoded.keep(payload, of: bytes.count, index: index, term: term)
        return true
    }

    /// Applies the next committed entry; nil bytes: one of the group's own, without content. Throws when it cannot be
    /// applied: damaged memory, or an entry of a newer version.
    package mutating func apply(_ bytes: [UInt8]?, at index: UInt64, term: UInt64) throws(CodecError) -> ShardState.Changes {
        guard let bytes else {
            state.advance(to: index)
            queue.advance(to: index)
            return ShardState.Changes()
        }
        let payload: EntryPayload
        if let own = queue.take(index: index, term: term) {
            payload = own.entry
        } else if let known = decoded.take(index: index, term: term) {
            payload = known
        } else {
            payload = try EntryPayload(decoding: bytes)
        }
        let changes = try state.apply(payload, at: index)
        queue.advance(to: index)
        for id in changes.rows where inFlightRows[id]?.index == index { inFlightRows[id] = nil }
        for key in changes.remembered { inFlightAnswers[key] = nil }
        if !inFlightGraphs.isEmpty { inFlightGraphs = inFlightGraphs.filter { $0.value.index > index } }
        return changes
    }

    /// A snapshot takes the place of everything that was.
    package mutating func install(_ state: ShardState) {
        self.state = state
        decoded = DecodedEntries()
        forgetInFlight()
    }

    /// Brings a copy of another region's shard forward (`ShardState`), to that point once nothing of it is missing.
    package mutating func bringForward(
        _ changed: [(id: ResourceID, bytes: [UInt8])], gone: [ResourceID],
        to point: (appliedIndex: UInt64, auditSequence: UInt64)?
    ) throws(CodecError) {
        try state.bringForward(changed, gone: gone)
        if let point { state.reached(appliedIndex: point.appliedIndex, auditSequence: point.auditSequence) }
    }

    private mutating func forgetInFlight() {
        queue = EntryQueue(lastIndex: state.appliedIndex)
        inFlightRows = [:]
        inFlightAnswers = [:]
        inFlightGraphs = [:]
        lastAuditSequence = state.auditSequence
        newestCleaning = state.cleaning
        proposedSweep = state.sweep
        sweepBarrier = 0
    }

    // MARK: Queries

    /// The row as the last proposal left it.
    func newest(_ id: ResourceID) throws(CodecError) -> ResourceRecord? {
        if let inFlight = inFlightRows[id] { return inFlight.row.record }
        return try state.record(id)
    }

    /// The stored form of that row; nil where there is none.
    func newestBytes(_ id: ResourceID) -> [UInt8]? {
        if let inFlight = inFlightRows[id] { return inFlight.row.bytes }
        return state.rows[id]
    }

    /// The resource and tag that a virtual tag's id stands for, as the last proposal left them.
    func newestTag(_ id: UUID128) throws(CodecError) -> (ResourceRecord, VirtualTag)? {
        for row in state.rows.rows(sharingPrefixOf: id) {
            guard let record = try newest(row.id) else { continue }
            if let tag = record.tag(withID: id) { return (record, tag) }
        }
        for inFlight in inFlightRows.values {
            if let record = inFlight.row.record, record.resource.id.uuid.prefix == id.prefix,
                let tag = record.tag(withID: id)
            {
                return (record, tag)
            }
        }
        return nil
    }

    /// The version of the graph as the last proposal left it; nil: there is none.
    func newestGraphVersion(_ name: String) -> UInt64? {
        if let inFlight = inFlightGraphs[name] { return inFlight.version }
        return state.graphs[name]?.version
    }

    var nextIndex: UInt64 { queue.nextIndex }

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

    private func proposal(of command: AuditCommand, at now: Timestamp) -> OnProposed<ShardPayload> {
        let (effect, outcome) = newestCleaning.effect(of: command, auditSequence: state.auditSequence)
        guard let effect else {
            return .answer(ShardReply(index: queue.lastIndex, outcomes: [outcome]), after: queue.lastIndex)
        }
        let payload = ShardPayload(
            entry: EntryPayload(at: now, effects: [effect]), rows: [], answer: nil, auditSequence: lastAuditSequence,
            sweep: proposedSweep)
        return .append(proposal(payload, ShardReply(index: queue.nextIndex, outcomes: [outcome])))
    }

    private func finish(
        _ draft: Draft, _ context: WriteContext, at now: Timestamp
    ) throws(CodecError) -> OnProposed<ShardPayload> {
        let rows = draft.changedRows
        var effects = try draft.effects(rows)
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
            entry: EntryPayload(at: now, effects: effects), rows: rows, answer: answer,
            auditSequence: draft.auditSequence, sweep: draft.sweep)
        let reply = ShardReply(index: queue.nextIndex, outcomes: draft.outcomes, subject: draft.subject, tags: draft.tags)
        return .append(proposal(payload, reply))
    }

    /// Of an effect on a graph, which concerns no row; what it is answered is remembered for the context's key.
    func proposal(
        of effect: GraphEffect, _ reply: ShardReply, _ context: WriteContext, _ now: Timestamp
    ) -> Proposal<ShardPayload> {
        var effects = [Effect.graph(effect)]
        var answer: (IdempotencyKey, Remembered)?
        if let idempotency = context.idempotency {
            let remembered = Remembered(bodyDigest: idempotency.bodyDigest, reply: reply, at: now)
            effects.append(.remember(idempotency.key, remembered))
            answer = (idempotency.key, remembered)
        }
        return proposal(
            ShardPayload(
                entry: EntryPayload(at: now, effects: effects), rows: [], answer: answer, auditSequence: lastAuditSequence,
                sweep: proposedSweep), reply)
    }

    private func proposal(_ payload: ShardPayload, _ reply: ShardReply) -> Proposal<ShardPayload> {
        Proposal(index: queue.nextIndex, encoded: payload.entry.encoded, reply: reply, payload: payload)
    }
}

/// A row as an entry leaves it.
struct ChangedRow: Sendable {
    let id: ResourceID
    /// Nil: deleted.
    let record: ResourceRecord?
    /// The stored form.
    let bytes: [UInt8]?
}

/// An entry beside what its leader knows of it already, so that it need not read it back.
package struct ShardPayload: Sendable {
    let entry: EntryPayload
    let rows: [ChangedRow]
    let answer: (IdempotencyKey, Remembered)?
    let auditSequence: UInt64
    let sweep: ShardState.SweepPosition
}

extension ResourceRecord {
    func tag(withID id: UUID128) -> VirtualTag? {
        tags.first { PartID.virtualTag(of: resource.id, key: $0.key) == id }
    }
}
