package import Logging
package import NIOCore

/// One HTTP/2 connection for whoever manages his connections himself: dials once, carries calls, tells of its end.
///
/// Confined to its event loop. A link is used once; its owner makes another.
package final class HTTP2Link {
    /// What becomes of a link, in this order: `ready`, then any number of changes, then `closed`; or `closed` at once when the
    /// dial fails.
    package enum Event {
        /// Calls may be started, so many at a time.
        case ready(streamsMax: Int)
        case streamsMaxChanged(Int)
        /// A call is over; its own completion comes on its own.
        case callEnded
        /// The peer takes no new calls here; those that were started may still be answered.
        case draining
        case closed(HTTPClientError)
    }

    package let origin: HTTPOrigin
    package let eventLoop: any EventLoop
    private let configuration: HTTPClientConfiguration
    private let expectation: TLSExpectation
    private let logger: Logger
    private var onEvent: ((HTTP2Link, Event) -> Void)?

    private var connector: HTTPClientConnector?
    private var connection: HTTP2ClientConnection?
    private var channel: (any Channel)?
    private var closeReason: HTTPClientError?

    /// - Parameters:
    ///   - configuration: its `version` must be `http2Only`.
    ///   - expectation: whom the peer's certificate must name; for an origin of scheme `https`.
    package init(
        origin: HTTPOrigin, on eventLoop: any EventLoop, configuration: HTTPClientConfiguration, expectation: TLSExpectation,
        logger: Logger, onEvent: @escaping (HTTP2Link, Event) -> Void
    ) {
        precondition(configuration.version == .http2Only, "A link speaks HTTP/2 only")
        self.origin = origin
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.expectation = expectation
        self.logger = logger
        self.onEvent = onEvent
    }

    // MARK: Calls

    /// Connects. Never tells of the outcome before it returns.
    package func dial() {
        precondition(connector == nil, "A link is dialled once")
        let connector = HTTPClientConnector(
            id: Self.id, owner: self, configuration: configuration, logger: logger, expectation: expectation)
        self.connector = connector
        connector.connect()
    }

    /// Sends a call; to be called between `ready` and `draining`, no more often than the peer allows.
    package func start(_ call: HTTP2Call) {
        guard let connection else {
            return call.fail(HTTPClientError(.refusedByPeer, "the connection to \(origin.address) is closed"))
        }
        connection.send(call)
    }

    /// Closes now; calls that still run fail. `closed` follows, if it was not told yet.
    package func close(_ reason: HTTPClientError) {
        closeReason = closeReason ?? reason
        if let connection { return connection.close(reason: reason) }
        tell(.closed(reason))
        connector?.cancel()
    }

    /// DNS names and URIs of the peer's verified certificate, from `ready` on; empty in clear text.
    package var peerSubjectAltNames: [String] { connector?.peerSubjectAltNames ?? [] }
    /// The peer's address once there is a connection.
    package var remoteAddress: SocketAddress? { channel?.remoteAddress }

    // MARK: Private helpers

    private static let id = ConnectionID(number: 1)

    private func tell(_ event: Event) {
        guard let onEvent else { return }
        if case .closed = event { self.onEvent = nil }
        onEvent(self, event)
    }
}

extension HTTP2Link: HTTPConnectionOwner {
    func opened(_ channel: any Channel) { self.channel = channel }

    func connected(_ id: ConnectionID, _ connection: any HTTPClientConnection, streamsMax: Int) {
        guard let connector, onEvent != nil else { return }
        connector.succeeded()
        guard let connection = connection as? HTTP2ClientConnection else {
            preconditionFailure("A link got a connection that does not speak HTTP/2")
        }
        self.connection = connection
        tell(.ready(streamsMax: streamsMax))
    }

    func connectFailed(_ id: ConnectionID, _ error: any Error) {
        guard connection == nil else { return }
        let limit = configuration.connectMillisecondsMax
        // Told first: the socket's end is an error of its own.
        tell(.closed(HTTPClientError.connecting(to: origin, error, timeoutMilliseconds: limit)))
        connector?.cancel()
    }

    func streamsMaxChanged(_ id: ConnectionID, to streamsMax: Int) { tell(.streamsMaxChanged(streamsMax)) }
    func streamEnded(_ id: ConnectionID) { tell(.callEnded) }
    func drainingBegan(_ id: ConnectionID) { tell(.draining) }

    func connectionClosed(_ id: ConnectionID, reason: HTTPClientError) {
        guard connection != nil else { return }
        connection = nil
        tell(.closed(closeReason ?? reason))
    }
}
