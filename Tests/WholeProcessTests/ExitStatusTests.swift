import Foundation
import Testing

@Suite("The node's exit status")
struct ExitStatusTests {
    private func status(_ directory: URL, _ flags: [String] = []) async throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "vtagd")
        process.arguments =
            ["--data-dir", directory.path] + (flags.contains("--http") ? [] : ["--http", "127.0.0.1:0"]) + flags
        let pipe = Pipe()
        process.standardError = pipe
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, said)
    }

    @Test("0 after a clean stop, 73 for a directory in use")
    func stopAndInUse() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let node = try await NodeProcess.serving(scratch.url)
        let (code, said) = try await status(scratch.url)
        #expect(code == 73)
        #expect(said.contains(scratch.url.path))
        #expect(node.terminate() == 0)
        await node.close()
    }

    @Test("69 for an address in use, named, before anything is written")
    func addressInUse() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let node = try await NodeProcess.serving(scratch.url)
        let address = node.url.replacing("http://", with: "")
        let other = scratch.url.appending(path: "other")
        let (code, said) = try await status(other, ["--http", address])
        #expect(code == 69)
        #expect(said == "vtagd: \(address) is in use: stop the other process or choose another with --http\n")
        #expect(!FileManager.default.fileExists(atPath: other.path))
        #expect(node.terminate() == 0)
        await node.close()
    }

    @Test(
        "64 for a flag, a variable or a value that does not exist, named",
        arguments: [
            (["--no-such-flag", "1"], "no-such-flag"), (["--shards", "many"], "--shards"),
            (["--http", "nowhere"], "--http"),
            (["--log-level", "loud"], "--log-level"), (["--http", "0.0.0.0:0"], "loopback"),
            (["--tls-cert", "x.pem"], "--tls-key"),
            (["--jwt-audience", "vtag"], "needs --jwks"), (["--jwt-leeway", "601"], "--jwt-leeway"),
            (["--rate-limit", "-1"], "--rate-limit"), (["--rate-burst", "5"], "needs --rate-limit"),
            (["--jwks", "http://keys.example/jwks.json"], "keys come over https"),
            (["--jwks", "http://127.0.0.1:1/jwks.json"], "connection refused"),
        ])
    func usage(flags: [String], named: String) async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let (code, said) = try await status(scratch.url, flags)
        #expect(code == 64)
        #expect(said.contains(named), "\(said)")
    }

    @Test("74 for a key pair that is damaged, empty among others, and it says what to do", arguments: ["", "-----BEGIN"])
    func damagedKey(contents: String) async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let node = try await NodeProcess.serving(scratch.url)
        #expect(node.terminate() == 0)
        await node.close()
        try Data(contents.utf8).write(to: scratch.url.appending(path: "keys/es256.pem"))
        let (code, said) = try await status(scratch.url)
        #expect(code == 74)
        #expect(said.contains("keys/es256.pem is damaged") && said.contains("remove it"), "\(said)")
    }

    @Test("74 for a directory that a newer version wrote")
    func newerVersion() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let node = try await NodeProcess.serving(scratch.url)
        #expect(node.terminate() == 0)
        await node.close()
        let database = scratch.url.appending(path: "checkpoint.sqlite")
        // SQLite's user_version: 4 bytes, big-endian, at offset 60 of the file.
        var bytes = [UInt8](try Data(contentsOf: database))
        bytes[62] = 1
        try Data(bytes).write(to: database)
        let (code, said) = try await status(scratch.url)
        #expect(code == 74)
        #expect(said.contains("newer version"), "\(said)")
    }
}
