import Consensus
import WriteAheadLog

// What is committed reaches the state machine.
extension Life {
    func apply(_ entries: [Entry], _ node: SimulatedNode, _ group: Int) -> [Effect] {
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

    func applyOne(_ entry: Entry, _ node: SimulatedNode, _ group: Int) {
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
    func applyEarly(_ entries: [Entry], _ node: SimulatedNode, _ group: Int) -> [Effect] {
        guard node.replicas[group].role == .leader else { return [] }
        for entry in entries where entry.index == node.replicas[group].machine.appliedIndex + 1 {
            applyOne(entry, node, group)
        }
        return []
    }
}
