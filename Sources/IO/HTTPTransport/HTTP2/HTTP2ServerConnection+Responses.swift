import CNGHTTP2
import NIOCore

/// What exchanges, bodies and writers ask for, and the session's callbacks for what is sent.
extension HTTP2ServerConnection {
    // MARK: Whole responses

    func takeBodyBuffer(for key: HTTPStreamKey) -> ByteBuffer {
        stream(key)?.takeBodyBuffer() ?? ByteBuffer()
    }

    func respond(to key: HTTPStreamKey, _ parts: HTTPResponseParts, body: ByteBuffer) {
        guard let stream = stream(key), !stream.isResponseBegun else { return }
        stream.isResponseBegun = true
        stream.lastProgress = now
        let length = HTTPStatus.allowsBody(parts.status) ? body.readableBytes : nil
        let sentBytes = stream.isHead ? 0 : length ?? 0
        if sentBytes > 0 {
            stream.setBody(body)
            waitingResponseBytes += sentBytes
        }
        // To a request that has not ended, an empty DATA frame ends the response: RST_STREAM can follow that, but would overtake
        // a head that ends the stream.
        submit(parts, on: stream, contentLength: length, hasBody: sentBytes > 0 || !stream.isRequestEnded)
        setNeedsFlush()
    }

    // MARK: Responses in pieces

    func beginResponse(to key: HTTPStreamKey, _ parts: HTTPResponseParts, body: OutgoingBody) {
        guard let stream = stream(key), !stream.isResponseBegun else { return body.failed(.disconnected) }
        stream.isResponseBegun = true
        stream.lastProgress = now
        guard HTTPStatus.allowsBody(parts.status), !stream.isHead else {
            submit(parts, on: stream, contentLength: nil, hasBody: !stream.isRequestEnded)
            body.discardEverything()
            return setNeedsFlush()
        }
        stream.outgoing = body
        submit(parts, on: stream, contentLength: nil, hasBody: true)
        setNeedsFlush()
    }

    func outgoingBodyChanged(_ key: HTTPStreamKey) {
        guard let session, let stream = stream(key), stream.isDeferred else { return }
        stream.isDeferred = false
        stream.lastProgress = now
        nghttp2_session_resume_data(session, stream.id)
        setNeedsFlush()
    }

    func exchangeFailed(_ key: HTTPStreamKey, status: Int) {
        guard let stream = stream(key) else { return }
        if stream.isResponseBegun {
            reset(stream, NGHTTP2_INTERNAL_ERROR)
        } else {
            respond(to: key, HTTPResponseParts(HTTPResponseHead(status: status)), body: ByteBuffer())
        }
    }

    /// Breaks the stream off; its slot is freed when the frame is sent.
    func reset(_ stream: HTTP2Stream, _ code: nghttp2_error_code) {
        guard let session, !stream.isResponseEnded else { return }
        stream.isResetHere = true
        nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue)
        setNeedsFlush()
    }

    // MARK: Requests

    func incomingBody(of key: HTTPStreamKey) -> IncomingBody? { stream(key)?.incoming }

    func bodyWanted(_ key: HTTPStreamKey) {
        guard let session, let stream = stream(key), stream.expectsContinue, !stream.isResponseBegun else { return }
        stream.expectsContinue = false
        var status = HTTP2Fields.status(100)
        nghttp2_submit_headers(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, nil, &status, 1, nil)
        setNeedsFlush()
    }

    func bodyConsumed(_ key: HTTPStreamKey, bytes: Int) {
        guard let session else { return }
        nghttp2_session_consume(session, Int32(truncatingIfNeeded: key.id), bytes)
        setNeedsFlush()
    }

    func adopt(_ task: Task<Void, Never>, for key: HTTPStreamKey) {
        liveTasks += 1
        if let stream = stream(key) { stream.task = task } else { task.cancel() }
    }

    func taskEnded() { liveTasks -= 1 }

    // MARK: The session's callbacks

    private func submit(_ parts: HTTPResponseParts, on stream: HTTP2Stream, contentLength: Int?, hasBody: Bool) {
        guard let session else { return }
        HTTP2Fields.withFields(of: parts, contentLength: contentLength) { fields in
            guard hasBody else {
                nghttp2_submit_response(session, stream.id, fields.baseAddress, fields.count, nil)
                return
            }
            var provider = nghttp2_data_provider()
            provider.source.fd = Int32(truncatingIfNeeded: stream.slot)
            provider.read_callback = { _, _, _, count, flags, source, connection in
                HTTP2ServerConnection.with(connection) {
                    $0.bytesToFrame(slot: Int(source!.pointee.fd), upTo: count, flags: &flags!.pointee)
                }
            }
            nghttp2_submit_response(session, stream.id, fields.baseAddress, fields.count, &provider)
        }
        if !hasBody { responseEnded(stream) }
    }

    /// How many bytes the next DATA frame of a stream carries.
    private func bytesToFrame(slot: Int, upTo count: Int, flags: inout UInt32) -> Int {
        let stream = streams[slot]
        let waiting = stream.waitingBytes
        let length = min(count, waiting)
        let isLast = length == waiting && stream.outgoing?.isEnded ?? true
        if length == 0, !isLast {
            stream.isDeferred = true
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
        guard stream.waitingBytes >= count else { return Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
        out.writeBytes(UnsafeRawBufferPointer(start: frameHeader, count: Self.frameHeaderBytes))
        if let outgoing = stream.outgoing {
            let taken = outgoing.take(upTo: count, into: &out)
            precondition(taken == count, "A body shrank from \(count) to \(taken) bytes while it was framed")
        } else {
            stream.body.withUnsafeReadableBytes {
                _ = out.writeBytes(UnsafeRawBufferPointer(rebasing: $0[..<count]))
            }
            stream.body.moveReaderIndex(forwardBy: count)
            waitingResponseBytes -= count
        }
        stream.lastProgress = now
        flood.dataFrameSent()
        if UInt32(frameHeader[Self.frameFlagsOffset]) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 { responseEnded(stream) }
        return 0
    }

    /// A response that ends before its request tells the client to stop sending (RFC 9113 section 8.1).
    private func responseEnded(_ stream: HTTP2Stream) {
        stream.isResponseEnded = true
        stream.outgoing?.completed()
        guard let session, !stream.isRequestEnded else { return }
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, NGHTTP2_NO_ERROR.rawValue)
    }

    private static var frameHeaderBytes: Int { 9 }
    private static var frameFlagsOffset: Int { 4 }
}
