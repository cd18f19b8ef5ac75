import CNGHTTP2
import NIOCore

/// What exchanges, bodies and writers ask for, and the session's callbacks for what is sent.
extension HTTP2ServerConnection {
    // MARK: Whole responses

    func takeBodyBuffer(for key: HTTPStreamKey) -> ByteBuffer {
        isSpareBodyLent = true
        return loop.spareBodies.take()
    }

    func respond(to key: HTTPStreamKey, _ parts: borrowing HTTPResponseParts, body: ByteBuffer) {
        let isSpare = isSpareBodyLent
        isSpareBodyLent = false
        guard let stream = stream(key), !stream.pointee.isResponseBegun else { return }
        stream.pointee.isResponseBegun = true
        stream.pointee.lastProgress = now
        let length = HTTPStatus.allowsBody(parts.status) ? body.readableBytes : nil
        let sentBytes = stream.pointee.isHead ? 0 : length ?? 0
        if sentBytes > 0 {
            stream.pointee.body = body
            stream.pointee.hasSpareStorage = isSpare
            waitingResponseBytes += sentBytes
        } else if isSpare {
            loop.spareBodies.giveBack(body)
        }
        // To a request that has not ended, an empty DATA frame ends the response: RST_STREAM can follow that, but would overtake
        // a head that ends the stream.
        submit(parts, on: stream, contentLength: length, hasBody: sentBytes > 0 || !stream.pointee.isRequestEnded)
        setNeedsFlush()
    }

    // MARK: Responses in pieces

    func beginResponse(to key: HTTPStreamKey, _ parts: borrowing HTTPResponseParts, body: OutgoingBody) {
        guard let stream = stream(key), !stream.pointee.isResponseBegun else { return body.failed(.disconnected) }
        stream.pointee.isResponseBegun = true
        stream.pointee.lastProgress = now
        guard HTTPStatus.allowsBody(parts.status), !stream.pointee.isHead else {
            submit(parts, on: stream, contentLength: nil, hasBody: !stream.pointee.isRequestEnded)
            body.discardEverything()
            return setNeedsFlush()
        }
        stream.pointee.outgoing = body
        submit(parts, on: stream, contentLength: nil, hasBody: true)
        setNeedsFlush()
    }

    func outgoingBodyChanged(_ key: HTTPStreamKey) {
        guard let session, let stream = stream(key), stream.pointee.isDeferred else { return }
        stream.pointee.isDeferred = false
        stream.pointee.lastProgress = now
        nghttp2_session_resume_data(session, stream.pointee.id)
        setNeedsFlush()
    }

    func exchangeFailed(_ key: HTTPStreamKey, _ refusal: HTTPRefusal) {
        guard let stream = stream(key) else { return }
        if stream.pointee.isResponseBegun {
            reset(stream, NGHTTP2_INTERNAL_ERROR)
        } else {
            refuse(key, refusal)
        }
    }

    /// Breaks the stream off; its slot is freed when the frame is sent.
    func reset(_ stream: UnsafeMutablePointer<HTTP2Stream>, _ code: nghttp2_error_code) {
        guard let session, !stream.pointee.isResponseEnded else { return }
        stream.pointee.isResetHere = true
        nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.pointee.id, code.rawValue)
        setNeedsFlush()
    }

    // MARK: Requests

    func incomingBody(of key: HTTPStreamKey) -> IncomingBody? { stream(key)?.pointee.incoming }

    func bodyWanted(_ key: HTTPStreamKey) {
        guard let session, let stream = stream(key), stream.pointee.expectsContinue, !stream.pointee.isResponseBegun else {
            return
        }
        stream.pointee.expectsContinue = false
        var status = HTTP2Fields.status(100)
        nghttp2_submit_headers(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.pointee.id, nil, &status, 1, nil)
        setNeedsFlush()
    }

    func bodyConsumed(_ key: HTTPStreamKey, bytes: Int) {
        guard let session else { return }
        nghttp2_session_consume(session, Int32(truncatingIfNeeded: key.id), bytes)
        setNeedsFlush()
    }

    func adopt(_ task: Task<Void, Never>, for key: HTTPStreamKey) {
        liveTasks += 1
        if let stream = stream(key) { stream.pointee.task = task } else { task.cancel() }
    }

    func taskEnded() { liveTasks -= 1 }

    // MARK: The session's callbacks

    private func submit(
        _ parts: borrowing HTTPResponseParts, on stream: UnsafeMutablePointer<HTTP2Stream>, contentLength: Int?,
        hasBody: Bool
    ) {
        guard let session else { return }
        let fields = loop.http2Fields.make(parts, contentLength: contentLength, date: loop.date)
        guard hasBody else {
            nghttp2_submit_response(session, stream.pointee.id, fields.baseAddress, fields.count, nil)
            return responseEnded(stream)
        }
        var provider = nghttp2_data_provider()
        provider.source.fd = Int32(truncatingIfNeeded: stream.pointee.slot)
        provider.read_callback = { _, _, _, count, flags, source, connection in
            HTTP2ServerConnection.with(connection) {
                $0.bytesToFrame(slot: Int(source!.pointee.fd), upTo: count, flags: &flags!.pointee)
            }
        }
        nghttp2_submit_response(session, stream.pointee.id, fields.baseAddress, fields.count, &provider)
    }

    /// How many bytes the next DATA frame of a stream carries.
    private func bytesToFrame(slot: Int, upTo count: Int, flags: inout UInt32) -> Int {
        let stream = streams[slot]
        let waiting = stream.pointee.waitingBytes
        let length = min(count, waiting)
        let isLast = length == waiting && stream.pointee.outgoing?.isEnded ?? true
        if length == 0, !isLast {
            stream.pointee.isDeferred = true
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        flags |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        if isLast { flags |= NGHTTP2_DATA_FLAG_EOF.rawValue }
        return length
    }

    /// Puts a whole DATA frame into the output. Returns what nghttp2 is to do.
    func sendData(slot: Int, frameHeader: UnsafePointer<UInt8>, count: Int) -> Int32 {
        guard out.readableBytes < limits.writeBatchBytes else {
            isBatchFull = true
            return Int32(NGHTTP2_ERR_WOULDBLOCK.rawValue)
        }
        let stream = streams[slot]
        // The body was given up between the two callbacks; nghttp2 resets the stream.
        guard stream.pointee.waitingBytes >= count else { return Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
        out.writeBytes(UnsafeRawBufferPointer(start: frameHeader, count: Self.frameHeaderBytes))
        if let outgoing = stream.pointee.outgoing {
            let taken = outgoing.take(upTo: count, into: &out)
            precondition(taken == count, "A body shrank from \(count) to \(taken) bytes while it was framed")
        } else {
            stream.pointee.body.withUnsafeReadableBytes {
                _ = out.writeBytes(UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
            stream.pointee.body.moveReaderIndex(forwardBy: count)
            waitingResponseBytes -= count
        }
        stream.pointee.lastProgress = now
        flood.dataFrameSent()
        if UInt32(frameHeader[Self.frameFlagsOffset]) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 { responseEnded(stream) }
        return 0
    }

    /// When a response ends before its request, the client is to stop sending (RFC 9113 section 8.1). Most do so by themselves when
    /// they have seen the response, and some drop a response that RST_STREAM follows at once: it is left to the tick.
    private func responseEnded(_ stream: UnsafeMutablePointer<HTTP2Stream>) {
        stream.pointee.isResponseEnded = true
        stream.pointee.lastProgress = now
        stream.pointee.outgoing?.completed()
        guard !stream.pointee.isRequestEnded, let incoming = stream.pointee.incoming else { return }
        // Nobody reads on; the connection's other streams need the credit.
        stream.pointee.incoming = nil
        incoming.streamEnded()
    }

    private static var frameHeaderBytes: Int { 9 }
    private static var frameFlagsOffset: Int { 4 }
}
