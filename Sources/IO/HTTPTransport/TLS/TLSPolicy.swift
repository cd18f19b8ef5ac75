/// What one side insists on, beyond its certificate and whom it trusts.
package struct TLSPolicy: Sendable, Equatable {
    package enum Version: Sendable { case tls12, tls13 }

    /// The oldest version that is spoken.
    package var oldestVersion = Version.tls12
    /// Whether sessions are resumed. A resumed session shows no certificate anew, so one that has expired since is not noticed.
    package var resumesSessions = true

    package init() {}

    /// Between nodes, which connect seldom and must know each other: TLS 1.3, and a full handshake each time.
    package static let betweenNodes = {
        var policy = TLSPolicy()
        policy.oldestVersion = .tls13
        policy.resumesSessions = false
        return policy
    }()
}
