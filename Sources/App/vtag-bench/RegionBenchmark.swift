import ArgumentParser
import Foundation
import HTTPTransport
import Logging
import NIOCore
import NIOPosix

/// Whether a region that follows has what was written in the other one, and how old its answers are.
///
/// Clients of their own resources write in turns through the primary region and through the region that follows, read in the
/// latter with the write's `Revision` as `Min-Revision`, and compare. Beside them one more reads all the time and notes
/// `Staleness-Ms`.
struct RegionBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "region", abstract: "Read-your-writes across two running regions, and the staleness of reads.")

    @Option(help: "URL of the primary region.")
    var primary: String

    @Option(help: "URL of the region that follows.")
    var region: String

    @Option(help: "File of paths /resources/{id}/virtual-tags, one a line, with or without an origin.")
    var reads: String

    @Option(help: "File of the bearer token.")
    var tokenFile: String

    @Option(help: "PEM file of the CAs that their certificates come from (the system's).")
    var caFile: String?

    @Option(help: "Writes, each followed by a read.")
    var tries = 10_000

    @Option(help: "Clients at a time.")
    var clients = 50

    func validate() throws {
        guard tries > 0, (1...1_000).contains(clients) else {
            throw ValidationError("--tries must be 1 or more, --clients 1 to 1000")
        }
    }

    func run() async throws {
        let resources = try String(contentsOfFile: reads, encoding: .utf8).split(separator: "\n")
            .compactMap { $0.split(separator: "/").dropLast().last.map(String.init) }
        guard resources.count >= clients else {
            throw ValidationError("\(reads) names fewer resources than there are clients")
        }
        let token = try String(contentsOfFile: tokenFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var logger = Logger(label: "vtag-bench") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        var configuration = HTTPClientConfiguration()
        if primary.hasPrefix("https:") || region.hasPrefix("https:") {
            configuration.tls = try TLSClientContext(trust: caFile.map(TLSTrust.file) ?? .system)
        }
        let client = HTTPClient(group: group, configuration: configuration, logger: logger)
        let trial = RegionTrial(client: client, primary: primary, region: region, token: token)
        let outcome = try await trial.run(resources: resources, tries: tries, clients: clients)
        await client.shutDown()
        try await group.shutdownGracefully()

        Figure(
            name: "region_read_your_writes", value: Double(outcome.held), unit: "tries", baseline: "tries",
            baselineValue: Double(tries)
        ).report()
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            Figure(
                name: "region_staleness_\(name)", value: Measured.quantile(share, of: outcome.staleness), unit: "ms",
                baseline: "goal", baselineValue: 1_000
            ).report()
            Figure(
                name: "region_read_after_write_\(name)", value: Measured.quantile(share, of: outcome.waits), unit: "ms",
                baseline: "write through the region \(name)", baselineValue: Measured.quantile(share, of: outcome.writes)
            ).report()
        }
        for line in outcome.wrong.prefix(10) { say(line) }
    }
}

private enum Measured {
    /// The smallest value that this share of the values does not exceed; 0 without values.
    static func quantile(_ share: Double, of values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }
}

private struct RegionTrial: Sendable {
    let client: HTTPClient
    let primary: String
    let region: String
    let token: String

    struct Outcome: Sendable {
        var held = 0
        /// What did not hold, in words.
        var wrong: [String] = []
        /// `Staleness-Ms` of single reads; milliseconds of reads with `Min-Revision`, and of writes through the region.
        var staleness: [Double] = []
        var waits: [Double] = []
        var writes: [Double] = []

        mutating func add(_ other: Outcome) {
            held += other.held
            wrong += other.wrong
            staleness += other.staleness
            waits += other.waits
            writes += other.writes
        }
    }

    func run(resources: [String], tries: Int, clients: Int) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Outcome.self) { watch in
            watch.addTask { try await watchStaleness(of: resources) }
            var outcome = try await withThrowingTaskGroup(of: Outcome.self) { writers in
                for number in 0..<clients {
                    let turns = (tries + clients - 1 - number) / clients
                    writers.addTask { try await self.turns(turns, of: number, on: resources[number]) }
                }
                return try await writers.reduce(into: Outcome()) { $0.add($1) }
            }
            watch.cancelAll()
            for try await watched in watch { outcome.add(watched) }
            return outcome
        }
    }

    /// Writes and reads one resource's tag, so many times.
    private func turns(_ turns: Int, of number: Int, on resource: String) async throws -> Outcome {
        var outcome = Outcome()
        for turn in 0..<turns {
            let value = "\(number).\(turn)"
            let throughRegion = turn % 2 == 1
            let began = monotonicSeconds()
            let written = try await ask(
                throughRegion ? region : primary, .post, "/virtual-tags/apply",
                body: #"{"resource_id":"\#(resource)","tags":[{"key":"region_trial","value":"\#(value)"}]}"#)
            guard written.status == 201, let revision = written.headers["revision"] else {
                outcome.wrong.append("\(resource): the write of \(value) was answered \(written.status): \(written.text)")
                continue
            }
            let wrote = monotonicSeconds()
            if throughRegion { outcome.writes.append(1_000 * (wrote - began)) }
            let read = try await ask(
                region, .get, "/resources/\(resource)/virtual-tags", headers: [("min-revision", revision)])
            outcome.waits.append(1_000 * (monotonicSeconds() - wrote))
            if read.status == 200, read.text.contains("\"\(value)\"") {
                outcome.held += 1
            } else {
                outcome.wrong.append(
                    "\(resource): \(value), revision \(revision), was not in the answer \(read.status): \(read.text.prefix(500))"
                )
            }
        }
        return outcome
    }

    /// Reads resources in turn, until cancelled.
    private func watchStaleness(of resources: [String]) async throws -> Outcome {
        var outcome = Outcome()
        var number = 0
        while !Task.isCancelled {
            number += 1
            do {
                let read = try await ask(region, .get, "/resources/\(resources[number % resources.count])/virtual-tags")
                if let staleness = read.headers["staleness-ms"].flatMap(Double.init) { outcome.staleness.append(staleness) }
                try await Task.sleep(for: .milliseconds(5))
            } catch is CancellationError { break }
        }
        return outcome
    }

    private func ask(
        _ origin: String, _ method: HTTPMethod, _ path: String, headers: [(String, String)] = [], body: String? = nil
    ) async throws -> (status: Int, headers: HTTPFields, text: String) {
        var fields: HTTPFields = ["authorization": "Bearer \(token)"]
        for (name, value) in headers { fields.append(name, value) }
        if body != nil { fields.append("content-type", "application/json") }
        let request = try HTTPClientRequest(
            method: method, url: origin + path, headers: fields, body: body.map { .bytes(ByteBuffer(string: $0)) } ?? .none)
        let response = try await client.execute(request)
        var text = ByteBuffer()
        for try await var piece in response.body { text.writeBuffer(&piece) }
        return (response.status, response.headers, String(buffer: text))
    }
}
