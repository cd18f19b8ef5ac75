package import Logging
package import NIOCore
import Synchronization

/// TLS settings of a listener, from PEM files. Any thread may use it.
package final class TLSServerContext: Sendable {
    private let certificate: String
    private let privateKey: String
    private let clientCA: String?
    private let applicationProtocols: [String]
    private let policy: TLSPolicy
    private let limits: TLSLimits
    private let nowSeconds: @Sendable () -> Int64
    private let current: Mutex<OpenSSLContext>

    /// Reads the files. TLS 1.2 and 1.3 unless `policy` says otherwise; sessions resume by tickets under keys that rotate, or by session ids.
    ///
    /// - Parameters:
    ///   - certificate: PEM file with this side's certificate, followed by the intermediate CAs.
    ///   - privateKey: PEM file with its key, unencrypted.
    ///   - clientCA: PEM file of the CAs that client certificates must come from; every client must then show one.
    ///   - applicationProtocols: ALPN names, most wanted first. A client that offers only others is refused with
    ///     `no_application_protocol`; one that offers none is served.
    ///   - nowSeconds: a monotonic clock, for the rotation of ticket keys.
    /// - Throws: `fileUnusable` or `keyMismatch`, naming the file.
    package init(
        certificate: String, privateKey: String, clientCA: String? = nil,
        applicationProtocols: [String] = ["h2", "http/1.1"], policy: TLSPolicy = TLSPolicy(),
        limits: TLSLimits = TLSLimits(), nowSeconds: (@Sendable () -> Int64)? = nil
    ) throws(TLSError) {
        self.certificate = certificate
        self.privateKey = privateKey
        self.clientCA = clientCA
        self.applicationProtocols = applicationProtocols
        self.policy = policy
        self.limits = limits
        self.nowSeconds = nowSeconds ?? OpenSSLContext.monotonicSeconds
        current = Mutex(
            try OpenSSLContext(
                role: .server, identity: (certificate, privateKey), trust: clientCA.map(TLSTrust.file),
                applicationProtocols: applicationProtocols, policy: policy, limits: limits, nowSeconds: self.nowSeconds))
    }

    /// Reads the files again; connections from now on use what they say, existing ones stay as they are. Ticket keys start
    /// afresh, so that no session from before outlives a change of certificate or CA.
    ///
    /// - Throws: as `init`; what was in use before stays in use.
    package func reload() throws(TLSError) {
        let fresh = try OpenSSLContext(
            role: .server, identity: (certificate, privateKey), trust: clientCA.map(TLSTrust.file),
            applicationProtocols: applicationProtocols, policy: policy, limits: limits, nowSeconds: nowSeconds)
        current.withLock { $0 = fresh }
    }

    /// When the certificate in use expires, in seconds since 1970.
    package var certificateNotAfter: Int64? { current.withLock { $0 }.certificateNotAfter }

    /// Whom the certificate in use names.
    package var certificateIdentity: TLSPeerIdentity { current.withLock { $0 }.certificateIdentity ?? TLSPeerIdentity() }

    /// The handler of one accepted connection, first in its pipeline.
    package func makeHandler(logger: Logger) throws(TLSError) -> TLSHandler {
        let context = current.withLock { $0 }
        return TLSHandler(
            connection: try TLSConnection(context: context, server: nil, peerName: "the client"), logger: logger)
    }

    /// Puts a handler first into each accepted connection's pipeline, as `HTTPServer.start` wants it.
    package func installer(logger: Logger) -> @Sendable (any Channel) throws -> Void {
        { channel in try channel.pipeline.syncOperations.addHandler(self.makeHandler(logger: logger), position: .first) }
    }
}
