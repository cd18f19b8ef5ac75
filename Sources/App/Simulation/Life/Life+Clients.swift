import Consensus
import Linearizability
import Shard
import WriteAheadLog

// What clients do, and how nodes answer them.
extension Life {
    /// Wait after a node said that it does not lead, or refused.
    private static let backoff: ClosedRange<Microseconds> = .milliseconds(2)...(.milliseconds(40))

    func wake(_ client: Int, after delay: Microseconds) {
        clients[client].wake += 1
        queue.schedule(.client(client, wake: clients[client].wake), after: delay)
    }

    /// Time to begin an operation, to ask again, or to give up.
    func clientWoke(_ index: Int, wake: Int) {
        guard clients[index].wake == wake else { return }
        guard let operation = clients[index].current else { return begin(index) }
        if let deadline = operation.deadline, now >= deadline { return giveUp(index, operation) }
        // Asked again without a key, it might have its effect twice.
        if !operation.request.isKeyed { return giveUp(index, operation) }
        // No answer, or one that said to try elsewhere.
        ask(index)
    }

    private func giveUp(_ index: Int, _ operation: SimulatedClient.Operation) {
        trace.note(.operationGivenUp, at: now, place: index, group: operation.group, operation.request.id.number)
        tally.unknownOutcomes += 1
        clients[index].current = nil
        wake(index, after: clientRandom.duration(in: 0...plan.thinkTime))
    }

    private func begin(_ index: Int) {
        let group: Int
        let key: UInt64
        let command: ClientCommand
        var isRepetition = false
        clients[index].sequence += 1
        let id = OperationID(client: index, sequence: clients[index].sequence)
        if clients[index].last != nil {
            guard let next = clients[index].last?.popLast() else { return }
            (group, key) = (next.group, next.key)
            command = lastCommand(id, group: group, isWrite: next.isWrite)
        } else {
            group = clientRandom.below(plan.groups)
            if let asked = drawRepetition(group: group) {
                (key, command) = (asked.key, .resource(asked.command))
                isRepetition = true
            } else {
                key = UInt64(clientRandom.below(plan.keysPerGroup))
                command = drawCommand(id, key: key, group: group)
                remember(command, key: key, group: group)
            }
        }
        let mustSucceed = clients[index].last != nil
        let position = history.called(id, group: group, key: key, command, at: now)
        trace.note(.operationCalled, at: now, place: index, group: group, id.number, key, command.traceWord)
        tally.operations += 1
        let isFast = command.isRead && clientRandom.chance(percent: 40)
        // What is asked once may lose its answer, so not where it must succeed.
        let isKeyed =
            mustSucceed || command.isRead || plan.machines[group] == .registers
            || clientRandom.chance(percent: isRepetition ? 20 : 70)
        clients[index].current = SimulatedClient.Operation(
            request: ClientRequest(id: id, key: key, command: command, isKeyed: isKeyed), group: group, anyReplica: isFast,
            position: position, deadline: mustSucceed ? nil : now + plan.operationTimeout)
        ask(index)
    }

    private func lastCommand(_ id: OperationID, group: Int, isWrite: Bool) -> ClientCommand {
        switch plan.machines[group] {
        case .registers: .register(isWrite ? .append(id.number + 1) : .read)
        case .shard: .resource(isWrite ? .put(name: id.number + 1, .none) : .read)
        }
    }

    private func drawCommand(_ id: OperationID, key: UInt64, group: Int) -> ClientCommand {
        switch plan.machines[group] {
        case .registers: .register(drawRegisterCommand(id, key: key, group: group))
        case .shard: .resource(drawResourceCommand(id, key: key, group: group))
        }
    }

    /// Several people often ask for the same: then most find it done, or being done.
    private func drawRepetition(group: Int) -> (key: UInt64, command: ResourceCommand)? {
        guard !lastAsked[group].isEmpty, clientRandom.chance(percent: 30) else { return nil }
        return clientRandom.element(of: lastAsked[group])
    }

    private func remember(_ command: ClientCommand, key: UInt64, group: Int) {
        guard case .resource(let command) = command, command != .read else { return }
        lastAsked[group].append((key, command))
        if lastAsked[group].count > 3 { lastAsked[group].removeFirst() }
    }

    private func drawResourceCommand(_ id: OperationID, key: UInt64, group: Int) -> ResourceCommand {
        let tag = clientRandom.below(ResourceView.tagKeys.count)
        // Few values, so that some commands find that there is nothing to change.
        let value = clientRandom.chance(percent: 50) ? UInt64(clientRandom.number(in: 1...2)) : id.number + 1
        switch clientRandom.below(20) {
        case 0...6: return .read
        case 7...9: return .put(name: value, drawPrecondition(group: group, key: key))
        case 10: return .delete(drawPrecondition(group: group, key: key))
        case 11...15: return .applyTag(tag, value: value)
        case 16...17: return .setTag(tag, value: value, drawPrecondition(group: group, key: key))
        default: return .deleteTag(tag, drawPrecondition(group: group, key: key))
        }
    }

    private func drawPrecondition(group: Int, key: UInt64) -> Precondition {
        switch clientRandom.below(10) {
        case 0...5: .none
        case 6...7: .unchangedSince(history.lastSeen(group: group, key: key))
        case 8: .exists
        default: .absent
        }
    }

    private func drawRegisterCommand(_ id: OperationID, key: UInt64, group: Int) -> RegisterCommand {
        switch clientRandom.below(10) {
        case 0...3: return .read
        case 4...5: return .write(id.number + 1)
        case 6...7: return .append(id.number + 1)
        default:
            // Mostly a value that may well be there: what a client last saw of this key.
            let seen = history.lastSeen(group: group, key: key)
            return .compareAndSet(expected: seen, new: id.number + 1)
        }
    }

    private func ask(_ index: Int) {
        guard var operation = clients[index].current else { return }
        operation.attempts += 1
        clients[index].current = operation
        let random = clientRandom.below(plan.nodes)
        let node: Int
        if operation.attempts % 3 == 0 {
            // Elsewhere if nobody answers: by turns where the operation must succeed, since chance may miss the only leader.
            node = operation.deadline == nil ? (index + operation.attempts / 3) % plan.nodes : random
        } else {
            // Where the leader was last seen, or where a balancer sends it.
            let isBalanced = operation.anyReplica || operation.attempts == 1 && clientRandom.chance(percent: 30)
            node = isBalanced ? random : clients[index].leaders[operation.group]
        }
        if operation.attempts > 1 {
            trace.note(
                .operationRetried, at: now, place: index, group: operation.group, operation.request.id.number,
                UInt64(node))
        }
        send(
            .request(operation.request, group: operation.group, anyReplica: operation.anyReplica),
            from: clients[index].endpoint, to: node)
        var wait = plan.attemptTimeout
        if let deadline = operation.deadline { wait = max(1, min(wait, deadline - now)) }
        wake(index, after: wait)
    }

    func replied(client index: Int, _ id: OperationID, _ reply: ClientReply, from node: Int) {
        // An answer to an operation that is over, or a second one.
        guard let operation = clients[index].current, operation.request.id == id else { return }
        switch reply {
        case .answer(let answer):
            trace.note(
                .operationAnswered, at: now, place: index, group: operation.group, id.number, answer.traceWord,
                UInt64(node))
            history.answered(operation.position, answer, at: now)
            if answer.tellsOfEffect(of: operation.request) { ledger.acknowledgedWrite(id, group: operation.group) }
            if !operation.anyReplica { clients[index].leaders[operation.group] = node }
            clients[index].current = nil
            wake(index, after: clients[index].last == nil ? clientRandom.duration(in: 0...plan.thinkTime * 2) : 0)
        case .notLeader(let hint):
            clients[index].leaders[operation.group] = hint ?? clientRandom.below(plan.nodes)
            wake(index, after: clientRandom.duration(in: Self.backoff))
        case .refused, .unknownOutcome:
            wake(index, after: clientRandom.duration(in: Self.backoff))
        }
    }

    // MARK: At the node

    func requested(_ request: ClientRequest, group: Int, anyReplica: Bool, node: SimulatedNode) {
        if request.command.isRead {
            read(request, group: group, anyReplica: anyReplica, node: node)
        } else if let shard = node.replicas[group].shard {
            submit(request, to: shard, node, group)
        } else if case .register(let command) = request.command {
            propose(RegisterEntry(id: request.id, key: request.key, command: command), group: group, node: node)
        }
        finishTurn(of: node)
    }

    private func propose(_ request: RegisterEntry, group: Int, node: SimulatedNode) {
        let point: LogPoint
        do throws(ProposalRefusal) {
            point = try node.replicas[group].core.propose(request.encoded, at: instant(node))
        } catch {
            return refuse(request.id, error, node)
        }
        node.replicas[group].writes[point.index] = SimulatedReplica.WaitingWrite(
            id: request.id, term: point.term)
        if bugs.contains(.answerAtAppend) {
            let value = node.replicas[group].machine.value(of: request.key)
            reply(.answer(.register(RegisterModel.apply(request.command, to: value).answer)), to: request.id, from: node)
        }
        run(node.replicas[group].core.flush(at: instant(node)), node, group)
    }

    private func refuse(_ id: OperationID, _ refusal: ProposalRefusal, _ node: SimulatedNode) {
        if case .notLeader(let leader) = refusal {
            reply(.notLeader(leader.map(SimulatedNode.position(of:))), to: id, from: node)
        } else {
            reply(.refused, to: id, from: node)
        }
    }

    private func read(_ request: ClientRequest, group: Int, anyReplica: Bool, node: SimulatedNode) {
        let isLeader = node.replicas[group].role == .leader
        guard isLeader || anyReplica else {
            let leader = node.replicas[group].core.leader
            return reply(.notLeader(leader.map(SimulatedNode.position(of:))), to: request.id, from: node)
        }
        if isLeader ? bugs.contains(.readWithoutAsking) : bugs.contains(.readFromFollower) {
            return answer(request, node.replicas[group].answer(request), node, group)
        }
        let atCall = bugs.contains(.readStateOfCall) ? node.replicas[group].answer(request) : nil
        stage(.read(request, atCall: atCall), node, group)
    }

    func answerRead(_ read: UInt64, _ node: SimulatedNode, _ group: Int) {
        switch node.replicas[group].reads.removeValue(forKey: read) {
        case .read(let request, let atCall):
            answer(request, atCall ?? node.replicas[group].answer(request), node, group)
        case .confirmation(let reply, let asker): complete(asker, .done(reply), node, group)
        case nil: return
        }
    }

    func refuseRead(_ read: UInt64, _ node: SimulatedNode, _ group: Int) {
        switch node.replicas[group].reads.removeValue(forKey: read) {
        case .read(let request, _): reply(.refused, to: request.id, from: node)
        case .confirmation(_, let asker): complete(asker, .failed(.unknownOutcome), node, group)
        case nil: return
        }
    }

    private func answer(_ request: ClientRequest, _ answer: ClientAnswer?, _ node: SimulatedNode, _ group: Int) {
        guard let answer else {
            return ledger.report(
                .stateMachineSafety, group, now, "node \(node.position) cannot read the row of \(request.key)")
        }
        reply(.answer(answer), to: request.id, from: node)
    }

    /// The entry at this index is applied: whoever waited there learns what came of it.
    func answerWrite(at entry: Entry, _ applied: RegisterMachine.Applied?, _ node: SimulatedNode, _ group: Int) {
        guard let waiting = node.replicas[group].writes.removeValue(forKey: entry.index) else { return }
        if let applied, applied.id == waiting.id {
            reply(.answer(.register(applied.answer)), to: waiting.id, from: node)
        } else if bugs.contains(.answerByIndexAlone) {
            reply(.answer(.register(applied?.answer ?? .written)), to: waiting.id, from: node)
        } else {
            // Another leader's entry took its place.
            reply(.refused, to: waiting.id, from: node)
        }
    }

    func reply(_ reply: ClientReply, to id: OperationID, from node: SimulatedNode) {
        send(.reply(id, reply), from: node.position, to: clients[id.client].endpoint)
    }
}

extension ClientAnswer {
    /// Whether it says that the command left its mark in the log.
    func tellsOfEffect(of request: ClientRequest) -> Bool {
        switch self {
        case .register: !request.command.isRead
        case .resource(.record): false
        case .resource(.outcome(let outcome, _)): outcome.changedSomething || (request.isKeyed && outcome.succeeded)
        }
    }

    var traceWord: UInt64 {
        switch self {
        case .register(let answer): answer.traceWord
        case .resource(let answer): answer.traceWord
        }
    }
}

extension ClientCommand {
    var traceWord: UInt64 {
        switch self {
        // The highest bit tells the two apart.
        case .register(let command): command.traceWord & (1 << 63 - 1)
        case .resource(let command): command.traceWord
        }
    }
}

extension RegisterCommand {
    var traceWord: UInt64 {
        switch self {
        case .read: 0
        case .write(let value): value << 2 | 1
        case .compareAndSet(let expected, let new): RegisterModel.fold(expected, new) << 2 | 2
        case .append(let element): element << 2 | 3
        }
    }
}

extension RegisterAnswer {
    var traceWord: UInt64 {
        switch self {
        case .value(let value): value
        case .written: 1
        case .swapped(let didSwap): didSwap ? 3 : 2
        }
    }
}
