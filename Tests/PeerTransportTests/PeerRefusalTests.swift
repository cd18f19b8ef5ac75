import HTTPTransport
import Membership
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import PeerTransport

@Suite("What a node refuses of others")
struct PeerRefusalTests {
    private static let cluster = PeerPair.cluster.text

    /// Counts what reaches it.
    private final class Counting: PeerService {
        let count = Atomic<Int>(0)

        func respond(to request: PeerRequest, _ reply: PeerReply) {
            count.add(1, ordering: .relaxed)
            reply.send(PeerResponse(body: request.body))
        }
    }

    @Test("A node of another cluster is told so, and nobody sees its request")
    func otherCluster() async throws {
        let service = Counting()
        let other = ClusterID(high: 9, low: 9)
        try await PeerPair.with(client: { $0.cluster = PeerCluster(other) }, service: service) { pair in
            for path in ["/raft", "/founding"] {
                let error = try await pair.post(path, [1]).error
                #expect(error?.code == .refused)
                #expect(error?.refusal == .cluster)
                #expect(error?.fate == .notSent)
                #expect(error?.message.contains(other.text) == true && error?.message.contains(Self.cluster) == true)
            }
            #expect(pair.serverMetrics.refused(.cluster) == 2)
            #expect(service.count.load(ordering: .relaxed) == 0)
        }
    }

    @Test("A node without a cluster may ask on the founding path alone, and is asked there alone")
    func founding() async throws {
        try await PeerPair.with(client: { $0.cluster = PeerCluster() }) { pair in
            let founding = try await pair.post("/founding", [1]).get()
            #expect(founding.body == [1])
            let elsewhere = try await pair.post("/raft", [1]).error
            #expect(elsewhere?.refusal == .cluster)
        }
        try await PeerPair.with(server: { $0.cluster = PeerCluster() }) { pair in
            let founding = try await pair.post("/founding", [1]).get()
            #expect(founding.body == [1])
            let elsewhere = try await pair.post("/raft", [1]).error
            #expect(elsewhere?.refusal == .cluster)
        }
    }

    @Test("A node that has joined a cluster says so from its next request on")
    func joining() async throws {
        let joining = PeerCluster()
        try await PeerPair.with(client: { $0.cluster = joining }) { pair in
            let early = try await pair.post("/raft", [1]).error
            #expect(early?.refusal == .cluster)
            joining.joined(PeerPair.cluster)
            let answer = try await pair.post("/raft", [1]).get()
            #expect(answer.body == [1])
        }
    }

    @Test("Versions of the protocol must overlap")
    func versions() async throws {
        try await PeerPair.with(
            server: { $0.protocols = ProtocolRange(oldest: 2, newest: 3) },
            client: { $0.protocols = ProtocolRange(oldest: 3, newest: 9) }
        ) { pair in
            let overlapping = try await pair.post("/raft").error
            #expect(overlapping == nil)
        }
        try await PeerPair.with(server: { $0.protocols = ProtocolRange(oldest: 2, newest: 3) }) { pair in
            let error = try await pair.post("/raft").error
            #expect(error?.refusal == .protocol)
            #expect(error?.fate == .notSent)
            #expect(error?.message.contains("1-1") == true && error?.message.contains("2-3") == true)
            #expect(pair.serverMetrics.refused(.protocol) == 1)
        }
    }

    @Test(
        "What every request must say is checked before its body",
        arguments: [
            (HTTPMethod.get, ["vtag-cluster": cluster, "vtag-protocol": "1-1"], 405, PeerRefusal.method),
            (.post, ["vtag-cluster": cluster], 505, .protocol),
            (.post, ["vtag-cluster": cluster, "vtag-protocol": "1"], 505, .protocol),
            (.post, ["vtag-cluster": cluster, "vtag-protocol": "9-1"], 505, .protocol),
            (.post, ["vtag-cluster": cluster, "vtag-protocol": "1-256"], 505, .protocol),
            (.post, ["vtag-protocol": "1-1"], 421, .cluster),
            (.post, ["vtag-cluster": "", "vtag-protocol": "1-1"], 421, .cluster),
            (.post, ["vtag-cluster": cluster.uppercased(), "vtag-protocol": "1-1"], 421, .cluster),
            (.post, ["vtag-cluster": cluster + "0", "vtag-protocol": "1-1"], 421, .cluster),
        ])
    func heads(_ method: HTTPMethod, _ fields: [String: String], _ status: Int, _ reason: PeerRefusal) async throws {
        try await PeerPair.with { pair in
            var headers = HTTPFields()
            for (name, value) in fields.sorted(by: { $0.key < $1.key }) { headers.append(name, value) }
            let answer = try await Self.ask(pair, method, headers, .none)
            #expect(answer.status == status)
            #expect(answer.headers["vtag-refused"] == reason.rawValue)
            #expect(pair.serverMetrics.refused(reason) == 1)
            #expect(pair.serverMetrics.requestsIn.value == 0)
        }
    }

    @Test("A body of 1 GB is refused by its declared length, and one without a length is refused too")
    func gigabyte() async throws {
        try await PeerPair.with { pair in
            let headers: HTTPFields = ["vtag-cluster": Self.cluster, "vtag-protocol": "1-1"]
            let large = try await Self.ask(pair, .post, headers, .stream(length: 1 << 30, Endless()))
            #expect(large.status == 413)
            #expect(large.headers["vtag-refused"] == "too_large")
            let unknown = try await Self.ask(pair, .post, headers, .stream(length: nil, Endless()))
            #expect(unknown.status == 411)
            #expect(pair.serverMetrics.bytesIn.value == 0)
            #expect(pair.serverMetrics.refused(.tooLarge) == 1 && pair.serverMetrics.refused(.lengthMissing) == 1)
        }
    }

    @Test("A body longer than it was declared is broken off where it passes its length")
    func lyingLength() async throws {
        try await PeerPair.with { pair in
            let client = try await RawClient.connect(to: pair.listener.port)
            let head = RawHTTP2.headers(Self.fields + [("content-length", "10")], endsStream: false)
            try await client.send(RawHTTP2.preface + RawHTTP2.settings() + head)
            try await client.send(RawHTTP2.frame(0, stream: 1, [UInt8](repeating: 7, count: 11)))
            // Ends the connection, so that everything has been heard.
            try await client.send(RawHTTP2.goAway(lastStream: 0))
            let answer = try await client.allBytes()
            #expect(answer.count > 0)
            #expect(pair.serverMetrics.refused(.incomplete) == 1)
            #expect(pair.serverMetrics.requestsIn.value == 0)
        }
    }

    @Test(
        "Garbage ends the connection and is counted",
        arguments: [
            (Array("\u{1}\u{2}\u{3}garbage that is no protocol\n".utf8), PeerRefusal.notHTTP2),
            (Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), .notHTTP2),
            (Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is no frame of HTTP/2 at all".utf8), .garbage),
            (RawHTTP2.preface + RawHTTP2.settings() + RawHTTP2.frame(0, stream: 1, [1, 2, 3]), .garbage),
        ])
    func garbage(_ bytes: [UInt8], _ reason: PeerRefusal) async throws {
        try await PeerPair.with { pair in
            let client = try await RawClient.connect(to: pair.listener.port)
            try await client.send(bytes)
            _ = try await client.allBytes()
            #expect(pair.serverMetrics.refused(reason) == 1)
            #expect(pair.serverMetrics.requestsIn.value == 0)
            let answer = try await pair.post("/still", [5]).get()
            #expect(answer.body == [5])
        }
    }

    @Test("Clear text stays on loopback, on both sides")
    func clearText() async throws {
        let metrics = PeerMetrics()
        let settings = PeerSettings(tls: nil, cluster: PeerCluster(), metrics: metrics, logger: .silent)
        await #expect(throws: PeerError.self) {
            _ = try await PeerListener.start(
                on: MultiThreadedEventLoopGroup.singleton, listener: HTTPListener(host: "0.0.0.0", port: 0),
                settings: settings,
                service: Echo())
        }
        #expect(metrics.refused(.clearText) == 1)
        try await PeerPair.with { pair in
            for host in ["192.0.2.1", "2001:db8::1", "127.0.0.1.example", "127.1"] {
                let error = try await pair.post("/a", to: PeerAddress(host: host, port: 1)).error
                #expect(error?.code == .clearText, "\(host)")
                #expect(error?.fate == .notSent)
            }
        }
    }

    @Test("Clear text to a port that speaks TLS is refused")
    func clearTextToTLS() async throws {
        try await PeerPair.with(tls: (TestNodes.shared.b, nil)) { pair in
            let client = try await RawClient.connect(to: pair.listener.port)
            try await client.send(RawHTTP2.preface)
            _ = try await client.allBytes()
            #expect(pair.serverMetrics.refused(.clearText) == 1)
        }
    }

    // MARK: Private helpers

    private static let fields = [
        (":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/raft"), ("vtag-cluster", cluster),
        ("vtag-protocol", "1-1"),
    ]

    /// A body without an end.
    private struct Endless: AsyncSequence, Sendable {
        struct AsyncIterator: AsyncIteratorProtocol {
            mutating func next() async throws -> ByteBuffer? { ByteBuffer(repeating: 1, count: 64 * 1024) }
        }

        func makeAsyncIterator() -> AsyncIterator { AsyncIterator() }
    }

    private static func ask(
        _ pair: PeerPair, _ method: HTTPMethod, _ headers: HTTPFields, _ body: HTTPClientRequest.Body
    ) async throws -> HTTPClientResponse {
        let client = HTTPClient(group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
        let answer: Result<HTTPClientResponse, any Error>
        do {
            answer = .success(
                try await client.execute(
                    HTTPClientRequest(
                        method: method, url: "http://127.0.0.1:\(pair.listener.port)/raft", headers: headers, body: body)))
        } catch { answer = .failure(error) }
        await client.shutDown()
        return try answer.get()
    }
}
