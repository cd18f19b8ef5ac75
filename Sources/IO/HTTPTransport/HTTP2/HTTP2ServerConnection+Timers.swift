import CNGHTTP2
import NIOCore

/// Time-outs and the graceful end.
extension HTTP2ServerConnection {
    func tick(now: NIODeadline) {
        flood.ticked(now: now)
        switch phase {
        case .lingering(let since):
            if now - since > limits.lingerTimeout { closeNow() }
            return
        case .closed:
            return
        case .drainAnnounced(let announcedAt):
            if now - announcedAt >= limits.tick { sendFinalGoAway() }
        case .serving, .draining:
            break
        }
        if let since = unwritableSince, now - since > limits.progressTimeout { return closeNow() }
        if !hasReceivedSettings, now - lastActivity > limits.headerTimeout { return terminate(NGHTTP2_SETTINGS_TIMEOUT) }
        if let startedAt = section.startedAt, now - startedAt > limits.headerTimeout {
            return terminate(NGHTTP2_ENHANCE_YOUR_CALM)
        }
        if activeStreams > 0 {
            for stream in streams where !stream.pointee.isFree { checkProgress(of: stream, now: now) }
        } else if now - lastActivity > limits.idleTimeout {
            terminate(NGHTTP2_NO_ERROR)
        } else if out.readableBytes == 0 {
            // An idle connection keeps no buffer, once the last answer is flushed.
            out = ByteBuffer()
        }
    }

    private func checkProgress(of stream: UnsafeMutablePointer<HTTP2Stream>, now: NIODeadline) {
        if stream.pointee.isResponseEnded, now - stream.pointee.lastProgress > limits.tick { return stopUpload(stream) }
        stream.pointee.incoming?.tick(now: now, limits: limits)
        if stream.pointee.isResponseBegun, stream.pointee.waitingBytes > 0,
            now - stream.pointee.lastProgress > limits.progressTimeout
        {
            stream.pointee.outgoing?.failed(.timedOut)
            reset(stream, NGHTTP2_CANCEL)
        }
    }

    /// The response is out and the client goes on with the request: enough.
    private func stopUpload(_ stream: UnsafeMutablePointer<HTTP2Stream>) {
        guard let session, !stream.pointee.isRequestEnded, !stream.pointee.isResetHere else { return }
        stream.pointee.isResetHere = true
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.pointee.id, NGHTTP2_NO_ERROR.rawValue)
        setNeedsFlush()
    }

    func drain() {
        guard let session, case .serving = phase else { return }
        phase = .drainAnnounced(at: eventLoop.now)
        isEndAnnounced = true
        nghttp2_submit_shutdown_notice(session)
        setNeedsFlush()
    }

    /// From here on new streams are ignored; with the last one the connection ends.
    private func sendFinalGoAway() {
        guard let session else { return }
        phase = .draining
        nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session),
            NGHTTP2_NO_ERROR.rawValue, nil, 0)
        setNeedsFlush()
    }
}
