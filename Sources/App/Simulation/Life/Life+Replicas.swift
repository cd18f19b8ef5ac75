import Consensus
import Linearizability
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
            for read in reads { refuseRead(read, node, group) }
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
            trace.note(.suspectRepaired, at: now, place: node.position, group: group)
            write(NodeLog.Record(kind: .repaired, group: group, index: 0, term: 0), toMetaOf: node)
            node.batch.repaired.append(group)
        case .halted(let violation):
            ledger.report(.committedIsFinal, group, now, "node \(node.position) halted: \(violation)")
        }
        return []
    }

    // MARK: Messages

    private func send(_ message: Message, _ node: SimulatedNode, _ group: Int) {
        switch message.body {
        // These rest on the term, or the vote, being on disk; everything else may be forgotten.
        case .voteAnswer(granted: true):
            ledger.voted(node.id, for: message.to, group: group, term: message.term)
            promise(message.term, vote: message.to, node, group)
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
        if plan.usesFrames {
            gather(message, node)
        } else {
            send(.consensus(message), from: node.position, to: SimulatedNode.position(of: message.to))
        }
    }

    /// The node is about to say something that rests on its term, or vote, being on disk.
    func promise(_ term: UInt64, vote: ReplicaID?, _ node: SimulatedNode, _ group: Int) {
        ledger.promised(node.position, group: group, term: term, vote: vote?.rawValue, at: now)
        let synced = node.replicas[group].syncedHardState
        if synced.term < term || (vote != nil && synced.term == term && synced.vote != vote) {
            ledger.report(
                .persistBeforeSend, group, now,
                "node \(node.position) speaks of \(HardState(term: term, vote: vote)), \(synced) is on its disk")
        }
    }

    func received(_ message: Message, _ node: SimulatedNode) {
        let group = Int(message.group)
        guard node.replicas[group].installing == nil || bugs.contains(.hearWhileInstalling) else { return }
        run(node.replicas[group].core.received(message, at: instant(node)), node, group)
    }

    private func roleChanged(_ change: RoleChange, _ node: SimulatedNode, _ group: Int) {
        if let shard = node.replicas[group].shard { officeChanged(change, shard, node, group) }
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
        ledger.elected(
            node.id, by: node.replicas[group].configuration.configuration, group: group, term: change.term, at: now)
        node.replicas[group].commitAtElection = core.status(at: instant(node)).commit
        ledger.leads(
            node.position, group: group, term: change.term, lastIndex: node.replicas[group].stored.last.index, at: now
        ) { core.term(at: $0) }
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
