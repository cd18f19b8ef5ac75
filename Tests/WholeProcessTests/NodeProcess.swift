import Foundation
import HTTPTransport
import JSON
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// The built `vtagd`, running on a data directory and a port of its own.
final class NodeProcess: @unchecked Sendable {
    enum Start {
        case ready(NodeProcess)
        /// It ended before it served: exit status and what it said.
        case ended(status: Int32, message: String)

        /// Throws where it ended.
        func serving() throws -> NodeProcess {
            switch self {
            case .ready(let node): return node
            case .ended(let status, let message): throw Failure("vtagd ended with \(status): \(message)")
            }
        }
    }

    let url: String
    let token: String
    /// What it says.
    let log: NodeLog
    private let process: Process
    private let client: HTTPClient

    fileprivate init(process: Process, url: String, token: String, log: NodeLog) {
        self.process = process
        self.url = url
        self.token = token
        self.log = log
        client = HTTPClient(group: MultiThreadedEventLoopGroup.singleton)
    }

    /// Starts it, and returns when it serves or has ended.
    static func start(_ directory: URL, _ flags: [String] = []) async throws -> Start {
        try await StartingNode(directory, flags).outcome()
    }

    /// Not started yet.
    fileprivate static func process(_ directory: URL, _ flags: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "vtagd")
        process.arguments =
            [
                "--data-dir", directory.path, "--http", "127.0.0.1:0", "--threads", "2", "--shards", "4",
                "--log-segment-bytes", "1048576", "--log-format", "json",
            ] + flags
        process.environment = ["PATH": "/usr/bin:/bin"]
        process.standardOutput = FileHandle.nullDevice
        return process
    }

    /// As `start`, where anything but a serving node is a failure.
    static func serving(_ directory: URL, _ flags: [String] = []) async throws -> NodeProcess {
        try await StartingNode(directory, flags).outcome().serving()
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    var isRunning: Bool { process.isRunning }

    /// Asks it to read its TLS files again.
    func hangUp() { Foundation.kill(process.processIdentifier, SIGHUP) }

    /// Asks it to stop, without waiting.
    func stopOrderly() { process.terminate() }

    /// Asks it to stop; returns its exit status.
    @discardableResult
    func terminate() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Its exit status, once it has ended by itself.
    func waitUntilEnd() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    // MARK: Requests

    struct Answer {
        let status: Int
        let headers: HTTPFields
        let body: [UInt8]
        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Throws when no answer came: the outcome is unknown.
    func send(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, key: String? = nil, headers: HTTPFields = [:],
        token: String? = nil
    ) async throws -> Answer {
        var headers = headers
        headers.append("authorization", "Bearer \(token ?? self.token)")
        if body != nil { headers.append("content-type", "application/json") }
        if let key { headers.append("idempotency-key", key) }
        let request = try HTTPClientRequest(
            method: method, url: url + path, headers: headers, body: body.map { .bytes(ByteBuffer(string: $0)) } ?? .none)
        let response = try await client.execute(request)
        return Answer(
            status: response.status, headers: response.headers,
            body: Array(buffer: try await response.body.collect(upTo: 64 << 20)))
    }

    /// All items of a list, over its pages.
    func all(_ path: String) async throws -> [JSONValue] {
        var items: [JSONValue] = []
        var cursor: String?
        repeat {
            let next = cursor.map { "\(path.contains("?") ? "&" : "?")cursor=\($0)" } ?? ""
            let answer = try await send(.get, path + next)
            guard answer.status == 200, let page = answer.json["items"]?.array else {
                throw Failure("\(path): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
            }
            items += page
            cursor = answer.json["next_cursor"]?.string
        } while cursor != nil
        return items
    }

    func close() async { await client.shutDown() }
}

/// The built `vtagd` before it serves, which it may never do.
final class StartingNode: @unchecked Sendable {
    let log: NodeLog
    private let process: Process
    private let directory: URL

    init(_ directory: URL, _ flags: [String]) throws {
        self.directory = directory
        process = NodeProcess.process(directory, flags)
        log = try Spawn.alone { [process] in
            let pipe = Pipe()
            process.standardError = pipe
            try process.run()
            return NodeLog(pipe.fileHandleForReading)
        }
    }

    /// Waits until it serves or has ended.
    func outcome() async throws -> NodeProcess.Start {
        guard let ready = await log.line(with: #""message":"ready""#),
            let url = try JSONValue(parsing: ready)["http"]?.string
        else {
            process.waitUntilExit()
            return .ended(status: process.terminationStatus, message: log.text)
        }
        // Missing where the node takes tokens of others alone.
        let token = (try? String(contentsOf: directory.appending(path: "admin.jwt"), encoding: .utf8)) ?? "none"
        return .ready(NodeProcess(process: process, url: url, token: token.filter { !$0.isWhitespace }, log: log))
    }

    func kill() {
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    /// Asks it to stop; returns its exit status.
    func terminate() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }
}

/// Starts of processes, one after the other.
enum Spawn {
    private static let turn = Mutex(())

    /// Foundation tells a child's end by a socket that it leaves open in it, and closes in a child whatever was open when it began
    /// to start it. Of two that start at the same time the one may thus keep the other's socket (and pipe), whose end is not seen
    /// while it lives.
    static func alone<Result>(_ start: () throws -> sending Result) rethrows -> sending Result {
        try turn.withLock { _ in try start() }
    }
}

/// A directory that goes with the test.
struct Scratch {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "vtagd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(at: url) }
}
