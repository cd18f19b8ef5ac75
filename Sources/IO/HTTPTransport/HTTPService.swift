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
}

extension HTTPService {
    /// The refusal's detail as plain text.
    package func answer(to refusal: HTTPRefusal) -> HTTPResponse { .text(refusal.status, refusal.detail + "\n") }
}
