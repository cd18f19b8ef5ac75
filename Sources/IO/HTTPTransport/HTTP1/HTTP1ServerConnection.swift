import Logging
import NIOCore
import NIOHTTP1

/// One HTTP/1.1 connection: the request in progress and its response. It stands before NIOHTTP1's decoder, which it gives no more
/// than it can serve at once; see ``HTTP1RequestCutter``.
///
/// Requests are served one after the other, so that pipelined answers stand in order; what arrives meanwhile waits as bytes, and
/// while anything waits nothing more is read: what waits is one read long, or as long as the kernel's receive buffer when the
/// peer has closed its side. Responses are serialised into one buffer, which is
/// written once per read.
final class HTTP1ServerConnection: ChannelDuplexHandler, HTTPServerConnection, ManagedConnection {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        case serving
        /// The response in progress is the last one.
        case draining
        /// All is said. Input is skipped, first until the socket has taken everything, then until the peer closes, within a
        /// time each.
        case lingering(since: NIODeadline, isOutputClosed: Bool)
        case closed
    }

    let loop: HTTPServerLoop
    let eventLoop: any EventLoop
    let information: HTTPConnectionInformation
    let limits: HTTPLimits
    var registryIndex = 0
    private(set) var context: ChannelHandlerContext?

    // Input. Where exclusivity is not checked at run time, the check costs more than the access: one thread makes it, and no
    // call between them comes back here.
    @exclusivity(unchecked) private var cutter: HTTP1RequestCutter
    private let decoded = HTTP1DecodedParts()
    /// What was read and not decoded yet.
    @exclusivity(unchecked) private var input = ByteBuffer()
    /// The peer sends nothing more.
    private var isInputEnded = false
    /// Input waits for the request in progress, or for room in the output.
    private var isHeldBack = false
    private var isReadPending = false
    private var isProcessing = false

    // Requests
    @exclusivity(unchecked) var incomingHead = HTTPRequestHead()
    @exclusivity(unchecked) var current = HTTP1Exchange()
    var requestCount = 0
    var spareExchange: HTTPExchange?

    // Output
    @exclusivity(unchecked) var out = ByteBuffer()
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
        cutter = HTTP1RequestCutter(limits: loop.limits)
        lastActivity = acceptedAt
        headStartedAt = acceptedAt
    }

    /// The connection, the decoder, and what stands behind it, in the pipeline's order.
    var handlers: [any ChannelHandler] { [self, HTTP1DecodedParts.decoder(limits), decoded] }

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

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase.isOpen else { return }
        isReading = true
        var bytes = unwrapInboundIn(data)
        guard input.readableBytes == 0 else {
            input.writeBuffer(&bytes)
            return process()
        }
        input = bytes
        process()
        // The socket's buffer is given back to be read into again; what is left of it is copied.
        input = input.readableBytes == 0 ? ByteBuffer() : ByteBuffer(bytes: input.readableBytesView)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The decoder would take it for the end of its work, but what waits here is still to come.
        guard event as? ChannelEvent != .inputClosed else { return inputEnded() }
        context.fireUserInboundEventTriggered(event)
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
        loop.logger.debug("HTTP/1.1 connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    // MARK: Input

    /// Acts on what has arrived, as far as the request in progress and the output allow.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer {
            isProcessing = false
            continueReading()
        }
        do throws(HTTPRefusal) {
            while phase.isOpen, try processNext() {}
        } catch {
            inputRefused(error)
        }
    }

    /// Takes the next element of the input. Returns whether another may follow at once.
    private func processNext() throws(HTTPRefusal) -> Bool {
        isHeldBack = false
        if current.isIdle {
            guard hasRoomForResponse else {
                isHeldBack = input.readableBytes > 0
                return false
            }
            guard let piece = try cutter.nextPiece(of: &input) else { return try inputExhausted() }
            headStartedAt = nil
            try headReceived(piece)
            return true
        }
        guard !current.isRequestEnded else {
            isHeldBack = input.readableBytes > 0
            return false
        }
        guard let piece = try cutter.nextPiece(of: &input) else { return try inputExhausted() }
        try bodyReceived(piece)
        return true
    }

    private func headReceived(_ piece: ByteBuffer) throws(HTTPRefusal) {
        let outcome = decode(piece)
        if let head = outcome.head {
            // Of a head that both refuse, the translation knows better why.
            let framing = try HTTP1HeadTranslation.translate(head, into: &incomingHead, limits: limits)
            if let error = outcome.error { throw .undecodable(error, limits: limits, isBody: false) }
            try cutter.headDecoded(framing, isWhole: outcome.isEnd)
            requestBegan(framing)
            if outcome.isEnd { requestEnded() }
        } else if let error = outcome.error {
            throw .undecodable(error, limits: limits, isBody: false)
        } else {
            throw HTTP1RequestCutter.disagreement
        }
    }

    private func bodyReceived(_ piece: ByteBuffer) throws(HTTPRefusal) {
        let outcome = decode(piece)
        if let error = outcome.error { throw .undecodable(error, limits: limits, isBody: true) }
        try cutter.bodyDecoded(piece, dataBytes: outcome.data.readableBytes, isWhole: outcome.isEnd)
        if outcome.data.readableBytes > 0 { dataReceived(outcome.data) }
        if outcome.isEnd { requestEnded() }
    }

    private func decode(_ piece: ByteBuffer) -> HTTP1DecodedParts.Outcome {
        context?.fireChannelRead(wrapInboundOut(piece))
        return decoded.take()
    }

    /// More bytes are needed to go on; returns false.
    private func inputExhausted() throws(HTTPRefusal) -> Bool {
        if isInputEnded {
            if cutter.isWithinHead || !current.isIdle { throw .cutShort }
            linger()
        } else if cutter.isWithinHead, headStartedAt == nil {
            headStartedAt = eventLoop.now
        }
        return false
    }

    /// The peer has closed its side: what it asked for is answered, then the connection ends.
    private func inputEnded() {
        isInputEnded = true
        switch phase {
        case .serving, .draining:
            process()
            flush()
        case .lingering(_, isOutputClosed: true): closeNow()
        case .lingering, .closed: break
        }
    }

    /// A client that does not read its responses gets no more of them.
    private var hasRoomForResponse: Bool {
        out.readableBytes < limits.writeBatchBytes && context?.channel.isWritable ?? false
    }

    private var mayRead: Bool {
        guard phase.isOpen, !current.isResponseEnded else { return true }
        return !isHeldBack && current.incoming?.unreadBytes ?? 0 < limits.receiveWindowBytesPerStream
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
        if case .lingering(let since, let isOutputClosed) = phase {
            if now - since > (isOutputClosed ? limits.lingerTimeout : limits.progressTimeout) { closeNow() }
            return
        }
        if let since = unwritableSince, now - since > limits.progressTimeout { return closeNow() }
        guard current.isIdle else { return checkProgress(now: now) }
        if let startedAt = headStartedAt {
            if now - startedAt > limits.headerTimeout { inputRefused(.headTooSlow(limits)) }
        } else if now - lastActivity > limits.idleTimeout {
            closeNow()
        } else if out.readableBytes == 0 {
            // An idle connection keeps no buffer, once the last answer is flushed.
            out = ByteBuffer()
        }
    }

    private func checkProgress(now: NIODeadline) {
        current.incoming?.tick(now: now, limits: limits)
        if current.isResponseEnded, now - lastActivity > limits.progressTimeout {
            // The rest of a body that is only skipped does not come.
            linger()
        }
    }

    // MARK: The end

    func drain() {
        guard case .serving = phase else { return }
        phase = .draining
        if current.isIdle, !isHeldBack { linger() }
    }

    /// Closes the sending side and gives the peer time to read, for a close with unread input would destroy what was sent
    /// (RFC 9112 section 9.6).
    func linger() {
        guard let context, phase.isOpen else { return }
        write(to: context)
        phase = .lingering(since: eventLoop.now, isOutputClosed: false)
        input = ByteBuffer()
        endExchange()
        guard !isInputEnded else { return closeWhenWritten(context) }
        context.close(mode: .output).assumeIsolated().whenComplete { self.outputClosed($0) }
        continueReading()
    }

    /// Closing the second side of a channel closes it whole, with what the socket has not taken yet: waits for that.
    private func closeWhenWritten(_ context: ChannelHandlerContext) {
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
        written.futureResult.assumeIsolated().whenComplete { _ in self.closeNow() }
    }

    private func outputClosed(_ result: Result<Void, any Error>) {
        guard case .lingering = phase else { return }
        phase = .lingering(since: eventLoop.now, isOutputClosed: true)
        // With the peer's side closed too, nothing is left to wait for.
        if case .success = result, !isInputEnded { return }
        closeNow()
    }

    func closeNow() { context?.close(promise: nil) }

    private func end() {
        guard context != nil else { return }
        phase = .closed
        context = nil
        endExchange()
        input = ByteBuffer()
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
