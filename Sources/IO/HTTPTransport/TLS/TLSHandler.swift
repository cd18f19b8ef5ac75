import Logging
package import NIOCore

/// TLS in a channel: decrypts what comes in, encrypts what goes out, and fires `TLSHandshakeCompleted` between the
/// handshake and the first plaintext.
///
/// Writes before the handshake's end wait, within `TLSLimits.earlyWriteBytesMax`. What one flush releases is encrypted into
/// one buffer and handed to the socket in one write; a write's promise is kept when its ciphertext was written. A failed
/// handshake or record fires `errorCaught` with a `TLSError`, sends the alert and closes the channel.
package final class TLSHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private enum State {
        /// The channel is not active yet.
        case idle
        case handshaking(timeout: Scheduled<Void>)
        case active
        /// Our `close_notify` is sent, or is about to be; what still comes in is thrown away.
        case closing(Closing)
        case closed
    }

    private struct Closing {
        let promise: EventLoopPromise<Void>?
        let timeout: Scheduled<Void>
        var discardedBytes = 0
        var sentCloseNotify = false
    }

    private let connection: TLSConnection
    private let logger: Logger
    private var state = State.idle
    private var pending = TLSPendingWrites()
    private var plaintext = ByteBuffer()
    /// Guards against a flush from inside a promise of the flush before.
    private var isEncrypting = false
    /// The peer sends nothing more, by `close_notify` or the end of its TCP stream.
    private var inputClosed = false
    /// We send nothing more: `close_notify` has gone or waits behind flushed writes.
    private var outputClosing: OutputClosing?
    private var sawFirstByte = false

    private struct OutputClosing {
        var promise: EventLoopPromise<Void>?
        var isDone = false
    }

    private var limits: TLSLimits { connection.context.limits }

    init(connection: TLSConnection, logger: Logger) {
        self.connection = connection
        self.logger = logger
    }

    // MARK: Queries, on the event loop

    /// The names in the peer's verified certificate; nil when none was demanded or the handshake is under way.
    package var peerIdentity: TLSPeerIdentity? { connection.peerIdentity }
    /// Whether the handshake resumed an earlier session.
    package var isResumed: Bool { connection.isResumed }
    /// `TLSv1.3` or `TLSv1.2`.
    package var version: String { connection.version }

    // MARK: Life

    package func handlerAdded(context: ChannelHandlerContext) {
        connection.ciphertext = context.channel.allocator.buffer(capacity: 4096)
        if context.channel.isActive { startHandshake(context: context) }
    }

    package func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if case .idle = state { startHandshake(context: context) }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        let before = state
        end()
        switch before {
        case .handshaking:
            context.fireErrorCaught(
                TLSError(.handshakeFailed, "\(Self.name(of: context)) closed the connection during the TLS handshake"))
        case .active where !inputClosed && connection.context.role == .client:
            // A server's requests say themselves where they end; an answer may not.
            context.fireErrorCaught(
                TLSError(.truncated, "\(Self.name(of: context)) closed the connection without close_notify"))
        case .closing(let closing):
            closing.promise?.succeed()
        case .idle, .active, .closed:
            break
        }
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) { end() }

    // MARK: Inbound

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let ciphertext = unwrapInboundIn(data)
        switch state {
        case .closed:
            return
        case .closing:
            discard(ciphertext, context: context)
        case .handshaking:
            if !sawFirstByte, let first = ciphertext.readableBytesView.first {
                sawFirstByte = true
                if isPlainText(first) { return refusePlainText(context: context) }
            }
            receive(ciphertext, isHandshaking: true, context: context)
        case .idle, .active:
            receive(ciphertext, isHandshaking: false, context: context)
        }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Handshake messages, tickets and alerts that no flush took along.
        writeCiphertext(promise: nil, context: context)
        switch state {
        case .handshaking, .closing: context.read()
        case .idle, .active, .closed: break
        }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { encryptPending(context: context) }
        context.fireChannelWritabilityChanged()
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        switch state {
        case .handshaking:
            fail(
                TLSError(.handshakeFailed, "\(Self.name(of: context)) closed the connection during the TLS handshake"),
                context: context)
        case .closing:
            finishClosing(context: context)
        case .active where !inputClosed:
            inputClosed = true
            if connection.context.role == .client {
                context.fireErrorCaught(
                    TLSError(.truncated, "\(Self.name(of: context)) ended its stream without close_notify"))
            }
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        case .idle, .active, .closed:
            break
        }
    }

    // MARK: Outbound

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .closed = state { promise?.fail(ChannelError.ioOnClosedChannel); return }
        guard outputClosing == nil, !isClosing else { promise?.fail(ChannelError.outputClosed); return }
        pending.append(unwrapOutboundIn(data), promise: promise)
        if !isActive, pending.bytes > limits.earlyWriteBytesMax {
            let message =
                "more than \(limits.earlyWriteBytesMax) bytes were written to \(Self.name(of: context)) before the TLS handshake ended"
            fail(TLSError(.earlyWritesTooLarge, message), context: context)
        }
    }

    package func flush(context: ChannelHandlerContext) {
        pending.flush()
        if isActive { encryptPending(context: context) }
    }

    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch (mode, state) {
        case (.input, _):
            promise?.fail(ChannelError.operationUnsupported)
        case (_, .idle), (_, .closed):
            context.close(mode: mode, promise: promise)
        case (_, .handshaking):
            end()
            context.close(promise: promise)
        case (.output, .active):
            closeOutput(promise: promise, context: context)
        case (.all, .active):
            closeAll(promise: promise, context: context)
        case (_, .closing(let closing)):
            if let earlier = closing.promise {
                earlier.futureResult.cascade(to: promise)
            } else {
                context.channel.closeFuture.cascade(to: promise)
            }
        }
    }
}

// MARK: - Handshake and decryption

extension TLSHandler {
    private func startHandshake(context: ChannelHandlerContext) {
        let loop = context.eventLoop.assumeIsolated()
        let limit = limits.handshakeMillisecondsMax
        let timeout = loop.scheduleTask(in: .milliseconds(limit)) {
            guard case .handshaking = self.state else { return }
            let message = "TLS handshake with \(Self.name(of: context)) took longer than \(limit) ms"
            self.fail(TLSError(.handshakeTimedOut, message), context: context)
        }
        state = .handshaking(timeout: timeout)
        // No handler behind asks for reads before there is plaintext to read.
        context.read()
        guard connection.context.role == .client else { return }
        let outcome = connection.handshake()
        writeCiphertext(promise: nil, context: context)
        if case .failed(let error) = outcome { fail(error, context: context) }
    }

    private func receive(_ ciphertext: ByteBuffer, isHandshaking: Bool, context: ChannelHandlerContext) {
        plaintext.clear()
        var completed = false
        let outcome = connection.withInput(ciphertext) {
            if isHandshaking {
                let outcome = connection.handshake()
                guard outcome == .complete else { return outcome }
                completed = true
            }
            return connection.decrypt(into: &plaintext)
        }
        if completed { handshakeCompleted(context: context) }
        if plaintext.readableBytes > 0, isActive { context.fireChannelRead(wrapInboundOut(plaintext)) }
        if plaintext.capacity > Self.keptBufferBytesMax { plaintext = ByteBuffer() }
        switch outcome {
        case .complete, .wantRead: break
        case .closeNotify: closeNotifyReceived(context: context)
        case .failed(let error): fail(error, context: context)
        }
    }

    /// A buffer that grew beyond this is given back rather than reused, in bytes.
    private static let keptBufferBytesMax = 512 * 1024

    private func handshakeCompleted(context: ChannelHandlerContext) {
        guard case .handshaking(let timeout) = state else { return }
        timeout.cancel()
        state = .active
        logger.trace(
            "TLS handshake completed",
            metadata: [
                "tls.version": "\(connection.version)", "tls.resumed": "\(connection.isResumed)",
                "peer": "\(Self.name(of: context))",
            ])
        let names = connection.peerIdentity.map { $0.dnsNames + $0.uris } ?? []
        context.fireUserInboundEventTriggered(
            TLSHandshakeCompleted(alpn: connection.applicationProtocol, peerSubjectAltNames: names))
        if isActive { encryptPending(context: context) }
    }

    /// A record starts with a number below 24; a letter means that someone speaks HTTP.
    private func isPlainText(_ first: UInt8) -> Bool {
        connection.context.role == .server && (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first)
    }

    private func refusePlainText(context: ChannelHandlerContext) {
        let answer = ByteBuffer(
            string: "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                + "Content-Length: \(Self.plainTextAnswer.utf8.count)\r\n\r\n\(Self.plainTextAnswer)")
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        fail(TLSError(.plainTextPeer, "\(Self.name(of: context)) spoke HTTP without TLS to a TLS port"), context: context)
    }

    private static let plainTextAnswer = "This port speaks TLS: use https://\n"
}

// MARK: - Encryption

extension TLSHandler {
    private var isActive: Bool { if case .active = state { true } else { false } }
    private var isClosing: Bool { if case .closing = state { true } else { false } }

    /// Encrypts what has been flushed, as far ahead of the socket as the limit allows.
    private func encryptPending(context: ChannelHandlerContext) {
        guard !isEncrypting else { return }
        isEncrypting = true
        defer { isEncrypting = false }
        var isFirst = true
        while pending.hasFlushed, isActive || isClosing, isFirst || context.channel.isWritable {
            isFirst = false
            var promise: EventLoopPromise<Void>?
            var room = limits.encryptAheadBytesMax
            while room > 0, let plaintext = pending.next(bytesMax: room, completed: &promise) {
                room -= plaintext.readableBytes
                if case .failed(let error) = connection.encrypt(plaintext) {
                    promise?.fail(error)
                    return fail(error, context: context)
                }
            }
            writeCiphertext(promise: promise, context: context)
        }
        if !pending.hasFlushed { allWritten(context: context) }
    }

    /// Hands the ciphertext so far to the socket in one write.
    private func writeCiphertext(promise: EventLoopPromise<Void>?, context: ChannelHandlerContext) {
        guard connection.ciphertext.readableBytes > 0 else {
            // Only empty writes: done once what went before them is.
            if let promise { context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: promise) }
            return
        }
        // Taken out first: the write may change the channel's writability, and that may write again.
        var batch = ByteBuffer()
        swap(&batch, &connection.ciphertext)
        context.writeAndFlush(wrapOutboundOut(batch), promise: promise)
        guard connection.ciphertext.readableBytes == 0, batch.capacity <= Self.keptBufferBytesMax else { return }
        // Reuses the storage when the socket took everything.
        swap(&batch, &connection.ciphertext)
        connection.ciphertext.clear()
    }
}

// MARK: - Closing

extension TLSHandler {
    private func closeNotifyReceived(context: ChannelHandlerContext) {
        guard isActive, !inputClosed else { return }
        inputClosed = true
        let keepsOutput = try? context.channel.syncOptions?.getOption(.allowRemoteHalfClosure)
        if keepsOutput == true, outputClosing == nil {
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        } else {
            closeAll(promise: nil, context: context)
        }
    }

    private func closeOutput(promise: EventLoopPromise<Void>?, context: ChannelHandlerContext) {
        guard outputClosing == nil else { promise?.fail(ChannelError.outputClosed); return }
        if inputClosed { return closeAll(promise: promise, context: context) }
        for promise in pending.drop(unflushedOnly: true) { promise.fail(ChannelError.outputClosed) }
        outputClosing = OutputClosing(promise: promise)
        encryptPending(context: context)
    }

    private func closeAll(promise: EventLoopPromise<Void>?, context: ChannelHandlerContext) {
        for promise in pending.drop(unflushedOnly: true) { promise.fail(ChannelError.ioOnClosedChannel) }
        if outputClosing?.isDone == true {
            // Whoever closed the output first has waited for the peer as long as he wanted.
            end()
            return context.close(promise: promise)
        }
        let loop = context.eventLoop.assumeIsolated()
        let timeout = loop.scheduleTask(in: .milliseconds(limits.closeMillisecondsMax)) {
            self.finishClosing(context: context)
        }
        state = .closing(Closing(promise: promise, timeout: timeout))
        encryptPending(context: context)
        // With automatic reads off, no one else would ask for the peer's close_notify.
        if isClosing { context.read() }
    }

    /// All flushed writes are in the socket's hands: the moment for a `close_notify` that waited for it.
    private func allWritten(context: ChannelHandlerContext) {
        if var closing = outputClosing, !closing.isDone {
            closing.isDone = true
            outputClosing = closing
            connection.closeNotify()
            writeCiphertext(promise: nil, context: context)
            if isActive { return context.close(mode: .output, promise: closing.promise) }
            closing.promise?.succeed()
        }
        guard case .closing(var closing) = state, !closing.sentCloseNotify else { return }
        closing.sentCloseNotify = true
        state = .closing(closing)
        if outputClosing == nil {
            connection.closeNotify()
            writeCiphertext(promise: nil, context: context)
        }
        if inputClosed { finishClosing(context: context) }
    }

    /// Reads on for the peer's `close_notify`: closing over unread data would reset the connection, and the reset may
    /// destroy the last answer on its way.
    private func discard(_ ciphertext: ByteBuffer, context: ChannelHandlerContext) {
        guard case .closing(var closing) = state else { return }
        closing.discardedBytes += ciphertext.readableBytes
        state = .closing(closing)
        plaintext.clear()
        let outcome = connection.withInput(ciphertext) { connection.decrypt(into: &plaintext) }
        switch outcome {
        case .complete, .wantRead:
            if closing.discardedBytes > limits.closeDiscardBytesMax { finishClosing(context: context) }
        case .closeNotify:
            inputClosed = true
            if closing.sentCloseNotify { finishClosing(context: context) }
        case .failed:
            finishClosing(context: context)
        }
    }

    private func finishClosing(context: ChannelHandlerContext) {
        guard case .closing(let closing) = state else { return }
        end()
        context.close(promise: closing.promise)
    }

    private func fail(_ error: TLSError, context: ChannelHandlerContext) {
        let metadata: Logger.Metadata = [
            "peer": "\(Self.name(of: context))", "tls.error": "\(error.code.rawValue)", "reason": "\(error)",
        ]
        switch (state, connection.context.role) {
        case (.handshaking, .server): logger.info("TLS handshake failed", metadata: metadata)
        // A client's caller gets the error.
        case (.handshaking, .client): logger.debug("TLS handshake failed", metadata: metadata)
        case (.active, _), (.closing, _): logger.debug("TLS connection failed", metadata: metadata)
        case (.idle, _), (.closed, _): return
        }
        var closePromise: EventLoopPromise<Void>?
        if case .closing(let closing) = state { closePromise = closing.promise }
        writeCiphertext(promise: nil, context: context)  // the alert
        end(failing: error)
        context.fireErrorCaught(error)
        context.close(promise: closePromise)
    }

    /// Nothing happens after this: timers stop, what was not written never will be.
    private func end(failing error: any Error = ChannelError.ioOnClosedChannel) {
        switch state {
        case .handshaking(let timeout): timeout.cancel()
        case .closing(let closing): closing.timeout.cancel()
        case .idle, .active, .closed: break
        }
        state = .closed
        let output = outputClosing
        outputClosing?.isDone = true
        if let output, !output.isDone { output.promise?.fail(error) }
        for promise in pending.drop() { promise.fail(error) }
    }

    private static func name(of context: ChannelHandlerContext) -> String {
        context.channel.remoteAddress?.textual ?? "the peer"
    }
}

extension SocketAddress {
    /// `127.0.0.1:8080`, `[::1]:8080` or a path, for messages.
    var textual: String {
        switch self {
        case .v4: "\(ipAddress ?? "?"):\(port ?? 0)"
        case .v6: "[\(ipAddress ?? "?")]:\(port ?? 0)"
        case .unixDomainSocket: pathname ?? "a local socket"
        }
    }
}
