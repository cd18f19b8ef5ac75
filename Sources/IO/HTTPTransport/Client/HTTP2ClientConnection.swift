import CNGHTTP2
import Logging
import NIOCore

/// An HTTP/2 client connection: one nghttp2 session in one channel handler, no channel per stream.
///
/// It can take requests once the peer's SETTINGS have come. The session must not be pumped from inside its own callbacks:
/// they only change state; bytes move in `flush()`.
final class HTTP2ClientConnection: ChannelInboundHandler, HTTPClientConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private final class Stream {
        let exchange: any HTTP2ClientRequest
        var status = 0
        var headers = HTTPFields()
        var headerBytes = 0
        var isAnswered = false
        var isEnded = false
        var violation: HTTPClientError?

        init(_ exchange: any HTTP2ClientRequest) { self.exchange = exchange }
    }

    private let origin: HTTPOrigin
    private let configuration: HTTPClientConfiguration
    /// Held until the connection ends, for a weak reference costs each of its calls.
    private var owner: (any HTTPConnectionOwner)?
    private let id: ConnectionPool.StateMachine.ConnectionID

    private var context: ChannelHandlerContext?
    private var session: OpaquePointer?
    private var streams: [Int32: Stream] = [:]

    private var out = ByteBuffer()
    /// Inside `mem_recv` or `mem_send`, whose callbacks must neither pump nor delete the session.
    private var isInSession = false
    /// Between a read and its `channelReadComplete`, where the flush is.
    private var isReading = false
    private var isFlushing = false
    private var isFlushScheduled = false
    private var isReady = false
    private var isDraining = false
    /// Why this side ends the connection.
    private var closeReason: HTTPClientError?

    private var lastRead: NIODeadline
    private var pingSentAt: NIODeadline?
    private var livenessTimer: Scheduled<Void>?

    init(
        configuration: HTTPClientConfiguration, owner: any HTTPConnectionOwner, id: ConnectionPool.StateMachine.ConnectionID
    ) {
        self.origin = owner.origin
        self.configuration = configuration
        self.owner = owner
        self.id = id
        lastRead = owner.eventLoop.now
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        session = HTTP2ClientSessionTemplate.shared.makeSession(for: self, configuration: configuration)
        lastRead = context.eventLoop.now
        scheduleLivenessCheck(context.eventLoop)
        flush()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        guard let session else { return }
        lastRead = context.eventLoop.now
        pingSentAt = nil
        isReading = true
        isInSession = true
        let taken = bytes.withUnsafeReadableBytes {
            nghttp2_session_mem_recv(session, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count)
        }
        isInSession = false
        guard taken >= 0 else {
            let why = String(cString: nghttp2_strerror(Int32(taken)))
            return close(
                reason: isReady
                    ? HTTPClientError(.protocolViolation, "\(origin.address) broke HTTP/2", cause: why) : notHTTP2)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        flush()
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(.connectionLost(origin, (error as? TLSError)?.message ?? "\(error)"))
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    // MARK: HTTPClientConnection

    func start(_ exchange: HTTPClientExchange) { send(exchange) }

    func uploadChanged(_ exchange: HTTPClientExchange) {
        guard let session, exchange.streamID > 0 else { return }
        nghttp2_session_resume_data(session, exchange.streamID)
        setNeedsFlush()
    }

    func consumed(_ exchange: HTTPClientExchange, bytes: Int) {
        guard let session else { return }
        if exchange.streamID > 0 {
            nghttp2_session_consume(session, exchange.streamID, bytes)
        } else {
            nghttp2_session_consume_connection(session, bytes)
        }
        setNeedsFlush()
    }

    func exchangeFailed(_ exchange: HTTPClientExchange) { reset(exchange) }

    // MARK: Requests

    /// Sends a request. Whoever owns the connection calls this no more often than it said it can take.
    func send(_ exchange: any HTTP2ClientRequest) {
        guard let session, !isDraining else {
            exchange.fail(HTTPClientError(.refusedByPeer, "\(origin.address) closes the connection"))
            owner?.streamEnded(id)
            return
        }
        exchange.started(on: self)
        let hasBody = exchange.hasBody
        let id = exchange.withFields { fields in
            var provider = nghttp2_data_provider()
            provider.read_callback = { _, stream, buffer, length, flags, _, userData in
                guard let buffer, let flags else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
                let space = UnsafeMutableRawBufferPointer(start: buffer, count: length)
                return HTTP2ClientConnection.of(userData).bodyWanted(stream: stream, into: space, &flags.pointee)
            }
            return withUnsafePointer(to: provider) {
                nghttp2_submit_request(
                    session, nil, fields.baseAddress, fields.count, hasBody ? $0 : nil, nil)
            }
        }
        guard id > 0 else {
            // Stream numbers are used up: another connection has fresh ones.
            beginDraining()
            exchange.fail(
                HTTPClientError(
                    .refusedByPeer, "the connection to \(origin.address) takes no more requests",
                    cause: String(cString: nghttp2_strerror(id))))
            owner?.streamEnded(self.id)
            return
        }
        streams[id] = Stream(exchange)
        exchange.streamID = id
        setNeedsFlush()
    }

    /// Breaks a request off: nothing more of its answer is wanted.
    func reset(_ exchange: any HTTP2ClientRequest) {
        guard let session, exchange.streamID > 0 else { return }
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        nghttp2_submit_rst_stream(session, flags, exchange.streamID, NGHTTP2_CANCEL.rawValue)
        setNeedsFlush()
    }

    /// Credit for bytes of an answer that were taken as they came.
    func consumed(stream: Int32, bytes: Int) {
        guard let session else { return }
        nghttp2_session_consume(session, stream, bytes)
        setNeedsFlush()
    }

    func close(reason: HTTPClientError) {
        guard let session, let context else { return }
        if isInSession { return context.eventLoop.assumeIsolated().execute { self.close(reason: reason) } }
        closeReason = closeReason ?? reason
        nghttp2_session_terminate_session(session, NGHTTP2_NO_ERROR.rawValue)
        isReading = false
        flush()
        fail(reason)
    }

    // MARK: Output

    private func flush() {
        guard let context, !isReading, !isInSession, !isFlushing else { return }
        // A write may change the channel's writability, which calls this again, or close the channel, and with it the
        // session, before it returns.
        isFlushing = true
        defer { isFlushing = false }
        while let session, context.channel.isWritable {
            if let failure = fillBatch(from: session) { return fail(failure) }
            guard out.readableBytes > 0 else { break }
            context.writeAndFlush(wrapOutboundOut(out), promise: nil)
            out.clear()
        }
        if let session, nghttp2_session_want_read(session) == 0, nghttp2_session_want_write(session) == 0 {
            fail(closeReason ?? (isReady ? .connectionLost(origin, "it broke off or ended HTTP/2") : notHTTP2))
        }
    }

    private func fillBatch(from session: OpaquePointer) -> HTTPClientError? {
        isInSession = true
        defer { isInSession = false }
        while out.readableBytes < configuration.writeBatchBytes {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &bytes)
            if count == 0 { return nil }
            guard count > 0 else { return .connectionLost(origin, String(cString: nghttp2_strerror(Int32(count)))) }
            out.writeBytes(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        return nil
    }

    /// Flushes at the end of this read or in the loop's next turn: many requests go in one write.
    private func setNeedsFlush() {
        guard !isReading, !isFlushScheduled, let context else { return }
        isFlushScheduled = true
        context.eventLoop.assumeIsolated().execute {
            self.isFlushScheduled = false
            self.flush()
        }
    }

    // MARK: Liveness

    private func scheduleLivenessCheck(_ eventLoop: any EventLoop) {
        let interval = max(1, min(configuration.pingAfterMilliseconds, configuration.pingMillisecondsMax) / 2)
        livenessTimer = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(interval)) {
            self.checkLiveness()
            if self.session != nil { self.scheduleLivenessCheck(eventLoop) }
        }
    }

    private func checkLiveness() {
        guard let session, let context, isReady else { return }
        let now = context.eventLoop.now
        if let pingSentAt {
            guard now - pingSentAt >= .milliseconds(configuration.pingMillisecondsMax) else { return }
            fail(.connectionLost(origin, "it answered no PING for \(configuration.pingMillisecondsMax) ms"))
        } else if now - lastRead >= .milliseconds(configuration.pingAfterMilliseconds) {
            pingSentAt = now
            nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
            flush()
        }
    }

    // MARK: The end

    private func beginDraining() {
        guard !isDraining else { return }
        isDraining = true
        owner?.drainingBegan(id)
    }

    private var notHTTP2: HTTPClientError {
        HTTPClientError(.protocolViolation, "\(origin.address) does not speak HTTP/2: is that the right port?")
    }

    private func fail(_ reason: HTTPClientError) {
        let context = context
        end(reason)
        context?.close(promise: nil)
    }

    private func end(_ reason: HTTPClientError? = nil) {
        guard let session else { return }
        precondition(!isInSession, "an HTTP/2 session was ended by one of its own callbacks")
        self.session = nil
        context = nil
        livenessTimer?.cancel()
        livenessTimer = nil
        nghttp2_session_del(session)
        let reason = reason ?? .connectionLost(origin, "it closed the connection")
        let owner = owner
        self.owner = nil
        let orphans = streams.sorted { $0.key < $1.key }.map(\.value)
        streams.removeAll()
        for stream in orphans { stream.exchange.streamID = 0 }
        if !isReady { owner?.connectFailed(id, reason) }
        owner?.connectionClosed(id, reason: reason)
        for stream in orphans { stream.exchange.fail(stream.violation ?? reason) }
    }
}

// MARK: - The session's callbacks

extension HTTP2ClientConnection {
    func headerReceived(stream id: Int32, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> Int32 {
        guard let stream = streams[id], !stream.isAnswered else { return 0 }  // trailers are not used
        stream.headerBytes += name.count + value.count + 32
        guard stream.headerBytes <= configuration.responseHeaderBytesMax else {
            stream.violation = HTTPClientError(
                .responseHeadersTooLarge,
                "the answer of \(origin.address) has more than \(configuration.responseHeaderBytesMax) bytes of headers")
            return Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
        }
        if name.first == UInt8(ascii: ":") {
            // nghttp2 has checked that this is `:status` and a number of three digits.
            stream.status = value.reduce(0) { $0 * 10 + Int($1 &- UInt8(ascii: "0")) }
        } else if stream.exchange.wantsField(name) {
            stream.headers.appendChecked(name: name, value: value)
        }
        return 0
    }

    func frameReceived(_ frame: nghttp2_frame) {
        let isLast = UInt32(frame.hd.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
        switch UInt32(frame.hd.type) {
        case NGHTTP2_HEADERS.rawValue:
            guard let stream = streams[frame.hd.stream_id] else { return }
            headersReceived(stream)
            if isLast { answerEnded(stream, id: frame.hd.stream_id) }
        case NGHTTP2_DATA.rawValue:
            if isLast, let stream = streams[frame.hd.stream_id] { answerEnded(stream, id: frame.hd.stream_id) }
        case NGHTTP2_SETTINGS.rawValue:
            if UInt32(frame.hd.flags) & NGHTTP2_FLAG_ACK.rawValue == 0 { settingsReceived() }
        case NGHTTP2_GOAWAY.rawValue:
            // nghttp2 closes the streams above the last one that the peer will process, with REFUSED_STREAM.
            beginDraining()
        default:
            break
        }
    }

    private func headersReceived(_ stream: Stream) {
        guard !stream.isAnswered else { return }
        if (100..<200).contains(stream.status) {
            // An interim answer: the real one follows.
            stream.headers = HTTPFields()
            stream.headerBytes = 0
            return
        }
        stream.isAnswered = true
        stream.exchange.received(status: stream.status, headers: stream.headers, version: .http2)
        stream.headers = HTTPFields()
    }

    private func answerEnded(_ stream: Stream, id: Int32) {
        stream.isEnded = true
        let uploads = !stream.exchange.isUploadTaken
        stream.exchange.completed()
        // An answer before the request's end (413, say): the rest of the request is of no use.
        if uploads, let session {
            nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_NO_ERROR.rawValue)
        }
    }

    private func settingsReceived() {
        guard let session else { return }
        let streamsMax = Int(nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
        if isReady {
            owner?.streamsMaxChanged(id, to: streamsMax)
        } else {
            isReady = true
            owner?.connected(id, self, streamsMax: streamsMax)
        }
    }

    func dataReceived(stream id: Int32, _ bytes: UnsafeRawBufferPointer) {
        guard let stream = streams[id], !stream.exchange.hasEnded else {
            if let session { nghttp2_session_consume(session, id, bytes.count) }
            return
        }
        stream.exchange.received(bytes)
    }

    func bodyWanted(stream id: Int32, into space: UnsafeMutableRawBufferPointer, _ flags: inout UInt32) -> Int {
        // A body that was broken off must not look like one that has ended.
        guard let stream = streams[id], !stream.exchange.hasEnded else {
            return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
        }
        let written = stream.exchange.copyUpload(into: space)
        if stream.exchange.isUploadTaken { flags |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue) }
        return written > 0 || stream.exchange.isUploadTaken ? written : Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }

    func requestNotSent(stream id: Int32, code: Int32) {
        // After a GOAWAY the session itself refuses what is still in its queue.
        streams[id]?.violation = HTTPClientError(
            .refusedByPeer, "\(origin.address) takes no more requests on this connection",
            cause: String(cString: nghttp2_strerror(code)))
    }

    func streamClosed(_ id: Int32, code: UInt32) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        stream.exchange.streamID = 0
        if !stream.isEnded { stream.exchange.fail(stream.violation ?? closeError(code)) }
        owner?.streamEnded(self.id)
    }

    private func closeError(_ code: UInt32) -> HTTPClientError {
        let name = String(cString: nghttp2_http2_strerror(code))
        if code == NGHTTP2_REFUSED_STREAM.rawValue {
            return HTTPClientError(.refusedByPeer, "\(origin.address) refused the request before processing it", cause: name)
        }
        return HTTPClientError(.streamReset, "\(origin.address) reset the stream", cause: name)
    }
}
