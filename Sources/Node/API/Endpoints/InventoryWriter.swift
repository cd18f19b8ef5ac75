import Model
import NodeRuntime
import Shard

/// Submits many observations: side by side to their shards, in order within each, in commands of bounded size.
struct InventoryWriter: Sendable {
    /// Most observations of one command, and most bytes that they hold, so that the log entry of a command stays far
    /// below what the log takes: a row repeats its tags in the virtual layer and in the trail.
    static let commandItemsMax = 500
    static let commandBytesMax = 2 << 20

    let parts: PartedWrite
    let stamp: WriteStamp
    /// Tells the batches of one request apart.
    let batch: Int

    init(_ parts: PartedWrite, stamp: WriteStamp, batch: Int = 0) {
        self.parts = parts
        self.stamp = stamp
        self.batch = batch
    }

    /// - Parameter positions: of the payload's items, or lines, that the observations are from; nil: their own.
    func submit(
        _ observations: [Observation], from positions: [Int]? = nil, into summary: inout IngestSummary
    ) async throws {
        try await submit(observations, from: positions, by: \.self, into: &summary) { .observe($0) }
    }

    func submit(_ costs: [CostObservation], into summary: inout IngestSummary) async throws {
        try await submit(costs, from: nil, by: \.resource, into: &summary) { .addCosts($0) }
    }

    private func submit<Item: Sendable>(
        _ items: [Item], from origins: [Int]?, by observation: @escaping @Sendable (Item) -> Observation,
        into summary: inout IngestSummary, _ command: @escaping @Sendable ([Item]) -> ShardCommand
    ) async throws {
        let shards = parts.shardCount
        var byShard: [[Item]] = Array(repeating: [], count: shards)
        var positions: [[Int]] = Array(repeating: [], count: shards)
        for (position, item) in items.enumerated() {
            let shard = parts.shard(of: observation(item).id)
            byShard[shard].append(item)
            positions[shard].append(origins?[position] ?? position)
        }
        try await withThrowingTaskGroup(of: (shard: Int, outcomes: [Outcome]).self) { group in
            for (shard, items) in byShard.enumerated() where !items.isEmpty {
                group.addTask {
                    var outcomes: [Outcome] = []
                    var start = 0
                    while start < items.count {
                        let end = Self.end(of: items, from: start, by: observation)
                        // A remembered answer holds an outcome per item: each command needs a key of its own.
                        let part = UInt64(batch + 1) << 32 | UInt64(start)
                        let chunk = Array(items[start..<end])
                        outcomes += try await parts.submit(command(chunk), shard: shard, by: stamp.context(part: part))
                            .outcomes
                        start = end
                    }
                    return (shard, outcomes)
                }
            }
            for try await done in group { summary.count(done.outcomes, at: positions[done.shard]) }
        }
    }

    /// Where the command that begins at `start` ends: at a bound, and after one item at least.
    private static func end<Item>(of items: [Item], from start: Int, by observation: (Item) -> Observation) -> Int {
        var end = start
        var bytes = 0
        while end < items.count, end - start < commandItemsMax {
            bytes += observation(items[end]).approximateBytes
            guard bytes <= commandBytesMax || end == start else { break }
            end += 1
        }
        return end
    }
}

extension Observation {
    /// What the observation takes in a row, to within its fixed parts.
    fileprivate var approximateBytes: Int {
        let tags = (nativeTags?.tags ?? []).reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        return resourceID.utf8.count + (metadata?.bytes.count ?? 0) + tags + relationships.count * 17 + 256
    }
}
