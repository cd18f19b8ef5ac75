import COpenSSL
import NIOCore

/// Settings that connections share: one `SSL_CTX`. Immutable once built, so any thread may start connections from it.
final class OpenSSLContext: @unchecked Sendable {
    enum Role: Sendable { case server, client }

    let handle: OpaquePointer
    let role: Role
    let limits: TLSLimits
    private let policy: TLSPolicy
    /// Who must be trusted is checked on the peer's side too: whether a peer certificate is demanded.
    let verifiesPeer: Bool
    /// Seconds since 1970 after which this side's own certificate is invalid; nil without one.
    private(set) var certificateNotAfter: Int64?
    /// Whom this side's own certificate names; nil without one.
    private(set) var certificateIdentity: TLSPeerIdentity?

    /// ALPN's list: each name behind its length, most wanted first.
    private let protocols: UnsafeMutableBufferPointer<UInt8>
    fileprivate let ticketKeys: TLSTicketKeys
    let sessions: TLSSessionCache
    fileprivate let nowSeconds: @Sendable () -> Int64

    init(
        role: Role, identity: (certificate: String, privateKey: String)?, trust: TLSTrust?, applicationProtocols: [String],
        policy: TLSPolicy, limits: TLSLimits, nowSeconds: @escaping @Sendable () -> Int64
    ) throws(TLSError) {
        OpenSSLErrorQueue.clear()
        guard let handle = SSL_CTX_new(role == .server ? TLS_server_method() : TLS_client_method()) else {
            throw Self.refused("a context")
        }
        self.handle = handle
        self.role = role
        self.limits = limits
        self.policy = policy
        self.nowSeconds = nowSeconds
        verifiesPeer = trust != nil
        protocols = Self.wireFormat(applicationProtocols)
        ticketKeys = TLSTicketKeys(sessionSecondsMax: limits.sessionSecondsMax)
        sessions = TLSSessionCache(hostsMax: limits.sessionsMax)
        // From here on deinit frees the handle, so each step may throw.
        try setUpProtocol()
        if let identity { try load(certificate: identity.certificate, privateKey: identity.privateKey) }
        if let trust { try load(trust: trust) }
        setUpApplicationProtocols()
        try setUpResumption()
    }

    deinit {
        SSL_CTX_free(handle)
        protocols.deallocate()
    }

    private func setUpProtocol() throws(TLSError) {
        guard vtag_SSL_CTX_set_modern(handle) == 1 else { throw Self.refused("TLS 1.2 and 1.3") }
        if policy.oldestVersion == .tls13, vtag_SSL_CTX_set_tls13_only(handle) != 1 { throw Self.refused("TLS 1.3") }
        guard SSL_CTX_set_cipher_list(handle, Self.ciphers12) == 1 else { throw Self.refused("the ciphers of TLS 1.2") }
        guard SSL_CTX_set_ciphersuites(handle, Self.ciphers13) == 1 else { throw Self.refused("the ciphers of TLS 1.3") }
        guard vtag_SSL_CTX_set_groups(handle, Self.groups) == 1 else { throw Self.refused("the key exchange groups") }
        vtag_SSL_CTX_release_buffers(handle)
    }

    /// Forward secrecy and authenticated encryption only; AES-128 first, which hardware does fastest.
    private static let ciphers12 = """
        ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
        ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
        """
    private static let ciphers13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    private static let groups = "X25519:P-256:P-384"

    private func load(certificate path: String, privateKey keyPath: String) throws(TLSError) {
        let chain = try PEMFile(path: path, role: "certificate", bytesMax: limits.pemFileBytesMax).certificates()
        let key = try PEMFile(path: keyPath, role: "private key", bytesMax: limits.pemFileBytesMax).privateKey()
        defer { EVP_PKEY_free(key) }
        OpenSSLErrorQueue.clear()
        guard X509_check_private_key(chain[0].handle, key) == 1 else {
            throw TLSError(
                .keyMismatch, "private key \(keyPath) does not belong to certificate \(path) (\(chain[0].subject))",
                cause: OpenSSLErrorQueue.takeText())
        }
        guard SSL_CTX_use_certificate(handle, chain[0].handle) == 1 else {
            throw TLSError(.fileUnusable, "certificate \(path) is not accepted", cause: OpenSSLErrorQueue.takeText())
        }
        guard SSL_CTX_use_PrivateKey(handle, key) == 1 else {
            throw TLSError(.fileUnusable, "private key \(keyPath) is not accepted", cause: OpenSSLErrorQueue.takeText())
        }
        for (position, link) in chain.enumerated().dropFirst() {
            guard vtag_SSL_CTX_add_chain(handle, link.handle) == 1 else {
                throw TLSError(
                    .fileUnusable, "certificate number \(position + 1) in \(path) is not accepted",
                    cause: OpenSSLErrorQueue.takeText())
            }
        }
        certificateNotAfter = chain[0].notAfter
        certificateIdentity = chain[0].identity
    }

    private func load(trust: TLSTrust) throws(TLSError) {
        OpenSSLErrorQueue.clear()
        switch trust {
        case .system:
            guard SSL_CTX_set_default_verify_paths(handle) == 1 else { throw Self.refused("the system's trusted CAs") }
        case .file(let path):
            let store = SSL_CTX_get_cert_store(handle)
            for anchor in try PEMFile(path: path, role: "CA", bytesMax: limits.pemFileBytesMax).certificates() {
                guard X509_STORE_add_cert(store, anchor.handle) == 1 else {
                    throw TLSError(
                        .fileUnusable, "CA \(anchor.subject) in \(path) is not accepted", cause: OpenSSLErrorQueue.takeText()
                    )
                }
                if role == .server, SSL_CTX_add_client_CA(handle, anchor.handle) != 1 {
                    throw Self.refused("the client CA \(anchor.subject)")
                }
            }
            // What the operator names is trusted as it stands, be it an intermediate CA.
            X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        }
        SSL_CTX_set_verify(handle, SSL_VERIFY_PEER | (role == .server ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nil)
    }

    private func setUpApplicationProtocols() {
        guard !protocols.isEmpty else { return }
        switch role {
        case .client:
            SSL_CTX_set_alpn_protos(handle, protocols.baseAddress, UInt32(protocols.count))
        case .server:
            SSL_CTX_set_alpn_select_cb(
                handle,
                { ssl, chosen, chosenLength, offered, offeredLength, _ in
                    guard let connection = TLSConnection.of(ssl), let chosen else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                    let ours = connection.context.protocols
                    var name: UnsafeMutablePointer<UInt8>?
                    let result = SSL_select_next_proto(
                        &name, chosenLength, ours.baseAddress, UInt32(ours.count), offered, offeredLength)
                    guard result == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                    chosen.pointee = UnsafePointer(name)
                    return SSL_TLSEXT_ERR_OK
                }, nil)
        }
    }

    private func setUpResumption() throws(TLSError) {
        guard policy.resumesSessions else {
            vtag_SSL_CTX_set_session_cache(handle, Int(SSL_SESS_CACHE_OFF), 0)
            guard vtag_SSL_CTX_set_no_tickets(handle) == 1 else { throw Self.refused("sessions that are not resumed") }
            return
        }
        SSL_CTX_set_timeout(handle, Int(limits.sessionSecondsMax))
        switch role {
        case .server:
            // A session is bound to this context by its ticket keys; OpenSSL demands a name beside it once it verifies peers.
            let name = Array("vtag".utf8)
            guard SSL_CTX_set_session_id_context(handle, name, UInt32(name.count)) == 1,
                SSL_CTX_set_tlsext_ticket_key_evp_cb(
                    handle,
                    { ssl, name, vector, cipher, mac, encrypts in
                        guard let connection = TLSConnection.of(ssl), let name, let vector, let cipher, let mac else {
                            return -1
                        }
                        let context = connection.context
                        return context.ticketKeys.prepare(
                            name: name, initialisationVector: vector, cipher: cipher, mac: mac, encrypts: encrypts == 1,
                            nowSeconds: context.nowSeconds())
                    }) == 1
            else { throw Self.refused("session resumption") }
            vtag_SSL_CTX_set_session_cache(handle, Int(SSL_SESS_CACHE_SERVER), limits.sessionsMax)
        case .client:
            vtag_SSL_CTX_set_session_cache(
                handle, Int(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL), limits.sessionsMax)
            SSL_CTX_sess_set_new_cb(handle) { ssl, session in
                guard let connection = TLSConnection.of(ssl), let host = connection.sessionKey, let session else { return 0 }
                connection.context.sessions.store(TLSSession(owned: session), host: host)
                return 1  // the reference is ours now
            }
        }
    }

    private static func refused(_ what: String) -> TLSError {
        TLSError(.setUp, "OpenSSL refused to set up \(what)", cause: OpenSSLErrorQueue.takeText())
    }

    private static func wireFormat(_ names: [String]) -> UnsafeMutableBufferPointer<UInt8> {
        var bytes: [UInt8] = []
        for name in names {
            precondition((1...255).contains(name.utf8.count), "application protocol \(name) is not 1 to 255 bytes long")
            bytes.append(UInt8(name.utf8.count))
            bytes.append(contentsOf: name.utf8)
        }
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = buffer.initialize(from: bytes)
        return buffer
    }

    /// Seconds of the monotonic clock.
    static let monotonicSeconds: @Sendable () -> Int64 = { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000_000) }
}

/// Whom a connection's side trusts.
package enum TLSTrust: Sendable, Equatable {
    /// The CAs that the operating system trusts.
    case system
    /// The CAs of a PEM file, and no others.
    case file(String)
}
