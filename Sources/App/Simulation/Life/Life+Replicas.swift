import Consensus
import WriteAheadLog

// What a node does with what its cores ask for.
extension Life {
    /// Carries out what the core asked for, in order, and what follows from it.
    func run(_ effects: [Effect], _ node: SimulatedNode, _ group: Int) {
        var waiting = effects
        var position = 0
        while position < waiting.count, node.condition == .up {
            let more = run(waiting[position], node, group)
            position += 1
            if !more.isEmpty { waiting.append(contentsOf: more) }
        }
    }

    private func run(_ effect: Effect, _ node: SimulatedNode, _ group: Int) -> [Effect] {
        switch effect {
        case .persist(let write): return persist(write, node, group)
        case .send(let message): send(message, node, group)
        case .fetchEntries(let fetch):
            // The reader's thread comes to it now, or after other things happened.
            let delay = coreRandom.chance(percent: 50) ? 0 : coreRandom.duration(in: 0...5_000)
            queue.schedule(.fetched(node: node.position, life: node.life, group: group, fetch), after: delay)
        case .apply(let entries): return apply(entries, node, group)
        case .readsReady(let reads, _):
            for read in reads { answerRead(read, node, group) }
        case .readsFailed(let reads, _):
            for read in reads {
                guard let waiting = node.replicas[group].reads.removeValue(forKey: read) else { continue }
                reply(.refused, to: waiting.id, from: node)
            }
        case .needsSnapshot(let peer): sendSnapshot(to: peer, node, group)
        case .roleChanged(let change): roleChanged(change, node, group)
        case .configurationChanged(let configuration):
            node.replicas[group].configuration = configuration
            node.knownMembers[group] = configuration
            tally.memberChanges += 1
            trace.note(
                .membersChanged, at: now, place: node.position, group: group, configuration.index,
                configuration.configuration.traceWord, configuration.configuration.isJoint ? 1 : 0)
        case .transferAborted: break
        case .repaired:
            node.isSuspect[group] = false
            trace.note(.suspectRepaired, at: now, place: node.position, group: group)
            write(NodeLog.Record(kind: .repaired, group: group, index: 0, term: 0), toMetaOf: node)
        case .halted(let violation):
            ledger.report(.committedIsFinal, group, now, "node \(node.position) halted: \(violation)")
        }
        return []
    }

    // MARK: Persist

    private func persist(_ write: LogWrite, _ node: SimulatedNode, _ group: Int) -> [Effect] {
        if let hardState = write.hardState { self.write(hardState, node, group) }
        if let point = write.restart { restart(at: point, node, group) }
        if let point = write.truncateTo {
            node.replicas[group].stored.truncate(to: point.index)
            logWasCut(to: point.index, node, group)
            let index = bugs.contains(.skipTruncation) ? .max : point.index
            self.write(NodeLog.Record(kind: .truncate, group: group, index: index, term: point.term), toLogOf: node)
        }
        for entry in write.entries { append(entry, node, group) }
        if bugs.contains(.persistedBeforeSync) {
            return node.replicas[group].core.persisted(upTo: write.ticket, at: instant(node))
        }
        node.batch.note(write.ticket, group: group)
        return bugs.contains(.applyBeforeCommit) ? applyEarly(write.entries, node, group) : []
    }

    private func write(_ hardState: HardState, _ node: SimulatedNode, _ group: Int) {
        node.replicas[group].hardStateNumber += 1
        let record = NodeRecovery.record(
            of: hardState, number: node.replicas[group].hardStateNumber, group: group)
        write(record, toLogOf: node)
        write(record, toMetaOf: node)
        node.batch.hardStates.append((group, hardState))
    }

    private func logWasCut(to index: UInt64, _ node: SimulatedNode, _ group: Int) {
        node.replicas[group].logWasCut = true
        node.replicas[group].syncedIndex = min(node.replicas[group].syncedIndex, index)
        node.writing?.truncated(group, to: index)
        node.batch.truncated(group, to: index)
    }

    private func append(_ entry: Entry, _ node: SimulatedNode, _ group: Int) {
        let payload = NodeRecovery.payload(of: entry.content)
        ledger.holds(
            node.position, group: group, index: entry.index, term: entry.term, payloadHash: Self.hash(payload),
            termBefore: node.replicas[group].stored.last.term, at: now)
        node.replicas[group].stored.append(entry)
        node.batch.extends(group, to: entry.index)
        write(
            NodeLog.Record(kind: .entry, group: group, index: entry.index, term: entry.term, payload: payload),
            toLogOf: node)
    }

    /// After a turn in which the log was cut: the members in force must have followed.
    func compareMembers(_ node: SimulatedNode, _ group: Int) {
        let replica = node.replicas[group]
        guard replica.logWasCut else { return }
        node.replicas[group].logWasCut = false
        // Where the log sets none, those of its base are in force, which the core alone knows.
        guard let inLog = replica.stored.configuration, inLog != replica.configuration else { return }
        ledger.report(
            .membersOfLog, group, now,
            "node \(node.position) goes by the members of \(replica.configuration.index), its log sets others at \(inLog.index)")
    }

    static func hash(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }

    func fetched(_ node: SimulatedNode, group: Int, _ fetch: EntryFetch) {
        let found = node.replicas[group].stored.read(
            from: fetch.from, through: fetch.through, bytesMax: fetch.bytesMax)
        let result: FetchResult = found.map { .entries($0) } ?? .compacted
        run(node.replicas[group].core.entriesFetched(fetch, result, at: instant(node)), node, group)
        finishTurn(of: node)
    }

    // MARK: Send

    private func send(_ message: Message, _ node: SimulatedNode, _ group: Int) {
        switch message.body {
        // These rest on the term, or the vote, being on disk; everything else may be forgotten.
        case .voteAnswer(granted: true): promise(message.term, vote: message.to, node, group)
        case .voteRequest: promise(message.term, vote: node.id, node, group)
        case .append, .heartbeat: promise(message.term, vote: nil, node, group)
        case .appendAccepted(let match):
            promise(message.term, vote: nil, node, group)
            let synced = node.replicas[group].syncedIndex
            if match > synced {
                ledger.report(
                    .persistBeforeSend, group, now,
                    "node \(node.position) acknowledges entries up to \(match), \(synced) is on its disk")
            }
        case .preVoteRequest, .preVoteAnswer, .voteAnswer, .appendRejected, .heartbeatAnswer, .timeoutNow,
            .readIndexRequest, .readIndexAnswer:
            break
        }
        send(.consensus(message), from: node.position, to: SimulatedNode.position(of: message.to))
    }

    /// The node is about to say something that rests on its term, or vote, being on disk.
    private func promise(_ term: UInt64, vote: ReplicaID?, _ node: SimulatedNode, _ group: Int) {
        ledger.promised(node.position, group: group, term: term, vote: vote?.rawValue, at: now)
        let synced = node.replicas[group].syncedHardState
        if synced.term < term || (vote != nil && synced.term == term && synced.vote != vote) {
            ledger.report(
                .persistBeforeSend, group, now,
                "node \(node.position) speaks of term \(term) and vote \(vote.map(String.init(describing:)) ?? "none"), term \(synced.term) and vote \(synced.vote.map(String.init(describing:)) ?? "none") are on its disk")
        }
    }

    func received(_ message: Message, _ node: SimulatedNode) {
        let group = Int(message.group)
        run(node.replicas[group].core.received(message, at: instant(node)), node, group)
        finishTurn(of: node)
    }

    private func roleChanged(_ change: RoleChange, _ node: SimulatedNode, _ group: Int) {
        let before = node.replicas[group].role
        node.replicas[group].role = change.role
        let role: UInt64 =
            switch change.role {
            case .follower: 0
            case .preCandidate: 1
            case .candidate: 2
            case .leader: 3
            }
        trace.note(
            .roleChanged, at: now, place: node.position, group: group, role, change.term, change.leader?.rawValue ?? 0)
        guard change.role == .leader, before != .leader else { return }
        tally.elections += 1
        leaderBegins(node)
        let core = node.replicas[group].core
        node.replicas[group].commitAtElection = core.status(at: instant(node)).commit
        ledger.leads(
            node.position, group: group, term: change.term, lastIndex: node.replicas[group].stored.last.index, at: now
        ) { core.term(at: $0) }
    }

    // MARK: Apply

    private func apply(_ entries: [Entry], _ node: SimulatedNode, _ group: Int) -> [Effect] {
        for entry in entries { applyOne(entry, node, group) }
        guard let last = entries.last else { return [] }
        checkCommitRule(node, group)
        let more = node.replicas[group].core.applied(upTo: last.index, at: instant(node))
        takeSnapshotIfDue(node, group)
        return more
    }

    /// What a leader adds to what is committed ends in an entry of its own term (Raft paper, 5.4.2): counting copies of an
    /// older one proves nothing.
    private func checkCommitRule(_ node: SimulatedNode, _ group: Int) {
        let replica = node.replicas[group]
        guard replica.role == .leader, replica.core.isLeader else { return }
        let commit = replica.core.status(at: instant(node)).commit
        guard commit > replica.commitAtElection, let term = replica.core.term(at: commit), term < replica.core.term else {
            return
        }
        ledger.report(
            .ownTermFirst, group, now,
            "node \(node.position) leads term \(replica.core.term) and commits up to \(commit) of term \(term)")
    }

    private func applyOne(_ entry: Entry, _ node: SimulatedNode, _ group: Int) {
        // A bug may have applied it before.
        guard entry.index > node.replicas[group].machine.appliedIndex else { return }
        var payload: [UInt8] = []
        switch entry.content {
        case .data(let bytes): payload = bytes
        case .noOperation: break
        case .configuration(let configuration): node.replicas[group].members = configuration
        }
        let applied = node.replicas[group].machine.apply(
            payload, at: entry.index, ignoringKeys: bugs.contains(.ignoreIdempotencyKeys))
        node.replicas[group].applied = entry.point
        trace.note(
            .applied, at: now, place: node.position, group: group, entry.index, entry.term,
            applied?.id.number ?? 0)
        ledger.applied(
            node.position, group: group, index: entry.index, term: entry.term,
            payloadHash: Self.hash(NodeRecovery.payload(of: entry.content)),
            stateHash: node.replicas[group].machine.stateHash, effect: applied.flatMap { $0.isRepeated ? nil : $0.id },
            at: now)
        if case .configuration(let configuration) = entry.content {
            ledger.appliedMembers(configuration, group: group, index: entry.index)
        }
        answerWrite(at: entry, applied, node, group)
    }

    /// The planted bug: the leader applies, and answers, what is on nobody's disk but its own.
    private func applyEarly(_ entries: [Entry], _ node: SimulatedNode, _ group: Int) -> [Effect] {
        guard node.replicas[group].role == .leader else { return [] }
        for entry in entries where entry.index == node.replicas[group].machine.appliedIndex + 1 {
            applyOne(entry, node, group)
        }
        return []
    }

    // MARK: Snapshots

    private func takeSnapshotIfDue(_ node: SimulatedNode, _ group: Int) {
        let replica = node.replicas[group]
        guard replica.applied.index >= replica.snapshotIndex + plan.snapshotInterval else { return }
        let snapshot = makeSnapshot(node, group)
        node.replicas[group].snapshotIndex = replica.applied.index
        write(
            NodeLog.Record(
                kind: .snapshot, group: group, index: snapshot.point.point.index, term: snapshot.point.point.term,
                payload: NodeRecovery.payload(ofSnapshot: snapshot.point.configuration, state: snapshot.state)),
            toLogOf: node)
        node.batch.snapshots.append((group, snapshot.point.point))
    }

    /// The snapshot is on disk: the log below is not needed any more.
    func snapshotStored(_ node: SimulatedNode, group: Int, _ point: LogPoint) {
        tally.snapshots += 1
        trace.note(.snapshotTaken, at: now, place: node.position, group: group, point.index, point.term)
        node.replicas[group].stored.compact(upTo: point)
        run(node.replicas[group].core.compacted(upTo: point.index, at: instant(node)), node, group)
    }

    private func makeSnapshot(_ node: SimulatedNode, _ group: Int) -> (point: SnapshotPoint, state: [UInt8]) {
        let replica = node.replicas[group]
        var point = replica.applied
        if bugs.contains(.snapshotIndexOffByOne) { point.index += 1 }
        let founders = Configuration(voters: (0..<plan.founders).map { ReplicaID(UInt64($0 + 1)) })
        let members = bugs.contains(.snapshotWithFirstMembers) ? founders : replica.members
        return (
            SnapshotPoint(point: point, configuration: members),
            replica.machine.snapshot(withAnswers: !bugs.contains(.snapshotWithoutAnswers))
        )
    }

    private func sendSnapshot(to peer: ReplicaID, _ node: SimulatedNode, _ group: Int) {
        let snapshot = makeSnapshot(node, group)
        let transfer = SnapshotTransfer(
            group: group, from: node.id, to: peer, term: node.replicas[group].core.term, point: snapshot.point,
            state: snapshot.state)
        send(.snapshot(transfer), from: node.position, to: SimulatedNode.position(of: peer))
        queue.schedule(
            .snapshotGivenUp(node: node.position, life: node.life, group: group, peer: peer), after: Self.snapshotTimeout)
    }

    static let snapshotTimeout: Microseconds = .milliseconds(400)

    /// A snapshot has arrived whole; the core decides whether it is wanted.
    func offered(_ transfer: SnapshotTransfer, to node: SimulatedNode) {
        let group = transfer.group
        node.replicas[group].offered = transfer
        run(
            node.replicas[group].core.snapshotReceived(transfer.point, at: instant(node)), node, group)
        node.replicas[group].offered = nil
        finishTurn(of: node)
        send(
            .snapshotOutcome(group: group, from: node.id, to: transfer.from, transfer.point.point),
            from: node.position, to: SimulatedNode.position(of: transfer.from))
    }

    /// The core goes on from the snapshot that it was offered.
    private func restart(at point: SnapshotPoint, _ node: SimulatedNode, _ group: Int) {
        guard let transfer = node.replicas[group].offered, transfer.point == point,
            let machine = RegisterMachine(snapshot: transfer.state)
        else { preconditionFailure("the core restarts from \(point), which it was not offered") }
        trace.note(
            .snapshotInstalled, at: now, place: node.position, group: group, point.point.index, point.point.term)
        write(
            NodeLog.Record(
                kind: .restart, group: group, index: point.point.index, term: point.point.term,
                payload: NodeRecovery.payload(ofSnapshot: point.configuration, state: transfer.state)),
            toLogOf: node)
        node.replicas[group].machine = machine
        node.replicas[group].stored.restart(at: point.point)
        logWasCut(to: 0, node, group)
        node.batch.extends(group, to: point.point.index)
        node.replicas[group].applied = point.point
        node.replicas[group].members = point.configuration
        node.replicas[group].snapshotIndex = point.point.index
        ledger.restored(
            node.position, group: group, index: point.point.index, stateHash: machine.stateHash, at: now)
    }

    /// The transfer to `peer` came to an end: the snapshot arrived, or nothing was heard of it.
    func snapshotEnded(_ node: SimulatedNode, group: Int, peer: ReplicaID, delivered point: LogPoint?) {
        run(
            node.replicas[group].core.snapshotReported(peer: peer, delivered: point, at: instant(node)), node, group)
        finishTurn(of: node)
    }
}

extension Configuration {
    /// Stands for the members in the trace.
    var traceWord: UInt64 {
        var word: UInt64 = 0
        for id in voters { word = RegisterModel.fold(word, id.rawValue) }
        for id in learners { word = RegisterModel.fold(word, ~id.rawValue) }
        return word
    }
}
