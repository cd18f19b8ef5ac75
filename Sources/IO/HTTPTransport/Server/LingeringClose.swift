import NIOCore

/// Says a last word, closes the sending side, and reads on for a moment.
///
/// A socket that is closed with unread input resets the connection, and the reset can destroy the last response before the
/// client has read it (RFC 9112 section 9.6).
final class LingeringClose: ChannelInboundHandler, ManagedConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let loop: HTTPServerLoop
    private let farewell: ByteBuffer
    private var startedAt: NIODeadline
    private var skippedBytes = 0
    private var context: ChannelHandlerContext?
    var registryIndex = 0

    init(loop: HTTPServerLoop, farewell: ByteBuffer) {
        self.loop = loop
        self.farewell = farewell
        startedAt = loop.eventLoop.now
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
        if farewell.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(farewell), promise: nil) }
        context.close(mode: .output).assumeIsolated().whenFailure { [weak self] _ in self?.closeNow() }
        context.read()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        loop.remove(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        skippedBytes += unwrapInboundIn(data).readableBytes
        if skippedBytes > loop.limits.drainBytesMax { closeNow() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The peer has closed its side too: nothing is left to wait for.
        if event as? ChannelEvent == .inputClosed { closeNow() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { closeNow() }

    func tick(now: NIODeadline) {
        if now - startedAt > loop.limits.lingerTimeout { closeNow() }
    }

    func drain() {}
    func closeNow() { context?.close(promise: nil) }
}
