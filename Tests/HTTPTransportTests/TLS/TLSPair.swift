import Logging
import NIOCore
import NIOEmbedded

@testable import HTTPTransport

/// A client and a server back to back, without sockets and with a hand-moved clock.
final class TLSPair {
    let client: EmbeddedChannel
    let server: EmbeddedChannel
    let clientSeen = Recorder()
    let serverSeen = Recorder()
    let clientTLS: TLSHandler
    let serverTLS: TLSHandler
    /// Ciphertext buffers that each side handed to its socket so far.
    private(set) var clientSends: [ByteBuffer] = []
    private(set) var serverSends: [ByteBuffer] = []

    init(client clientContext: TLSClientContext, server serverContext: TLSServerContext, host: String = "localhost") throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        clientTLS = try clientContext.makeHandler(host: host, port: 443, logger: logger)
        serverTLS = try serverContext.makeHandler(logger: logger)
        client = EmbeddedChannel(handlers: [clientTLS, clientSeen])
        server = EmbeddedChannel(handlers: [serverTLS, serverSeen])
        try server.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try client.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 443)).wait()
    }

    /// Carries ciphertext both ways until both sides are silent.
    func pump() throws {
        var moved = true
        while moved {
            moved = false
            while let bytes = try client.readOutbound(as: ByteBuffer.self) {
                clientSends.append(bytes)
                if server.isActive { try server.writeInbound(bytes) }
                moved = true
            }
            while let bytes = try server.readOutbound(as: ByteBuffer.self) {
                serverSends.append(bytes)
                if client.isActive { try client.writeInbound(bytes) }
                moved = true
            }
            client.embeddedEventLoop.run()
            server.embeddedEventLoop.run()
        }
    }

    /// Closes both sides; one that waits for the other's close_notify gives up as its clock advances.
    func finish() {
        for channel in [client, server] {
            channel.close(promise: nil)
            channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        }
        _ = try? client.finish(acceptAlreadyClosed: true)
        _ = try? server.finish(acceptAlreadyClosed: true)
    }
}

/// The end of a pipeline: keeps what arrives.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private(set) var handshake: TLSHandshakeCompleted?
    private(set) var received = ByteBuffer()
    private(set) var errors: [any Error] = []
    private(set) var inputClosed = false
    private(set) var inactive = false
    var onRead: ((ChannelHandlerContext) -> Void)?

    var text: String { String(buffer: received) }
    var tlsErrors: [TLSError.Code] { errors.compactMap { ($0 as? TLSError)?.code } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.writeImmutableBuffer(unwrapInboundIn(data))
        onRead?(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as TLSHandshakeCompleted: handshake = event
        case ChannelEvent.inputClosed: inputClosed = true
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { errors.append(error) }
    func channelInactive(context: ChannelHandlerContext) { inactive = true }
}

extension TLSServerContext {
    /// A server with the test certificate.
    static func test(
        _ files: TestCertificates.Files = TestCertificates.shared.server, clientCA: String? = nil,
        applicationProtocols: [String] = ["h2", "http/1.1"], limits: TLSLimits = TLSLimits()
    ) throws -> TLSServerContext {
        try TLSServerContext(
            certificate: files.certificate, privateKey: files.privateKey, clientCA: clientCA,
            applicationProtocols: applicationProtocols, limits: limits)
    }
}

extension TLSClientContext {
    /// A client that trusts the test CA.
    static func test(
        _ identity: TestCertificates.Files? = nil, applicationProtocols: [String] = ["h2", "http/1.1"],
        limits: TLSLimits = TLSLimits()
    ) throws -> TLSClientContext {
        try TLSClientContext(
            trust: .file(TestCertificates.shared.ca),
            identity: identity.map { .init(certificate: $0.certificate, privateKey: $0.privateKey) },
            applicationProtocols: applicationProtocols, limits: limits)
    }
}
