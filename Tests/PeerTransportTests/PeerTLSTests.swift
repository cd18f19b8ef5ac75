import HTTPTransport
import Membership
import NIOCore
import NIOPosix
import Testing

@testable import PeerTransport

@Suite("Certificates between nodes")
struct PeerTLSTests {
    private let nodes = TestNodes.shared

    /// Says who asks.
    private static let who = PeerHandler { request, reply in
        reply.send(PeerResponse(body: Array((request.peer?.text ?? "nobody").utf8)))
    }

    @Test("Each side knows the other by its certificate")
    func mutual() async throws {
        try await PeerPair.with(tls: (nodes.b, nodes.a), service: Self.who) { pair in
            let named = try await pair.post("/who", expecting: TestNodes.b).get()
            #expect(named.body == Array("a".utf8))
            let anyone = try await pair.post("/who", expecting: nil).get()
            #expect(anyone.body == Array("a".utf8))
        }
    }

    @Test("A large body goes through TLS whole")
    func large() async throws {
        try await PeerPair.with(tls: (nodes.b, nodes.a)) { pair in
            let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let answer = try await pair.post("/echo", body, expecting: TestNodes.b, lane: .bulk).get()
            #expect(answer.body == body)
        }
    }

    @Test("Another node than the one expected is not spoken to")
    func wrongName() async throws {
        try await PeerPair.with(tls: (nodes.b, nodes.a), service: Self.who) { pair in
            let error = try await pair.post("/who", expecting: TestNodes.name("c")).error
            #expect(error?.code == .untrusted)
            #expect(error?.fate == .notSent)
            #expect(error?.message.contains("spiffe://vtag/node/b; spiffe://vtag/node/c was expected") == true)
            #expect(pair.serverMetrics.requestsIn.value == 0)
        }
    }

    @Test("A certificate from a CA that is not trusted is refused, counted, and touches nothing")
    func strangeCA() async throws {
        try await PeerPair.with(tls: (nodes.b, nodes.stranger), service: Self.who) { pair in
            let error = try await pair.post("/who", expecting: TestNodes.b).error
            #expect(error?.fate == .notSent)
            await pair.until { pair.serverMetrics.refused(.certificate) == 1 }
            #expect(pair.serverMetrics.requestsIn.value == 0)
        }
        try await PeerPair.with(tls: (nodes.stranger, nodes.b), service: Self.who) { pair in
            let error = try await pair.post("/who", expecting: TestNodes.a).error
            #expect(error?.code == .untrusted)
            #expect(error?.fate == .notSent)
        }
    }

    @Test("An expired certificate is refused on either side")
    func expired() async throws {
        try await PeerPair.with(tls: (nodes.b, nodes.expired), service: Self.who) { pair in
            let error = try await pair.post("/who", expecting: TestNodes.b).error
            #expect(error?.fate == .notSent)
            await pair.until { pair.serverMetrics.refused(.certificate) == 1 }
        }
        try await PeerPair.with(tls: (nodes.expired, nodes.b), service: Self.who) { pair in
            let error = try await pair.post("/who", expecting: TestNodes.a).error
            #expect(error?.code == .untrusted)
            #expect(error?.message.contains("expired") == true)
        }
    }

    @Test(
        "A certificate of our CA that names no node is not let in",
        arguments: ["DNS:a.example", "URI:spiffe://other/node/a"])
    func noNode(_ names: String) async throws {
        let ours = CertificateDirectory(path: nodes.directory + "/ours")
        let authority = try ours.authority(nowSeconds: TestNodes.now).authority
        let pair = try authority.issue(subject: "a", names: [names], validity: TestNodes.year)
        let files = try TestNodes.write(
            pair, as: "nameless-\(names.utf8.count)", ca: ours.authorityCertificate, in: nodes.directory)
        try await PeerPair.with(tls: (nodes.b, nil), service: Self.who) { pair in
            let seen = try Command.run(
                "openssl", "s_client", "-connect", "127.0.0.1:\(pair.listener.port)", "-alpn", "h2", "-CAfile", files.ca,
                "-cert", files.certificate, "-key", files.privateKey)
            #expect(seen.contains("Verify return code: 0 (ok)"), "\(seen)")
            #expect(pair.serverMetrics.refused(.name) == 1)
            #expect(pair.serverMetrics.requestsIn.value == 0)
        }
        #expect(throws: TLSError.self) { _ = try PeerTLS(files: files, name: TestNodes.a) }
    }

    @Test("TLS 1.2 is refused, and so is a client without a certificate")
    func handshakes() async throws {
        try await PeerPair.with(tls: (nodes.b, nil), service: Self.who) { pair in
            let without = try TLSClientContext(
                trust: .file(nodes.a.files.ca), applicationProtocols: ["h2"], policy: .betweenNodes)
            #expect(await Self.ask(pair.listener.port, without) != nil)
            await pair.until { pair.serverMetrics.refused(.certificate) >= 1 }
            let refusedBefore = pair.serverMetrics.refused(.handshake)
            let old = try Command.run(
                "openssl", "s_client", "-connect", "127.0.0.1:\(pair.listener.port)", "-tls1_2", "-alpn", "h2", "-cert",
                nodes.a.files.certificate, "-key", nodes.a.files.privateKey)
            #expect(old.contains("alert protocol version"), "\(old)")
            #expect(pair.serverMetrics.refused(.handshake) == refusedBefore + 1)
            let new = try Command.run(
                "openssl", "s_client", "-connect", "127.0.0.1:\(pair.listener.port)", "-tls1_3", "-alpn", "h2", "-CAfile",
                nodes.a.files.ca, "-cert", nodes.a.files.certificate, "-key", nodes.a.files.privateKey)
            #expect(new.contains("Verify return code: 0 (ok)") && new.contains("ALPN protocol: h2"), "\(new)")
            #expect(pair.serverMetrics.requestsIn.value == 0)
        }
    }

    /// One request by the plain client of HTTPTransport; nil when it got an answer.
    private static func ask(_ port: Int, _ tls: TLSClientContext) async -> (any Error)? {
        var configuration = HTTPClientConfiguration(tls: tls)
        configuration.attemptsMax = 1
        let client = HTTPClient(group: MultiThreadedEventLoopGroup.singleton, configuration: configuration, logger: .silent)
        defer { Task { await client.shutDown() } }
        do {
            // The host is not what certificates of nodes name: whichever side refuses first, there is no answer.
            _ = try await client.execute(HTTPClientRequest(method: .post, url: "https://127.0.0.1:\(port)/who"))
            return nil
        } catch {
            return error
        }
    }
}
