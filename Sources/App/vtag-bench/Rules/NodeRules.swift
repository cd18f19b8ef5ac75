import Foundation
import Model
import NodeRuntime
import Shard
import Synchronization

/// A node with its log and checkpoint on the disk, all rules and the whole inventory in it, that gets one rule more.
struct NodeRules {
    let directory: String
    let samples: MultipliedSamples
    let load: RuleLoad
    /// What else is in the catalogue.
    let items: [CatalogItem]

    struct Result {
        /// From the call that makes the rule until every resource that it holds for is tagged, judged and audited.
        var seconds = 0.0
        var changed = 0
        /// Writes by hand that went on meanwhile.
        var writes = 0
        var slowestWrite = 0.0
    }

    private static let workers = 4
    private static let batch = 500

    func run(resources: Int, newcomer: TagRule) async throws -> Result {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let bench = try await BenchNode.start(in: directory)
        do {
            try await bench.create(items + load.rules.map(CatalogItem.rule))
            try await ingest(resources, into: bench)
            try await settle(bench)
            let result = try await bringIntoForce(newcomer, on: bench, resources: resources)
            try await bench.stop()
            return result
        } catch {
            try? await bench.stop()
            throw error
        }
    }

    private func ingest(_ resources: Int, into bench: BenchNode) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for worker in 0..<Self.workers {
                tasks.addTask {
                    for first in stride(from: worker * Self.batch, to: resources, by: Self.workers * Self.batch) {
                        let numbers = first..<min(first + Self.batch, resources)
                        try await bench.observe(numbers.map(samples.observation))
                    }
                }
            }
            try await tasks.waitForAll()
        }
    }

    private func settle(_ bench: BenchNode) async throws {
        while try await bench.node.statistics().pending > 0 { try await Task.sleep(for: .milliseconds(20)) }
        // The checkpoint's share of what came in.
        try await Task.sleep(for: .seconds(20))
    }

    private func bringIntoForce(_ rule: TagRule, on bench: BenchNode, resources: Int) async throws -> Result {
        let before = try await bench.node.statistics().totals.tagsBySource[.rule] ?? 0
        let writer = Writer(bench: bench, samples: samples, resources: resources)
        async let writes = writer.run()
        let start = monotonicSeconds()
        _ = try await bench.node.submit(.create(.rule(rule)), by: BenchNode.context)
        var statistics = try await bench.node.statistics()
        while statistics.pending > 0 {
            try await Task.sleep(for: .milliseconds(5))
            statistics = try await bench.node.statistics()
        }
        let seconds = monotonicSeconds() - start
        writer.stop()
        let (count, slowest) = try await writes
        return Result(
            seconds: seconds, changed: (statistics.totals.tagsBySource[.rule] ?? 0) - before, writes: count,
            slowestWrite: slowest)
    }

    /// Sets tags by hand, one after the other.
    private final class Writer: Sendable {
        private let bench: BenchNode
        private let samples: MultipliedSamples
        private let resources: Int
        private let stopped = Atomic(false)

        init(bench: BenchNode, samples: MultipliedSamples, resources: Int) {
            self.bench = bench
            self.samples = samples
            self.resources = resources
        }

        func stop() { stopped.store(true, ordering: .relaxed) }

        func run() async throws -> (count: Int, slowest: Double) {
            var (count, slowest) = (0, 0.0)
            while !stopped.load(ordering: .relaxed) {
                let id = samples.observation(count * 7919 % resources).id
                let item = TagApplication(resource: id, tags: [Tag("note", "\(count)")])
                let start = monotonicSeconds()
                _ = try await bench.node.submit(
                    .applyTags([item]), shard: bench.node.shard(of: id.slot), by: BenchNode.context)
                slowest = Swift.max(slowest, monotonicSeconds() - start)
                count += 1
            }
            return (count, slowest)
        }
    }
}
