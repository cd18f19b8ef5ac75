import Consensus
import WriteAheadLog

// What nodes say to each other as bytes, as the node's `PeerOutbox` gathers them: one packet a peer and turn.
extension Life {
    /// Takes what a replica says, to go out when the turn ends.
    func gather(_ message: Message, _ node: SimulatedNode) {
        guard !node.heartbeats.add(message) else { return }
        gather(ConsensusFrame.message(message).encoded, for: message.to, node)
    }

    private func gather(_ frame: [UInt8], for peer: ReplicaID, _ node: SimulatedNode) {
        if let position = node.outbox.firstIndex(where: { $0.peer == peer }) {
            node.outbox[position].frames += frame
        } else {
            node.outbox.append((peer, frame))
        }
    }

    /// The turn ends: everything that was said in it goes out.
    func sendGathered(_ node: SimulatedNode) {
        guard plan.usesFrames, node.condition == .up else { return }
        for batch in node.heartbeats.drain() { gather(ConsensusFrame.heartbeats(batch).encoded, for: batch.to, node) }
        for (peer, frames) in node.outbox {
            send(.frames(frames), from: node.position, to: SimulatedNode.position(of: peer))
        }
        node.outbox.removeAll(keepingCapacity: true)
    }

    func framesArrived(_ bytes: [UInt8], from sender: Endpoint, to node: SimulatedNode) {
        var rest = bytes[...]
        do throws(CodecFault) {
            while !rest.isEmpty, let (frame, consumed) = try ConsensusFrame.decode(rest) {
                rest = rest.dropFirst(consumed)
                switch frame {
                case .message(let message): hear(message, from: sender, node)
                case .heartbeats(let batch): for message in batch.messages { hear(message, from: sender, node) }
                }
                guard node.condition == .up else { return }
            }
        } catch {
            ledger.report(.framesAreRead, -1, now, "node \(node.position) cannot read what node \(sender) said: \(error)")
        }
        if !rest.isEmpty {
            ledger.report(.framesAreRead, -1, now, "node \(sender) said half a frame to node \(node.position)")
        }
        finishTurn(of: node)
    }

    func hear(_ message: Message, from sender: Endpoint, _ node: SimulatedNode) {
        guard message.to == node.id else { return }
        let (kind, first, second) = message.body.traceWords
        trace.note(
            .messageArrived, at: now, place: node.position, group: Int(message.group), UInt64(sender) << 8 | kind,
            message.term, first << 32 ^ second)
        received(message, node)
    }
}
