import HTTPTransport
package import Membership
package import NIOCore

/// An event loop's connections to other nodes: one for each peer and lane, opened when first needed and again when lost.
///
/// Confined to its event loop. Completions come on it, once for each request, and never before the call that asked returns.
/// Requests of a lane are sent in the order in which they were posted; small ones arrive in it. Nothing is sent twice.
package final class PeerPool {
    package let eventLoop: any EventLoop
    private let settings: PeerSettings
    private let configuration: HTTPClientConfiguration
    private var links: [PeerLink.Key: PeerLink] = [:]
    private var wake: (at: NIODeadline, timer: Scheduled<Void>)?
    private var isShutDown = false

    /// May be made on any thread, and used on `eventLoop` alone.
    package init(on eventLoop: any EventLoop, settings: PeerSettings) {
        self.eventLoop = eventLoop
        self.settings = settings
        configuration = HTTPClientConfiguration(peers: settings)
    }

    // MARK: Requests

    /// Asks a node, and hands over its answer, of whatever status.
    ///
    /// - Parameters:
    ///   - path: begins with `/`; of a small set, for its head is kept.
    ///   - expected: whom the peer's certificate must name; nil for any node of the CA. Not looked at in clear text.
    ///   - timeoutMilliseconds: from now to the last byte of the answer; told to the peer.
    ///   - completion: with ``PeerError`` when there is no answer: see its `fate` for what may have happened.
    package func post(
        _ path: String, to address: PeerAddress, expecting expected: PeerName?, lane: PeerLane = .control, body: [UInt8],
        timeoutMilliseconds: Int64, completion: @escaping (Result<PeerResponse, PeerError>) -> Void
    ) {
        eventLoop.assertInEventLoop()
        let link = link(PeerLink.Key(address: address, expected: expected, lane: lane))
        let deadline = link.post(path, body: body, timeoutMilliseconds: timeoutMilliseconds, completion: completion)
        if let deadline { wakeUp(at: deadline) }
    }

    /// Opens a new connection of the control lane, whatever there is already, and puts it in the place of the old one, which
    /// finishes what it has. So a peer is asked whether it lives when its old connection may be to blame for its silence.
    package func freshDial(
        to address: PeerAddress, expecting expected: PeerName?, completion: @escaping (Result<Void, PeerError>) -> Void
    ) {
        eventLoop.assertInEventLoop()
        link(PeerLink.Key(address: address, expected: expected, lane: .control)).freshDial(completion)
    }

    // MARK: The end

    /// Closes the connections to a peer; what waits or runs fails with `closed`. A later request opens new ones.
    package func close(_ address: PeerAddress) {
        eventLoop.assertInEventLoop()
        for (key, link) in links where key.address == address {
            links[key] = nil
            link.close()
        }
    }

    /// Closes everything; later requests fail with `closed`.
    package func shutDown() {
        eventLoop.assertInEventLoop()
        isShutDown = true
        for link in links.values { link.close() }
        wake?.timer.cancel()
        wake = nil
    }

    // MARK: Private helpers

    private func link(_ key: PeerLink.Key) -> PeerLink {
        if let link = links[key] { return link }
        let link = PeerLink(key: key, settings: settings, configuration: configuration, eventLoop: eventLoop)
        if isShutDown { link.close() }
        links[key] = link
        return link
    }

    /// One timer for all requests, set to the earliest of their deadlines.
    private func wakeUp(at deadline: NIODeadline) {
        if let wake {
            guard deadline < wake.at else { return }
            wake.timer.cancel()
        }
        let at = max(deadline, eventLoop.now) + .milliseconds(settings.limits.timeoutSlackMilliseconds)
        let timer = eventLoop.assumeIsolated().scheduleTask(deadline: at) {
            self.wake = nil
            let now = self.eventLoop.now
            let next = self.links.values.compactMap { $0.timePassed(to: now) }.min()
            if let next { self.wakeUp(at: next) }
        }
        wake = (deadline, timer)
    }
}

extension HTTPClientConfiguration {
    init(peers settings: PeerSettings) {
        self.init(tls: settings.tls?.client)
        let limits = settings.limits
        version = .http2Only
        connectMillisecondsMax = limits.connectMillisecondsMax
        pingAfterMilliseconds = limits.pingAfterMilliseconds
        pingMillisecondsMax = limits.pingMillisecondsMax
        streamsPerConnectionMax = limits.streamsMax
        receiveWindowBytesPerStream = limits.windowBytesPerStream
        receiveWindowBytesPerConnection = limits.windowBytesPerConnection
        writeBatchBytes = 256 * 1024
    }
}
