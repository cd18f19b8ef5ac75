import ArgumentParser
import LogStorage
import Model
import NodeRuntime
import Shard

/// How many writes a second become durable, alone and together.
struct CommitsBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commits", abstract: "Durable tag writes at 1, 16 and 256 clients, against the disk's own syncs.")

    @OptionGroup var common: CommonOptions

    @Option(help: "How many write at the same time.")
    var clients = [1, 16, 256]

    @Option(help: "An empty directory on the disk to measure.")
    var directory: String

    /// Resources that are tagged; more than there are clients, so that nobody waits for a neighbour's row.
    private static let resources = 10_000

    func run() async throws {
        let rounds = common.quick ? 1 : 3
        let bench = try await BenchNode.start(in: directory)
        let ids = try await prepare(bench)
        var disk: [Double] = []
        var rates: [Int: [Double]] = [:]
        // In turns: a disk that others use is not equally fast all the time.
        for round in 1...rounds {
            try await bench.node.flushCheckpoint()
            disk.append(try Disk.syncsPerSecond(in: directory, bytes: Disk.blockBytes, for: 1))
            for clients in clients {
                // The checkpoint of what was before is not this measurement's.
                try await bench.node.flushCheckpoint()
                let before = try bench.node.logStatus()
                let rate = try await Self.write(bench, ids, clients: clients, round: round, for: 2)
                let after = try bench.node.logStatus()
                let syncs = max(1, after.syncs - before.syncs)
                rates[clients, default: []].append(rate)
                say(
                    "commits: \(clients) clients, \(rate.formatted(digits: 0)) writes/s;"
                        + " \((Double(after.records - before.records) / Double(syncs)).formatted(digits: 1)) records"
                        + " and \((after.bytes - before.bytes) / syncs) bytes a sync")
            }
        }
        try await bench.stop()
        report(rates.mapValues(\.median), disk: disk.median)
    }

    private func report(_ rates: [Int: Double], disk: Double) {
        for (clients, rate) in rates.sorted(by: { $0.key < $1.key }) {
            Figure(
                name: "durable_writes_\(clients)_clients", value: rate, unit: "writes/s",
                baseline: "fdatasyncs of the disk", baselineValue: disk
            ).report()
        }
        guard let one = rates[1], let many = rates[256] else { return }
        Figure(
            name: "durable_writes_256_over_1", value: many, unit: "writes/s", baseline: "1 client", baselineValue: one
        ).report()
    }

    private func prepare(_ bench: BenchNode) async throws -> [ResourceID] {
        try await bench.create(SampleCatalog(directory: common.samples, at: wallClock()).items)
        let observations = (0..<Self.resources).map {
            Observation(
                provider: .aws, resourceID: "i-\($0)", resourceType: "ec2.instance", name: "cart-prod-\($0)",
                accountID: "111122223333", region: "us-east-1",
                nativeTags: TagList([Tag("Env", "prd"), Tag("Team", "checkout")]))
        }
        try await bench.observe(observations)
        return observations.map(\.id)
    }

    /// Acknowledged writes per second.
    private static func write(
        _ bench: BenchNode, _ ids: [ResourceID], clients: Int, round: Int, for duration: Double
    ) async throws -> Double {
        let start = monotonicSeconds()
        let written = try await withThrowingTaskGroup(of: Int.self) { tasks in
            for client in 0..<clients {
                tasks.addTask {
                    var count = 0
                    while monotonicSeconds() - start < duration {
                        let id = ids[(client + count * clients) % ids.count]
                        let tag = Tag("note", "\(round).\(clients).\(client).\(count)")
                        let command = ShardCommand.applyTags([TagApplication(resource: id, tags: [tag])])
                        _ = try await bench.node.submit(
                            command, shard: bench.node.shard(of: id.slot), by: BenchNode.context)
                        count += 1
                    }
                    return count
                }
            }
            return try await tasks.reduce(0, +)
        }
        return Double(written) / (monotonicSeconds() - start)
    }
}
