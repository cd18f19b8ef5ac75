import CNGHTTP2
import Logging
import NIOCore

/// The session's callbacks for what is received.
extension HTTP2ServerConnection {
    /// A section of this many times the accepted size is not even decoded to its end: the connection is closed.
    private static let headerBytesHardFactor = 8

    // MARK: Frames

    func frameBegan(_ header: nghttp2_frame_hd) {
        let flags = UInt32(header.flags)
        switch UInt32(header.type) {
        case NGHTTP2_DATA.rawValue:
            if header.length == 0, flags & NGHTTP2_FLAG_END_STREAM.rawValue == 0 { observed(.emptyData) }
        case NGHTTP2_SETTINGS.rawValue:
            hasReceivedSettings = true
            if flags & NGHTTP2_FLAG_ACK.rawValue == 0 { observed(.settings) }
        case NGHTTP2_PING.rawValue: observed(.ping)
        case NGHTTP2_PRIORITY.rawValue:
            observed(.priority)
            if header.stream_id == 0 { peerErred(NGHTTP2_PROTOCOL_ERROR) }
        case NGHTTP2_WINDOW_UPDATE.rawValue: observed(.windowUpdate)
        case NGHTTP2_HEADERS.rawValue: judge(history.headersBegan(header.stream_id), of: header.stream_id)
        case NGHTTP2_CONTINUATION.rawValue:
            section.continuations += 1
            if section.continuations > limits.continuationFramesMax { peerErred(NGHTTP2_ENHANCE_YOUR_CALM) }
        case NGHTTP2_RST_STREAM.rawValue:
            streamResetByPeer = header.stream_id
            observed(.reset)
        case NGHTTP2_PRIORITY_UPDATE.rawValue: observed(.priority)
        default: observed(.unknown)
        }
    }

    /// Frames on streams that are over end the connection, if they cannot have crossed our own reset on the way.
    private func judge(_ verdict: HTTP2StreamHistory.Verdict, of id: Int32) {
        switch verdict {
        case .plausible: break
        case .skipped: peerErred(NGHTTP2_PROTOCOL_ERROR)
        case .ended: if stream(id) == nil { peerErred(NGHTTP2_STREAM_CLOSED) }
        }
    }

    func frameReceived(_ frame: UnsafePointer<nghttp2_frame>) {
        let frame = UnsafeRawPointer(frame)
        let header = frame.assumingMemoryBound(to: nghttp2_frame_hd.self).pointee
        let endsStream = UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue:
            let kind = section.kind
            section.end()
            switch kind {
            case .request: requestReceived(header.stream_id, isEnded: endsStream)
            case .trailers: if endsStream { requestEnded(header.stream_id) }
            case .none: break
            }
        case NGHTTP2_DATA.rawValue:
            let padding = frame.assumingMemoryBound(to: nghttp2_data.self).pointee.padlen
            if endsStream {
                requestEnded(header.stream_id)
            } else if header.length > 0, header.length == padding {
                observed(.emptyData)
            }
        case NGHTTP2_GOAWAY.rawValue: isEndAnnounced = true
        default: break
        }
    }

    /// The connection ends for this, once nghttp2 returns from what it is reading.
    private func peerErred(_ code: nghttp2_error_code) {
        if peerError == nil { peerError = code }
    }

    private func observed(_ kind: HTTP2FloodGuard.Kind) {
        guard !flood.observed(kind) else { return }
        if peerError == nil { loop.logger.debug("HTTP/2 flood", metadata: ["http2.frames": "\(kind)"]) }
        peerErred(NGHTTP2_ENHANCE_YOUR_CALM)
    }

    // MARK: Header sections

    func headerSectionBegan(isRequest: Bool) {
        section.begin(isRequest ? .request : .trailers, now: now)
        if isRequest { incomingHead.reset(version: .http2) }
    }

    /// Returns what nghttp2 is to do.
    @inline(__always)
    func fieldReceived(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> Int32 {
        section.bytes += name.count + value.count
        guard section.kind == .request, section.excess == nil, section.bytes <= limits.headerBytesMax else {
            return excessFieldReceived()
        }
        guard name[0] != UInt8(ascii: ":") else {
            pseudoFieldReceived(name: name, value: value)
            return 0
        }
        section.count += 1
        guard section.count <= limits.headerCountMax else {
            section.excess = .tooManyHeaders(limits)
            return excessFieldReceived()
        }
        incomingHead.headers.appendChecked(name: name, value: value)
        return 0
    }

    /// The section goes on being decoded, for the compression state is the connection's; but not without end.
    private func excessFieldReceived() -> Int32 {
        if section.bytes > limits.headerBytesMax * Self.headerBytesHardFactor {
            peerErred(NGHTTP2_ENHANCE_YOUR_CALM)
            return Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
        }
        if section.excess == nil { section.excess = .headersTooLong(limits) }
        return 0
    }

    private func pseudoFieldReceived(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        // nghttp2 lets only the four request pseudo-fields pass, each once; they differ in the second byte, or the third.
        switch (name[1], name.count) {
        case (UInt8(ascii: "p"), 5):
            if value.count > limits.targetBytesMax {
                section.excess = .targetTooLong(limits)
            } else {
                incomingHead.setTarget(value)
            }
        case (UInt8(ascii: "m"), 7): incomingHead.method = HTTPMethod(bytes: value)
        case (UInt8(ascii: "s"), 7): incomingHead.setScheme(value)
        case (UInt8(ascii: "a"), 10): incomingHead.setAuthority(value)
        default: break
        }
    }

    // MARK: Requests

    private func requestReceived(_ id: Int32, isEnded: Bool) {
        guard let session, peerError == nil else { return }
        lastActivity = now
        guard waitingResponseBytes <= limits.responseBufferBytesMax, liveTasks < limits.concurrentStreamsMax else {
            nghttp2_submit_rst_stream(session, 0, id, NGHTTP2_REFUSED_STREAM.rawValue)
            return
        }
        guard hasConsistentAuthority() else {
            nghttp2_submit_rst_stream(session, 0, id, NGHTTP2_PROTOCOL_ERROR.rawValue)
            return
        }
        let stream = occupySlot()
        stream.pointee.begin(id: id, isHead: incomingHead.method == .head, isRequestEnded: isEnded)
        // 0 would be no data: slots count from 1 there.
        nghttp2_session_set_stream_user_data(session, id, UnsafeMutableRawPointer(bitPattern: stream.pointee.slot + 1))
        if !isEnded {
            stream.pointee.incoming = IncomingBody(
                connection: self, stream: stream.pointee.key, bytesMax: limits.bodyBytesMax, now: now)
            stream.pointee.expectsContinue = incomingHead.expectsContinue
        }
        if let refusal = refusal() {
            refuse(stream.pointee.key, refusal)
        } else {
            serve(stream.pointee.key)
        }
    }

    /// What is said to a request that no service sees.
    private func refusal() -> HTTPRefusal? {
        if let excess = section.excess { return excess }
        if incomingHead.method == .connect { return .tunnel }
        if let declared = incomingHead.contentLength, declared > limits.bodyBytesMax {
            return .bodyTooLarge(limit: limits.bodyBytesMax)
        }
        return nil
    }

    /// RFC 9113 section 8.3.1: a Host field must name what `:authority` names.
    private func hasConsistentAuthority() -> Bool {
        incomingHead.headers.withValue(of: "host") { host in
            incomingHead.withAuthorityBytes { $0.isEmpty || $0.elementsEqual(host) }
        } ?? true
    }

    private func serve(_ key: HTTPStreamKey) {
        var exchange = spareExchange ?? HTTPExchange(connection: self)
        spareExchange = nil
        swap(&exchange.head, &incomingHead)
        exchange.begin(key)
        loop.serve(exchange)
        // Nobody kept it: it serves again, and whoever did not answer by now never will.
        if isKnownUniquelyReferenced(&exchange) {
            exchange.endUnanswered()
            spareExchange = exchange
        }
    }

    // MARK: Bodies

    func dataReceived(_ bytes: UnsafeRawBufferPointer, on id: Int32) {
        guard let session else { return }
        let stream = stream(id)
        if let stream, let incoming = stream.pointee.incoming {
            stream.pointee.expectsContinue = false
            incoming.received(bytes, now: now)
        } else if stream?.pointee.isResponseEnded == true {
            // After an early answer the stream gets no more credit.
            nghttp2_session_consume_connection(session, bytes.count)
        } else {
            nghttp2_session_consume(session, id, bytes.count)
        }
    }

    private func requestEnded(_ id: Int32) {
        guard let stream = stream(id) else { return }
        stream.pointee.isRequestEnded = true
        stream.pointee.incoming?.ended()
    }

    func streamClosed(_ id: Int32, error: UInt32) {
        let stream = stream(id)
        // The peer's resets were counted as they came; here it is those that its errors force on us.
        if error != NGHTTP2_NO_ERROR.rawValue, error != NGHTTP2_REFUSED_STREAM.rawValue, stream?.pointee.isResetHere != true,
            id != streamResetByPeer
        {
            observed(.reset)
        }
        if let stream {
            if stream.pointee.isRequestEnded { history.streamEnded(id) }
            release(stream)
        }
    }

    /// The slot of a stream that is known by its identifier alone.
    private func stream(_ id: Int32) -> UnsafeMutablePointer<HTTP2Stream>? {
        guard let session, let data = nghttp2_session_get_stream_user_data(session, id) else { return nil }
        return stream(HTTPStreamKey(slot: Int(bitPattern: data) - 1, id: Int(id)))
    }
}
