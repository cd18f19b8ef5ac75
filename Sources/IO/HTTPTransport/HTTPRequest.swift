package import NIOCore

/// A request as an asynchronous operation sees it; see ``HTTPExchange/run(_:)``.
package struct HTTPRequest: Sendable {
    package var head: HTTPRequestHead
    package var body: HTTPBody
    package var remoteAddress: SocketAddress?
    package var isTLS: Bool
    package var peerCertificateSubjectAltNames: [String]
}
