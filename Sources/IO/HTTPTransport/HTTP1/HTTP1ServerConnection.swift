import Logging
import NIOCore
import NIOHTTP1

/// One HTTP/1.1 connection, behind NIOHTTP1's decoder.
///
/// Requests are served one after the other, so that pipelined answers stand in order; what arrives meanwhile waits in a short
/// queue, and while anything waits nothing more is read. Responses are serialised here into one buffer, which is written once
/// per read.
final class HTTP1ServerConnection: ChannelDuplexHandler, HTTPServerConnection, ManagedConnection {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the decoder has said and was not acted upon yet.
    enum Event {
        case head(NIOHTTP1.HTTPRequestHead)
        case body(ByteBuffer)
        case end
        /// The rest of the input cannot be understood, or exceeds a limit: this status, then the end.
        case refused(status: Int)
    }

    enum Phase {
        case serving
        /// The response in progress is the last one.
        case draining
        /// All is said; input is skipped until the peer closes or the time is up.
        case lingering(since: NIODeadline)
        case closed
    }

    let loop: HTTPServerLoop
    let eventLoop: any EventLoop
    let information: HTTPConnectionInformation
    let limits: HTTPLimits
    var registryIndex = 0
    private(set) var context: ChannelHandlerContext?

    // Input
    private var events = CircularBuffer<Event>(initialCapacity: 8)
    private var waitingHeads = 0
    private var isInputOver = false
    private var isReadPending = false
    private var isProcessing = false
    private var hasReceivedBytes = false
    private var hasDecodedSomething = false

    // Requests
    var incomingHead = HTTPRequestHead()
    var current = HTTP1Exchange()
    var requestCount = 0
    var spareExchange: HTTPExchange?

    // Output
    var out = ByteBuffer()
    /// The next whole body comes in a buffer of the loop's.
    var isSpareBodyLent = false
    private var isFlushing = false
    private var isReading = false
    private var isFlushScheduled = false

    // Life
    private(set) var phase = Phase.serving
    /// When the last response ended.
    private var lastActivity: NIODeadline
    /// When a head began to arrive whose end has not come; nil while none has begun.
    private var headStartedAt: NIODeadline?
    private var unwritableSince: NIODeadline?

    init(loop: HTTPServerLoop, information: HTTPConnectionInformation, acceptedAt: NIODeadline) {
        self.loop = loop
        self.information = information
        eventLoop = loop.eventLoop
        limits = loop.limits
        lastActivity = acceptedAt
        headStartedAt = acceptedAt
    }

    /// The handlers of a connection, in order.
    static func handlers(
        loop: HTTPServerLoop, information: HTTPConnectionInformation, acceptedAt: NIODeadline
    ) -> [any ChannelHandler] {
        var limits = NIOHTTPDecoderLimitConfiguration()
        // The decoder counts the target as one of the fields; the exact limits are checked on the whole head.
        limits.maxHeaderListSize = loop.limits.headerBytesMax + loop.limits.targetBytesMax
        limits.maxHeaderFieldSize = max(loop.limits.headerBytesMax, loop.limits.targetBytesMax)
        limits.maxHeaderFieldCount = loop.limits.headerCountMax
        let connection = HTTP1ServerConnection(loop: loop, information: information, acceptedAt: acceptedAt)
        return [
            HTTP1InputWatch(connection),
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)),
            connection,
        ]
    }

    var executor: EventLoopExecutor { loop.executor }
    var now: NIODeadline { loop.now }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func bytesReceived() { hasReceivedBytes = true }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        hasDecodedSomething = true
        switch unwrapInboundIn(data) {
        case .head(let head):
            headStartedAt = nil
            waitingHeads += 1
            if waitingHeads > limits.pipelinedRequestsMax {
                enqueue(.refused(status: 503))
            } else {
                enqueue(.head(head))
            }
        case .body(let bytes): enqueue(.body(bytes))
        case .end: enqueue(.end)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        // Bytes that made no message yet are the beginning of a head.
        if hasReceivedBytes, !hasDecodedSomething, current.isIdle, headStartedAt == nil { headStartedAt = eventLoop.now }
        hasReceivedBytes = false
        hasDecodedSomething = false
        flush()
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { isReadPending = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        unwritableSince = context.channel.isWritable ? nil : now
        flush()
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let status = HTTP1Refusal.status(for: error) {
            enqueue(.refused(status: status))
        } else {
            loop.logger.debug("HTTP/1.1 connection failed", metadata: ["error": "\(error)"])
            context.close(promise: nil)
        }
    }

    // MARK: Input

    private func enqueue(_ event: Event) {
        guard !isInputOver, phase.isOpen else { return }
        if case .refused = event { isInputOver = true }
        events.append(event)
        process()
    }

    /// Acts on what has arrived, as far as the request in progress and the output allow.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer {
            isProcessing = false
            continueReading()
        }
        while phase.isOpen, let event = events.first {
            switch event {
            case .head(let head):
                guard current.isIdle, hasRoomForResponse else { return }
                events.removeFirst()
                waitingHeads -= 1
                requestBegan(head)
            case .body(let bytes):
                events.removeFirst()
                bodyReceived(bytes)
            case .end:
                events.removeFirst()
                requestEnded()
            case .refused(let status):
                // Requests that were whole are answered first; one that is not never will be.
                guard current.isIdle || !current.isRequestEnded else { return }
                events.removeFirst()
                inputRefused(status: status)
            }
        }
    }

    /// A client that does not read its responses gets no more of them.
    private var hasRoomForResponse: Bool {
        out.readableBytes < limits.writeBatchBytes && context?.channel.isWritable ?? false
    }

    private var mayRead: Bool {
        guard phase.isOpen, !current.isResponseEnded else { return true }
        return events.isEmpty && current.incoming?.unreadBytes ?? 0 < limits.receiveWindowBytesPerStream
    }

    func continueReading() {
        guard isReadPending, mayRead else { return }
        isReadPending = false
        context?.read()
    }

    // MARK: Output

    /// Writes what is serialised, and of the body in progress as much as the socket takes.
    func flush() {
        // Writing may tell of a changed writability, and so call back, before it returns.
        guard let context, !isReading, !isFlushing else { return }
        isFlushing = true
        defer { isFlushing = false }
        while context.channel.isWritable {
            fillFromBody()
            // Requests may have waited for room.
            if out.readableBytes == 0 { process() }
            guard out.readableBytes > 0 else { return }
            write(to: context)
        }
    }

    private func write(to context: ChannelHandlerContext) {
        guard out.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(out), promise: nil)
        // Keeps the storage when the socket took all of it, as it nearly always does.
        out.clear()
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

    // MARK: Time

    func tick(now: NIODeadline) {
        if case .lingering(let since) = phase {
            if now - since > limits.lingerTimeout { closeNow() }
            return
        }
        if let since = unwritableSince, now - since > limits.progressTimeout { return closeNow() }
        guard current.isIdle else { return checkProgress(now: now) }
        if let startedAt = headStartedAt {
            if now - startedAt > limits.headerTimeout { enqueue(.refused(status: 408)) }
        } else if now - lastActivity > limits.idleTimeout {
            closeNow()
        } else if out.readableBytes == 0 {
            // An idle connection keeps no buffer, once the last answer is flushed.
            out = ByteBuffer()
        }
    }

    private func checkProgress(now: NIODeadline) {
        if let incoming = current.incoming, incoming.isAwaited, now - incoming.lastProgress > limits.progressTimeout {
            incoming.failed(.timedOut)
        } else if current.isResponseEnded, now - lastActivity > limits.progressTimeout {
            // The rest of a body that is only skipped does not come.
            linger()
        }
    }

    // MARK: The end

    func drain() {
        guard case .serving = phase else { return }
        phase = .draining
        if current.isIdle, events.isEmpty { linger() }
    }

    /// Closes the sending side and gives the peer time to read, for a close with unread input would destroy what was sent
    /// (RFC 9112 section 9.6).
    func linger() {
        guard let context, phase.isOpen else { return }
        write(to: context)
        phase = .lingering(since: eventLoop.now)
        events.removeAll()
        endExchange()
        context.close(mode: .output).assumeIsolated().whenFailure { _ in self.closeNow() }
        continueReading()
    }

    func closeNow() { context?.close(promise: nil) }

    private func end() {
        guard context != nil else { return }
        phase = .closed
        context = nil
        endExchange()
        events.removeAll()
        spareExchange = nil
        loop.remove(self)
    }

    /// The response is out and the request read: the connection is free for the next one, or done.
    func exchangeCompleted() {
        lastActivity = now
        let keepsAlive = current.keepsAlive
        endExchange()
        if case .draining = phase { return linger() }
        if keepsAlive { process() } else { linger() }
    }

    /// Releases what belongs to the request in progress.
    private func endExchange() {
        let ended = current
        current = HTTP1Exchange()
        // Last, for they call out: who is called finds the exchange over already.
        if !ended.isResponseEnded { ended.task?.cancel() }
        ended.outgoing?.failed(.disconnected)
        ended.incoming?.streamEnded()
    }

    func responseEnded() { lastActivity = now }
}

extension HTTP1ServerConnection.Phase {
    /// Whether requests are still served.
    var isOpen: Bool {
        switch self {
        case .serving, .draining: true
        case .lingering, .closed: false
        }
    }
}
