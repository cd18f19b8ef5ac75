/// What answers requests.
package protocol HTTPService: Sendable {
    /// Called on the connection's event loop as soon as a request's head is complete; its body may still be on its way.
    ///
    /// Answer before returning where possible: that path allocates nothing per request beyond the response. Otherwise keep
    /// `exchange` (on its event loop) and answer later, or hand over to ``HTTPExchange/run(_:)``. An exchange released
    /// without an answer is answered with 500.
    func respond(to exchange: HTTPExchange)
}
