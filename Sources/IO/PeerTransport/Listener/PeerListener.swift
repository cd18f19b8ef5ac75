package import HTTPTransport
package import NIOCore

/// Where a node listens to others: HTTP/2 alone, mutual TLS 1.3 unless it is loopback.
package final class PeerListener: Sendable {
    private let server: HTTPServer

    private init(server: HTTPServer) { self.server = server }

    /// The bound address, with the port that the system chose when 0 was asked for.
    package var address: SocketAddress { server.address }
    package var port: Int { server.address.port ?? 0 }

    /// Serves on an address that was taken before.
    ///
    /// - Throws: ``PeerError`` with code `clearText` without TLS on an address other than loopback; what `HTTPServer.start` throws.
    package static func start(
        on group: any EventLoopGroup, listener: HTTPListener, settings: PeerSettings, service: any PeerService
    ) async throws -> PeerListener {
        guard settings.tls != nil || listener.address.isLoopback else {
            let message = "nodes speak in clear text over loopback only: give certificates to listen on \(listener.address)"
            settings.metrics.countRefusal(.clearText)
            throw PeerError(.clearText, .notSent, message)
        }
        let server = try await HTTPServer.start(
            on: group, listener: listener, tls: settings.tls?.installer(logger: settings.logger), isHTTP2Only: true,
            limits: HTTPLimits(peers: settings.limits), logger: settings.logger,
            service: PeerHTTPService(settings: settings, service: service))
        return PeerListener(server: server)
    }

    /// Stops to listen, waits for the requests in progress, and cuts off what is left at the deadline.
    package func close(gracefullyWithin deadline: TimeAmount) async {
        await server.stop(gracefullyWithin: deadline)
    }
}

extension SocketAddress {
    /// Whether packets to that address stay on this machine.
    var isLoopback: Bool {
        switch self {
        case .v4: ipAddress?.hasPrefix("127.") == true
        case .v6: ipAddress == "::1"
        case .unixDomainSocket: true
        }
    }
}

extension HTTPLimits {
    /// Between nodes: few senders, known by their certificates, with many requests each.
    init(peers limits: PeerLimits) {
        self.init()
        // The service looks at declared lengths itself, and says whose they are.
        bodyBytesMax = .max
        progressTimeout = .milliseconds(limits.progressMillisecondsMax)
        idleTimeout = .milliseconds(limits.idleMillisecondsMax)
        connectionsMax = limits.connectionsMax
        receiveWindowBytesPerStream = limits.windowBytesPerStream
        receiveWindowBytesPerConnection = limits.windowBytesPerConnection
        concurrentStreamsMax = limits.streamsMax
        responseBufferBytesMax = limits.requestBytesMax
        // A request that is given up resets its stream: all of them at once, when this node stands still.
        resetsPerSecondMax = limits.requestsMax
        readBytesMax = 256 * 1024
        writeBatchBytes = 256 * 1024
    }
}
