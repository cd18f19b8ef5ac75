import Foundation
import HTTPTransport
import JSON
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Runs the built `vtag` in a home directory of its own.
struct CommandLineTool: Sendable {
    struct Outcome: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    let home: URL

    init() throws {
        home = FileManager.default.temporaryDirectory.appending(path: "vtag-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(at: home) }

    /// Writes a file into the home directory and returns its path.
    func file(_ name: String, _ text: String) throws -> String {
        let path = home.appending(path: name)
        try FileManager.default.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: path)
        return path.path
    }

    func run(
        _ arguments: String..., url: String? = nil, token: String? = "good", caFile: String? = nil, input: String = ""
    ) async throws -> Outcome {
        try await run(arguments, url: url, token: token, caFile: caFile, input: input)
    }

    func run(
        _ arguments: [String], url: String? = nil, token: String? = "good", tokenFile: String? = nil,
        caFile: String? = nil, input: String = ""
    ) async throws -> Outcome {
        let process = Process()
        process.executableURL = Self.binary
        process.arguments = arguments
        process.currentDirectoryURL = home
        var environment = ["HOME": home.path, "PATH": "/usr/bin:/bin"]
        environment["VTAG_URL"] = url
        environment["VTAG_TOKEN"] = token
        environment["VTAG_TOKEN_FILE"] = tokenFile
        environment["VTAG_CA_FILE"] = caFile
        process.environment = environment
        let inputFile = try file("standard-input", input)
        process.standardInput = FileHandle(forReadingAtPath: inputFile)
        // Files rather than pipes: a full pipe would stop a child that nobody reads yet.
        let files = try ["output", "errors"].map { try file("\($0)-\(UUID().uuidString)", "") }
        process.standardOutput = FileHandle(forWritingAtPath: files[0])
        process.standardError = FileHandle(forWritingAtPath: files[1])
        let status = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Int32, any Error>) in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try Spawn.alone { try process.run() } } catch { continuation.resume(throwing: error) }
        }
        let texts = files.map { String(decoding: FileManager.default.contents(atPath: $0) ?? Data(), as: UTF8.self) }
        return Outcome(status: status, output: texts[0], errors: texts[1])
    }

    /// Beside the test runner.
    private static var binary: URL {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "vtag")
    }
}

/// A server that answers as its script says, and remembers what it was asked.
final class ScriptedServer: HTTPService {
    struct Call: Sendable {
        let method: String
        let path: String
        let query: String
        let headers: HTTPFields
        let body: String
    }

    struct Reply: Sendable {
        var status = 200
        var contentType = "application/json"
        var headers: HTTPFields = [:]
        var body = ""

        static func json(_ body: String, status: Int = 200) -> Reply { Reply(status: status, body: body) }
        static func problem(_ status: Int, _ body: String) -> Reply {
            Reply(status: status, contentType: "application/problem+json", body: body)
        }
    }

    private let script: @Sendable (Call) -> Reply
    private let recorded = Mutex<[Call]>([])

    private init(_ script: @escaping @Sendable (Call) -> Reply) { self.script = script }

    var calls: [Call] { recorded.withLock { $0 } }

    func respond(to exchange: HTTPExchange) {
        exchange.run { request in
            let body = try await request.body.collect(upTo: 64 << 20)
            let call = Call(
                method: request.head.method.name, path: request.head.path, query: request.head.query ?? "",
                headers: request.head.headers,
                body: String(buffer: body))
            self.recorded.withLock { $0.append(call) }
            let reply = self.script(call)
            if reply.status == 204 { return HTTPResponse(status: 204) }
            return .bytes(reply.status, contentType: reply.contentType, headers: reply.headers, reply.body.utf8)
        }
    }

    /// Runs `body` with the server's address, and stops the server after it.
    static func serving(
        _ script: @escaping @Sendable (Call) -> Reply, _ body: (String, ScriptedServer) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let service = ScriptedServer(script)
        do {
            let server = try await HTTPServer.start(on: group, host: "127.0.0.1", port: 0, service: service)
            do {
                try await body("http://127.0.0.1:\(server.address.port ?? 0)", service)
            } catch {
                await server.stop(gracefullyWithin: .seconds(1))
                throw error
            }
            await server.stop(gracefullyWithin: .seconds(1))
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }
}
