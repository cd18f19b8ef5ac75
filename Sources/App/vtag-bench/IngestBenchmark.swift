import ArgumentParser
import Foundation
import JSON
import LogStorage
import Model
import NodeRuntime
import Normalisation
import Shard

/// How fast a node takes in an inventory: from bytes to acknowledged and durable.
struct IngestBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Pages of a provider into a node with its log and checkpoint on the disk.")

    @OptionGroup var common: CommonOptions

    @Option(help: "Resources.")
    var resources: Int?

    @Option(help: "An empty directory on the disk to measure. It keeps the node's data, for `restart`.")
    var directory: String

    /// Pages that are on their way at the same time.
    private static let workers = 8
    /// Pages of one request.
    private static let pagesPerRequest = 10

    func run() async throws {
        let count = resources ?? (common.quick ? 50_000 : 1_000_000)
        let pages = AWSPages.pages(resources: count)
        let bench = try await BenchNode.start(in: directory)
        try await bench.create(SampleCatalog(directory: common.samples, at: wallClock()).items)

        let start = monotonicSeconds()
        let taken = try await Self.ingest(pages, into: bench)
        let time = monotonicSeconds() - start
        let logBytes = Int(try bench.node.logStatus().bytes)
        let stopStart = monotonicSeconds()
        try await bench.stop()
        let stopTime = monotonicSeconds() - stopStart

        let baseline = try Disk.secondsToWrite(logBytes, in: directory)
        say(
            "ingest: \(taken) resources in \(time.formatted(digits: 2)) s, \(logBytes >> 20) MiB of log;"
                + " stopped in \(stopTime.formatted(digits: 2)) s")
        Figure(
            name: "ingest", value: Double(taken) / time, unit: "resources/s",
            baseline: "writing and syncing the same bytes of log one after the other",
            baselineValue: Double(taken) / baseline
        ).report()
    }

    /// Returns how many resources the node took.
    static func ingest(_ pages: [[UInt8]], into bench: BenchNode) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { tasks in
            for worker in 0..<workers {
                tasks.addTask {
                    var taken = 0
                    let starts = stride(
                        from: worker * pagesPerRequest, to: pages.count, by: workers * pagesPerRequest)
                    for first in starts {
                        let observations = try normalise(pages[first..<min(first + pagesPerRequest, pages.count)])
                        try await bench.observe(observations)
                        taken += observations.count
                    }
                    return taken
                }
            }
            return try await tasks.reduce(0, +)
        }
    }

    private static func normalise(_ pages: ArraySlice<[UInt8]>) throws -> [Observation] {
        let parser = JSONParser()
        var observations: [Observation] = []
        observations.reserveCapacity(pages.count * AWSPages.itemsPerPage)
        for page in pages {
            try parser.withDocument(page) { document in
                observations += Normaliser.normalise(document, provider: .aws, hints: AWSPages.hints).observations
            }
        }
        return observations
    }
}
