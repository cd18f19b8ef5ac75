import Logging
import NIOCore
import NIOPosix

/// The connections to one origin and the requests that wait for them, all on one event loop: carries out what
/// `StateMachine` decides.
///
/// All state is touched on `eventLoop` only; the reference may travel.
final class ConnectionPool: HTTPConnectionOwner, @unchecked Sendable {
    let origin: HTTPOrigin
    let eventLoop: any EventLoop
    private let configuration: HTTPClientConfiguration
    private let logger: Logger

    private var machine: StateMachine
    private var waiting: [StateMachine.RequestID: HTTPClientExchange] = [:]
    private var connections: [StateMachine.ConnectionID: any HTTPClientConnection] = [:]
    private var connectors: [StateMachine.ConnectionID: HTTPClientConnector] = [:]
    private var channels: [ObjectIdentifier: any Channel] = [:]
    private var connectErrors: [StateMachine.ConnectionID: HTTPClientError] = [:]
    private var nextRequest: UInt64 = 1
    private var wake: (at: NIODeadline, timer: Scheduled<Void>)?

    init(origin: HTTPOrigin, eventLoop: any EventLoop, configuration: HTTPClientConfiguration, logger: Logger) {
        self.origin = origin
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.logger = logger
        machine = StateMachine(
            limits: StateMachine.Limits(
                connectionsMax: configuration.connectionsPerOriginMax,
                streamsPerConnectionMax: configuration.streamsPerConnectionMax,
                waitersMax: configuration.waitersPerOriginMax,
                idle: .milliseconds(configuration.idleMillisecondsMax),
                connectPause: .milliseconds(configuration.connectPauseMilliseconds),
                expectedStreams: configuration.version == .http1Only ? 1 : configuration.streamsPerConnectionMax))
    }

    // MARK: Requests, on the loop

    func submit(_ exchange: HTTPClientExchange) {
        let id = StateMachine.RequestID(number: nextRequest)
        nextRequest += 1
        waiting[id] = exchange
        exchange.queued { [weak self] in
            guard let self, waiting.removeValue(forKey: id) != nil else { return }
            machine.requestAbandoned(id)
            scheduleWake()
        }
        run(machine.requestArrived(id, at: eventLoop.now))
    }

    /// Closes all connections and fails all requests; completes when the last socket is closed.
    func shutDown() -> EventLoopFuture<Void> {
        eventLoop.flatSubmit {
            self.run(self.machine.shutDownRequested())
            let closed = self.channels.values.map(\.closeFuture)
            return EventLoopFuture.andAllComplete(closed, on: self.eventLoop)
        }
    }

    // MARK: Events of the connections, on the loop

    func connected(_ id: StateMachine.ConnectionID, _ connection: any HTTPClientConnection, streamsMax: Int) {
        guard let connector = connectors.removeValue(forKey: id) else { return }
        connector.succeeded()
        connections[id] = connection
        run(machine.connected(id, streamsMax: streamsMax, at: eventLoop.now))
    }

    func connectFailed(_ id: StateMachine.ConnectionID, _ error: any Error) {
        guard let connector = connectors.removeValue(forKey: id) else { return }
        let failure = HTTPClientError.connecting(
            to: origin, error, timeoutMilliseconds: configuration.connectMillisecondsMax)
        connector.cancel()
        logger.debug("connection failed", metadata: ["http.peer": "\(origin.address)", "reason": "\(failure)"])
        connectErrors[id] = failure
        run(machine.connectFailed(id, at: eventLoop.now))
        connectErrors[id] = nil
    }

    func streamsMaxChanged(_ id: StateMachine.ConnectionID, to streamsMax: Int) {
        run(machine.streamsMaxChanged(id, to: streamsMax, at: eventLoop.now))
    }

    func streamEnded(_ id: StateMachine.ConnectionID) {
        // A connection that has closed has taken its streams with it.
        guard connections[id] != nil else { return }
        run(machine.streamEnded(on: id, at: eventLoop.now))
    }

    func drainingBegan(_ id: StateMachine.ConnectionID) {
        run(machine.drainingBegan(id, at: eventLoop.now))
    }

    func connectionClosed(_ id: StateMachine.ConnectionID, reason: HTTPClientError) {
        guard connections.removeValue(forKey: id) != nil else { return }
        run(machine.connectionClosed(id, at: eventLoop.now))
    }

    func opened(_ channel: any Channel) {
        let key = ObjectIdentifier(channel)
        channels[key] = channel
        channel.closeFuture.assumeIsolated().whenComplete { _ in self.channels[key] = nil }
    }

    // MARK: Actions

    private func run(_ actions: [StateMachine.Action]) {
        for action in actions {
            switch action {
            case .connect(let id):
                let connector = HTTPClientConnector(id: id, owner: self, configuration: configuration, logger: logger)
                connectors[id] = connector
                connector.connect()
            case .start(let request, let id):
                guard let exchange = waiting.removeValue(forKey: request) else {
                    preconditionFailure("request \(request) is lost")
                }
                if let connection = connections[id] {
                    connection.start(exchange)
                } else {
                    exchange.fail(HTTPClientError(.refusedByPeer, "\(origin.address) closed the connection"))
                }
            case .refuse(let request):
                fail(
                    [request],
                    HTTPClientError(
                        .tooManyWaiting,
                        "\(configuration.waitersPerOriginMax) requests wait for a connection to \(origin.address) already: slow down"
                    ))
            case .fail(let requests, let id):
                fail(requests, connectErrors[id] ?? HTTPClientError(.connectFailed, "cannot connect to \(origin.address)"))
            case .cancel(let requests):
                fail(requests, .shutDown(origin))
            case .close(let id):
                close(id)
            }
        }
        scheduleWake()
    }

    private func fail(_ requests: [StateMachine.RequestID], _ error: HTTPClientError) {
        for request in requests { waiting.removeValue(forKey: request)?.fail(error) }
    }

    private func close(_ id: StateMachine.ConnectionID) {
        connections[id]?.close(reason: .shutDown(origin))
        connectors.removeValue(forKey: id)?.cancel()
    }

    private func scheduleWake() {
        let next = machine.nextWake
        guard next != wake?.at else { return }
        wake?.timer.cancel()
        wake = next.map { deadline in
            (
                deadline,
                eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
                    guard let self else { return }
                    wake = nil
                    run(machine.timePassed(to: eventLoop.now))
                }
            )
        }
    }
}
