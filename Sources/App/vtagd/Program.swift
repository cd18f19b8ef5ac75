import API
import Glibc
import HTTPTransport
import Logging
import Membership
import Model
import NIOCore
import NIOPosix
import NodeRuntime
import PeerTransport
import ServiceLifecycle
import UnixSignals

/// Why the program ends, and its exit status.
struct ProgramError: Error {
    let status: Int32
    let message: String
}

extension ProgramError {
    /// `flag` is what the address was given with.
    init(_ error: HTTPListenError, flag: String) {
        switch error {
        case .inUse(let address):
            self.init(status: 69, message: "\(address) is in use: stop the other process or choose another with \(flag)")
        case .notPermitted: self.init(status: 77, message: "\(error), with \(flag)")
        case .notHere: self.init(status: 64, message: "\(error), with \(flag)")
        case .failed: self.init(status: 71, message: "\(error)")
        }
    }
}

/// The node's parts put together: node, API, HTTP server, signals.
struct Program {
    static let version = "0.1.0"

    private let settings: Settings
    private let logger: Logger

    init(_ settings: Settings) {
        self.settings = settings
        let level = settings.logLevel
        switch settings.logFormat {
        case .json:
            LoggingSystem.bootstrap { label in
                var handler = JSONLogHandler(label: label)
                handler.logLevel = level
                return handler
            }
        case .text:
            LoggingSystem.bootstrap { label in
                var handler = StreamLogHandler.standardError(label: label)
                handler.logLevel = level
                return handler
            }
        }
        logger = Logger(label: "vtagd")
    }

    func run() async throws {
        let restart = Restart()
        signal(SIGPIPE, SIG_IGN)
        // Trapped before anything else: a signal that comes during the start is heeded after it, not lost to the default.
        let stopSignals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads)
        let tls = try makeTLS()
        // Before the node writes anything: an address in use is the most frequent reason not to start.
        let primary = try makePrimary(group)
        let listener = try takeAddress()
        let peerListener = try takePeerAddress()
        let stop = StopRequest(Task { try await startNode(group, peerListener) })
        let stopping = Task {
            for await _ in stopSignals { await stop.arrived() }
        }
        let node: Node
        do { node = try await stop.starting.value } catch  where stop.starting.isCancelled {
            logger.info("stopped", metadata: ["reason": "\(error)"])
            return
        }
        let server: ServedAPI
        do {
            server = try await ServedAPI(settings, node, primary, group, listener, tls, hangups, stop, logger)
        } catch {
            await node.stop()
            throw error
        }
        let services = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: quiet))
        await stop.serves(services)
        do {
            try await services.run()
        } catch {
            logger.error("service failed", metadata: ["error": "\(error)"])
        }
        stopping.cancel()
        await primary?.close()
        await node.stop()
        try? await group.shutdownGracefully()
        guard await stop.isRestart else { return logger.info("stopped") }
        logger.notice("stopped, to start again")
        try restart.now()
    }

    /// Libraries speak at warning and up.
    private var quiet: Logger {
        var logger = Logger(label: "lifecycle")
        logger.logLevel = max(settings.logLevel, .warning)
        return logger
    }

    private func makeTLS() throws -> TLSServerContext? {
        guard let tls = settings.tls else { return nil }
        do throws(TLSError) {
            return try TLSServerContext(certificate: tls.certificate, privateKey: tls.privateKey, clientCA: tls.clientCA)
        } catch {
            throw ProgramError(status: 64, message: "\(error)")
        }
    }

    private func makePrimary(_ group: any EventLoopGroup) throws -> PrimaryRegion? {
        guard let following = settings.following else { return nil }
        do {
            return try PrimaryRegion(
                urls: following.primaryURLs, trust: following.primaryCA.map(TLSTrust.file) ?? .system, on: group)
        } catch let error as PrimaryRegionError {
            throw ProgramError(status: 64, message: "--primary-url: \(error)")
        }
    }

    private func takeAddress() throws -> HTTPListener {
        do throws(HTTPListenError) {
            return try HTTPListener(host: settings.http.host, port: settings.http.port)
        } catch {
            throw ProgramError(error, flag: "--http")
        }
    }

    private func takePeerAddress() throws -> HTTPListener? {
        guard let peer = settings.cluster?.peer else { return nil }
        do throws(HTTPListenError) {
            return try HTTPListener(host: peer.host, port: peer.port)
        } catch {
            throw ProgramError(error, flag: "--peer")
        }
    }

    private func startNode(_ group: any EventLoopGroup, _ peerListener: HTTPListener?) async throws -> Node {
        var options = NodeOptions(
            dataDirectory: settings.dataDirectory, shards: settings.shards, nodeID: settings.nodeID, region: settings.region,
            zone: settings.zone, logSegmentBytes: settings.logSegmentBytes)
        options.apiAddress = PeerAddress(settings.http)
        options.postgres = settings.postgres
        options.restore = settings.restore
        options.follows = settings.following?.postgres
        if let cluster = settings.cluster {
            options.replicationFactor = cluster.replicationFactor
            options.peer = NodeOptions.Peer(cluster)
        }
        do {
            let onFatal: @Sendable (NodeFailure) -> Void = { failure in
                let text = Array("vtagd: \(failure). Ending.\n".utf8)
                _ = write(STDERR_FILENO, text, text.count)
                let status: Int32 =
                    switch failure.code {
                    case .startAgain: 1
                    case .notAMember: 73
                    case .damaged: 74
                    }
                _exit(status)
            }
            guard settings.following == nil else {
                return try await Node.follow(options, on: group, logger: logger, onFatal: onFatal)
            }
            return try await Node.start(
                options, on: group, peerListener: peerListener, logger: logger, onFatal: onFatal)
        } catch let error as NodeStartError {
            let status: Int32 =
                switch error.code {
                case .configuration: 64
                case .unavailable: 73
                case .damaged: 74
                }
            throw ProgramError(status: status, message: error.message)
        }
    }
}

/// Where a signal to stop goes: a node that waits for others, which may take for ever, or has not served yet gives up; one that
/// serves stops in order.
private actor StopRequest {
    nonisolated let starting: Task<Node, any Error>
    private var services: ServiceGroup?
    private var hasArrived = false
    /// It is to start again once it has stopped. A signal means that it is not.
    private(set) var isRestart = false

    init(_ starting: Task<Node, any Error>) { self.starting = starting }

    func startAgain() async {
        guard !hasArrived else { return }
        isRestart = true
        await services?.triggerGracefulShutdown()
    }

    func arrived() async {
        hasArrived = true
        isRestart = false
        guard let services else { return starting.cancel() }
        await services.triggerGracefulShutdown()
    }

    func serves(_ services: ServiceGroup) async {
        self.services = services
        if hasArrived { await services.triggerGracefulShutdown() }
    }
}

/// The public API on its listener, until the program is asked to stop.
private struct ServedAPI: Service {
    /// Time that requests in progress have to finish when the program stops.
    private static let drainSeconds: Int64 = 20
    /// The same when it starts again to take the place of a region that is lost: some of them wait for just that one.
    private static let restartDrainSeconds: Int64 = 2

    private let node: Node
    private let server: HTTPServer
    private let api: API
    private let keys: KeySource
    private let expectations: TokenVerifier.Expectations
    private let tls: TLSServerContext?
    private let hangups: UnixSignalsSequence
    private let stop: StopRequest
    private let logger: Logger

    init(
        _ settings: Settings, _ node: Node, _ primary: PrimaryRegion?, _ group: MultiThreadedEventLoopGroup,
        _ listener: HTTPListener, _ tls: TLSServerContext?, _ hangups: UnixSignalsSequence, _ stop: StopRequest,
        _ logger: Logger
    ) async throws {
        self.node = node
        self.tls = tls
        self.hangups = hangups
        self.stop = stop
        self.logger = logger
        let now = wallClock().milliseconds / 1000
        var adminTokenPath: String?
        do {
            if let jwks = settings.tokens.jwks {
                keys = try Self.keySource(jwks, settings, group, logger)
            } else {
                let secrets = try await NodeSecrets.load(dataDirectory: settings.dataDirectory, at: now)
                keys = .own(secrets.issuer)
                adminTokenPath = secrets.adminTokenPath
            }
            expectations = TokenVerifier.Expectations(
                audience: settings.tokens.audience, issuer: settings.tokens.issuer,
                leewaySeconds: settings.tokens.leewaySeconds)
            var configuration = API.Configuration()
            configuration.nodeName = node.identity.nodeID
            configuration.region = settings.region
            configuration.zone = settings.zone
            configuration.version = Program.version
            configuration.rateLimit = settings.tokens.rateLimit
            configuration.isSecure = tls != nil
            configuration.primary = primary
            configuration.startAgain = { Task { await stop.startAgain() } }
            api = try await API(
                node: node, eventLoops: Array(group.makeIterator()),
                verifier: TokenVerifier(keys: try await keys.load(), expectations: expectations), keys: keys.rotating,
                configuration: configuration, logger: Logger(label: "api"))
        } catch let error as DamagedSecretError {
            throw ProgramError(status: 74, message: "\(error)")
        } catch {
            throw ProgramError(status: settings.tokens.jwks == nil ? 73 : 64, message: "\(error)")
        }
        var limits = HTTPLimits()
        limits.bodyBytesMax = .max
        var http = Logger(label: "http")
        http.logLevel = max(settings.logLevel, .notice)
        var installer: HTTPServer.TLSInstaller?
        if let tls {
            let logger = http
            installer = { channel in
                try channel.pipeline.syncOperations.addHandler(try tls.makeHandler(logger: logger))
            }
        }
        do {
            server = try await HTTPServer.start(
                on: group, listener: listener, tls: installer, limits: limits, logger: http, service: api)
        } catch let error as HTTPListenError {
            throw ProgramError(error, flag: "--http")
        }
        var metadata: Logger.Metadata = [
            "http":
                "\(tls == nil ? "http" : "https")://\(settings.http.host):\(server.address.port ?? settings.http.port)",
            "node.id": "\(node.identity.nodeID)", "data_dir": "\(settings.dataDirectory)",
        ]
        // With keys of others, a token of our own would be refused.
        if let adminTokenPath { metadata["admin.token"] = "\(adminTokenPath)" }
        logger.info("ready", metadata: metadata)
    }

    func run() async throws {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await keys.watch(logger: logger, replaceKeys) }
            tasks.addTask { await reloadOnHangup() }
            try? await gracefulShutdown()
            tasks.cancelAll()
        }
        api.beginStop()
        let seconds = await stop.isRestart ? Self.restartDrainSeconds : Self.drainSeconds
        await server.stop(gracefullyWithin: .seconds(seconds))
    }

    @Sendable private func replaceKeys(_ keys: KeySet) async {
        try? await api.replace(TokenVerifier(keys: keys, expectations: expectations))
    }

    private static func keySource(
        _ source: String, _ settings: Settings, _ group: any EventLoopGroup, _ logger: Logger
    ) throws -> KeySource {
        guard source.contains("://") else { return .file(source) }
        let endpoint = try KeyEndpoint(url: source, trust: settings.tokens.jwksCA.map(TLSTrust.file) ?? .system, on: group)
        let path = try NodeSecrets.keptKeysPath(of: source, dataDirectory: settings.dataDirectory)
        return .published(RotatingKeys(endpoint, keptAt: path, logger: logger))
    }

    private func reloadOnHangup() async {
        for await _ in hangups {
            await node.reloadCertificates()
            guard let tls else { continue }
            do throws(TLSError) {
                try tls.reload()
                logger.notice("TLS files read again")
            } catch {
                logger.error("TLS files not usable; the old ones stay", metadata: ["error": "\(error)"])
            }
        }
    }
}

extension PeerAddress {
    fileprivate init(_ address: Settings.Address) { self.init(host: address.host, port: UInt16(clamping: address.port)) }
}

extension NodeOptions.Peer {
    fileprivate init(_ cluster: Settings.Cluster) {
        self.init(
            advertised: PeerAddress(cluster.peer),
            tls: cluster.tls.map { PeerTLS.Files(ca: $0.ca, certificate: $0.certificate, privateKey: $0.privateKey) },
            joins: cluster.joins.map { PeerAddress($0) }, bootstrapExpect: cluster.bootstrapExpect, isEdge: cluster.isEdge)
    }
}
