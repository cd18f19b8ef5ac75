import COpenSSL

/// What went wrong in TLS: a code to decide by, a message for the operator, and OpenSSL's own words as the cause.
package struct TLSError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// A PEM file is missing, unreadable, malformed or of the wrong kind.
        case fileUnusable = "file_unusable"
        /// The private key does not belong to the certificate.
        case keyMismatch = "key_mismatch"
        /// OpenSSL refused a setting or ran out of memory.
        case setUp = "set_up"
        /// The peer spoke HTTP without TLS.
        case plainTextPeer = "plain_text_peer"
        /// The two sides agreed on no version, cipher, application protocol or signature, or the peer sent garbage.
        case handshakeFailed = "handshake_failed"
        /// This side does not trust the peer's certificate.
        case peerUntrusted = "peer_untrusted"
        /// The peer refused this side's certificate.
        case refusedByPeer = "refused_by_peer"
        /// The handshake took longer than `TLSLimits.handshakeMillisecondsMax`.
        case handshakeTimedOut = "handshake_timed_out"
        /// More was written before the handshake's end than `TLSLimits.earlyWriteBytesMax`.
        case earlyWritesTooLarge = "early_writes_too_large"
        /// A record after the handshake was malformed, forged or out of order.
        case recordInvalid = "record_invalid"
        /// The peer closed the connection without `close_notify`: what came may be only a part.
        case truncated
    }

    package let code: Code
    package let message: String
    /// OpenSSL's reasons, oldest first; empty when it gave none.
    package let cause: String

    package init(_ code: Code, _ message: String, cause: String = "") {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { cause.isEmpty ? message : "\(message) (\(cause))" }
}

/// OpenSSL's error queue of the calling thread.
package enum OpenSSLErrorQueue {
    struct Entry: Equatable {
        let library: Int32
        let reason: Int32
        let text: String
    }

    /// Empties the queue: what an earlier call left there must not be taken for the next call's error.
    @inline(__always)
    package static func clear() { ERR_clear_error() }

    /// Takes everything out of the queue, oldest first.
    static func take() -> [Entry] {
        var entries: [Entry] = []
        while true {
            let code = ERR_get_error()
            if code == 0 { return entries }
            let text = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
            entries.append(Entry(library: ERR_GET_LIB(code), reason: ERR_GET_REASON(code), text: text))
        }
    }

    /// The reasons as one line for a message.
    package static func takeText() -> String { text(of: take()) }

    static func text(of entries: [Entry]) -> String { entries.map(\.text).joined(separator: "; ") }
}
