import Consensus
import WriteAheadLog

extension Life {
    func send(_ packet: Packet, from sender: Endpoint, to receiver: Endpoint) {
        let arrivals = network.send(from: sender, to: receiver, at: now)
        tally.messages += 1
        guard let first = arrivals.first else { return }
        let envelope = PacketStore.Envelope(from: sender, to: receiver, packet: packet)
        queue.schedule(.arrival(slot: packets.put(envelope)), at: first)
        // A request without a key travels on a connection that doubles nothing.
        if case .request(let request, _, _) = packet, !request.isKeyed { return }
        if let second = arrivals.second { queue.schedule(.arrival(slot: packets.put(envelope)), at: second) }
    }

    func arrived(_ slot: Int) {
        let envelope = packets.take(slot)
        guard !network.isCut(from: envelope.from, to: envelope.to) else { return }
        guard envelope.to < nodes.count else {
            if case .reply(let id, let reply) = envelope.packet {
                replied(client: envelope.to - nodes.count, id, reply, from: envelope.from)
            }
            return
        }
        let node = nodes[envelope.to]
        switch node.condition {
        case .down: return
        case .paused: node.held.append(.arrival(slot: packets.put(envelope)))
        case .up: deliver(envelope, to: node)
        }
    }

    private func deliver(_ envelope: PacketStore.Envelope, to node: SimulatedNode) {
        switch envelope.packet {
        case .consensus(let message):
            hear(message, from: envelope.from, node)
            finishTurn(of: node)
        case .frames(let bytes): framesArrived(bytes, from: envelope.from, to: node)
        case .snapshotFrame(let bytes, let stream, let toReceiver):
            snapshotFrameArrived(bytes, stream: stream, toReceiver: toReceiver, node)
        case .snapshot(let transfer):
            guard transfer.to == node.id else { return }
            trace.note(
                .snapshotArrived, at: now, place: node.position, group: transfer.group, UInt64(envelope.from),
                transfer.point.point.index, transfer.point.point.term)
            offered(transfer, to: node)
        case .snapshotOutcome(let group, let from, let to, let point):
            guard to == node.id else { return }
            snapshotEnded(node, group: group, peer: from, delivered: point)
        case .request(let request, let group, let anyReplica):
            requested(request, group: group, anyReplica: anyReplica, node: node)
        case .reply: return
        }
    }

    func healLinks() {
        network.heal()
        trace.note(.healed, at: now, place: -1)
    }
}

extension Message.Body {
    /// What the trace says of a message: its kind, and two numbers of it.
    var traceWords: (kind: UInt64, first: UInt64, second: UInt64) {
        switch self {
        case .preVoteRequest(let last): (0, last.index, last.term)
        case .preVoteAnswer(let forTerm, let granted): (1, forTerm, granted ? 1 : 0)
        case .voteRequest(let last, let byTransfer): (2, last.index, last.term << 1 | (byTransfer ? 1 : 0))
        case .voteAnswer(let granted): (3, granted ? 1 : 0, 0)
        case .append(let append): (4, append.previous.index, UInt64(append.entries.count) << 20 | append.commit)
        case .appendAccepted(let match): (5, match, 0)
        case .appendRejected(let rejection): (6, rejection.index, rejection.hint.index)
        case .heartbeat(let heartbeat): (7, heartbeat.commit, heartbeat.round)
        case .heartbeatAnswer(let heartbeat): (8, heartbeat.commit, heartbeat.round)
        case .timeoutNow: (9, 0, 0)
        case .readIndexRequest(let context): (10, context, 0)
        case .readIndexAnswer(let context, let index): (11, context, index)
        }
    }

    static let traceNames = [
        "pre-vote request", "pre-vote answer", "vote request", "vote answer", "append", "append accepted",
        "append rejected", "heartbeat", "heartbeat answer", "timeout now", "read index request", "read index answer",
    ]
}
