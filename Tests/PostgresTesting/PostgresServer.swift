package import Foundation
import Synchronization

/// A PostgreSQL 15 that tests start and stop themselves: its data under the temporary directory, on loopback and a socket, with
/// no care for the disk. It ends with the process that started it, however that ends.
package final class PostgresServer: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package let directory: URL
    package let port: Int
    private let settings: [String]
    /// The shell that keeps the server, and the end of its input that is to be closed.
    private let keeper = Mutex<(shell: ChildProcess, lifeline: Int32)?>(nil)

    /// Where Debian's package puts the server.
    private static let programs = "/usr/lib/postgresql/15/bin"
    /// Who runs it where the tests run as root, whom the server refuses.
    private static let unprivilegedUser = "nobody"

    /// One for all tests of the run that do not break it; each makes a database of its own.
    package static let shared = Result { try PostgresServer() }

    /// Starts a new server.
    /// - Parameter settings: `name=value` beyond the defaults.
    package init(settings: [String] = []) throws {
        let template = try Self.template.get()
        directory = FileManager.default.temporaryDirectory.appending(path: "vtag-pg-\(UUID().uuidString.prefix(8))")
        port = try Self.freePort()
        self.settings = settings
        Self.directories.withLock { $0.append(directory) }
        try Self.run(["cp", "-a", template.path, directory.path])
        try start()
    }

    deinit {
        kill()
        Self.remove(directory)
    }

    // MARK: Life

    /// Starts it again after `kill` or `stop`; returns once it takes connections.
    package func start() throws {
        let defaults = [
            "port=\(port)", "listen_addresses=127.0.0.1", "unix_socket_directories=\(directory.path)", "fsync=off",
            "full_page_writes=off", "max_connections=40", "shared_buffers=64MB", "logging_collector=off",
        ]
        let server =
            ["\(Self.programs)/postgres", "-D", directory.path]
            + (defaults + settings).flatMap { ["-c", $0] }
        // The shell waits for the end of its input, which comes when the tests end, and takes the server along.
        let script = #""$@" </dev/null >/dev/null 2>"$0" & read -r _; kill -QUIT $! 2>/dev/null"#
        let input = try ChildPipe()
        try? FileManager.default.removeItem(at: directory.appending(path: "postmaster.pid"))
        let shell = try ChildProcess(
            ["sh", "-c", script, "\(directory.path).log"] + Self.unprivileged(server), input: input.read)
        close(input.read)
        keeper.withLock { $0 = (shell, input.write) }
        let deadline = Date.now + 30
        while state?.status != "ready" {
            guard Date.now < deadline else { throw Failure(description: "PostgreSQL does not start: \(log)") }
            usleep(10_000)
        }
    }

    /// As `kill -9` of the server's first process; returns once all its processes are gone.
    package func kill() { end(with: SIGKILL) }

    /// Ends all sessions, then itself.
    package func stop() { end(with: SIGINT) }

    /// The server stands still, and its sessions with it, until `resume`.
    package func pause() { signalAll(SIGSTOP) }
    package func resume() { signalAll(SIGCONT) }

    private func end(with signal: Int32) {
        guard let (shell, lifeline) = keeper.withLock({ $0.take() }) else { return }
        let processes = sessions + (state.map { [$0.pid] } ?? [])
        if let pid = state?.pid { Glibc.kill(pid, signal) }
        // Sessions of a killed server notice by themselves, but not at once.
        if signal == SIGKILL { for pid in processes { Glibc.kill(pid, SIGKILL) } }
        while processes.contains(where: ChildProcess.isRunning) { usleep(5000) }
        close(lifeline)
        shell.wait()
    }

    private func signalAll(_ signal: Int32) {
        let sessions = self.sessions
        if let pid = state?.pid { Glibc.kill(pid, signal) }
        for pid in sessions { Glibc.kill(pid, signal) }
    }

    /// What the server writes down of itself: its process, and in the eighth line how it is.
    private var state: (pid: Int32, status: String)? { Self.state(in: directory) }

    private static func state(in directory: URL) -> (pid: Int32, status: String)? {
        guard let text = try? String(contentsOf: directory.appending(path: "postmaster.pid"), encoding: .utf8) else {
            return nil
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let pid = Int32(lines[0]), lines.count >= 8 else { return nil }
        return (pid, lines[7].trimmingCharacters(in: .whitespaces))
    }

    /// The processes that the server started.
    private var sessions: [Int32] {
        guard let pid = state?.pid else { return [] }
        let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
        return text.split(separator: " ").compactMap { Int32($0) }
    }

    package var log: String { (try? String(contentsOfFile: "\(directory.path).log", encoding: .utf8)) ?? "" }

    // MARK: Databases

    /// A connection string over TCP.
    package func address(database: String = "postgres", user: String = "vtag") -> String {
        "host=127.0.0.1 port=\(port) dbname=\(database) user=\(user)"
    }

    /// Makes an empty database and returns its connection string.
    package func makeDatabase() throws -> String {
        let name = "t\(UUID().uuidString.prefix(8).lowercased())"
        try Self.run(
            ["\(Self.programs)/createdb", "-h", directory.path, "-p", "\(port)", "-U", "vtag", "-T", "template0", name])
        return address(database: name)
    }

    /// Runs a statement with psql, as somebody outside would; what it prints, unaligned.
    @discardableResult
    package static func psql(_ address: String, _ statement: String) throws -> String {
        try run(["\(programs)/psql", address, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement])
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// What psql shows of a statement to somebody at a terminal.
    package static func table(_ address: String, _ statement: String) throws -> String {
        try run([
            "env", "LC_ALL=C.UTF-8", "TZ=UTC", "\(programs)/psql", address, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c",
            statement,
        ])
    }

    // MARK: Making the first

    /// `initdb` takes a second or two: once in a run.
    private static let template = Result { () throws -> URL in
        let directory = FileManager.default.temporaryDirectory.appending(path: "vtag-pg-template-\(getpid())")
        directories.withLock { $0.append(directory) }
        atexit { PostgresServer.removeAll() }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        if getuid() == 0 { try run(["chown", unprivilegedUser, directory.path]) }
        try run(
            unprivileged([
                "\(programs)/initdb", "-D", directory.path, "-U", "vtag", "-A", "trust", "--no-sync", "-E", "UTF8",
                "--locale=C.UTF-8",
            ]))
        let access = """
            local all all trust
            host all guarded 127.0.0.1/32 scram-sha-256
            host all all 127.0.0.1/32 trust
            """
        let file = directory.appending(path: "pg_hba.conf")
        try Data((access + "\n").utf8).write(to: file)
        if getuid() == 0 { try run(["chown", unprivilegedUser, file.path]) }
        return directory
    }

    /// Of all servers of this run.
    private static let directories = Mutex<[URL]>([])

    private static func removeAll() {
        for directory in directories.withLock({ $0 }) {
            if let pid = state(in: directory)?.pid { Glibc.kill(pid, SIGKILL) }
            remove(directory)
        }
    }

    private static func remove(_ directory: URL) {
        try? FileManager.default.removeItem(at: directory)
        try? FileManager.default.removeItem(atPath: "\(directory.path).log")
    }

    private static func unprivileged(_ command: [String]) -> [String] {
        guard getuid() == 0 else { return command }
        return [
            "setpriv", "--reuid", unprivilegedUser, "--regid", "nogroup", "--clear-groups", "env", "HOME=/nonexistent",
        ] + command
    }

    @discardableResult
    package static func run(_ command: [String]) throws -> String {
        let output = try ChildPipe()
        defer { close(output.read) }
        let child: ChildProcess
        do {
            defer { close(output.write) }
            child = try ChildProcess(command, output: output.write)
        }
        let text = FileHandle(fileDescriptor: output.read, closeOnDealloc: false).readDataToEndOfFile()
        guard child.wait() == 0 else {
            throw Failure(
                description: "\(command.joined(separator: " ")): \(String(decoding: text, as: UTF8.self))")
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// A port of loopback that nobody has now.
    package static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw Failure(description: "no port is free") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
