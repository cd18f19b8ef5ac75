import Consensus
import Foundation
import Founding
import HTTPTransport
import JSON
import Logging
import Membership
import NIOCore
import NIOPosix
import PeerTransport
import Testing
import WriteAheadLog

/// Somebody at a node's door who is no member, in clear text.
private struct Stranger {
    let pool: NIOLoopBound<PeerPool>
    let address: PeerAddress

    init(to port: UInt16, cluster: ClusterID?, protocols: ProtocolRange = .current) async throws {
        var settings = PeerSettings(
            tls: nil, cluster: PeerCluster(cluster),
            logger: Logger(label: "stranger", factory: { _ in SwiftLogNoOpLogHandler() }))
        settings.protocols = protocols
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        pool = try await loop.submit { [settings] in
            NIOLoopBound(PeerPool(on: loop, settings: settings), eventLoop: loop)
        }.get()
        address = PeerAddress(host: "127.0.0.1", port: port)
    }

    func post(_ path: String, _ body: [UInt8]) async throws -> Result<PeerResponse, PeerError> {
        let answer = pool.eventLoop.makePromise(of: Result<PeerResponse, PeerError>.self)
        pool.eventLoop.execute { [pool, address] in
            pool.value.post(path, to: address, expecting: nil, body: body, timeoutMilliseconds: 10_000) {
                answer.succeed($0)
            }
        }
        return try await answer.futureResult.get()
    }

    func leave() async throws { try await pool.eventLoop.submit { [pool] in pool.value.shutDown() }.get() }
}

extension Result where Failure == PeerError {
    fileprivate var refusal: PeerRefusal? { if case .failure(let error) = self { error.refusal } else { nil } }
}

@Suite("A cluster among strangers")
struct ClusterRefusalTests {
    @Test("What comes from another cluster or time, as garbage or as a lie is refused and counted, and changes nothing")
    func strangers() async throws {
        try await ClusterProcesses.with { cluster, nodes in
            let node = nodes[0]
            let port = cluster.places[0].peerPort
            let record = try cluster.record()
            guard let id = record["cluster"]?.string.flatMap({ ClusterID(text: $0) }) else {
                throw NodeProcess.Failure("CLUSTER says no id")
            }
            try await Self.write(1, to: nodes)
            let before = try await node.shard(1)

            let foreign = try await Stranger(to: port, cluster: ClusterID(high: 1, low: 2))
            #expect(try await foreign.post("/raft", []).refusal == .cluster)
            let newer = try await Stranger(to: port, cluster: id, protocols: ProtocolRange(oldest: 7, newest: 9))
            #expect(try await newer.post("/raft", []).refusal == .protocol)
            let member = try await Stranger(to: port, cluster: id)
            for path in ["/raft", "/shard/command", "/shard/query", "/system/command", "/members", "/snapshot"] {
                #expect(try await member.post(path, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]).refusal == .malformed)
            }
            for path in ["/gossip", "/founding"] { _ = try await member.post(path, [UInt8](repeating: 0xFF, count: 100)) }

            for message in try Self.lies(to: node, record, before) {
                _ = try await member.post("/raft", ConsensusFrame.message(message).encoded)
            }
            // By then the lies before it, which came the same way, have been looked at.
            try await Self.write(2, to: nodes)
            for stranger in [foreign, newer, member] { try await stranger.leave() }

            // Leaders may change by themselves meanwhile, but nobody took the term of the lie, nor its entry.
            let after = try await node.shard(1)
            let (termBefore, termAfter) = (before["term"]?.int ?? 0, after["term"]?.int ?? .max)
            #expect(termAfter >= termBefore && termAfter < termBefore + 1_000)
            for (reason, count) in [("cluster", 1), ("protocol", 1), ("malformed", 8)] {
                #expect(try await node.metric(#"vtag_peer_refused_total{reason="\#(reason)"}"#) == Double(count))
                #expect(node.log.text.contains(#""peer.refused":"\#(reason)""#))
            }
            #expect(try await node.metric(#"vtag_gossip_refused_total{reason="malformed"}"#) == 1)
            #expect(try await node.metric(#"vtag_founding_refused_total{reason="malformed"}"#) == 1)
            for node in nodes { #expect(node.isRunning) }
        }
    }

    /// In another member's name: a term that nobody can have reached, and an entry that is none.
    private static func lies(to node: NodeProcess, _ record: JSONValue, _ shard: JSONValue) throws -> [Consensus.Message] {
        let founders = record["founders"]?.array ?? []
        let replicas = founders.compactMap { $0["replica"]?.string.flatMap { UInt64($0) } }.map(ReplicaID.init)
        guard replicas.count == 3, let term = shard["term"]?.int, let index = shard["applied_index"]?.int else {
            throw NodeProcess.Failure("\(record) \(shard)")
        }
        let last = LogPoint(index: UInt64(index), term: UInt64(term))
        let next = LogPoint(index: last.index + 1, term: last.term + 1)
        func message(_ term: UInt64, _ body: Consensus.Message.Body) -> Consensus.Message {
            Consensus.Message(group: 1, from: replicas[1], to: replicas[0], term: term, body: body)
        }
        return [
            message(1 << 62, .heartbeat(.init(commit: 0, round: 0))),
            message(
                next.term,
                .append(
                    .init(
                        previous: last, commit: next.index,
                        entries: [Entry(point: next, content: .data([0xFF, 1, 2]))]))),
        ]
    }

    /// A resource through each node, and all that there are read through each.
    private static func write(_ round: Int, to nodes: [NodeProcess]) async throws {
        for (position, node) in nodes.enumerated() {
            let answer = try await node.send(
                .post, "/ingest/aws?operation=ec2.describe-volumes",
                #"{"Volumes":[{"VolumeId":"vol-\#(round)-\#(position)","Size":1}]}"#)
            #expect(answer.json["created"]?.int == 1)
        }
        for node in nodes { #expect(try await node.all("/resources").count == round * nodes.count) }
    }
}
