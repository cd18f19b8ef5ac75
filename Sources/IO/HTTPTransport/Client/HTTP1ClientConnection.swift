import NIOCore
import NIOHTTP1

/// An HTTP/1.1 client connection: one request at a time, kept alive where the peer allows it.
final class HTTP1ClientConnection: ChannelDuplexHandler, HTTPClientConnection {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPClientRequestPart

    private struct Current {
        let exchange: HTTPClientExchange
        var isRequestSent = false
        var isAnswered = false
        var isAnswerWhole = false
        var keepsAlive = false
    }

    private let origin: HTTPOrigin
    private let configuration: HTTPClientConfiguration
    private weak var owner: (any HTTPConnectionOwner)?
    private let id: ConnectionPool.StateMachine.ConnectionID

    private var context: ChannelHandlerContext?
    private var current: Current?
    /// A read that waits until the answer's reader has caught up.
    private var isReadHeld = false

    init(
        configuration: HTTPClientConfiguration, owner: any HTTPConnectionOwner,
        id: ConnectionPool.StateMachine.ConnectionID
    ) {
        self.origin = owner.origin
        self.configuration = configuration
        self.owner = owner
        self.id = id
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        owner?.connected(id, self, streamsMax: 1)
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func read(context: ChannelHandlerContext) {
        if let current, current.exchange.unreadBytes >= configuration.receiveWindowBytesPerStream {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard var current else {
            // Bytes that nobody asked for: whatever they are, the next answer could not be told from them.
            return fail(HTTPClientError(.protocolViolation, "\(origin.address) sent an answer without a request"))
        }
        switch unwrapInboundIn(data) {
        case .head(let head):
            if (100..<200).contains(head.status.code), head.status != .switchingProtocols { return }
            guard let headers = fields(head) else {
                return fail(
                    HTTPClientError(
                        .responseHeadersTooLarge,
                        "the answer of \(origin.address) has more than \(configuration.responseHeaderBytesMax) bytes of headers"
                    ))
            }
            current.isAnswered = true
            current.keepsAlive = head.isKeepAlive && head.status != .switchingProtocols
            self.current = current
            current.exchange.received(
                status: Int(head.status.code), headers: headers, version: head.version.minor == 0 ? .http10 : .http11)
        case .body(let bytes):
            current.exchange.received(bytes)
        case .end:
            guard current.isAnswered else { return }
            current.isAnswerWhole = true
            self.current = current
            current.exchange.completed()
            requestOver()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        sendBody()
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as TLSError:
            fail(.connectionLost(origin, error.message))
        case is HTTPParserError:
            fail(
                HTTPClientError(
                    .protocolViolation, "the answer of \(origin.address) is not valid HTTP/1.1", cause: "\(error)"))
        default:
            fail(.connectionLost(origin, "\(error)"))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    // MARK: HTTPClientConnection

    func start(_ exchange: HTTPClientExchange) {
        guard let context, current == nil else {
            exchange.fail(HTTPClientError(.refusedByPeer, "\(origin.address) closes the connection"))
            owner?.streamEnded(id)
            return
        }
        current = Current(exchange: exchange)
        exchange.started(on: self)
        context.write(wrapOutboundOut(.head(head(of: exchange.request))), promise: nil)
        sendBody()
    }

    func uploadChanged(_ exchange: HTTPClientExchange) {
        if current?.exchange === exchange { sendBody() }
    }

    func consumed(_ exchange: HTTPClientExchange, bytes: Int) {
        guard isReadHeld, let context else { return }
        isReadHeld = false
        context.eventLoop.assumeIsolated().execute { self.context?.read() }
    }

    func exchangeFailed(_ exchange: HTTPClientExchange) {
        // The rest of the answer cannot be skipped within a bound.
        if current?.exchange === exchange { fail(.connectionLost(origin, "its request was cancelled")) }
    }

    func close(reason: HTTPClientError) { fail(reason) }

    // MARK: Sending

    private func head(of request: HTTPClientRequest) -> NIOHTTP1.HTTPRequestHead {
        let method = NIOHTTP1.HTTPMethod(rawValue: request.method.name)
        var head = NIOHTTP1.HTTPRequestHead(version: .http1_1, method: method, uri: request.target)
        head.headers.add(name: "host", value: request.origin.authority)
        request.headers.forEachRaw { name, value in
            guard !HTTP2RequestFields.isTransportField(name) else { return }
            head.headers.add(name: String(decoding: name, as: UTF8.self), value: String(decoding: value, as: UTF8.self))
        }
        if request.announcesLength {
            if let length = request.contentLength {
                head.headers.add(name: "content-length", value: String(length))
            } else {
                head.headers.add(name: "transfer-encoding", value: "chunked")
            }
        }
        return head
    }

    /// Hands the socket as much of the request's body as it takes.
    private func sendBody() {
        guard let context else { return }
        while var current, !current.isRequestSent, !current.exchange.hasEnded, context.channel.isWritable {
            let piece = current.exchange.takeUpload(upTo: configuration.writeBatchBytes)
            if piece.readableBytes > 0 { context.write(wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil) }
            if current.exchange.isUploadTaken {
                current.isRequestSent = true
                self.current = current
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
                return requestOver()
            }
            context.flush()
            if piece.readableBytes == 0 { return }
        }
        context.flush()
    }

    // MARK: Receiving

    private func fields(_ head: NIOHTTP1.HTTPResponseHead) -> HTTPFields? {
        var fields = HTTPFields()
        var bytes = 0
        for (name, value) in head.headers {
            bytes += name.utf8.count + value.utf8.count + 32
            guard bytes <= configuration.responseHeaderBytesMax else { return nil }
            fields.append(name, value)
        }
        return fields
    }

    /// When both directions are done, the next request may follow; where they cannot both be, the connection closes.
    private func requestOver() {
        guard let current, current.isAnswerWhole else { return }
        guard current.isRequestSent, current.keepsAlive else {
            self.current = nil
            return fail(.connectionLost(origin, "it does not keep connections alive"))
        }
        self.current = nil
        if isReadHeld {
            isReadHeld = false
            context?.read()
        }
        owner?.streamEnded(id)
    }

    // MARK: The end

    private func fail(_ reason: HTTPClientError) {
        let context = context
        end(reason)
        context?.close(promise: nil)
    }

    private func end(_ reason: HTTPClientError? = nil) {
        guard context != nil else { return }
        context = nil
        let exchange = current?.exchange
        current = nil
        let reason = reason ?? .connectionLost(origin, "it closed the connection before its answer was whole")
        owner?.connectionClosed(id, reason: reason)
        exchange?.fail(reason)
    }
}
