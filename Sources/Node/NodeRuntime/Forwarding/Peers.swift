import Checkpoint
import Consensus
import Model
import NIOConcurrencyHelpers
import NIOCore
import Shard
import Synchronization

/// The other nodes, as those who take requests need them: who may lead a shard, and how to ask.
final class Peers: Sendable {
    private let loops: [LoopHost]
    private let routes = NIOLockedValueBox<[[ReplicaID]]>([])
    private let cutOff = Atomic(false)

    init(_ loops: [LoopHost]) { self.loops = loops }

    /// Who has replicas of each shard, the preferred leader first.
    func update(_ replicas: [[ReplicaID]]) { routes.withLockedValue { $0 = replicas } }

    /// The leader of the system shard was not heard for longer than elections take: this node is cut off from the majority, or
    /// there is none.
    var isCutOff: Bool {
        get { cutOff.load(ordering: .relaxed) }
        set { cutOff.store(newValue, ordering: .relaxed) }
    }

    /// How long an answer may take: of somebody who can hardly be reached, not long.
    private var answerTime: TimeAmount { isCutOff ? Self.cutOffTime : LeaderSearch.requestTime }
    private static let cutOffTime = TimeAmount.seconds(1)

    func replicas(of shard: Int) -> [ReplicaID] {
        routes.withLockedValue { $0.indices.contains(shard) ? $0[shard] : [] }
    }

    func likelyLeader(of shard: Int) -> ReplicaID? { replicas(of: shard).first }

    // MARK: Requests

    func submit(
        _ command: ShardCommand, shard: Int, by context: WriteContext, to leader: ReplicaID
    ) async throws(NodeError) -> ShardReply {
        let request = PeerRequestFrame.Command(shard: shard, command: command, context: context)
        return try await post(PeerRequestPath.command, request.encoded, to: leader, from: shard, Self.reply)
    }

    func submit(
        _ command: SystemCommand, by context: WriteContext, to leader: ReplicaID
    ) async throws(NodeError) -> ShardReply {
        let request = PeerRequestFrame.System(command: command, context: context)
        return try await post(PeerRequestPath.systemCommand, request.encoded, to: leader, from: 0, Self.reply)
    }

    /// What another replica's checkpoint tells of a history; the first that can be reached.
    func history(_ query: HistoryQuery, except here: ReplicaID) async throws(NodeError) -> HistoryAnswer {
        var failure = NodeError.notLeader(nil)
        for replica in replicas(of: query.group - 1) where replica != here {
            do throws(NodeError) {
                return try await post(HistoryQuery.path, query.encoded, to: replica, from: max(0, query.group - 1)) {
                    bytes, _ throws(CodecError) in try HistoryAnswer(decoding: bytes)
                }
            } catch {
                failure = error
            }
        }
        throw failure == .outcomeUnknown ? .notLeader(nil) : failure
    }

    /// Any replica answers; the first that can be reached.
    func ask(
        _ query: ShardQuery, shard: Int, _ consistency: ReadConsistency, except here: ReplicaID
    ) async throws(NodeError) -> ShardAnswer {
        let request = PeerRequestFrame.Query(shard: shard, query: query, consistency: consistency).encoded
        var failure = NodeError.notLeader(nil)
        for replica in replicas(of: shard) where replica != here {
            do throws(NodeError) {
                return try await post(PeerRequestPath.query, request, to: replica, from: shard) {
                    bytes, loop throws(CodecError) in
                    try ShardAnswer(decoding: bytes, to: query, checking: loop.jsonCheck)
                }
            } catch {
                failure = error
            }
        }
        // A read changes nothing: that one was lost on its way is no reason not to ask again.
        throw failure == .outcomeUnknown ? .notLeader(nil) : failure
    }

    /// A query of a named graph, of the first of these that can be reached: its time is the query's own.
    func query(
        _ request: NamedGraphRequest, shard: Int, of replicas: [ReplicaID], except here: ReplicaID
    ) async throws(NodeError) -> NamedGraphOutcome {
        let time = TimeAmount.milliseconds(request.limits.milliseconds) + LeaderSearch.requestTime
        let body = request.encoded
        var failure = NodeError.notLeader(nil)
        for replica in replicas where replica != here {
            do throws(NodeError) {
                return try await post(
                    NamedGraphRequest.path, body, to: replica, from: shard, within: isCutOff ? nil : time
                ) { bytes, _ throws(CodecError) in try NamedGraphOutcome(decoding: bytes) }
            } catch {
                failure = error
                // It may have happened there.
                if error == .outcomeUnknown { throw error }
            }
        }
        throw failure
    }

    /// A part of the audit history, from that node.
    func audit(_ query: AuditQuery, of peer: ReplicaID, within time: TimeAmount) async throws(NodeError) -> AuditAnswer {
        try await post(AuditQuery.path, query.encoded, to: peer, from: 0, within: time) { bytes, _ throws(CodecError) in
            try AuditAnswer(decoding: bytes)
        }
    }

    /// Rows of some shards for this node's graph, from that node's replicas: one request, an answer for each query.
    func graphRows(
        _ queries: [GraphRowsQuery], of replica: ReplicaID
    ) async throws(NodeError) -> [Result<GraphRowsAnswer, NodeError>] {
        let round = GraphRowsRound(queries)
        return try await post(GraphRowsRound.path, round.encoded, to: replica, from: queries.first?.shard ?? 0) {
            bytes, _ throws(CodecError) in try round.answers(decoding: bytes)
        }
    }

    private static func reply(_ bytes: [UInt8], _ loop: LoopHost) throws(CodecError) -> ShardReply {
        try ShardReply(decoding: bytes)
    }

    /// - Parameter read: makes the answer of its bytes; on the event loop.
    private func post<Answer: Sendable>(
        _ path: String, _ body: [UInt8], to peer: ReplicaID, from shard: Int, within time: TimeAmount? = nil,
        _ read: @escaping @Sendable ([UInt8], LoopHost) throws(CodecError) -> Answer
    ) async throws(NodeError) -> Answer {
        let loop = loops[shard % loops.count]
        return try await loop.eventLoop.result { completion in
            loop.transport.post(path, body, to: peer, over: .forward, within: time ?? self.answerTime) { result in
                completion(Self.answer(result) { bytes throws(CodecError) in try read(bytes, loop) })
            }
        }
    }

    private static func answer<Answer>(
        _ result: Result<[UInt8], TransportFailure>, _ read: ([UInt8]) throws(CodecError) -> Answer
    ) -> Result<Answer, NodeError> {
        switch result {
        case .failure(.notSent): return .failure(.notLeader(nil))
        case .failure(.unknown): return .failure(.outcomeUnknown)
        case .success(let bytes):
            do throws(CodecError) {
                switch try PeerAnswer.decode(bytes) {
                case .success(let answer): return .success(try read(answer))
                case .failure(let error): return .failure(error)
                }
            } catch {
                return .failure(.damaged(error.message))
            }
        }
    }
}
