import Consensus
import NIOCore
import WriteAheadLog

/// What an event loop has to say to the replicas of other nodes: gathered while a tick lasts, one request a peer.
///
/// While a request is under way, more gathers until it is answered, for a moment at most: under load a peer gets few large
/// requests in the place of many small ones, which cost it and this node the most; without load nothing waits.
///
/// Messages may be lost: over a bound, to an unknown peer, or on a broken connection they are dropped, and consensus says
/// again what matters.
final class PeerOutbox {
    private struct Peer {
        private var frames: [ConsensusFrame] = []
        private(set) var bytes = 0
        private(set) var requests = 0
        private var postedAt = NIODeadline.distantPast

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

        /// When to post what there is; nil: nothing, or not before a request is answered.
        var postingTime: NIODeadline? {
            if frames.isEmpty || requests == PeerOutbox.requestsMax { return nil }
            return requests == 0 || bytes >= PeerOutbox.largeBytes ? .distantPast : postedAt + PeerOutbox.gatheringTime
        }

        mutating func posted(at now: NIODeadline) {
            requests += 1
            postedAt = now
        }

        mutating func answered() { requests -= 1 }

        /// Room for so many stays for the next tick.
        private static let framesKept = 1_024
    }

    private let transport: any ReplicaTransport
    private let here: ReplicaID
    private var heartbeats: HeartbeatGatherer
    private var peers: [ReplicaID: Peer] = [:]
    private let scheduleFlush: (NIODeadline?) -> Void
    /// What waits for longer than that is flushed by a timer.
    private var timer: NIODeadline?
    /// Hands over frames of another node that came in an answer.
    private let deliver: (ReplicaID, [UInt8]) -> Void
    private var answers: [(peer: ReplicaID, answer: ([UInt8]) -> Void)] = []
    private(set) var dropped: UInt64 = 0

    /// Requests under way to one peer.
    private static let requestsMax = 16
    /// How long messages gather while a request is under way: of a distant peer several are.
    private static let gatheringTime = TimeAmount.milliseconds(20)
    /// So many bytes do not wait for more.
    private static let largeBytes = 64 << 10
    /// Bytes that gather for one peer; over it they are dropped.
    private static let gatheredBytesMax = 32 << 20
    /// A request unanswered for this long is taken for lost.
    private static let requestTime = TimeAmount.seconds(5)
    static let path = "/raft"

    /// `scheduleFlush` makes the loop call `flush` when the tick ends; with a time: then, too.
    init(
        from here: ReplicaID, over transport: any ReplicaTransport, scheduleFlush: @escaping (NIODeadline?) -> Void,
        deliver: @escaping (ReplicaID, [UInt8]) -> Void
    ) {
        self.here = here
        self.deliver = deliver
        self.transport = transport
        self.scheduleFlush = scheduleFlush
        heartbeats = HeartbeatGatherer(from: here)
    }

    func send(_ message: Message) {
        scheduleFlush(nil)
        guard !heartbeats.add(message) else { return }
        gather(.message(message), for: message.to)
    }

    /// Whose frames of this tick may ride in the answer to a request of theirs.
    func answer(_ peer: ReplicaID, _ answer: @escaping ([UInt8]) -> Void) {
        answers.append((peer, answer))
        scheduleFlush(nil)
    }

    func flush() {
        for batch in heartbeats.drain() { gather(.heartbeats(batch), for: batch.to) }
        for (peer, answer) in answers { answer(peers[peer]?.take() ?? []) }
        answers.removeAll(keepingCapacity: true)
        let now = NIODeadline.now()
        var next: NIODeadline?
        for (peer, state) in peers {
            guard let time = state.postingTime else { continue }
            if time <= now { post(to: peer, at: now) } else { next = min(next ?? time, time) }
        }
        if let next { wakeUp(at: next, now) }
    }

    private func wakeUp(at next: NIODeadline, _ now: NIODeadline) {
        if let timer, timer > now, timer <= next { return }
        timer = next
        scheduleFlush(next)
    }

    private func gather(_ frame: ConsensusFrame, for peer: ReplicaID) {
        let gathered = peers[peer]?.bytes ?? 0
        guard gathered == 0 || gathered + frame.roomBytes <= Self.gatheredBytesMax else {
            dropped += 1
            return
        }
        peers[peer, default: Peer()].add(frame)
    }

    private func post(to peer: ReplicaID, at now: NIODeadline) {
        guard let frames = peers[peer]?.take() else { return }
        peers[peer]?.posted(at: now)
        transport.post(Self.path, frames, to: peer, over: .control, within: Self.requestTime) { [weak self] result in
            guard let self else { return }
            peers[peer]?.answered()
            if case .success(let frames) = result, !frames.isEmpty { deliver(peer, frames) }
            if peers[peer]?.isEmpty == false { scheduleFlush(nil) }
        }
    }
}
