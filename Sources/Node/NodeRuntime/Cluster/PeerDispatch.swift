import Checkpoint
import Consensus
import Membership
import Model
import NIOConcurrencyHelpers
import NIOCore
import PeerTransport
import Shard
import WriteAheadLog

/// What other nodes ask of this one, by path.
///
/// A part that is not there yet, or any more, is answered 503: nothing of the request happened.
final class PeerDispatch: PeerService {
    /// What there is to ask, at this moment of the node's life.
    struct Parts: Sendable {
        var founding: FoundingHost?
        var gossip: GossipHost?
        var replicas: Replicas?
        /// A part of the audit history from this node's copies.
        var audit: (@Sendable (AuditQuery) async -> Result<AuditAnswer, NodeError>)?
        /// What this node's checkpoint tells of a history.
        var history: (@Sendable (HistoryQuery) async -> Result<HistoryAnswer, NodeError>)?
        /// A query of a graph whose shard has a replica here.
        var graphs: (@Sendable (NamedGraphRequest) async -> Result<NamedGraphOutcome, NodeError>)?
    }

    /// What takes part in groups.
    struct Replicas: Sendable {
        let here: ReplicaID
        let loops: [LoopHost]
        let shards: ShardDirectory
        let system: SystemHost
        let directory: PeerDirectory
        let receptions: [NIOLoopBound<SnapshotReception>]
    }

    private let parts = NIOLockedValueBox(Parts())

    init() {}

    func change(_ body: (inout Parts) -> Void) { parts.withLockedValue { body(&$0) } }

    func respond(to request: PeerRequest, _ reply: PeerReply) {
        let parts = parts.withLockedValue { $0 }
        switch request.path {
        case GossipRequest.Path.founding.rawValue:
            parts.founding?.received(request.body, from: request.peer?.text).whenComplete { result in
                switch result {
                case .success(let body?): reply.send(PeerResponse(body: body))
                case .success(nil): reply.send(PeerResponse(status: 400))
                case .failure: reply.send(PeerResponse(status: 503))
                }
            } ?? reply.send(PeerResponse(status: 503))
        case GossipRequest.Path.gossip.rawValue:
            parts.gossip?.received(request.body, from: request.peer?.text).whenComplete { result in
                switch result {
                case .success(let body): reply.send(PeerResponse(body: body))
                case .failure: reply.send(PeerResponse(status: 503))
                }
            } ?? reply.send(PeerResponse(status: 503))
        case HistoryQuery.path:
            guard let history = parts.history, let directory = parts.replicas?.directory else {
                return reply.send(PeerResponse(status: 503))
            }
            guard directory.isKnown(request.peer) else { return turnAway(request, reply) }
            do throws(CodecError) {
                let query = try HistoryQuery(decoding: request.body)
                Task { answer(reply, await history(query).map(\.encoded)) }
            } catch {
                reply.refuse(error.message)
            }
        case AuditQuery.path:
            guard let audit = parts.audit, let directory = parts.replicas?.directory else {
                return reply.send(PeerResponse(status: 503))
            }
            guard directory.isKnown(request.peer) else { return turnAway(request, reply) }
            do throws(CodecError) {
                let query = try AuditQuery(decoding: request.body)
                Task { answer(reply, await audit(query).map(\.encoded)) }
            } catch {
                reply.refuse(error.message)
            }
        case NamedGraphRequest.path:
            guard let graphs = parts.graphs, let directory = parts.replicas?.directory else {
                return reply.send(PeerResponse(status: 503))
            }
            guard directory.isKnown(request.peer) else { return turnAway(request, reply) }
            do throws(CodecError) {
                let query = try NamedGraphRequest(decoding: request.body)
                Task { answer(reply, await graphs(query).map(\.encoded)) }
            } catch {
                reply.refuse(error.message)
            }
        default:
            guard let replicas = parts.replicas else { return reply.send(PeerResponse(status: 503)) }
            respond(to: request, reply, replicas)
        }
    }

    /// It may gossip, and become a member again by that; until then it has nothing to ask on behalf of clients.
    private func turnAway(_ request: PeerRequest, _ reply: PeerReply) {
        reply.refuse("\(request.peer?.text ?? "it") is no member of the cluster", as: .name)
    }

    private func respond(to request: PeerRequest, _ reply: PeerReply, _ replicas: Replicas) {
        switch request.path {
        // Of these the frames themselves say who sends them, and are held against the certificate.
        case PeerOutbox.path, PeerRequestPath.members, SnapshotCourier.path: break
        default: guard replicas.directory.isKnown(request.peer) else { return turnAway(request, reply) }
        }
        switch request.path {
        case PeerOutbox.path: takeFrames(request, reply, replicas)
        case PeerRequestPath.command: carryOutCommand(request, reply, replicas)
        case PeerRequestPath.systemCommand: carryOutSystemCommand(request, reply, replicas)
        case PeerRequestPath.query: answerQuery(request, reply, replicas)
        case GraphRowsRound.path: answerGraphRows(request, reply, replicas)
        case PeerRequestPath.reports: GroupReports.collect(replicas).whenSuccess { reply.send(PeerResponse(body: $0)) }
        case PeerRequestPath.members: answerMembers(request, reply, replicas)
        case SnapshotCourier.path: takeSnapshot(request, reply, replicas)
        default: reply.send(PeerResponse(status: 404))
        }
    }

    // MARK: Consensus

    /// Frames in a row; each is taken by the loop that owns its group. A frame whose sender is not the node that the
    /// certificate names ends the request.
    private func takeFrames(_ request: PeerRequest, _ reply: PeerReply, _ replicas: Replicas) {
        var byLoop = [[Consensus.Message]](repeating: [], count: replicas.loops.count)
        do throws(CodecFault) {
            for message in try ConsensusFrame.messages(in: request.body) {
                guard replicas.isSender(message.from, request.peer) else {
                    throw CodecFault.malformed("a message in another node's name")
                }
                // For who had this address before.
                guard message.to == replicas.here else { continue }
                byLoop[replicas.loop(of: message.group)].append(message)
            }
        } catch {
            return reply.refuse("\(error)")
        }
        // With as many event loops on both sides the messages of one request are of one loop: its answers ride back.
        let busy = byLoop.indices.filter { !byLoop[$0].isEmpty }
        let sender = busy.first.flatMap { byLoop[$0].first?.from }
        guard busy.count == 1, let sender else {
            reply.send(PeerResponse())
            for place in busy { take(byLoop[place], on: replicas.loops[place], reply) { _ in } }
            return
        }
        take(byLoop[busy[0]], on: replicas.loops[busy[0]], reply) { loop in
            loop.outbox.answer(sender) { frames in reply.send(PeerResponse(body: frames)) }
        }
    }

    private func take(
        _ messages: [Consensus.Message], on loop: LoopHost, _ reply: PeerReply,
        _ afterwards: @escaping @Sendable (LoopHost) -> Void
    ) {
        loop.eventLoop.runNowOrSoon {
            guard loop.isConnected else { return }
            for message in messages {
                if let fault = loop.received(message) {
                    reply.noteRefusal("a message to group \(message.group): \(fault.rawValue)")
                }
            }
            afterwards(loop)
        }
    }

    // MARK: Requests of clients

    private func carryOutCommand(_ request: PeerRequest, _ reply: PeerReply, _ replicas: Replicas) {
        let position: Int
        do throws(CodecError) { position = try PeerRequestFrame.shard(of: request.body) } catch {
            return reply.refuse(error.message)
        }
        guard position < replicas.shards.count, let host = replicas.shards[position] else {
            return answer(reply, .failure(.notLeader(nil)))
        }
        let loop = replicas.loops[replicas.loop(of: host.group)]
        host.eventLoop.runNowOrSoon {
            do throws(CodecError) {
                let frame = try PeerRequestFrame.Command(decoding: request.body, checking: loop.jsonCheck)
                guard frame.command.belongs(to: host.shard.state.rows.slots) else {
                    throw CodecError("a command for another shard")
                }
                host.submit(frame.command, by: frame.context) { result in
                    self.answer(reply, result.map(\.encoded))
                }
            } catch {
                reply.refuse(error.message)
            }
        }
    }

    private func carryOutSystemCommand(_ request: PeerRequest, _ reply: PeerReply, _ replicas: Replicas) {
        let system = replicas.system
        system.eventLoop.runNowOrSoon {
            do throws(CodecError) {
                let frame = try PeerRequestFrame.System(decoding: request.body)
                system.submit(frame.command, by: frame.context) { result in self.answer(reply, result.map(\.encoded)) }
            } catch {
                reply.refuse(error.message)
            }
        }
    }

    private func answerQuery(_ request: PeerRequest, _ reply: PeerReply, _ replicas: Replicas) {
        let frame: PeerRequestFrame.Query
        do throws(CodecError) { frame = try PeerRequestFrame.Query(decoding: request.body) } catch {
            return reply.refuse(error.message)
        }
        guard frame.shard < replicas.shards.count, let host = replicas.shards[frame.shard] else {
            return answer(reply, .failure(.notLeader(nil)))
        }
        host.eventLoop.runNowOrSoon {
            host.answer(frame.query, frame.consistency) { self.answer(reply, $0.map(\.encoded)) }
        }
    }

    /// Of all the shards side by side.
    private func answerGraphRows(_ request: PeerRequest, _ reply: PeerReply, _ replicas: Replicas) {
        let round: GraphRowsRound
        do throws(CodecError) { round = try GraphRowsRound(decoding: request.body) } catch {
            return reply.refuse(error.message)
        }
        let shards = replicas.shards
        Task {
            let answers = await withTaskGroup(of: (Int, Result<GraphRowsAnswer, NodeError>).self) { tasks in
                for (position, query) in round.queries.enumerated() {
                    tasks.addTask {
                        guard query.shard < shards.count, let host = shards[query.shard] else {
                            return (position, .failure(.notLeader(nil)))
                        }
                        do throws(NodeError) {
                            let answer = try await host.eventLoop.result { completion in
                                host.answer(query, bytesMax: round.bytesMax, completion)
                            }
                            return (position, .success(answer))
                        } catch {
                            return (position, .failure(error))
                        }
                    }
                }
                return await tasks.reduce(into: [Int: Result<GraphRowsAnswer, NodeError>]()) { $0[$1.0] = $1.1 }
            }
            answer(reply, .success(GraphRowsRound.encoded(round.queries.indices.compactMap { answers[$0] })))
        }
    }

    private func answer(_ reply: PeerReply, _ result: Result<[UInt8], NodeError>) {
        reply.send(PeerResponse(body: PeerAnswer.encode(result)))
    }

    // MARK: Placement

    /// Who is a member of a group, said by its leader alone and only when it is sure that it is.
    private func answerMembers(_ request: PeerRequest, _ reply: PeerReply, _ replicas: Replicas) {
        guard request.body.count == 2 else { return reply.refuse("a group has two bytes") }
        let group = GroupID(request.body[0]) | GroupID(request.body[1]) << 8
        let loop = replicas.loops[replicas.loop(of: group)]
        loop.eventLoop.runNowOrSoon {
            guard let driver = loop.driver(of: group), driver.isLeader else { return reply.send(PeerResponse(status: 503)) }
            driver.confirmRead { result in
                guard case .success = result, let configuration = driver.settledConfiguration else {
                    return reply.send(PeerResponse(status: 503))
                }
                reply.send(PeerResponse(body: configuration.encoded))
            }
        }
    }

    // MARK: Snapshots

    private func takeSnapshot(_ request: PeerRequest, _ reply: PeerReply, _ replicas: Replicas) {
        do {
            guard request.body.count > 2,
                let (frame, consumed) = try SnapshotFrame.decode(request.body[2...]), consumed == request.body.count - 2
            else { throw CodecFault.malformed("a request holds one frame") }
            let group = GroupID(request.body[0]) | GroupID(request.body[1]) << 8
            if case .offer(let offer) = frame, !replicas.isSender(offer.from, request.peer) || offer.group != group {
                throw CodecFault.malformed("a snapshot from another node, or of another group")
            }
            let reception = replicas.receptions[replicas.loop(of: group)]
            let loop = replicas.loops[replicas.loop(of: group)].eventLoop
            loop.flatSubmit { reception.value.received(frame, for: group) }.whenComplete { result in
                switch result {
                case .success(let frames): reply.send(PeerResponse(body: frames))
                case .failure: reply.send(PeerResponse(status: 503))
                }
            }
        } catch {
            reply.refuse("\(error)")
        }
    }
}

extension PeerDispatch.Replicas {
    /// Which loop owns a group; shards are dealt out in turn.
    func loop(of group: GroupID) -> Int { LoopHost.position(of: group, among: loops.count) }

    /// Whether the node with that certificate has that replica. In clear text, on loopback, everybody is believed.
    func isSender(_ replica: ReplicaID, _ peer: PeerName?) -> Bool {
        guard let peer else { return true }
        return directory[replica]?.name == peer
    }
}
