import Consensus
import WriteAheadLog

// Whole states: taken, sent, and gone on from.
extension Life {
    func takeSnapshotIfDue(_ node: SimulatedNode, _ group: Int) {
        let replica = node.replicas[group]
        guard replica.applied.index >= replica.snapshotIndex + plan.snapshotInterval, replica.installing == nil else {
            return
        }
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
        replica.shard?.checkpointWritten()
        var point = replica.applied
        if bugs.contains(.snapshotIndexOffByOne) { point.index += 1 }
        let founders = Configuration(voters: (0..<plan.founders).map { ReplicaID(UInt64($0 + 1)) })
        let members = bugs.contains(.snapshotWithFirstMembers) ? founders : replica.members
        return (
            SnapshotPoint(point: point, configuration: members),
            replica.snapshot(withAnswers: !bugs.contains(.snapshotWithoutAnswers))
        )
    }

    func sendSnapshot(to peer: ReplicaID, _ node: SimulatedNode, _ group: Int) {
        let snapshot = makeSnapshot(node, group)
        if plan.streamsSnapshots { return streamSnapshot(snapshot, to: peer, node, group) }
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
    func restart(at point: SnapshotPoint, _ node: SimulatedNode, _ group: Int) {
        guard let transfer = node.replicas[group].offered, transfer.point == point else {
            preconditionFailure("the core restarts from \(point), which it was not offered")
        }
        trace.note(
            .snapshotInstalled, at: now, place: node.position, group: group, point.point.index, point.point.term)
        write(
            NodeLog.Record(
                kind: .restart, group: group, index: point.point.index, term: point.point.term,
                payload: NodeRecovery.payload(ofSnapshot: point.configuration, state: transfer.state)),
            toLogOf: node)
        node.replicas[group].stored.restart(at: point.point)
        logWasCut(to: 0, node, group)
        node.batch.extends(group, to: point.point.index)
        node.replicas[group].snapshotIndex = point.point.index
        if node.replicas[group].applied != point.point { takeOver(transfer, node, group) }
    }

    /// The snapshot becomes the replica's state.
    func takeOver(_ transfer: SnapshotTransfer, _ node: SimulatedNode, _ group: Int) {
        let point = transfer.point
        guard node.replicas[group].install(transfer.state) else {
            return ledger.report(
                .stateMachineSafety, group, now, "node \(node.position) cannot read a snapshot at \(point.point.index)")
        }
        node.replicas[group].applied = point.point
        node.replicas[group].members = point.configuration
        ledger.restored(
            node.position, group: group, index: point.point.index, stateHash: node.replicas[group].stateHash, at: now)
    }

    /// The transfer to `peer` came to an end: the snapshot arrived, or nothing was heard of it.
    func snapshotEnded(_ node: SimulatedNode, group: Int, peer: ReplicaID, delivered point: LogPoint?) {
        run(
            node.replicas[group].core.snapshotReported(peer: peer, delivered: point, at: instant(node)), node, group)
        finishTurn(of: node)
    }
}
