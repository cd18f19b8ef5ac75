import CNGHTTP2

/// What all HTTP/2 sessions of an event loop share: nghttp2's callbacks and options.
///
/// Owns both handles and frees them; immutable after `init`. nghttp2's message checks (RFC 9113 section 8: pseudo-fields,
/// connection-specific fields, lengths) stay on.
final class HTTP2SessionTemplate: @unchecked Sendable {
    private let callbacks: OpaquePointer
    private let options: OpaquePointer

    /// With nghttp2's own limit on resets this far off, the server's own (``HTTP2FloodGuard``) decides.
    private static let libraryResetBurst: UInt64 = 1_000_000
    /// All types beyond those of RFC 9113.
    private static let extensionTypes: ClosedRange<UInt8> = 10...255

    init(limits: HTTPLimits) {
        var callbacks: OpaquePointer?
        var options: OpaquePointer?
        guard nghttp2_session_callbacks_new(&callbacks) == 0, nghttp2_option_new(&options) == 0, let callbacks, let options
        else { preconditionFailure("nghttp2 has no memory for its callbacks") }
        self.callbacks = callbacks
        self.options = options
        Self.setCallbacks(callbacks)
        // The server itself gives flow-control credit, as bodies are consumed.
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_no_closed_streams(options, 1)
        nghttp2_option_set_max_outbound_ack(options, limits.outboundAcknowledgementsMax)
        // The library counts every piece in which a frame's header of 9 bytes arrives; the frames are counted here.
        nghttp2_option_set_max_continuations(options, (limits.continuationFramesMax + 1) * 9)
        // Frames of types that nobody knows would be skipped unseen; so they can be counted (see `setCallbacks`).
        for type in Self.extensionTypes { nghttp2_option_set_user_recv_extension_type(options, type) }
        nghttp2_option_set_stream_reset_rate_limit(options, Self.libraryResetBurst, Self.libraryResetBurst)
    }

    deinit {
        nghttp2_session_callbacks_del(callbacks)
        nghttp2_option_del(options)
    }

    /// A new server session whose callbacks go to `connection`, which must outlive it.
    func makeSession(for connection: HTTP2ServerConnection, limits: HTTPLimits) -> OpaquePointer {
        var session: OpaquePointer?
        let userData = Unmanaged.passUnretained(connection).toOpaque()
        guard nghttp2_session_server_new2(&session, callbacks, userData, options) == 0, let session else {
            preconditionFailure("nghttp2 has no memory for a session")
        }
        let settings = [
            setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreamsMax),
            setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.receiveWindowBytesPerStream),
            setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerBytesMax),
            // RFC 9218: the priority tree of RFC 7540 costs memory and time, and no client needs it.
            setting(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
        ]
        let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        guard nghttp2_submit_settings(session, none, settings, settings.count) == 0,
            nghttp2_session_set_local_window_size(session, none, 0, Int32(clamping: limits.receiveWindowBytesPerConnection))
                == 0
        else { preconditionFailure("nghttp2 refuses the server's settings: \(settings)") }
        return session
    }

    private func setting(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
        nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
    }

    // C callbacks capture nothing: each finds its connection in the user data.
    private static func setCallbacks(_ callbacks: OpaquePointer) {
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, connection in
            HTTP2ServerConnection.with(connection) { $0.frameBegan(header!.pointee) }
            return 0
        }
        // Skips the payload of an extension frame, whose beginning was reported as any frame's.
        nghttp2_session_callbacks_set_unpack_extension_callback(callbacks) { _, _, _, _ in
            Int32(NGHTTP2_ERR_CANCEL.rawValue)
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, connection in
            let category = UnsafeRawPointer(frame!).assumingMemoryBound(to: nghttp2_headers.self).pointee.cat
            HTTP2ServerConnection.with(connection) { $0.headerSectionBegan(isRequest: category == NGHTTP2_HCAT_REQUEST) }
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, _, name, nameCount, value, valueCount, _, connection in
            HTTP2ServerConnection.with(connection) {
                $0.fieldReceived(
                    name: UnsafeRawBufferPointer(start: name, count: nameCount),
                    value: UnsafeRawBufferPointer(start: value, count: valueCount))
            }
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, connection in
            HTTP2ServerConnection.with(connection) { $0.frameReceived(frame!) }
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, bytes, count, connection in
            HTTP2ServerConnection.with(connection) {
                $0.dataReceived(UnsafeRawBufferPointer(start: bytes, count: count), on: stream)
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, error, connection in
            HTTP2ServerConnection.with(connection) { $0.streamClosed(stream, error: error) }
            return 0
        }
        nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, _, header, count, source, connection in
            HTTP2ServerConnection.with(connection) {
                $0.sendData(slot: Int(source!.pointee.fd), frameHeader: header!, count: count)
            }
        }
    }
}

extension HTTP2ServerConnection {
    /// Calls `body` with the connection that a session's user data point to, without counting a reference: the connection
    /// outlives its session.
    @inline(__always)
    static func with<Result>(_ userData: UnsafeMutableRawPointer?, _ body: (HTTP2ServerConnection) -> Result) -> Result {
        guard let userData else { preconditionFailure("An HTTP/2 session lost its connection") }
        return Unmanaged<HTTP2ServerConnection>.fromOpaque(userData)._withUnsafeGuaranteedRef(body)
    }
}
