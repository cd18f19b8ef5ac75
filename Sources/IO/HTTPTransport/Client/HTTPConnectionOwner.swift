import NIOCore

/// Whom a client connection belongs to, and tells how it fares. Everything happens on the event loop.
protocol HTTPConnectionOwner: AnyObject {
    typealias ConnectionID = ConnectionPool.StateMachine.ConnectionID

    var origin: HTTPOrigin { get }
    var eventLoop: any EventLoop { get }

    /// A socket was made for a connection; it may still come to nothing.
    func opened(_ channel: any Channel)
    /// The connection takes requests, so many at a time.
    func connected(_ id: ConnectionID, _ connection: any HTTPClientConnection, streamsMax: Int)
    func connectFailed(_ id: ConnectionID, _ error: any Error)
    /// The peer allows another number of concurrent requests.
    func streamsMaxChanged(_ id: ConnectionID, to streamsMax: Int)
    /// A request is over, in whatever way.
    func streamEnded(_ id: ConnectionID)
    /// The connection takes no new requests.
    func drainingBegan(_ id: ConnectionID)
    func connectionClosed(_ id: ConnectionID, reason: HTTPClientError)
}
