import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// Opens one connection: TCP, TLS, and the protocol that was agreed upon; gives up after the connect timeout.
final class HTTPClientConnector {
    private let id: ConnectionPool.StateMachine.ConnectionID
    private let owner: any HTTPConnectionOwner
    private let configuration: HTTPClientConfiguration
    private let logger: Logger
    private let expectation: TLSExpectation
    /// DNS names and URIs of the peer's verified certificate, after the handshake.
    private(set) var peerSubjectAltNames: [String] = []
    private var timer: Scheduled<Void>?
    private var channel: (any Channel)?
    private var isOver = false

    init(
        id: ConnectionPool.StateMachine.ConnectionID, owner: any HTTPConnectionOwner, configuration: HTTPClientConfiguration,
        logger: Logger, expectation: TLSExpectation = .host
    ) {
        self.id = id
        self.owner = owner
        self.configuration = configuration
        self.logger = logger
        self.expectation = expectation
    }

    func connect() {
        let origin = owner.origin
        let limit = configuration.connectMillisecondsMax
        let loop = owner.eventLoop.assumeIsolated()
        timer = loop.scheduleTask(in: .milliseconds(limit)) {
            self.owner.connectFailed(self.id, HTTPClientError.connectTimedOut(to: origin, milliseconds: limit))
        }
        let bound = NIOLoopBound(self, eventLoop: owner.eventLoop)
        ClientBootstrap(group: owner.eventLoop)
            .connectTimeout(.milliseconds(limit))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try bound.value.setUp(channel) }
            }
            .connect(host: origin.host, port: origin.port)
            .assumeIsolated()
            .whenFailure { error in self.owner.connectFailed(self.id, error) }
    }

    /// The connection takes requests: its fate is the pool's from here on.
    func succeeded() {
        isOver = true
        timer?.cancel()
    }

    /// Stops trying.
    func cancel() {
        isOver = true
        timer?.cancel()
        channel?.close(promise: nil)
    }

    private func setUp(_ channel: any Channel) throws {
        guard !isOver else { throw ChannelError.ioOnClosedChannel }
        self.channel = channel
        owner.opened(channel)
        let pipeline = channel.pipeline.syncOperations
        let origin = owner.origin
        switch origin.scheme {
        case .http:
            try pipeline.addHandler(HTTPClientNegotiator(connector: self, expectsTLS: false))
        case .https:
            guard let tls = configuration.tls else {
                throw HTTPClientError(
                    .tlsFailed, "\(origin.address) wants TLS, and the client has no TLS settings: name a CA file")
            }
            try pipeline.addHandler(
                try tls.makeHandler(host: origin.host, port: origin.port, expectation: expectation, logger: logger))
            try pipeline.addHandler(HTTPClientNegotiator(connector: self, expectsTLS: true))
        }
    }

    fileprivate func failed(_ error: any Error) { owner.connectFailed(id, error) }

    fileprivate func negotiated(_ handshake: TLSHandshakeCompleted?, context: ChannelHandlerContext) {
        let (isTLS, alpn) = (handshake != nil, handshake?.alpn)
        peerSubjectAltNames = handshake?.peerSubjectAltNames ?? []
        let pipeline = context.pipeline.syncOperations
        let isHTTP2 = configuration.version != .http1Only && (isTLS ? alpn == "h2" : true)
        do {
            if isTLS, alpn == "h2", configuration.version == .http1Only {
                throw HTTPClientError(
                    .protocolViolation, "\(owner.origin.address) chose HTTP/2, and this client was told to use HTTP/1.1 only"
                )
            }
            if configuration.version == .http2Only, !isHTTP2 {
                throw HTTPClientError(
                    .protocolViolation, "\(owner.origin.address) does not offer HTTP/2: is that the right port?")
            }
            if isHTTP2 {
                try pipeline.addHandler(HTTP2ClientConnection(configuration: configuration, owner: owner, id: id))
            } else {
                try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
                try pipeline.addHandler(HTTP1ClientConnection(configuration: configuration, owner: owner, id: id))
            }
        } catch {
            failed(error)
            context.close(promise: nil)
        }
    }
}

/// Waits until the protocol is known, adds its handlers behind itself and leaves.
private final class HTTPClientNegotiator: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let connector: HTTPClientConnector
    private let expectsTLS: Bool
    private var isOver = false

    init(connector: HTTPClientConnector, expectsTLS: Bool) {
        self.connector = connector
        self.expectsTLS = expectsTLS
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive, !expectsTLS { over(nil, context: context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if !expectsTLS { over(nil, context: context) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSHandshakeCompleted, expectsTLS {
            over(event, context: context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isOver else { return context.fireErrorCaught(error) }
        connector.failed(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isOver { connector.failed(ChannelError.eof) }
        context.fireChannelInactive()
    }

    private func over(_ handshake: TLSHandshakeCompleted?, context: ChannelHandlerContext) {
        guard !isOver else { return }
        isOver = true
        connector.negotiated(handshake, context: context)
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
}
