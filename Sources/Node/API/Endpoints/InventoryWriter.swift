import Model
import NodeRuntime
import Shard

/// Submits many observations: side by side to their shards, in order within each, in commands of bounded size.
struct InventoryWriter: Sendable {
    /// Most observations of one command, so that no log entry grows without bound.
    static let commandItemsMax = 500

    let node: Node
    let stamp: WriteStamp
    /// Tells the batches of one request apart.
    let batch: Int

    init(node: Node, stamp: WriteStamp, batch: Int = 0) {
        self.node = node
        self.stamp = stamp
        self.batch = batch
    }

    func submit(_ observations: [Observation], into summary: inout IngestSummary) async throws {
        try await submit(observations, slot: { $0.id.slot }, into: &summary) { .observe($0) }
    }

    func submit(_ costs: [CostObservation], into summary: inout IngestSummary) async throws {
        try await submit(costs, slot: { $0.resource.id.slot }, into: &summary) { .addCosts($0) }
    }

    private func submit<Item: Sendable>(
        _ items: [Item], slot: (Item) -> Slot, into summary: inout IngestSummary,
        _ command: @escaping @Sendable ([Item]) -> ShardCommand
    ) async throws {
        let shards = node.shardCount
        var byShard: [[Item]] = Array(repeating: [], count: shards)
        for item in items { byShard[node.shard(of: slot(item))].append(item) }
        try await withThrowingTaskGroup(of: [Outcome].self) { group in
            for (shard, items) in byShard.enumerated() where !items.isEmpty {
                group.addTask {
                    var outcomes: [Outcome] = []
                    for start in stride(from: 0, to: items.count, by: Self.commandItemsMax) {
                        let chunk = Array(items[start..<min(start + Self.commandItemsMax, items.count)])
                        // A remembered answer holds an outcome per item: each command needs a key of its own.
                        let part = UInt64(batch + 1) << 32 | UInt64(start)
                        outcomes += try await node.submit(command(chunk), shard: shard, by: stamp.context(part: part))
                            .outcomes
                    }
                    return outcomes
                }
            }
            for try await outcomes in group { summary.count(outcomes) }
        }
    }
}
