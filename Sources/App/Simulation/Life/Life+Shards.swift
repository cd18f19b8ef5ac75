import Consensus
import Model
import Shard
import WriteAheadLog

// Replicas of real shards, under the rules of the node's `ShardHost`.
extension Life {
    /// Most writes that wait for their replica to begin to lead.
    private static let parkedMax = 32
    /// Until a slice of a sweep follows another, or is tried again.
    private static let sweepPause: Microseconds = .milliseconds(2)

    /// What a command comes to.
    enum CommandResult {
        case done(ShardReply)
        case failed(ClientReply)
    }

    // MARK: Commands

    func submit(_ request: ClientRequest, to shard: SimulatedShard, _ node: SimulatedNode, _ group: Int) {
        guard shard.office != .following else {
            return reply(.notLeader(leaderPosition(node, group)), to: request.id, from: node)
        }
        guard isReady(shard, node), shard.parked.isEmpty else {
            guard shard.parked.count < Self.parkedMax else { return reply(.refused, to: request.id, from: node) }
            return shard.parked.append(request)
        }
        carryOut(request, shard, node, group)
    }

    private func isReady(_ shard: SimulatedShard, _ node: SimulatedNode) -> Bool {
        let leads = shard.isLeading || (bugs.contains(.proposeBeforeOldEntries) && shard.office != .following)
        // Rows must not be judged under an older catalogue than those that an earlier leader has judged.
        let hasCatalog = node.catalog >= shard.shard.state.sweep.version || bugs.contains(.judgeByOldCatalog)
        return leads && hasCatalog
    }

    private func releaseParked(_ shard: SimulatedShard, _ node: SimulatedNode, _ group: Int) {
        while !shard.parked.isEmpty, isReady(shard, node) { carryOut(shard.parked.removeFirst(), shard, node, group) }
    }

    private func carryOut(_ request: ClientRequest, _ shard: SimulatedShard, _ node: SimulatedNode, _ group: Int) {
        guard case .resource(let asked) = request.command, let command = asked.shardCommand(on: Int(request.key)) else {
            preconditionFailure("\(request) is no command to a shard")
        }
        let isKeyed = request.isKeyed && !bugs.contains(.ignoreIdempotencyKeys)
        let idempotency = WriteContext.Idempotency(
            key: IdempotencyKey(high: 1, low: request.id.number), bodyDigest: request.id.number)
        let context = WriteContext(
            actor: "client", requestID: String(request.id.number), idempotency: isKeyed ? idempotency : nil)
        carryOut(command, by: context, for: .client(request.id), shard, node, group)
    }

    private func carryOut(
        _ command: ShardCommand, by context: WriteContext, for asker: SimulatedShard.Asker, _ shard: SimulatedShard,
        _ node: SimulatedNode, _ group: Int
    ) {
        let outcome: OnProposed<ShardPayload>
        do throws(ShardError) {
            shard.shard.advance(to: node.replicas[group].core.lastPoint.index)
            outcome = try shard.shard.propose(
                command, by: context, at: wallClock(node), judge: SimulatedJudge(version: node.catalog))
        } catch {
            return ledger.report(.stateMachineSafety, group, now, "node \(node.position) cannot propose: \(error)")
        }
        switch outcome {
        case .answer(let reply, let after): answer(reply, after: after, asker, shard, node, group)
        case .append(let proposal): append(proposal, asker, shard, node, group)
        }
    }

    private func append(
        _ proposal: Proposal<ShardPayload>, _ asker: SimulatedShard.Asker, _ shard: SimulatedShard, _ node: SimulatedNode,
        _ group: Int
    ) {
        let point: LogPoint
        do throws(ProposalRefusal) {
            point = try node.replicas[group].core.propose(proposal.encoded, at: instant(node))
        } catch {
            if case .notLeader(let leader) = error {
                return complete(asker, .failed(.notLeader(leader.map(SimulatedNode.position(of:)))), node, group)
            }
            return complete(asker, .failed(.refused), node, group)
        }
        node.replicas[group].isStaged = true
        guard point.index == proposal.index else {
            return ledger.report(
                .promisedIndex, group, now,
                "node \(node.position) worked out entry \(proposal.index), its log has it at \(point.index)")
        }
        shard.shard.appended(proposal, term: point.term)
        shard.wait(
            SimulatedShard.Waiter(index: proposal.index, reply: proposal.reply, asker: asker, needsConfirmation: false))
        if bugs.contains(.answerAtAppend) { complete(asker, .done(proposal.reply), node, group) }
    }

    /// An answer that needs no entry. That what it rests on is applied here says nothing about who leads by now, nor about
    /// what another leader committed since: that is to be confirmed, as for a read.
    private func answer(
        _ reply: ShardReply, after index: UInt64, _ asker: SimulatedShard.Asker, _ shard: SimulatedShard,
        _ node: SimulatedNode, _ group: Int
    ) {
        if bugs.contains(.answerUnchangedAtOnce) { return complete(asker, .done(reply), node, group) }
        guard index <= shard.shard.state.appliedIndex else {
            let needsConfirmation = !bugs.contains(.answerUnchangedWhenApplied)
            return shard.wait(
                SimulatedShard.Waiter(index: index, reply: reply, asker: asker, needsConfirmation: needsConfirmation))
        }
        confirm(reply, asker, node, group)
    }

    private func confirm(_ reply: ShardReply, _ asker: SimulatedShard.Asker, _ node: SimulatedNode, _ group: Int) {
        let core = node.replicas[group].core
        if core.isSoleVoter, core.hasCommittedInTerm { return complete(asker, .done(reply), node, group) }
        stage(.confirmation(reply, asker), node, group)
    }

    func complete(_ asker: SimulatedShard.Asker, _ result: CommandResult, _ node: SimulatedNode, _ group: Int) {
        switch (asker, result) {
        case (.client(let id), .done(let reply)):
            guard let outcome = reply.outcomes.first else { return }
            self.reply(.answer(.resource(.outcome(outcome, index: reply.index))), to: id, from: node)
        case (.client(let id), .failed(let reply)): self.reply(reply, to: id, from: node)
        case (.sweep, _):
            queue.schedule(.sweep(node: node.position, life: node.life, group: group), after: Self.sweepPause)
        }
    }

    // MARK: The group's log

    /// Applies one entry; what it tells of whose command it was. Nil where it could not be applied.
    func apply(_ entry: Entry, to shard: SimulatedShard, _ node: SimulatedNode, _ group: Int) -> OperationID?? {
        let before = shard.shard.state
        let changes: ShardState.Changes
        do throws(CodecError) {
            var data: [UInt8]?
            if case .data(let bytes) = entry.content { data = bytes }
            changes = try shard.apply(data, at: entry.index, term: entry.term)
        } catch {
            ledger.report(.stateMachineSafety, group, now, "node \(node.position) cannot apply \(entry.index): \(error)")
            return nil
        }
        if plan.sink != nil { sinkTruth.applied(changes, shard.shard.state.rows, group: group, at: entry.index) }
        checkTrail(changes, after: before.auditSequence, entry, node, group)
        checkRows(changes, shard, sweptUnder: before.sweep.version, entry, node, group)
        let id =
            changes.remembered.first.map { OperationID(number: $0.low) }
            ?? changes.audit.first.flatMap { UInt64($0.requestID) }.map(OperationID.init(number:))
        if id == nil, entry.index > ledger.lastCommitted(group: group) {
            for row in changes.rows {
                guard let key = SimulatedShard.ids.firstIndex(of: row) else { continue }
                history.swept(group: group, key: UInt64(key), index: entry.index, at: now)
            }
        }
        return .some(id)
    }

    /// The entries of a turn are applied: answers go out, and a new leader begins.
    func appliedAll(_ shard: SimulatedShard, _ node: SimulatedNode, _ group: Int) {
        let applied = shard.shard.state.appliedIndex
        while let waiter = shard.waiters.first, waiter.index <= applied {
            shard.waiters.removeFirst()
            if waiter.needsConfirmation {
                confirm(waiter.reply, waiter.asker, node, group)
            } else {
                complete(waiter.asker, .done(waiter.reply), node, group)
            }
        }
        defer { tellSink(node, group) }
        guard shard.office.applied(upTo: applied) else { return }
        if !bugs.contains(.keepInFlight) { shard.shard.termChanged() }
        releaseParked(shard, node, group)
        startSweepIfNeeded(shard, node, group)
    }

    func officeChanged(_ change: RoleChange, _ shard: SimulatedShard, _ node: SimulatedNode, _ group: Int) {
        guard shard.office.changed(change, last: node.replicas[group].core.lastPoint.index) else { return }
        tellSink(node, group)
        if !bugs.contains(.keepInFlight) { shard.shard.termChanged() }
        shard.isSweeping = false
        for request in shard.parked { reply(.notLeader(leaderPosition(node, group)), to: request.id, from: node) }
        shard.parked = []
        guard !bugs.contains(.keepWaiters) else { return }
        let waiters = shard.waiters
        shard.waiters = []
        for waiter in waiters { complete(waiter.asker, .failed(.unknownOutcome), node, group) }
    }

    // MARK: The catalogue

    /// Somebody changes a rule; every node hears of it, sooner or later.
    func catalogChanges() {
        guard settlingSince == nil, let interval = plan.catalogInterval else { return }
        catalogVersion += 1
        trace.note(.catalogChanged, at: now, place: -1, catalogVersion)
        for node in nodes { tellCatalog(to: node) }
        queue.schedule(.catalogChanges, after: machineRandom.duration(in: interval / 2...interval * 2))
    }

    func tellCatalog(to node: SimulatedNode) {
        let delay = machineRandom.longTailed(mean: .milliseconds(60))
        queue.schedule(.catalogHeard(node: node.position, life: node.life, version: catalogVersion), after: delay)
    }

    func catalogHeard(_ node: SimulatedNode, version: UInt64) {
        guard version > node.catalog else { return }
        node.catalog = version
        for (group, replica) in node.replicas.enumerated() {
            guard let shard = replica.shard else { continue }
            if !bugs.contains(.sweepBesideOldEntries) { shard.shard.catalogChanged() }
            releaseParked(shard, node, group)
            startSweepIfNeeded(shard, node, group)
        }
        finishTurn(of: node)
    }

    private func startSweepIfNeeded(_ shard: SimulatedShard, _ node: SimulatedNode, _ group: Int) {
        guard !shard.isSweeping, shard.isLeading, shard.shard.needsSweep(version: node.catalog) else { return }
        shard.isSweeping = true
        queue.schedule(.sweep(node: node.position, life: node.life, group: group), after: 0)
    }

    func sweepSlice(_ node: SimulatedNode, _ group: Int) {
        guard let shard = node.replicas[group].shard, shard.isSweeping else { return }
        guard shard.isLeading, shard.shard.needsSweep(version: node.catalog) else {
            shard.isSweeping = false
            return
        }
        if isReady(shard, node), shard.parked.isEmpty {
            carryOut(.sweep(limit: 1), by: WriteContext(actor: "system"), for: .sweep, shard, node, group)
            finishTurn(of: node)
        } else {
            queue.schedule(.sweep(node: node.position, life: node.life, group: group), after: Self.sweepPause)
        }
    }

    /// What the second phase must come to: all rows judged under the newest catalogue; nil: they are.
    func unswept(_ shard: SimulatedShard, _ node: SimulatedNode) -> String? {
        if node.catalog < catalogVersion {
            return "node \(node.position) has catalogue \(node.catalog) of \(catalogVersion)"
        }
        if shard.shard.needsSweep(version: catalogVersion) { return "the sweep of node \(node.position) is not over" }
        for row in shard.shard.state.rows.rows(after: nil, limit: .max) {
            guard let record = try? RecordCodec.decode(row.bytes, id: row.id), record.judgedUnder == catalogVersion else {
                return "the sweep of catalogue \(catalogVersion) is over and has left out \(row.id)"
            }
        }
        return nil
    }

    // MARK: Private

    private func leaderPosition(_ node: SimulatedNode, _ group: Int) -> Int? {
        node.replicas[group].core.leader.map(SimulatedNode.position(of:))
    }

    /// The node's own clock, which is not true time.
    private func wallClock(_ node: SimulatedNode) -> Timestamp {
        Timestamp(milliseconds: 1_770_000_000_000 + node.clock.read(at: now) / 1_000)
    }

    private func checkTrail(
        _ changes: ShardState.Changes, after sequence: UInt64, _ entry: Entry, _ node: SimulatedNode, _ group: Int
    ) {
        for (offset, line) in changes.audit.enumerated() where line.sequence != sequence + 1 + UInt64(offset) {
            return ledger.report(
                .auditTrail, group, now,
                "node \(node.position) applies \(entry.index): line \(line.sequence) of the trail follows \(sequence)")
        }
    }

    private func checkRows(
        _ changes: ShardState.Changes, _ shard: SimulatedShard, sweptUnder version: UInt64, _ entry: Entry,
        _ node: SimulatedNode, _ group: Int
    ) {
        for id in changes.rows {
            guard let record = try? shard.shard.state.record(id) else { continue }
            if record.changedIndex != entry.index {
                ledger.report(
                    .promisedIndex, group, now,
                    "node \(node.position) applies \(entry.index), its row says it is of \(record.changedIndex)")
            }
            if record.judgedUnder < version {
                ledger.report(
                    .newestRules, group, now,
                    "node \(node.position) applies \(entry.index): judged under catalogue \(record.judgedUnder), after \(version)"
                )
            }
        }
    }
}

extension ResourceCommand {
    /// As the shard is asked; nil for what is no command of a client.
    func shardCommand(on resource: Int) -> ShardCommand? {
        let id = SimulatedShard.ids[resource]
        func tagID(_ tag: Int) -> UUID128 { PartID.virtualTag(of: id, key: ResourceView.tagKeys[tag]) }
        switch self {
        case .read, .sweep: return nil
        case .put(let name, let precondition):
            return .putResource(
                Observation(
                    provider: .aws, resourceID: SimulatedShard.nativeIDs[resource], resourceType: "ec2.instance",
                    name: String(name)), precondition)
        case .delete(let precondition): return .deleteResource(id, precondition)
        case .applyTag(let tag, let value):
            return .applyTags([TagApplication(resource: id, tags: [Tag(ResourceView.tagKeys[tag], String(value))])])
        case .setTag(let tag, let value, let precondition):
            return .setTag(tagID(tag), value: String(value), precondition)
        case .deleteTag(let tag, let precondition): return .deleteTag(tagID(tag), precondition)
        }
    }
}
