import Glibc
import HTTPTransport
import JSON
import Logging
import NIOCore
import NIOPosix
import NodeRuntime
import Testing

@testable import API

/// A whole node behind a real socket, in a directory of its own; gone when the closure returns.
struct LiveAPI: Sendable {
    let port: Int
    let directory: String
    let issuer: TokenIssuer
    private let admin: String

    static func run(
        _ configuration: API.Configuration = API.Configuration(), logger: Logger? = nil, keys: RotatingKeys? = nil,
        _ body: (LiveAPI) async throws -> Void
    ) async throws {
        let directory = "/tmp/vtag-api-tests-\(getpid())-\(UInt64.random(in: .min ... .max))"
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        let logger = logger ?? quiet
        var options = NodeOptions(dataDirectory: directory, shards: 4)
        options.logSegmentBytes = 1 << 20
        let node = try await Node.start(options, on: group, logger: logger) { Issue.record("the disk failed: \($0)") }
        let now = Int64(time(nil))
        let secrets = try await NodeSecrets.load(dataDirectory: directory, at: now)
        let loaded = if let keys { try await keys.load() } else { try await secrets.issuer.keySet() }
        let api = try await API(
            node: node, eventLoops: Array(group.makeIterator()),
            verifier: TokenVerifier(keys: loaded), keys: keys, configuration: configuration, logger: logger)
        let watch = Task { await keys?.watch { try? await api.replace(TokenVerifier(keys: $0)) } }
        let server = try await HTTPServer.start(on: group, host: "127.0.0.1", port: 0, logger: logger, service: api)
        let admin = try await secrets.issuer.issue(subject: "ada", role: .admin, at: now, lifetime: 600)
        let outcome = await Result {
            try await body(
                LiveAPI(port: server.address.port ?? 0, directory: directory, issuer: secrets.issuer, admin: admin))
        }
        watch.cancel()
        await watch.value
        await server.stop(gracefullyWithin: .seconds(5))
        await node.stop()
        try await group.shutdownGracefully()
        remove(directory)
        try outcome.get()
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
        let port = port
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
        let port = port
        return try await NIOThreadPool.singleton.runIfActive { try Answer(Self.exchange(Array(text.utf8), port: port)) }
    }

    /// Blocking: writes everything, reads to the end.
    private static func exchange(_ request: [UInt8], port: Int) throws -> [UInt8] {
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(connection) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
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
