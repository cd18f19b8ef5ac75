import CNGHTTP2
import Logging
import NIOCore

/// One HTTP/2 connection: an nghttp2 session in one channel handler, without a channel per stream.
///
/// What the session has to say is gathered into one buffer and written once per `channelReadComplete`, or once per turn of the
/// event loop for answers that come later. The session must not be pumped from inside its own callbacks: they only change
/// state; bytes move in ``flush()``.
final class HTTP2ServerConnection: ChannelInboundHandler, HTTPServerConnection, ManagedConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let loop: HTTPServerLoop
    let eventLoop: any EventLoop
    let information: HTTPConnectionInformation
    let limits: HTTPLimits
    var registryIndex = 0

    // The session; nil before the handler is added and after the connection's end.
    private(set) var session: OpaquePointer?
    private(set) var context: ChannelHandlerContext?

    // Requests. Where exclusivity is not checked at run time, the check costs more than the access, which one thread makes in
    // callbacks that do not nest.
    @exclusivity(unchecked) var incomingHead = HTTPRequestHead()
    @exclusivity(unchecked) var section = HTTP2HeaderSection()
    @exclusivity(unchecked) var flood: HTTP2FloodGuard
    @exclusivity(unchecked) var history = HTTP2StreamHistory()
    /// Why the connection must end, found while nghttp2 is reading.
    var peerError: nghttp2_error_code?
    /// The last stream that the peer has reset.
    var streamResetByPeer: Int32 = 0
    var spareExchange: HTTPExchange?
    /// Tasks that have not returned; a cancelled one still counts, so that resets cannot pile up work.
    var liveTasks = 0

    // Streams
    @exclusivity(unchecked) private(set) var streams: [UnsafeMutablePointer<HTTP2Stream>] = []
    @exclusivity(unchecked) private var freeSlots: [Int] = []
    private(set) var activeStreams = 0
    var waitingResponseBytes = 0
    /// The next whole body comes in a buffer of the loop's.
    var isSpareBodyLent = false

    // Output
    @exclusivity(unchecked) var out = ByteBuffer()
    var isBatchFull = false
    private var isReading = false
    private var isFlushing = false
    private var isFlushScheduled = false

    // Life
    var phase = Phase.serving
    var lastActivity: NIODeadline
    var unwritableSince: NIODeadline?
    var hasReceivedSettings = false
    /// One of the sides has said that it ends the connection, so that its end is no breach of the protocol.
    var isEndAnnounced = false

    enum Phase {
        case serving
        /// The shutdown notice is sent; the final GOAWAY follows a tick later, so that requests on their way still count.
        case drainAnnounced(at: NIODeadline)
        case draining
        /// All is said; the peer may read the rest until the time is up.
        case lingering(since: NIODeadline)
        case closed
    }

    init(loop: HTTPServerLoop, information: HTTPConnectionInformation) {
        self.loop = loop
        self.information = information
        eventLoop = loop.eventLoop
        limits = loop.limits
        lastActivity = loop.eventLoop.now
        flood = HTTP2FloodGuard(limits: loop.limits, now: lastActivity)
    }

    deinit {
        for stream in streams {
            stream.deinitialize(count: 1)
            stream.deallocate()
        }
    }

    var executor: EventLoopExecutor { loop.executor }
    var now: NIODeadline { loop.now }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        session = loop.http2.makeSession(for: self, limits: limits)
        loop.add(self)
        flush()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        guard let session, phase.isOpen else { return }
        isReading = true
        let taken = bytes.withUnsafeReadableBytes {
            nghttp2_session_mem_recv(session, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count)
        }
        if taken < 0 {
            isReading = false
            sessionFailed(code: Int32(taken))
        } else if let peerError {
            let reason = String(cString: nghttp2_http2_strerror(peerError.rawValue))
            loop.observe(.broken(reason), context.remoteAddress)
            terminate(peerError)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        unwritableSince = context.channel.isWritable ? nil : now
        flush()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Without window updates and acknowledgements there is no conversation: the peer is gone.
        if event as? ChannelEvent == .inputClosed { closeNow() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        loop.logger.debug("HTTP/2 connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    // MARK: Output

    /// Lets the session serialise what it can, and writes it, batch by batch, while the socket takes it.
    func flush() {
        // Writing may tell of a changed writability, and so call back, before it returns.
        guard let context, !isReading, !isFlushing else { return }
        isFlushing = true
        defer { isFlushing = false }
        while let session, context.channel.isWritable {
            isBatchFull = false
            fillBatch(session)
            guard out.readableBytes > 0 else { break }
            context.writeAndFlush(wrapOutboundOut(out), promise: nil)
            // Keeps the storage when the socket took all of it, as it nearly always does.
            out.clear()
            if !isBatchFull { break }
        }
        // A failed write may have ended the connection.
        guard let session else { return }
        if nghttp2_session_want_read(session) == 0, nghttp2_session_want_write(session) == 0 {
            // nghttp2 ends a session by itself when a frame breaks the rules.
            if !isEndAnnounced { loop.observe(.broken("a frame breaks the rules"), context.remoteAddress) }
            isEndAnnounced = true
            linger()
        }
    }

    private func fillBatch(_ session: OpaquePointer) {
        while out.readableBytes < limits.writeBatchBytes {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &bytes)
            guard count != 0 else { return }
            guard count > 0 else { return sessionFailed(code: Int32(count)) }
            out.writeBytes(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        isBatchFull = true
    }

    /// Flushes at the end of this read, or in the loop's next turn: what many answers have to say goes into one write.
    func setNeedsFlush() {
        guard !isReading, !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.assumeIsolated().execute {
            self.isFlushScheduled = false
            self.flush()
        }
    }

    // MARK: The end

    /// Tells the peer why and closes once that is sent.
    func terminate(_ code: nghttp2_error_code) {
        guard let session else { return }
        isEndAnnounced = true
        nghttp2_session_terminate_session(session, code.rawValue)
        setNeedsFlush()
    }

    /// The session cannot go on, nor say why: the farewell is written by hand.
    private func sessionFailed(code: Int32) {
        guard let session, let context else { return }
        let why = String(cString: nghttp2_strerror(code))
        isEndAnnounced = true
        loop.observe(.broken(why), context.remoteAddress)
        loop.logger.debug("HTTP/2 session failed", metadata: ["http2.reason": "\(why)"])
        let isFlood = code == NGHTTP2_ERR_FLOODED.rawValue || code == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue
        let reason = peerError ?? (isFlood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR)
        let lastStream = nghttp2_session_get_last_proc_stream_id(session)
        out.writeImmutableBuffer(HTTP2Refusal.goAway(lastStream: lastStream, code: reason))
        context.writeAndFlush(wrapOutboundOut(out), promise: nil)
        out.clear()
        linger()
    }

    /// Closes the sending side and gives the peer time to read, for a close with unread input would destroy what was sent.
    private func linger() {
        guard let context, phase.isOpen else { return }
        phase = .lingering(since: eventLoop.now)
        endStreams()
        context.close(mode: .output).assumeIsolated().whenFailure { _ in self.closeNow() }
    }

    func closeNow() { context?.close(promise: nil) }

    private func end() {
        guard let session else { return }
        phase = .closed
        endStreams()
        self.session = nil
        nghttp2_session_del(session)
        spareExchange = nil
        context = nil
        loop.remove(self)
    }

    private func endStreams() {
        for stream in streams where !stream.pointee.isFree { release(stream) }
    }

    // MARK: Slots

    /// The stream that `key` names; nil when it is over.
    @inline(__always)
    func stream(_ key: HTTPStreamKey) -> UnsafeMutablePointer<HTTP2Stream>? {
        guard key.slot < streams.count else { return nil }
        let stream = streams[key.slot]
        return Int(stream.pointee.id) == key.id && key.id != 0 ? stream : nil
    }

    func occupySlot() -> UnsafeMutablePointer<HTTP2Stream> {
        activeStreams += 1
        if let slot = freeSlots.popLast() { return streams[slot] }
        let stream = UnsafeMutablePointer<HTTP2Stream>.allocate(capacity: 1)
        stream.initialize(to: HTTP2Stream(slot: streams.count))
        streams.append(stream)
        return stream
    }

    /// Ends what still works on the stream and frees its slot.
    func release(_ stream: UnsafeMutablePointer<HTTP2Stream>) {
        waitingResponseBytes -= stream.pointee.outgoing == nil ? stream.pointee.waitingBytes : 0
        let (task, incoming, outgoing) = (stream.pointee.task, stream.pointee.incoming, stream.pointee.outgoing)
        let isSpare = stream.pointee.hasSpareStorage
        let body = stream.pointee.end()
        if isSpare { loop.spareBodies.giveBack(body) }
        freeSlots.append(stream.pointee.slot)
        activeStreams -= 1
        lastActivity = now
        // Last, for they call out: who is called finds the slot free already.
        task?.cancel()
        outgoing?.failed(.disconnected)
        incoming?.streamEnded()
    }
}

extension HTTP2ServerConnection.Phase {
    /// Whether frames are still read.
    var isOpen: Bool {
        switch self {
        case .serving, .drainAnnounced, .draining: true
        case .lingering, .closed: false
        }
    }
}
