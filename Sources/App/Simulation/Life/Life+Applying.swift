import Consensus
import WriteAheadLog

// What is committed reaches the state machine.
extension Life {
    func apply(_ entries: [Entry], _ node: SimulatedNode, _ group: Int) -> [Effect] {
        for entry in entries where ledger.violation == nil { applyOne(entry, node, group) }
        guard let last = entries.last, ledger.violation == nil else { return [] }
        if let shard = node.replicas[group].shard { appliedAll(shard, node, group) }
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

    func applyOne(_ entry: Entry, _ node: SimulatedNode, _ group: Int) {
        // A bug may have applied it before.
        guard entry.index > node.replicas[group].appliedIndex else { return }
        guard entry.index == node.replicas[group].appliedIndex + 1 else {
            return ledger.report(
                .stateMachineSafety, group, now,
                "node \(node.position) is to apply \(entry.index) to its state of \(node.replicas[group].appliedIndex)")
        }
        if case .configuration(let configuration) = entry.content { node.replicas[group].members = configuration }
        if let shard = node.replicas[group].shard {
            guard let operation = apply(entry, to: shard, node, group) else { return }
            noteApplied(entry, operation, effect: operation, node, group)
        } else {
            let applied = applyToRegisters(entry, node, group)
            noteApplied(entry, applied?.id, effect: applied.flatMap { $0.isRepeated ? nil : $0.id }, node, group)
            answerWrite(at: entry, applied, node, group)
        }
    }

    private func applyToRegisters(_ entry: Entry, _ node: SimulatedNode, _ group: Int) -> RegisterMachine.Applied? {
        var payload: [UInt8] = []
        if case .data(let bytes) = entry.content { payload = bytes }
        return node.replicas[group].machine.apply(
            payload, at: entry.index, ignoringKeys: bugs.contains(.ignoreIdempotencyKeys))
    }

    /// `operation`: whose command the entry is; `effect`: where that took effect here for the first time.
    private func noteApplied(
        _ entry: Entry, _ operation: OperationID?, effect: OperationID?, _ node: SimulatedNode, _ group: Int
    ) {
        node.replicas[group].applied = entry.point
        trace.note(
            .applied, at: now, place: node.position, group: group, entry.index, entry.term, operation?.number ?? 0)
        ledger.applied(
            node.position, group: group, index: entry.index, term: entry.term,
            payloadHash: Self.hash(NodeRecovery.payload(of: entry.content)),
            stateHash: node.replicas[group].stateHash, effect: effect, at: now)
        if case .configuration(let configuration) = entry.content {
            ledger.appliedMembers(configuration, group: group, index: entry.index)
        }
    }

    /// The planted bug: the leader applies, and answers, what is on nobody's disk but its own.
    func applyEarly(_ entries: [Entry], _ node: SimulatedNode, _ group: Int) -> [Effect] {
        guard node.replicas[group].role == .leader else { return [] }
        for entry in entries where entry.index == node.replicas[group].appliedIndex + 1 {
            applyOne(entry, node, group)
            if let shard = node.replicas[group].shard { appliedAll(shard, node, group) }
        }
        return []
    }
}
