package import Logging
import Synchronization

/// TLS settings of a client. Any thread may use it. Sessions are remembered by host and port, and resumed.
package final class TLSClientContext: Sendable {
    private let trust: TLSTrust
    private let identity: Identity?
    private let applicationProtocols: [String]
    private let policy: TLSPolicy
    private let limits: TLSLimits
    private let current: Mutex<OpenSSLContext>

    /// This side's own certificate, for servers that demand one.
    package struct Identity: Sendable, Equatable {
        package let certificate: String
        package let privateKey: String

        /// PEM files, as for `TLSServerContext`.
        package init(certificate: String, privateKey: String) {
            self.certificate = certificate
            self.privateKey = privateKey
        }
    }

    /// - Parameters:
    ///   - trust: the CAs that a server's certificate must come from. It must name the host too, among its subject
    ///     alternative names.
    ///   - applicationProtocols: ALPN names, most wanted first.
    /// - Throws: `fileUnusable` or `keyMismatch`, naming the file.
    package init(
        trust: TLSTrust, identity: Identity? = nil, applicationProtocols: [String] = ["h2", "http/1.1"],
        policy: TLSPolicy = TLSPolicy(), limits: TLSLimits = TLSLimits()
    ) throws(TLSError) {
        self.trust = trust
        self.identity = identity
        self.applicationProtocols = applicationProtocols
        self.policy = policy
        self.limits = limits
        current = Mutex(
            try OpenSSLContext(
                role: .client, identity: identity.map { ($0.certificate, $0.privateKey) }, trust: trust,
                applicationProtocols: applicationProtocols, policy: policy, limits: limits,
                nowSeconds: OpenSSLContext.monotonicSeconds))
    }

    /// Reads the files again, for connections from now on; remembered sessions are forgotten.
    ///
    /// - Throws: as `init`; what was in use before stays in use.
    package func reload() throws(TLSError) {
        let fresh = try OpenSSLContext(
            role: .client, identity: identity.map { ($0.certificate, $0.privateKey) }, trust: trust,
            applicationProtocols: applicationProtocols, policy: policy, limits: limits,
            nowSeconds: OpenSSLContext.monotonicSeconds)
        current.withLock { $0 = fresh }
    }

    /// The handler of one connection to `host`, a DNS name or an address, first in its pipeline.
    ///
    /// - Parameter expectation: whom the server's certificate must name.
    package func makeHandler(
        host: String, port: Int, expectation: TLSExpectation = .host, logger: Logger
    ) throws(TLSError) -> TLSHandler {
        let context = current.withLock { $0 }
        let connection = try TLSConnection(
            context: context, server: (host, port), expectation: expectation, peerName: "\(host):\(port)")
        return TLSHandler(connection: connection, logger: logger)
    }
}
