import Consensus
import NIOCore
import WriteAheadLog

/// What an event loop has to say to the replicas of other nodes: gathered while a tick lasts, one request a peer.
///
/// Messages may be lost: over a bound, to an unknown peer, or on a broken connection they are dropped, and consensus says
/// again what matters.
final class PeerOutbox {
    private struct Peer {
        var frames: [UInt8] = []
        var requests = 0
    }

    private let transport: any ReplicaTransport
    private let here: ReplicaID
    private var heartbeats: HeartbeatGatherer
    private var peers: [ReplicaID: Peer] = [:]
    private let scheduleFlush: () -> Void
    /// Hands over frames of another node that came in an answer.
    private let deliver: (ReplicaID, [UInt8]) -> Void
    private var answers: [(peer: ReplicaID, answer: ([UInt8]) -> Void)] = []
    private(set) var dropped: UInt64 = 0

    /// Requests under way to one peer; what is said meanwhile gathers.
    private static let requestsMax = 16
    /// Bytes that gather for one peer; over it they are dropped.
    private static let gatheredBytesMax = 32 << 20
    /// A request unanswered for this long is taken for lost.
    private static let requestTime = TimeAmount.seconds(5)
    static let path = "/raft"

    init(
        from here: ReplicaID, over transport: any ReplicaTransport, scheduleFlush: @escaping () -> Void,
        deliver: @escaping (ReplicaID, [UInt8]) -> Void
    ) {
        self.here = here
        self.deliver = deliver
        self.transport = transport
        self.scheduleFlush = scheduleFlush
        heartbeats = HeartbeatGatherer(from: here)
    }

    func send(_ message: Message) {
        scheduleFlush()
        guard !heartbeats.add(message) else { return }
        gather(ConsensusFrame.message(message).encoded, for: message.to)
    }

    /// Whose frames of this tick may ride in the answer to a request of theirs.
    func answer(_ peer: ReplicaID, _ answer: @escaping ([UInt8]) -> Void) {
        answers.append((peer, answer))
        scheduleFlush()
    }

    func flush() {
        for batch in heartbeats.drain() { gather(ConsensusFrame.heartbeats(batch).encoded, for: batch.to) }
        for (peer, answer) in answers {
            answer(peers[peer]?.frames ?? [])
            peers[peer]?.frames = []
        }
        answers.removeAll(keepingCapacity: true)
        for (peer, state) in peers where !state.frames.isEmpty && state.requests < Self.requestsMax {
            post(state.frames, to: peer)
        }
    }

    private func gather(_ frame: [UInt8], for peer: ReplicaID) {
        let gathered = peers[peer]?.frames.count ?? 0
        guard gathered == 0 || gathered + frame.count <= Self.gatheredBytesMax else {
            dropped += 1
            return
        }
        if gathered == 0 {
            peers[peer, default: Peer()].frames = frame
        } else {
            peers[peer]?.frames += frame
        }
    }

    private func post(_ frames: [UInt8], to peer: ReplicaID) {
        peers[peer]?.frames = []
        peers[peer]?.requests += 1
        transport.post(Self.path, frames, to: peer, over: .control, within: Self.requestTime) { [weak self] result in
            guard let self else { return }
            peers[peer]?.requests -= 1
            if case .success(let frames) = result, !frames.isEmpty { deliver(peer, frames) }
            if peers[peer]?.frames.isEmpty == false { scheduleFlush() }
        }
    }
}
