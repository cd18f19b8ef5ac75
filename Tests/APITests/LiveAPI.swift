import Glibc
import HTTPTransport
import JSON
import Logging
import Membership
import Model
import NIOCore
import NIOPosix
import NodeRuntime
import Synchronization
import Testing

@testable import API

/// Whole nodes behind real sockets, in directories of their own; gone when the closure returns. One node, or as many as
/// `VTAG_TEST_NODES` says: then each request goes to the next of them.
final class LiveAPI: Sendable {
    static let size = getenv("VTAG_TEST_NODES").flatMap { Int(String(cString: $0)) } ?? 1

    /// The first node's.
    let directory: String
    let issuer: TokenIssuer
    let admin: String
    /// The first one.
    let node: Node
    private let ports: [Int]
    private let turn = Mutex(0)

    private init(directory: String, issuer: TokenIssuer, admin: String, node: Node, ports: [Int]) {
        self.directory = directory
        self.issuer = issuer
        self.admin = admin
        self.node = node
        self.ports = ports
    }

    static func run(
        _ configuration: API.Configuration = API.Configuration(), logger: Logger? = nil, keys: RotatingKeys? = nil,
        logSegmentBytes: Int = 1 << 20, walks: WalkGate.Limits = WalkGate.Limits(),
        queries: QueryEnvironment = QueryEnvironment(),
        now: @escaping @Sendable () -> Timestamp = wallClock, _ body: (LiveAPI) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        let logger = logger ?? quiet
        let scratch = "/tmp/vtag-api-tests-\(getpid())-\(UInt64.random(in: .min ... .max))"
        mkdir(scratch, 0o700)
        var options = NodeOptions(dataDirectory: scratch, shards: 4)
        options.logSegmentBytes = logSegmentBytes
        options.walks = walks
        options.queries = queries
        let nodes = try await start(options, on: group, logger, now: now)
        let now = Int64(time(nil))
        let directory = "\(scratch)/1"
        let secrets = try await NodeSecrets.load(dataDirectory: directory, at: now)
        let loaded = if let keys { try await keys.load() } else { try await secrets.issuer.keySet() }
        var served: [(api: API, server: HTTPServer)] = []
        for node in nodes {
            let api = try await API(
                node: node, eventLoops: Array(group.makeIterator()),
                verifier: TokenVerifier(keys: loaded), keys: keys, configuration: configuration, logger: logger)
            served.append(
                (api, try await HTTPServer.start(on: group, host: "127.0.0.1", port: 0, logger: logger, service: api)))
        }
        let apis = served.map(\.api)
        let watch = Task {
            await keys?.watch { keys in
                for api in apis { try? await api.replace(TokenVerifier(keys: keys)) }
            }
        }
        let admin = try await secrets.issuer.issue(subject: "ada", role: .admin, at: now, lifetime: 600)
        let outcome = await Result {
            try await body(
                LiveAPI(
                    directory: directory, issuer: secrets.issuer, admin: admin, node: nodes[0],
                    ports: served.map { $0.server.address.port ?? 0 }))
        }
        watch.cancel()
        await watch.value
        for (_, server) in served { await server.stop(gracefullyWithin: .seconds(5)) }
        for node in nodes { await node.stop() }
        try await group.shutdownGracefully()
        remove(scratch)
        try outcome.get()
    }

    /// Each in a directory of its own within that of `common`.
    private static func start(
        _ common: NodeOptions, on group: MultiThreadedEventLoopGroup, _ logger: Logger,
        now: @escaping @Sendable () -> Timestamp
    ) async throws -> [Node] {
        // Founders wait for one another, so all start at once; each knows of those before it.
        var starting: [Task<Node, any Error>] = []
        var peers: [PeerAddress] = []
        for number in 1...size {
            var options = common
            options.dataDirectory += "/\(number)"
            let listener = try peerListener()
            if let port = listener?.address.port {
                let address = PeerAddress(host: "127.0.0.1", port: UInt16(port))
                peers.append(address)
                options.nodeID = "n\(number)"
                options.peer = NodeOptions.Peer(advertised: address, joins: peers, bootstrapExpect: size)
            }
            starting.append(
                Task { [options] in
                    try await Node.start(options, on: group, peerListener: listener, logger: logger, now: now) {
                        Issue.record("the disk failed: \($0)")
                    }
                })
        }
        var nodes: [Node] = []
        for start in starting { nodes.append(try await start.value) }
        return nodes
    }

    private static func peerListener() throws -> HTTPListener? {
        guard size > 1 else { return nil }
        return try HTTPListener(host: "127.0.0.1", port: 0)
    }

    private static func remove(_ directory: String) {
        let words: [String] = ["rm", "-rf", directory]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        guard posix_spawnp(&process, "rm", nil, nil, &arguments, environ) == 0 else { return }
        waitpid(process, nil, 0)
    }

    private func nextPort() -> Int {
        turn.withLock { turn in
            turn += 1
            return ports[turn % ports.count]
        }
    }

    func token(_ role: Role, lifetime: Int64 = 600) async throws -> String {
        try await issuer.issue(subject: "\(role)-1", role: role, at: Int64(time(nil)), lifetime: lifetime)
    }

    /// Sends one request on a connection of its own. `token` nil: the administrator's; empty: none.
    func send(
        _ method: String, _ target: String, token: String? = nil, type: String? = "application/json",
        headers: [(String, String)] = [], body: [UInt8]? = nil
    ) async throws -> Answer {
        var head = "\(method) \(target) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
        let token = token ?? admin
        if !token.isEmpty { head += "authorization: Bearer \(token)\r\n" }
        if let body {
            head += "content-length: \(body.count)\r\n"
            if let type { head += "content-type: \(type)\r\n" }
        }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        let port = nextPort()
        let bytes = Array(head.utf8) + Array("\r\n".utf8) + (body ?? [])
        return try await NIOThreadPool.singleton.runIfActive { try Answer(Self.exchange(bytes, port: port)) }
    }

    func send(_ method: String, _ target: String, token: String? = nil, headers: [(String, String)] = [], json: String)
        async throws -> Answer
    {
        try await send(method, target, token: token, headers: headers, body: Array(json.utf8))
    }

    /// Sends bytes as they are.
    func send(raw text: String) async throws -> Answer {
        let port = nextPort()
        return try await NIOThreadPool.singleton.runIfActive { try Answer(Self.exchange(Array(text.utf8), port: port)) }
    }

    /// A connection that has sent this and reads nothing.
    struct Connection: Sendable {
        let descriptor: Int32

        /// Ends it at once: whatever is on its way is lost.
        func reset() {
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
            close(descriptor)
        }
    }

    func open(_ request: String) async throws -> Connection {
        let port = nextPort()
        return try await NIOThreadPool.singleton.runIfActive {
            let connection = try Self.connect(to: port)
            _ = Array(request.utf8).withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL))
            }
            return Connection(descriptor: connection)
        }
    }

    private static func connect(to port: Int) throws -> Int32 {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        return connection
    }

    /// Blocking: writes everything, reads to the end.
    private static func exchange(_ request: [UInt8], port: Int) throws -> [UInt8] {
        let connection = try connect(to: port)
        defer { close(connection) }
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            // An early answer closes the connection under a long body.
            guard count > 0 else { break }
            sent += count
        }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return answer }
            answer.append(contentsOf: chunk[..<count])
        }
    }
}

/// An answer, taken apart.
struct Answer: Sendable {
    let status: Int
    let body: [UInt8]
    private let headers: [(name: String, value: String)]

    init(_ bytes: [UInt8]) throws {
        let gap = Array("\r\n\r\n".utf8)
        let end = try #require(
            bytes.indices.first { bytes[$0...].starts(with: gap) },
            "no answer, but \(String(decoding: bytes.prefix(200), as: UTF8.self))")
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        status = try #require(Int(lines[0].split(separator: " ")[1]))
        headers = lines.dropFirst().map { line in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            return (line[..<colon].lowercased(), line[colon...].dropFirst().trimmingPrefix { $0 == " " }.description)
        }
        body = Array(bytes[(end + gap.count)...])
    }

    subscript(_ header: String) -> String? { headers.first { $0.name == header }?.value }
    var text: String { String(decoding: body, as: UTF8.self) }

    var json: JSONValue { get throws { try JSONValue(parsing: body) } }
}

extension Result where Failure == any Error, Success: Sendable {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
