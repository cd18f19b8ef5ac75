import Foundation
import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPTransport

@Suite("TLS handshake")
struct TLSHandshakeTests {
    @Test("Both sides agree on the server's first application protocol")
    func protocolNegotiation() throws {
        let pair = try TLSPair(client: .test(applicationProtocols: ["http/1.1", "h2"]), server: .test())
        defer { pair.finish() }
        try pair.pump()
        #expect(pair.serverSeen.handshake?.alpn == "h2")
        #expect(pair.clientSeen.handshake?.alpn == "h2")
        #expect(pair.serverTLS.version == "TLSv1.3")
        #expect(pair.serverSeen.handshake?.peerSubjectAltNames == [])
    }

    @Test("A client that offers no application protocol is served without one")
    func noProtocolOffered() throws {
        let pair = try TLSPair(client: .test(applicationProtocols: []), server: .test())
        defer { pair.finish() }
        try pair.pump()
        #expect(pair.serverSeen.handshake != nil)
        #expect(pair.serverSeen.handshake?.alpn == nil)
    }

    @Test("A client that offers only unknown application protocols gets the no_application_protocol alert")
    func noCommonProtocol() throws {
        let pair = try TLSPair(client: .test(applicationProtocols: ["spdy/3"]), server: .test())
        defer { pair.finish() }
        try pair.pump()
        #expect(pair.serverSeen.tlsErrors == [.handshakeFailed])
        #expect(pair.clientSeen.tlsErrors == [.handshakeFailed])
        #expect("\(pair.clientSeen.errors)".contains("no application protocol"))
        #expect(!pair.server.isActive && !pair.client.isActive)
    }

    @Test("A second connection resumes the first one's session, a third one too")
    func resumption() throws {
        let client = try TLSClientContext.test()
        let server = try TLSServerContext.test()
        for round in 0..<3 {
            let pair = try TLSPair(client: client, server: server)
            try pair.pump()
            #expect(pair.serverTLS.isResumed == (round > 0))
            #expect(pair.clientTLS.isResumed == (round > 0))
            pair.finish()
        }
    }

    @Test("A resumed session still knows the client's certificate")
    func resumptionWithClientCertificate() throws {
        let client = try TLSClientContext.test(TestCertificates.shared.client)
        let server = try TLSServerContext.test(clientCA: TestCertificates.shared.ca)
        for round in 0..<2 {
            let pair = try TLSPair(client: client, server: server)
            defer { pair.finish() }
            try pair.pump()
            #expect(pair.serverTLS.isResumed == (round > 0))
            #expect(pair.serverSeen.handshake?.peerSubjectAltNames == ["node-a.vtag.internal", "vtag://node/a"])
            #expect(pair.serverTLS.peerIdentity?.commonName == "client")
        }
    }

    @Test("A client without a certificate is refused where one is required, and told so")
    func clientCertificateMissing() throws {
        let pair = try TLSPair(client: .test(), server: .test(clientCA: TestCertificates.shared.ca))
        defer { pair.finish() }
        try pair.pump()
        #expect(pair.serverSeen.tlsErrors == [.peerUntrusted])
        #expect(pair.serverSeen.handshake == nil)
        #expect(pair.clientSeen.tlsErrors == [.refusedByPeer])
    }

    @Test("A client certificate from an unknown or an expired CA is refused, with the reason")
    func clientCertificateUntrusted() throws {
        let certificates = TestCertificates.shared
        let cases = [
            (certificates.stranger, certificates.ca, "unable to get local issuer certificate"),
            (certificates.clientOfExpiredCA, certificates.expiredCA, "certificate has expired"),
        ]
        for (files, ca, reason) in cases {
            let pair = try TLSPair(client: .test(files), server: .test(clientCA: ca))
            defer { pair.finish() }
            try pair.pump()
            #expect(pair.serverSeen.tlsErrors == [.peerUntrusted])
            #expect("\(pair.serverSeen.errors)".contains(reason), "\(pair.serverSeen.errors)")
            #expect(pair.clientSeen.tlsErrors == [.refusedByPeer])
        }
    }

    @Test("A client refuses a server whose certificate names another host")
    func hostNameMismatch() throws {
        for host in ["localhost", "127.0.0.1"] {
            let pair = try TLSPair(client: .test(), server: .test(TestCertificates.shared.elsewhere), host: host)
            defer { pair.finish() }
            try pair.pump()
            #expect(pair.clientSeen.tlsErrors == [.peerUntrusted])
            #expect("\(pair.clientSeen.errors)".contains("mismatch"), "\(pair.clientSeen.errors)")
            #expect(pair.serverSeen.tlsErrors == [.refusedByPeer])
        }
    }

    @Test("A client accepts a server by its address among the certificate's names")
    func addressMatch() throws {
        let pair = try TLSPair(client: .test(), server: .test(), host: "127.0.0.1")
        defer { pair.finish() }
        try pair.pump()
        #expect(pair.clientSeen.handshake?.alpn == "h2")
    }

    @Test("A client refuses a server from a CA that it does not trust")
    func untrustedServer() throws {
        let pair = try TLSPair(
            client: .test(), server: .test(TestCertificates.shared.stranger), host: "node-a.vtag.internal")
        defer { pair.finish() }
        try pair.pump()
        #expect(pair.clientSeen.tlsErrors == [.peerUntrusted])
    }

    @Test("After a reload new connections see the new certificate and resume nothing from before")
    func reload() throws {
        let certificates = TestCertificates.shared
        func copy(_ from: String, _ to: String) throws -> String {
            certificates.file(to, try String(contentsOfFile: from, encoding: .utf8))
        }
        let live = TestCertificates.Files(
            certificate: try copy(certificates.server.certificate, "live.pem"),
            privateKey: try copy(certificates.server.privateKey, "live.key"))
        let client = try TLSClientContext.test(applicationProtocols: ["h2"])
        let server = try TLSServerContext.test(live)
        let before = try TLSPair(client: client, server: server)
        try before.pump()

        _ = try copy(certificates.secondServer.certificate, "live.pem")
        #expect(throws: TLSError.self) { try server.reload() }  // the key does not match yet
        _ = try copy(certificates.secondServer.privateKey, "live.key")
        try server.reload()

        let after = try TLSPair(client: client, server: server)
        try after.pump()
        #expect(after.clientTLS.peerIdentity?.commonName == "server-2")
        #expect(!after.serverTLS.isResumed)
        // The connection from before lives on.
        try before.client.writeOutbound(ByteBuffer(string: "still here"))
        try before.pump()
        #expect(before.serverSeen.text == "still here")
        before.finish()
        after.finish()
    }

    @Test("A handshake that does not end in time is broken off")
    func handshakeTimeout() throws {
        var limits = TLSLimits()
        limits.handshakeMillisecondsMax = 500
        let pair = try TLSPair(client: .test(), server: .test(limits: limits))
        defer { pair.finish() }
        pair.server.embeddedEventLoop.advanceTime(by: .milliseconds(499))
        #expect(pair.server.isActive)
        pair.server.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(pair.serverSeen.tlsErrors == [.handshakeTimedOut])
        #expect(!pair.server.isActive)
    }

    @Test("Garbage instead of a ClientHello ends the connection with a handshake error")
    func garbage() throws {
        for bytes: [UInt8] in [
            Array(repeating: 0x80, count: 64), [0, 0, 0, 0, 0, 0], [0x16, 3, 1, 0, 4, 9, 9, 9, 9], [0x17, 3, 3, 0, 1, 0],
        ] {
            let pair = try TLSPair(client: .test(), server: .test())
            defer { pair.finish() }
            try pair.server.writeInbound(ByteBuffer(bytes: bytes))
            #expect(pair.serverSeen.tlsErrors == [.handshakeFailed], "\(bytes)")
            #expect(!pair.server.isActive)
        }
    }

    @Test("Plain HTTP to a TLS port is answered with a hint in clear text and closed")
    func plainHTTP() throws {
        for request in ["GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
            let pair = try TLSPair(client: .test(), server: .test())
            defer { pair.finish() }
            try pair.server.writeInbound(ByteBuffer(string: request))
            #expect(pair.serverSeen.tlsErrors == [.plainTextPeer])
            #expect(!pair.server.isActive)
            let answer = try #require(try pair.server.readOutbound(as: ByteBuffer.self))
            #expect(String(buffer: answer).hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test("Every prefix of a ClientHello followed by the end of the connection fails the handshake and nothing else")
    func truncatedHello() throws {
        let hello = try #require(try TLSPair(client: .test(), server: .test()).client.readOutbound(as: ByteBuffer.self))
        for length in stride(from: 1, to: hello.readableBytes, by: 7) {
            let pair = try TLSPair(client: .test(), server: .test())
            defer { pair.finish() }
            try pair.server.writeInbound(try #require(hello.getSlice(at: hello.readerIndex, length: length)))
            #expect(pair.server.isActive)
            pair.server.pipeline.fireChannelInactive()
            #expect(pair.serverSeen.tlsErrors == [.handshakeFailed])
        }
    }

    @Test("Fed byte by byte, the handshake completes and data arrives")
    func byteByByte() throws {
        let pair = try TLSPair(client: .test(), server: .test())
        defer { pair.finish() }
        pair.client.writeAndFlush(ByteBuffer(string: "early"), promise: nil)
        var moved = true
        while moved {
            moved = false
            for (from, to) in [(pair.client, pair.server), (pair.server, pair.client)] {
                while let bytes = try from.readOutbound(as: ByteBuffer.self) {
                    moved = true
                    for byte in bytes.readableBytesView { try to.writeInbound(ByteBuffer(bytes: [byte])) }
                }
            }
        }
        #expect(pair.serverSeen.handshake?.alpn == "h2")
        #expect(pair.serverSeen.text == "early")
    }
}
