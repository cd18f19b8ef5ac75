import Glibc
import Logging
import NIOCore

/// A connection as its event loop keeps it: checked by the tick, drained and closed by the server.
protocol ManagedConnection: AnyObject {
    /// Where the loop keeps it; the loop's to set.
    var registryIndex: Int { get set }
    /// Time has passed: act on the time-outs.
    func tick(now: NIODeadline)
    /// Finish what is in progress, take nothing new, then close.
    func drain()
    /// Close, whatever is in progress.
    func closeNow()
}

/// A server's share of one event loop: the connections that live there and the one timer that serves them all.
///
/// All state is touched on `eventLoop` only; the reference may travel.
final class HTTPServerLoop: @unchecked Sendable {
    let eventLoop: any EventLoop
    let executor: EventLoopExecutor
    let limits: HTTPLimits
    let logger: Logger
    /// The service; as a closure, for calling a stored existential copies it each time.
    let serve: (HTTPExchange) -> Void
    /// The service's words for what the transport refuses.
    let refuse: (HTTPRefusal) -> HTTPResponse
    let admit: (HTTPConnectionInformation) -> HTTPAdmission
    let observe: (HTTPConnectionEvent, SocketAddress?) -> Void
    /// Whether HTTP/1.1 is not spoken.
    let isHTTP2Only: Bool
    let http2: HTTP2SessionTemplate
    let http2Fields = HTTP2Fields()
    @exclusivity(unchecked) var spareBodies = SpareBodies()

    /// The time of day at the last tick.
    let date = HTTPDate(seconds: time(nil))
    /// The time of the last tick.
    private(set) var now: NIODeadline
    private(set) var isDraining = false
    private let connections: HTTPConnectionCount
    private var managed: [any ManagedConnection] = []
    private var timer: RepeatedTask?
    /// Fulfilled when the last connection is closed; made by the first call of `stop`.
    private var allClosed: EventLoopPromise<Void>?
    private var deadlines: [Scheduled<Void>] = []

    init(
        eventLoop: any EventLoop, isHTTP2Only: Bool, limits: HTTPLimits, logger: Logger, connections: HTTPConnectionCount,
        service: any HTTPService
    ) {
        self.eventLoop = eventLoop
        executor = EventLoopExecutor(eventLoop)
        self.limits = limits
        self.logger = logger
        serve = { service.respond(to: $0) }
        refuse = { service.answer(to: $0) }
        admit = { service.admit($0) }
        observe = { service.observed($0, of: $1) }
        self.isHTTP2Only = isHTTP2Only
        self.connections = connections
        http2 = HTTP2SessionTemplate(limits: limits)
        now = .now()
    }

    // MARK: Events

    /// Starts the timer. May be called on any thread.
    func start() {
        eventLoop.runInLoop {
            self.now = self.eventLoop.now
            self.timer = self.eventLoop.scheduleRepeatedTask(
                initialDelay: self.limits.tick, delay: self.limits.tick
            ) { _ in
                self.tick()
            }
        }
    }

    /// Fits a new connection with its first handlers.
    func accept(_ channel: any Channel, tls: HTTPServer.TLSInstaller?) throws {
        let number = connections.increment()
        let remoteAddress = channel.remoteAddress
        observe(.accepted, remoteAddress)
        channel.closeFuture.assumeIsolated().whenComplete { _ in
            self.connections.decrement()
            self.observe(.closed, remoteAddress)
        }
        let isRefused = number > limits.connectionsMax || isDraining
        if isRefused { observe(.turnedAway, remoteAddress) }
        // A TLS handshake is too dear to be spent on saying no.
        if isRefused && (tls != nil || number > limits.connectionsMax + limits.refusalsMax) {
            channel.close(promise: nil)
            return
        }
        try tls?(channel)
        try channel.pipeline.syncOperations.addHandler(
            HTTPProtocolSelector(loop: self, isTLS: tls != nil, isRefused: isRefused))
    }

    /// Drains all connections and returns when the last one is closed. May be called on any thread, and again: then the
    /// earliest deadline counts.
    func stop(gracefullyWithin deadline: TimeAmount) async {
        try? await eventLoop.flatSubmit {
            let allClosed = self.allClosed ?? self.eventLoop.makePromise(of: Void.self)
            self.allClosed = allClosed
            self.drain()
            self.deadlines.append(
                self.eventLoop.scheduleTask(in: deadline) {
                    for connection in self.managed { connection.closeNow() }
                })
            self.completeStopIfIdle()
            return allClosed.futureResult
        }.get()
    }

    /// From here on connections finish what is in progress and take nothing new.
    func drain() {
        isDraining = true
        for connection in managed { connection.drain() }
    }

    func tick() {
        now = eventLoop.now
        date.update(seconds: time(nil))
        // A connection that closes at once leaves the array while it is walked: walk a copy.
        for connection in managed { connection.tick(now: now) }
    }

    // MARK: The registry

    func add(_ connection: any ManagedConnection) {
        connection.registryIndex = managed.count
        managed.append(connection)
        if isDraining { connection.drain() }
    }

    func remove(_ connection: any ManagedConnection) {
        let index = connection.registryIndex
        guard index < managed.count, managed[index] === connection else { return }
        managed.swapAt(index, managed.count - 1)
        managed[index].registryIndex = index
        managed.removeLast()
        completeStopIfIdle()
    }

    private func completeStopIfIdle() {
        guard isDraining, managed.isEmpty, let allClosed else { return }
        for deadline in deadlines { deadline.cancel() }
        deadlines = []
        timer?.cancel()
        timer = nil
        allClosed.succeed()
    }
}
