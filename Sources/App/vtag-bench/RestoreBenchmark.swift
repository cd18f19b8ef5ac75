import ArgumentParser
import Foundation
import Model
import NodeRuntime
import PostgresClient
import PostgresSink

/// How fast a lost cluster is there again.
struct RestoreBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "A cluster from nothing but PostgreSQL, until it serves.",
        discussion: """
            A node takes an inventory in, under the samples' rules and policies, and sends it to PostgreSQL; then it is gone. What is \
            measured is a node that starts with an empty directory and that database: taking the database over, writing log and \
            checkpoint, reading them back, serving. The baseline copies the stored rows and the audit history out over one \
            connection, and does nothing with them. In the end both sides are compared by hash.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Resources.")
    var resources: Int?

    @Option(help: "An empty directory on the disk to measure.")
    var directory: String

    @Option(help: "Connection string of an empty database.")
    var postgres: String

    func run() async throws {
        let settings = try PostgresSettings(postgres)
        let count = resources ?? (common.quick ? 50_000 : 1_000_000)
        try await fill(count, settings)

        let baseline = try copyOut(settings)
        let start = monotonicSeconds()
        let bench = try await BenchNode.start(in: "\(directory)/new", postgres: settings, restore: settings)
        let time = monotonicSeconds() - start
        let found = try await bench.node.statistics().totals.resources
        guard found == count else { throw ValidationError("\(found) resources were restored, \(count) had been sent") }
        let differences = try await compare(bench.node, settings)
        try await bench.stop()
        guard differences == 0 else { throw ValidationError("\(differences) rows are not the same") }
        say("restore: \(count) resources with their history in \(time.formatted(digits: 2)) s; no differences")
        Figure(
            name: "restore", value: time, unit: "s", baseline: "copying rows and history out over one connection",
            baselineValue: baseline
        ).report()
    }

    private func fill(_ count: Int, _ settings: PostgresSettings) async throws {
        let start = monotonicSeconds()
        let bench = try await BenchNode.start(in: "\(directory)/old", postgres: settings)
        try await bench.create(SampleCatalog(directory: common.samples, at: wallClock()).items)
        _ = try await IngestBenchmark.ingest(AWSPages.pages(resources: count), into: bench)
        let taken = monotonicSeconds()
        // Nothing lags, and nothing new comes for a while.
        var quiet = 0
        while quiet < 20 {
            try await Task.sleep(nanoseconds: 100_000_000)
            let lags = bench.node.sinkMetrics.first { $0.name == "vtag_postgres_lag_entries" }?.samples.map(\.value) ?? []
            let pending = try await bench.node.statistics().pending
            quiet = !lags.isEmpty && lags.allSatisfy { $0 == 0 } && pending == 0 ? quiet + 1 : 0
        }
        let sent = monotonicSeconds()
        try await bench.stop()
        try FileManager.default.removeItem(atPath: "\(directory)/old")
        say("taken in within \((taken - start).formatted(digits: 1)) s, sent \((sent - taken).formatted(digits: 1)) s later")
    }

    /// In seconds.
    private func copyOut(_ settings: PostgresSettings) throws -> Double {
        let connection = try PostgresConnection(settings)
        var bytes = 0
        let spent = try seconds {
            for query in [
                "COPY (SELECT id, changed_index, record FROM vtag.resources) TO STDOUT (FORMAT binary)",
                "COPY (SELECT * FROM vtag.tag_audit) TO STDOUT (FORMAT binary)",
            ] as [StaticString] {
                try connection.copyOut(query) { bytes += $0.count }
            }
        }
        let entries = try connection.execute("SELECT count(*) FROM vtag.tag_audit").get(0, 0, as: Int64.self)
        say("the database holds \(bytes >> 20) MiB of rows and history, \(entries) audit entries")
        return spent
    }

    /// Rows that are not the same on both sides.
    private func compare(_ node: Node, _ settings: PostgresSettings) async throws -> Int {
        let reader = ResultReader(try PostgresConnection(settings))
        var differences = 0
        for shard in 1...node.shardCount {
            var after: ResourceID?
            while true {
                let (rows, isLast) = try await node.resultDigests(of: shard, after: after, limit: 5_000)
                guard let first = rows.first, let last = rows.last else { break }
                let there = Set(try reader.digests(from: first.id, through: last.id))
                differences += there.symmetricDifference(rows).count
                after = ResourceID(last.id)
                if isLast { break }
            }
        }
        return try await differences + Set(reader.catalogDigests()).symmetricDifference(node.catalogDigests()).count
    }
}
