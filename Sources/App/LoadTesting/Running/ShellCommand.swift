import Foundation
import NIOPosix

/// Runs a line of shell in the current directory, and waits for the shell alone: what it starts and leaves running goes on.
///
/// Not `Process`: that waits until nothing holds what the child inherited, which a node started in the background does for as
/// long as it runs. For the same reason the output goes to a file and not to a pipe.
enum ShellCommand {
    /// Longest time it may take, in seconds; then it is ended.
    static let secondsMax = 60

    /// - Returns: the exit status (128 and the signal's number where one ended it), and what it printed on both outputs.
    static func run(_ line: String, environment: [String: String]) async -> (status: Int32, output: String) {
        let path = FileManager.default.temporaryDirectory.appending(path: "vtag-load-\(UUID().uuidString)").path
        defer { unlink(path) }
        let spawned = spawn(line, environment: environment, outputTo: path)
        guard let child = spawned.child else {
            return (-1, "it could not be started: \(String(cString: strerror(spawned.error)))")
        }
        let status = try? await NIOThreadPool.singleton.runIfActive { wait(for: child) }
        return (status ?? -1, (try? String(contentsOfFile: path, encoding: .utf8)) ?? "")
    }

    private static func spawn(
        _ line: String, environment: [String: String], outputTo path: String
    ) -> (child: pid_t?, error: Int32) {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO)
        // We may ignore signals that end us; commands, and the nodes that they start, must not inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let words = ["timeout", "--kill-after=1", String(secondsMax), "/bin/sh", "-c", line]
        var child: pid_t = 0
        let error = withCStrings(words) { arguments in
            withCStrings(merged.map { "\($0.key)=\($0.value)" }) { variables in
                posix_spawnp(&child, "timeout", &files, &attributes, arguments, variables)
            }
        }
        return error == 0 ? (child, 0) : (nil, error)
    }

    /// Blocks.
    private static func wait(for child: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            if errno != EINTR { return -1 }
        }
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    /// Lends an array of C strings that ends with a null pointer.
    private static func withCStrings<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return body(copies + [nil])
    }
}
