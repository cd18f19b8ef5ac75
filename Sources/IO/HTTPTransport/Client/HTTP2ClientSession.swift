import CNGHTTP2
import NIOCore

/// nghttp2's callbacks and options for client sessions. Owns both handles and frees them; immutable after `init`.
final class HTTP2ClientSessionTemplate: @unchecked Sendable {
    static let shared = HTTP2ClientSessionTemplate()

    private let callbacks: OpaquePointer
    private let options: OpaquePointer

    private init() {
        var callbacks: OpaquePointer?
        var options: OpaquePointer?
        guard nghttp2_session_callbacks_new(&callbacks) == 0, nghttp2_option_new(&options) == 0, let callbacks, let options
        else { preconditionFailure("nghttp2 has no memory for its callbacks") }
        self.callbacks = callbacks
        self.options = options
        Self.setCallbacks(callbacks)
        // Credit is given as answers are read.
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_no_closed_streams(options, 1)
    }

    deinit {
        nghttp2_session_callbacks_del(callbacks)
        nghttp2_option_del(options)
    }

    /// A session whose callbacks go to `connection`, which must outlive it. Its preface and SETTINGS are queued.
    func makeSession(for connection: HTTP2ClientConnection, configuration: HTTPClientConfiguration) -> OpaquePointer {
        var session: OpaquePointer?
        let userData = Unmanaged.passUnretained(connection).toOpaque()
        guard nghttp2_session_client_new2(&session, callbacks, userData, options) == 0, let session else {
            preconditionFailure("nghttp2 has no memory for a session")
        }
        func setting(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
            nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
        }
        let settings = [
            setting(NGHTTP2_SETTINGS_ENABLE_PUSH, 0),
            setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, configuration.receiveWindowBytesPerStream),
            setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, configuration.responseHeaderBytesMax),
        ]
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        guard nghttp2_submit_settings(session, flags, settings, settings.count) == 0,
            nghttp2_session_set_local_window_size(
                session, flags, 0, Int32(clamping: configuration.receiveWindowBytesPerConnection)) == 0
        else { preconditionFailure("nghttp2 has no memory for SETTINGS") }
        return session
    }

    private static func setCallbacks(_ callbacks: OpaquePointer) {
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameCount, value, valueCount, _, userData in
            guard let frame else { return 0 }
            return HTTP2ClientConnection.of(userData).headerReceived(
                stream: frame.pointee.hd.stream_id, name: UnsafeRawBufferPointer(start: name, count: nameCount),
                value: UnsafeRawBufferPointer(start: value, count: valueCount))
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, userData in
            if let frame { HTTP2ClientConnection.of(userData).frameReceived(frame.pointee) }
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, data, count, userData in
            HTTP2ClientConnection.of(userData).dataReceived(
                stream: stream, UnsafeRawBufferPointer(start: data, count: count))
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, userData in
            HTTP2ClientConnection.of(userData).streamClosed(stream, code: code)
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) { _, frame, code, userData in
            guard let frame, UInt32(frame.pointee.hd.type) == NGHTTP2_HEADERS.rawValue else { return 0 }
            HTTP2ClientConnection.of(userData).requestNotSent(stream: frame.pointee.hd.stream_id, code: code)
            return 0
        }
    }
}

extension HTTP2ClientConnection {
    /// The connection that a callback is about.
    static func of(_ userData: UnsafeMutableRawPointer?) -> HTTP2ClientConnection {
        guard let userData else { preconditionFailure("a session without its connection") }
        return Unmanaged<HTTP2ClientConnection>.fromOpaque(userData).takeUnretainedValue()
    }
}
