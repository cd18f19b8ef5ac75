import NIOCore

/// A connection as its exchanges and the pool see it. Everything happens on the event loop.
protocol HTTPClientConnection: AnyObject {
    /// Sends the exchange's request. The pool calls this no more often than the connection said it can take.
    func start(_ exchange: HTTPClientExchange)

    /// More of the request's body can be taken, or it has ended.
    func uploadChanged(_ exchange: HTTPClientExchange)

    /// The reader took bytes of the answer: the peer may send as many more.
    func consumed(_ exchange: HTTPClientExchange, bytes: Int)

    /// The exchange failed on this side (cancelled, deadline, limit); nothing more of it is wanted.
    func exchangeFailed(_ exchange: HTTPClientExchange)

    /// Closes; exchanges that still run fail with `reason`.
    func close(reason: HTTPClientError)
}
