import ArgumentParser
import Foundation
import HTTPTransport
import Logging
import NIOCore
import NIOPosix

/// How many writes a second become durable over HTTP, alone and together.
struct HTTPCommitsBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "http-commits", abstract: "Durable tag writes at 1, 16 and 256 clients of a running node.")

    @OptionGroup var common: CommonOptions

    @Option(help: "File of the URLs of virtual tags, one a line, as `payloads` writes it.")
    var urls: String

    @Option(help: "File of the bearer token.")
    var tokenFile: String

    @Option(help: "Where the disk's own syncs are measured.")
    var directory: String

    func run() async throws {
        let urls = try String(contentsOfFile: urls, encoding: .utf8).split(separator: "\n").map(String.init)
        let token = try String(contentsOfFile: tokenFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let duration = common.quick ? 1.0 : 4.0
        let disk = try Disk.syncsPerSecond(in: directory, bytes: Disk.blockBytes, for: duration / 2)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var logger = Logger(label: "vtag-bench") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        let client = HTTPClient(group: group, logger: logger)
        var rates: [Int: Double] = [:]
        for clients in [1, 16, 256] {
            let writers = Writers(client: client, urls: urls, token: token)
            let rate = try await writers.run(clients: clients, for: duration)
            rates[clients] = rate
            Figure(
                name: "http_durable_writes_\(clients)_clients", value: rate, unit: "writes/s",
                baseline: "fdatasyncs of the disk", baselineValue: disk
            ).report()
        }
        await client.shutDown()
        try await group.shutdownGracefully()
        Figure(
            name: "http_durable_writes_256_over_1", value: rates[256] ?? 0, unit: "writes/s", baseline: "1 client",
            baselineValue: rates[1] ?? 0
        ).report()
    }
}

/// Clients that wait for each answer before they write again, to tags of their own.
private struct Writers: Sendable {
    let client: HTTPClient
    let urls: [String]
    let token: String

    struct Refused: Error, CustomStringConvertible {
        let status: Int
        var description: String { "a write was answered with status \(status)" }
    }

    /// Acknowledged writes per second.
    func run(clients: Int, for duration: Double) async throws -> Double {
        let start = monotonicSeconds()
        let written = try await withThrowingTaskGroup(of: Int.self) { tasks in
            for number in 0..<clients {
                tasks.addTask {
                    var count = 0
                    while monotonicSeconds() - start < duration {
                        let url = urls[(number + count * clients) % urls.count]
                        try await write(url, value: "\(clients).\(number).\(count)")
                        count += 1
                    }
                    return count
                }
            }
            return try await tasks.reduce(0, +)
        }
        return Double(written) / (monotonicSeconds() - start)
    }

    private func write(_ url: String, value: String) async throws {
        let request = try HTTPClientRequest(
            method: .put, url: url,
            headers: ["authorization": "Bearer \(token)", "content-type": "application/json"],
            body: .bytes(ByteBuffer(string: #"{"tag_value":"\#(value)"}"#)))
        let response = try await client.execute(request)
        for try await _ in response.body {}
        guard response.status == 200 else { throw Refused(status: response.status) }
    }
}
