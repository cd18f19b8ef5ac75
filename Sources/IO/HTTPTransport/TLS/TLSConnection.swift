import COpenSSL
import NIOCore

/// One side of one TLS connection: owns the `SSL` handle and frees it in `deinit`.
///
/// Ciphertext goes in through `withInput` and comes out in `ciphertext`; nothing here blocks or touches a socket.
/// To be used on one thread at a time, the connection's event loop.
final class TLSConnection {
    /// How a call ended that may need more of the peer's bytes.
    enum Outcome: Equatable {
        case complete
        case wantRead
        /// The peer said that it sends nothing more.
        case closeNotify
        case failed(TLSError)
    }

    /// Longest plaintext of a record, in bytes (RFC 8446, section 5.1).
    static let recordBytesMax = 16 * 1024

    let context: OpenSSLContext
    /// Host and port under which a client's sessions are remembered.
    let sessionKey: String?
    /// Records ready for the socket.
    var ciphertext: ByteBuffer
    private let ssl: OpaquePointer
    private let peerName: String
    private let expectation: TLSExpectation
    private var failed = false
    /// What the peer sent and OpenSSL has not read yet; valid only inside `withInput`.
    private var input = UnsafeRawBufferPointer(start: nil, count: 0)

    /// - Parameters:
    ///   - server: for a client, the host that the certificate must name, and its port; nil for a server.
    ///   - expectation: whom the server's certificate must name; of a client.
    ///   - peerName: what error messages call the other side.
    init(
        context: OpenSSLContext, server: (host: String, port: Int)?, expectation: TLSExpectation = .host, peerName: String
    ) throws(TLSError) {
        precondition((server != nil) == (context.role == .client), "a client names its server, a server does not")
        self.context = context
        self.peerName = peerName
        self.expectation = expectation
        sessionKey = server.map { "\($0.host):\($0.port)" }
        ciphertext = ByteBuffer()
        OpenSSLErrorQueue.clear()
        guard let ssl = SSL_new(context.handle) else {
            throw TLSError(.setUp, "no memory for a TLS connection", cause: OpenSSLErrorQueue.takeText())
        }
        self.ssl = ssl
        guard let bio = BIO_new(TLSBIO.method) else {
            throw TLSError(.setUp, "no memory for a TLS connection", cause: OpenSSLErrorQueue.takeText())
        }
        // Unretained: the handle, and with it the BIO, dies with this object.
        let pointer = Unmanaged.passUnretained(self).toOpaque()
        BIO_set_data(bio, pointer)
        SSL_set_bio(ssl, bio, bio)
        SSL_set_ex_data(ssl, 0, pointer)
        if let server {
            SSL_set_connect_state(ssl)
            if expectation == .host { try expect(host: server.host) }
            resumeSession()
        } else {
            SSL_set_accept_state(ssl)
        }
    }

    deinit {
        // A handle that is freed without close_notify marks its session as not resumable; only a failure should.
        if !failed, SSL_is_init_finished(ssl) == 1 { SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
        SSL_free(ssl)
    }

    /// The connection that an OpenSSL callback is about.
    static func of(_ ssl: OpaquePointer?) -> TLSConnection? {
        guard let pointer = SSL_get_ex_data(ssl, 0) else { return nil }
        return Unmanaged<TLSConnection>.fromOpaque(pointer).takeUnretainedValue()
    }

    private func expect(host: String) throws(TLSError) {
        OpenSSLErrorQueue.clear()
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        if isAddress {
            guard X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1 else {
                throw TLSError(
                    .setUp, "\(host) is not an address that a certificate can name", cause: OpenSSLErrorQueue.takeText())
            }
        } else {
            SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
            guard SSL_set1_host(ssl, host) == 1, vtag_SSL_set_server_name(ssl, host) == 1 else {
                throw TLSError(
                    .setUp, "\(host) is not a name that a certificate can name", cause: OpenSSLErrorQueue.takeText())
            }
        }
    }

    private func resumeSession() {
        if let sessionKey, let session = context.sessions.session(host: sessionKey) {
            SSL_set_session(ssl, session.handle)
        }
    }

    // MARK: Events

    /// Lets the calls inside `body` read the peer's bytes. OpenSSL takes all of them unless it fails.
    func withInput<Result>(_ bytes: ByteBuffer, _ body: () -> Result) -> Result {
        bytes.withUnsafeReadableBytes { pointer in
            input = pointer
            defer { input = UnsafeRawBufferPointer(start: nil, count: 0) }
            return body()
        }
    }

    /// Takes the handshake as far as the input allows.
    func handshake() -> Outcome {
        OpenSSLErrorQueue.clear()
        let result = SSL_do_handshake(ssl)
        guard result == 1 else { return outcome(of: result, duringHandshake: true) }
        guard expectation != .host else { return .complete }
        let names = peerIdentity?.uris ?? []
        if names.contains(where: expectation.isMet) { return .complete }
        let who = names.isEmpty ? "nobody by a URI" : names.joined(separator: ", ")
        return fail(
            TLSError(.peerUntrusted, "the certificate of \(peerName) names \(who); \(expectation) was expected there"))
    }

    /// Appends what can be decrypted of the input; never `complete`.
    func decrypt(into plaintext: inout ByteBuffer) -> Outcome {
        while true {
            OpenSSLErrorQueue.clear()
            var result: Int32 = 0
            plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.recordBytesMax) { space in
                result = SSL_read(ssl, space.baseAddress, Int32(clamping: space.count))
                return max(0, Int(result))
            }
            if result <= 0 { return outcome(of: result, duringHandshake: false) }
            // Saves the call that would only say so.
            if input.isEmpty, SSL_has_pending(ssl) == 0 { return .wantRead }
        }
    }

    /// Appends the records of `plaintext` to `ciphertext`; either `complete` or `failed`.
    func encrypt(_ plaintext: ByteBuffer) -> Outcome {
        plaintext.withUnsafeReadableBytes { bytes in
            if bytes.isEmpty { return .complete }
            OpenSSLErrorQueue.clear()
            precondition(bytes.count <= Int32.max, "\(bytes.count) bytes in one write")
            let result = SSL_write(ssl, bytes.baseAddress, Int32(bytes.count))
            if result == Int32(bytes.count) { return .complete }
            let outcome = outcome(of: result, duringHandshake: false)
            if case .failed = outcome { return outcome }
            // The BIO takes everything, so a write can neither be partial nor wait.
            return fail(TLSError(.recordInvalid, "\(peerName): OpenSSL did not take a write", cause: "\(outcome)"))
        }
    }

    /// Appends this side's `close_notify` to `ciphertext`.
    func closeNotify() {
        OpenSSLErrorQueue.clear()
        _ = SSL_shutdown(ssl)
        OpenSSLErrorQueue.clear()
    }

    // MARK: Queries

    /// The application protocol agreed upon, such as `h2`; nil without one. Meaningful after the handshake.
    var applicationProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        guard let name, length > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
    }

    /// Whether the handshake resumed an earlier session.
    var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// `TLSv1.3` or `TLSv1.2`.
    var version: String { SSL_get_version(ssl).map { String(cString: $0) } ?? "?" }

    /// The names in the peer's verified certificate; nil when none was demanded.
    var peerIdentity: TLSPeerIdentity? {
        guard context.verifiesPeer, SSL_get_verify_result(ssl) == X509_V_OK, let certificate = SSL_get1_peer_certificate(ssl)
        else { return nil }
        return X509Certificate(owned: certificate).identity
    }

    // MARK: Errors

    private func outcome(of result: Int32, duringHandshake: Bool) -> Outcome {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
            return .wantRead
        case SSL_ERROR_ZERO_RETURN:
            return .closeNotify
        case SSL_ERROR_SSL:
            return fail(error(OpenSSLErrorQueue.take(), duringHandshake: duringHandshake))
        case let code:
            let cause = OpenSSLErrorQueue.takeText()
            let what = "\(peerName): OpenSSL failed with code \(code)"
            return fail(TLSError(duringHandshake ? .handshakeFailed : .recordInvalid, what, cause: cause))
        }
    }

    private func fail(_ error: TLSError) -> Outcome {
        failed = true
        return .failed(error)
    }

    private func error(_ entries: [OpenSSLErrorQueue.Entry], duringHandshake: Bool) -> TLSError {
        let cause = OpenSSLErrorQueue.text(of: entries)
        guard let reason = entries.first(where: { $0.library == ERR_LIB_SSL })?.reason else {
            return TLSError(duringHandshake ? .handshakeFailed : .recordInvalid, "\(peerName): TLS failed", cause: cause)
        }
        switch reason {
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            let why =
                X509_verify_cert_error_string(SSL_get_verify_result(ssl)).map { String(cString: $0) } ?? "unknown reason"
            return TLSError(.peerUntrusted, "the certificate of \(peerName) is not trusted: \(why)", cause: cause)
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return TLSError(.peerUntrusted, "\(peerName) sent no client certificate, and one is required", cause: cause)
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST:
            return TLSError(.plainTextPeer, "\(peerName) spoke HTTP without TLS to a TLS port", cause: cause)
        case let alert where Self.certificateAlerts.contains(alert - Self.alertReasonOffset):
            return TLSError(.refusedByPeer, "\(peerName) refused this side's certificate", cause: cause)
        case _ where duringHandshake:
            return TLSError(.handshakeFailed, "TLS handshake with \(peerName) failed", cause: cause)
        default:
            return TLSError(.recordInvalid, "\(peerName) sent an invalid TLS record", cause: cause)
        }
    }

    /// OpenSSL reports a peer's alert as this number plus the alert's own.
    private static let alertReasonOffset = SSL_AD_REASON_OFFSET
    private static let certificateAlerts: Set<Int32> = [
        SSL3_AD_BAD_CERTIFICATE, SSL3_AD_UNSUPPORTED_CERTIFICATE, SSL3_AD_CERTIFICATE_REVOKED, SSL3_AD_CERTIFICATE_EXPIRED,
        SSL3_AD_CERTIFICATE_UNKNOWN, TLS1_AD_UNKNOWN_CA, TLS1_AD_ACCESS_DENIED, TLS13_AD_CERTIFICATE_REQUIRED,
    ]
}

// MARK: The BIO

extension TLSConnection {
    fileprivate func read(into space: UnsafeMutableRawPointer, count: Int) -> Int {
        let taken = min(count, input.count)
        guard taken > 0, let base = input.baseAddress else { return 0 }
        space.copyMemory(from: base, byteCount: taken)
        input = UnsafeRawBufferPointer(rebasing: input[taken...])
        return taken
    }

    fileprivate func write(_ bytes: UnsafeRawBufferPointer) { ciphertext.writeBytes(bytes) }
}

/// OpenSSL's view of a connection's two buffers: reads take from the input without a copy in between and ask for a
/// retry at its end, writes append to `ciphertext` and always succeed.
private enum TLSBIO {
    /// Built once, shared by all connections, never changed.
    nonisolated(unsafe) static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "event loop") else { return nil }
        BIO_meth_set_create(method) { bio in
            BIO_set_init(bio, 1)
            return 1
        }
        BIO_meth_set_destroy(method) { _ in 1 }
        BIO_meth_set_ctrl(method) { _, command, _, _ in
            command == BIO_CTRL_FLUSH || command == BIO_CTRL_PUSH || command == BIO_CTRL_POP ? 1 : 0
        }
        BIO_meth_set_read(method) { bio, space, count in
            guard let space, let connection = connection(of: bio) else { return -1 }
            let taken = connection.read(into: space, count: Int(count))
            if taken == 0 {
                BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
                return -1
            }
            BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            return Int32(taken)
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let connection = connection(of: bio) else { return -1 }
            connection.write(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            return count
        }
        return method
    }()

    private static func connection(of bio: OpaquePointer?) -> TLSConnection? {
        guard let pointer = BIO_get_data(bio) else { return nil }
        return Unmanaged<TLSConnection>.fromOpaque(pointer).takeUnretainedValue()
    }
}
