import HTTPTransport
import Testing

@testable import PeerTransport

@Suite("Certificates are replaced while nodes run")
struct PeerRotationTests {
    @Test("New handshakes show the new certificate; open connections go on")
    func rotation() async throws {
        let directory = CertificateDirectory(path: TestNodes.shared.directory + "/rotation")
        let authority = try directory.authority(nowSeconds: TestNodes.now).authority
        func issue(_ name: PeerName) throws -> [UInt8] {
            let made = try directory.issue(
                for: .init(name: name, hosts: []), by: authority, days: 30, nowSeconds: TestNodes.now)
            return Array(try Command.run("cat", made.certificate).utf8)
        }
        let first = try issue(TestNodes.b)
        _ = try issue(TestNodes.a)
        let server = try PeerTLS(files: TestNodes.files("b", in: directory), name: TestNodes.b)
        let client = try PeerTLS(files: TestNodes.files("a", in: directory), name: TestNodes.a)
        try await PeerPair.with(tls: (server, client)) { pair in
            let before = try await pair.post("/a", expecting: TestNodes.b).error
            #expect(before == nil)
            #expect(try !server.reloadIfChanged())
            #expect(try Self.shown(by: pair, client).contains(first))
            let second = try issue(TestNodes.b)
            _ = try issue(TestNodes.a)
            #expect(try server.reloadIfChanged() && client.reloadIfChanged())
            #expect(try !server.reloadIfChanged())
            #expect(try Self.shown(by: pair, client).contains(second))
            let between = try await pair.post("/a", expecting: TestNodes.b).error
            #expect(between == nil)
            #expect(pair.clientMetrics.dials.value == 1)
            try await pair.freshDial(expecting: TestNodes.b).get()
            let after = try await pair.post("/a", expecting: TestNodes.b).error
            #expect(after == nil)
        }
    }

    @Test("What cannot be used is refused, and what was in use stays")
    func unusable() async throws {
        let directory = CertificateDirectory(path: TestNodes.shared.directory + "/unusable")
        let authority = try directory.authority(nowSeconds: TestNodes.now).authority
        _ = try directory.issue(
            for: .init(name: TestNodes.b, hosts: []), by: authority, days: 30, nowSeconds: TestNodes.now)
        let files = TestNodes.files("b", in: directory)
        let tls = try PeerTLS(files: files, name: TestNodes.b)
        let before = tls.certificateNotAfter
        // The certificate was replaced, its key not yet.
        let next = try authority.issue(for: TestNodes.b, validity: TestNodes.year)
        try CertificateFile.replace(files.certificate, with: next.certificate, isSecret: false)
        #expect(throws: TLSError.self) { try tls.reloadIfChanged() }
        #expect(tls.certificateNotAfter == before)
        try CertificateFile.replace(files.privateKey, with: next.privateKey, isSecret: true)
        #expect(try tls.reloadIfChanged())
        #expect(tls.certificateNotAfter == next.notAfter)
        // Another node's.
        let other = try authority.issue(for: TestNodes.a, validity: TestNodes.year)
        try CertificateFile.replace(files.certificate, with: other.certificate, isSecret: false)
        try CertificateFile.replace(files.privateKey, with: other.privateKey, isSecret: true)
        #expect(throws: TLSError.self) { try tls.reloadIfChanged() }
        #expect(tls.certificateNotAfter == next.notAfter)
    }

    /// What a listener shows to a new connection.
    private static func shown(by pair: PeerPair, _ client: PeerTLS) throws -> [UInt8] {
        Array(
            try Command.run(
                "openssl", "s_client", "-connect", "127.0.0.1:\(pair.listener.port)", "-alpn", "h2", "-CAfile",
                client.files.ca, "-cert", client.files.certificate, "-key", client.files.privateKey
            ).utf8)
    }
}
