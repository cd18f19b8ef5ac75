import HTTPTransport
import Logging
import Membership
import NIOCore
import NIOPosix
import Synchronization

@testable import PeerTransport

/// A listener with a service that a test writes, and a pool that asks it, over real sockets on loopback.
struct PeerPair {
    static let cluster = ClusterID(high: 0x0123_4567_89AB_CDEF, low: 42)

    let listener: PeerListener
    let loop: any EventLoop
    let pool: NIOLoopBoundBox<PeerPool>
    let address: PeerAddress
    let serverMetrics: PeerMetrics
    let clientMetrics: PeerMetrics

    /// - Parameters:
    ///   - server: changes the listener's settings, `client` the pool's.
    static func with(
        tls: (server: PeerTLS?, client: PeerTLS?) = (nil, nil), server: (inout PeerSettings) -> Void = { _ in },
        client: (inout PeerSettings) -> Void = { _ in }, service: any PeerService = Echo(),
        _ body: (PeerPair) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        var serverSettings = PeerSettings(tls: tls.server, cluster: PeerCluster(cluster), logger: .silent)
        var clientSettings = PeerSettings(tls: tls.client, cluster: PeerCluster(cluster), logger: .silent)
        // However slow the machine is: tests of time-outs set their own.
        clientSettings.limits.connectMillisecondsMax = 300_000
        clientSettings.limits.pingAfterMilliseconds = 300_000
        serverSettings.limits.progressMillisecondsMax = 300_000
        server(&serverSettings)
        client(&clientSettings)
        let listener = try await PeerListener.start(
            on: group, listener: HTTPListener(host: "127.0.0.1", port: 0), settings: serverSettings, service: service)
        let loop = group.next()
        let pool = try await loop.submit { [clientSettings] in
            NIOLoopBoundBox(PeerPool(on: loop, settings: clientSettings), eventLoop: loop)
        }.get()
        let pair = PeerPair(
            listener: listener, loop: loop, pool: pool,
            address: PeerAddress(host: "127.0.0.1", port: UInt16(listener.port)), serverMetrics: serverSettings.metrics,
            clientMetrics: clientSettings.metrics)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(pair)) } catch { outcome = .failure(error) }
        try await loop.submit { pool.value.shutDown() }.get()
        await listener.close(gracefullyWithin: .seconds(1))
        try outcome.get()
    }

    func post(
        _ path: String, _ body: [UInt8] = [], to other: PeerAddress? = nil, expecting expected: PeerName? = nil,
        lane: PeerLane = .control, timeoutMilliseconds: Int64 = 300_000
    ) async throws -> Result<PeerResponse, PeerError> {
        let promise = loop.makePromise(of: Result<PeerResponse, PeerError>.self)
        loop.execute {
            pool.value.post(
                path, to: other ?? address, expecting: expected, lane: lane, body: body,
                timeoutMilliseconds: timeoutMilliseconds
            ) { promise.succeed($0) }
        }
        return try await promise.futureResult.get()
    }

    func freshDial(
        to other: PeerAddress? = nil, expecting expected: PeerName? = nil
    ) async throws -> Result<Void, PeerError> {
        let promise = loop.makePromise(of: Result<Void, PeerError>.self)
        loop.execute { pool.value.freshDial(to: other ?? address, expecting: expected) { promise.succeed($0) } }
        return try await promise.futureResult.get()
    }
}

/// Sends each body back.
struct Echo: PeerService {
    func respond(to request: PeerRequest, _ reply: PeerReply) {
        reply.send(PeerResponse(status: request.path == "/teapot" ? 418 : 200, body: request.body))
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

extension Result {
    var error: Failure? { if case .failure(let error) = self { error } else { nil } }
}

extension PeerPair {
    /// Waits for what the other side counts in its own time.
    func until(_ condition: () -> Bool) async { while !condition() { await Task.yield() } }
}
