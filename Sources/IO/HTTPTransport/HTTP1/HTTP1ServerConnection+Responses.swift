import NIOCore

/// What exchanges, bodies and writers ask for.
extension HTTP1ServerConnection {
    // MARK: Whole responses

    func takeBodyBuffer(for key: HTTPStreamKey) -> ByteBuffer {
        isSpareBodyLent = true
        return loop.spareBodies.take()
    }

    func respond(to key: HTTPStreamKey, _ parts: borrowing HTTPResponseParts, body: ByteBuffer) {
        let isSpare = isSpareBodyLent
        isSpareBodyLent = false
        guard isAwaited(key) else { return }
        begin(parts, contentLength: HTTPStatus.allowsBody(parts.status) ? body.readableBytes : nil)
        let isSent = HTTPStatus.allowsBody(parts.status) && !current.isHead
        if isSent, body.readableBytes > SpareBodies.storageBytesMax {
            current.body = body
        } else {
            // Copied behind its head, so that both go out in one buffer.
            if isSent { body.withUnsafeReadableBytes { _ = out.writeBytes($0) } }
            if isSpare { loop.spareBodies.giveBack(body) }
            endResponse()
        }
        setNeedsFlush()
    }

    // MARK: Responses in pieces

    func beginResponse(to key: HTTPStreamKey, _ parts: borrowing HTTPResponseParts, body: OutgoingBody) {
        guard isAwaited(key) else { return body.failed(.disconnected) }
        if HTTPStatus.allowsBody(parts.status), !current.isHead {
            current.outgoing = body
            current.isResponseChunked = !current.isHTTP10
            // In HTTP/1.0 the end of the body is the end of the connection.
            if current.isHTTP10 { current.keepsAlive = false }
            begin(parts, contentLength: nil)
        } else {
            begin(parts, contentLength: nil)
            body.discardEverything()
            endResponse()
        }
        setNeedsFlush()
    }

    func outgoingBodyChanged(_ key: HTTPStreamKey) {
        if key.id == current.id { setNeedsFlush() }
    }

    func exchangeFailed(_ key: HTTPStreamKey, _ refusal: HTTPRefusal) {
        guard key.id == current.id, !current.isResponseEnded else { return }
        if current.isResponseBegun {
            // Without its last chunk the response is plainly not whole.
            closeNow()
        } else {
            refuse(key, refusal)
        }
    }

    /// Moves bytes of the body in progress to the output, up to a batch.
    func fillFromBody() {
        guard current.isResponseBegun, !current.isResponseEnded else { return }
        let room = limits.writeBatchBytes - out.readableBytes
        let count = min(current.waitingBytes, room)
        guard let outgoing = current.outgoing else {
            if count > 0, let piece = current.body.readSlice(length: count) { out.writeImmutableBuffer(piece) }
            if current.body.readableBytes == 0 { endResponse() }
            return
        }
        if count > 0 {
            if current.isResponseChunked {
                out.writeString(String(count, radix: 16))
                out.writeStaticString("\r\n")
            }
            let taken = outgoing.take(upTo: count, into: &out)
            precondition(taken == count, "A body shrank from \(count) to \(taken) bytes while it was framed")
            if current.isResponseChunked { out.writeStaticString("\r\n") }
        }
        if outgoing.isEnded, outgoing.waitingBytes == 0 {
            if current.isResponseChunked { out.writeStaticString("0\r\n\r\n") }
            outgoing.completed()
            endResponse()
        }
    }

    // MARK: Requests

    func incomingBody(of key: HTTPStreamKey) -> IncomingBody? { key.id == current.id ? current.incoming : nil }

    func bodyWanted(_ key: HTTPStreamKey) {
        guard key.id == current.id, current.expectsContinue, !current.isResponseBegun else { return }
        current.expectsContinue = false
        out.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
        setNeedsFlush()
    }

    func bodyConsumed(_ key: HTTPStreamKey, bytes: Int) { continueReading() }

    func adopt(_ task: Task<Void, Never>, for key: HTTPStreamKey) {
        if key.id == current.id { current.task = task } else { task.cancel() }
    }

    func taskEnded() {}

    // MARK: Private helpers

    private func isAwaited(_ key: HTTPStreamKey) -> Bool {
        context != nil && phase.isOpen && key.id == current.id && !current.isIdle && !current.isResponseBegun
    }

    private func begin(_ parts: borrowing HTTPResponseParts, contentLength: Int?) {
        current.isResponseBegun = true
        if !mayKeepAlive { current.keepsAlive = false }
        writeHead(parts, contentLength: contentLength)
    }

    /// After an early answer the rest of the body must be skipped; only a short one is worth it.
    private var mayKeepAlive: Bool {
        if case .draining = phase { return false }
        guard current.hasRequestBody, !current.isRequestEnded else { return true }
        guard !current.expectsContinue, let declared = current.declaredBytes else { return false }
        return declared <= limits.drainBytesMax
    }

    private func endResponse() {
        current.isResponseEnded = true
        current.task = nil
        responseEnded()
        if current.isRequestEnded {
            exchangeCompleted()
        } else if !current.keepsAlive {
            linger()
        }
    }

    private func writeHead(_ parts: borrowing HTTPResponseParts, contentLength: Int?) {
        let framing: HTTP1HeadWriter.Framing
        if let contentLength {
            framing = .length(contentLength)
        } else {
            framing = current.isResponseChunked ? .chunked : .none
        }
        let connection: StaticString? = current.keepsAlive ? (current.isHTTP10 ? "keep-alive" : nil) : "close"
        HTTP1HeadWriter.write(parts, framing: framing, connection: connection, date: loop.date, to: &out)
    }
}
