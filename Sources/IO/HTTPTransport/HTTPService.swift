package import NIOCore

/// What answers requests.
package protocol HTTPService: Sendable {
    /// Called on the connection's event loop as soon as a request's head is complete; its body may still be on its way.
    ///
    /// Answer before returning where possible: that path allocates nothing per request beyond the response. Otherwise keep
    /// `exchange` (on its event loop) and answer later, or hand over to ``HTTPExchange/run(_:)``. An exchange released
    /// without an answer is answered with 500.
    func respond(to exchange: HTTPExchange)

    /// The answer to a request that the transport refuses, in the service's own form. Called on the connection's event loop.
    ///
    /// The status stays the refusal's. The body must be in memory: one that is written as a stream is left out.
    func answer(to refusal: HTTPRefusal) -> HTTPResponse

    /// Whether a client may ask at all. Called once per connection, on its event loop, when it is known who is there (after the
    /// TLS handshake) and before the first request; a connection that is refused is closed without a word.
    func admit(_ client: HTTPConnectionInformation) -> HTTPAdmission

    /// Something became of a connection. Called on its event loop.
    func observed(_ event: HTTPConnectionEvent, of client: SocketAddress?)
}

/// Whether a connection is let in.
package enum HTTPAdmission: Sendable {
    /// `context` goes with every exchange of the connection.
    case admitted(context: (any AnyObject & Sendable)? = nil)
    case refused
}

/// What becomes of connections, for logs and metrics.
package enum HTTPConnectionEvent: Sendable {
    case accepted
    /// The handshake failed.
    case tlsFailed(TLSError)
    /// The client does not speak HTTP/2, and nothing else is spoken here.
    case notHTTP2
    /// The server has all connections that it takes, or is stopping.
    case turnedAway
    /// The client broke the protocol, or flooded it.
    case broken(String)
    case closed
}

extension HTTPService {
    package func admit(_ client: HTTPConnectionInformation) -> HTTPAdmission { .admitted() }
    package func observed(_ event: HTTPConnectionEvent, of client: SocketAddress?) {}

    /// The refusal's detail as plain text.
    package func answer(to refusal: HTTPRefusal) -> HTTPResponse { .text(refusal.status, refusal.detail + "\n") }
}
