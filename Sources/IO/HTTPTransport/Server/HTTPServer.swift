package import Logging
package import NIOCore
import NIOPosix
import Synchronization

/// An HTTP server on one address: HTTP/2 and HTTP/1.1, in clear text or behind TLS.
///
/// Connections are spread over the group's event loops; each lives on one, with all its state.
package final class HTTPServer: Sendable {
    /// Puts the TLS handler first into a new connection's pipeline, on the channel's event loop.
    package typealias TLSInstaller = @Sendable (any Channel) throws -> Void

    /// The bound address, with the port that the system chose when 0 was asked for.
    package let address: SocketAddress
    private let listener: any Channel
    private let loops: [HTTPServerLoop]

    private init(address: SocketAddress, listener: any Channel, loops: [HTTPServerLoop]) {
        self.address = address
        self.listener = listener
        self.loops = loops
    }

    /// Takes `host:port` and serves until ``stop(gracefullyWithin:)``.
    ///
    /// - Parameters:
    ///   - port: 0 lets the system choose.
    ///   - tls: nil for clear text.
    /// - Throws: ``HTTPListenError`` when the address cannot be had.
    package static func start(
        on group: any EventLoopGroup, host: String, port: Int, tls: TLSInstaller? = nil,
        limits: HTTPLimits = HTTPLimits(), logger: Logger = Logger(label: "http"), service: any HTTPService
    ) async throws -> HTTPServer {
        try await start(
            on: group, listener: HTTPListener(host: host, port: port), tls: tls, limits: limits, logger: logger,
            service: service)
    }

    /// Serves on an address that was taken before; see ``start(on:host:port:tls:limits:logger:service:)``.
    ///
    /// - Parameter isHTTP2Only: whether a connection that does not begin with HTTP/2 is closed without an answer.
    package static func start(
        on group: any EventLoopGroup, listener: HTTPListener, tls: TLSInstaller? = nil, isHTTP2Only: Bool = false,
        limits: HTTPLimits = HTTPLimits(), logger: Logger = Logger(label: "http"), service: any HTTPService
    ) async throws -> HTTPServer {
        let connections = HTTPConnectionCount()
        var loops: [ObjectIdentifier: HTTPServerLoop] = [:]
        for eventLoop in group.makeIterator() {
            loops[ObjectIdentifier(eventLoop)] = HTTPServerLoop(
                eventLoop: eventLoop, isHTTP2Only: isHTTP2Only, limits: limits, logger: logger, connections: connections,
                service: service)
        }
        let channel = try await ServerBootstrap(group: group)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 2_048, initial: 16_384, maximum: max(16_384, limits.readBytesMax))
            )
            // One read a turn: what a connection that reads no further may have been given already is one read long.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            // A client that has asked may close its side and wait for the answer (RFC 9112 section 9.6).
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [loops] channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let loop = loops[ObjectIdentifier(channel.eventLoop)] else {
                        preconditionFailure("A connection was put on an event loop outside of the server's group")
                    }
                    try loop.accept(channel, tls: tls)
                }
            }
            .withBoundSocket(try listener.listen(backlog: limits.backlog)).get()
        for loop in loops.values { loop.start() }
        return HTTPServer(address: listener.address, listener: channel, loops: Array(loops.values))
    }

    /// Stops accepting, tells every client, and waits for the requests in progress; what is left at the deadline is cut off.
    package func stop(gracefullyWithin deadline: TimeAmount) async {
        // Fails when it is closed already.
        try? await listener.close()
        await withTaskGroup(of: Void.self) { group in
            for loop in loops {
                group.addTask { await loop.stop(gracefullyWithin: deadline) }
            }
        }
    }
}

/// How many connections a server has, over all event loops.
final class HTTPConnectionCount: Sendable {
    private let count = Atomic<Int>(0)

    /// Counts one more and returns how many there are with it.
    func increment() -> Int { count.add(1, ordering: .relaxed).newValue }
    func decrement() { count.subtract(1, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
}
