import Logging
import NIOCore

/// The first HTTP handler of every connection: finds out which protocol the client speaks, installs its handlers, and leaves.
///
/// Behind TLS the protocol is the one agreed on by ALPN; in clear text HTTP/2 begins with its preface (RFC 9113 section 3.3),
/// which no HTTP/1.1 request can begin with.
final class HTTPProtocolSelector: ChannelInboundHandler, RemovableChannelHandler, ManagedConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// As much of the preface as tells it from any HTTP/1.1 method.
    private static let prefaceStart: StaticString = "PRI "

    private let loop: HTTPServerLoop
    private let isTLS: Bool
    private let isRefused: Bool
    private let acceptedAt: NIODeadline
    private var received = ByteBuffer()
    private var handshake: TLSHandshakeCompleted?
    private var context: ChannelHandlerContext?
    var registryIndex = 0

    init(loop: HTTPServerLoop, isTLS: Bool, isRefused: Bool) {
        self.loop = loop
        self.isTLS = isTLS
        self.isRefused = isRefused
        acceptedAt = loop.eventLoop.now
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        loop.remove(self)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let completed = event as? TLSHandshakeCompleted {
            handshake = completed
            select(completed.alpn == "h2" ? .http2 : .http1, context: context)
        } else if event as? ChannelEvent == .inputClosed {
            // Nothing was asked, or nothing that makes a request.
            closeNow()
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        guard !isTLS else { return }
        let prefix = received.readableBytesView.prefix(Self.prefaceStart.utf8CodeUnitCount)
        let preface = UnsafeBufferPointer(start: Self.prefaceStart.utf8Start, count: prefix.count)
        if !prefix.elementsEqual(preface) {
            select(.http1, context: context)
        } else if prefix.count == Self.prefaceStart.utf8CodeUnitCount {
            select(.http2, context: context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? TLSError { loop.observe(.tlsFailed(error), context.remoteAddress) }
        loop.logger.debug("HTTP connection failed before its first request", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    // MARK: The loop's events

    func tick(now: NIODeadline) {
        if now - acceptedAt > loop.limits.headerTimeout { closeNow() }
    }

    func drain() { closeNow() }
    func closeNow() { context?.close(promise: nil) }

    // MARK: Private helpers

    private enum Choice { case http1, http2 }

    private func select(_ choice: Choice, context: ChannelHandlerContext) {
        if choice == .http1, loop.isHTTP2Only {
            loop.observe(.notHTTP2, context.remoteAddress)
            return context.close(promise: nil)
        }
        var information = HTTPConnectionInformation(
            remoteAddress: context.remoteAddress, isTLS: isTLS,
            peerSubjectAltNames: handshake?.peerSubjectAltNames ?? [])
        switch loop.admit(information) {
        case .admitted(let connectionContext): information.context = connectionContext
        case .refused: return context.close(promise: nil)
        }
        let pipeline = context.pipeline.syncOperations
        do {
            switch (choice, isRefused) {
            case (.http1, false):
                try pipeline.addHandlers(
                    HTTP1ServerConnection(loop: loop, information: information, acceptedAt: acceptedAt).handlers)
            case (.http2, false):
                try pipeline.addHandler(
                    HTTP2ServerConnection(loop: loop, information: information))
            case (.http1, true):
                let refusal = HTTPRefusal.tooManyConnections(loop.limits)
                let farewell = HTTP1Refusal.message(refusal, answer: loop.refuse(refusal))
                try pipeline.addHandler(LingeringClose(loop: loop, farewell: farewell))
            case (.http2, true):
                try pipeline.addHandler(LingeringClose(loop: loop, farewell: HTTP2Refusal.tooManyConnections))
            }
        } catch {
            return errorCaught(context: context, error: error)
        }
        // The end of this read goes to the new handlers by itself.
        if received.readableBytes > 0 { context.fireChannelRead(NIOAny(received)) }
        pipeline.removeHandler(context: context, promise: nil)
    }
}
