import Consensus
import NIOCore
import WriteAheadLog

/// What an event loop has to say to the replicas of other nodes: gathered while a tick lasts, one request a peer.
///
/// Messages may be lost: over a bound, to an unknown peer, or on a broken connection they are dropped, and consensus says
/// again what matters.
final class PeerOutbox {
    private struct Peer {
        private var frames: [ConsensusFrame] = []
        private(set) var bytes = 0
        var requests = 0

        var isEmpty: Bool { frames.isEmpty }

        mutating func add(_ frame: ConsensusFrame) {
            frames.append(frame)
            bytes += frame.roomBytes
        }

        /// Everything that gathered, encoded at once.
        mutating func take() -> [UInt8] {
            defer {
                frames.removeAll(keepingCapacity: frames.count <= Self.framesKept)
                bytes = 0
            }
            return frames.isEmpty ? [] : ConsensusFrame.encode(frames)
        }

        /// Room for so many stays for the next tick.
        private static let framesKept = 1_024
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
        gather(.message(message), for: message.to)
    }

    /// Whose frames of this tick may ride in the answer to a request of theirs.
    func answer(_ peer: ReplicaID, _ answer: @escaping ([UInt8]) -> Void) {
        answers.append((peer, answer))
        scheduleFlush()
    }

    func flush() {
        for batch in heartbeats.drain() { gather(.heartbeats(batch), for: batch.to) }
        for (peer, answer) in answers { answer(peers[peer]?.take() ?? []) }
        answers.removeAll(keepingCapacity: true)
        for peer in peers.keys.filter({ isReady($0) }) { post(to: peer) }
    }

    private func isReady(_ peer: ReplicaID) -> Bool {
        peers[peer].map { !$0.isEmpty && $0.requests < Self.requestsMax } ?? false
    }

    private func gather(_ frame: ConsensusFrame, for peer: ReplicaID) {
        let gathered = peers[peer]?.bytes ?? 0
        guard gathered == 0 || gathered + frame.roomBytes <= Self.gatheredBytesMax else {
            dropped += 1
            return
        }
        peers[peer, default: Peer()].add(frame)
    }

    private func post(to peer: ReplicaID) {
        guard let frames = peers[peer]?.take() else { return }
        peers[peer]?.requests += 1
        transport.post(Self.path, frames, to: peer, over: .control, within: Self.requestTime) { [weak self] result in
            guard let self else { return }
            peers[peer]?.requests -= 1
            if case .success(let frames) = result, !frames.isEmpty { deliver(peer, frames) }
            if peers[peer]?.isEmpty == false { scheduleFlush() }
        }
    }
}
