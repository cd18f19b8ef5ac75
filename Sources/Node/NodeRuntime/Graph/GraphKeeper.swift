import InventoryGraph
import Logging
import Model
import NIOCore
import PropertyGraph
import Shard

/// Keeps the inventory's graph of this node: made when somebody first asks, brought forward by what changed since, let go of when
/// nobody has asked for long.
///
/// Its work is done off the event loops: a shard's loop lends a snapshot of its rows, which costs it nothing, and the names of those
/// that changed.
actor GraphKeeper {
    private let shards: ShardDirectory
    private let logger: Logger
    private var inventory: InventoryGraph?
    /// Shards whose rows are in it, by position.
    private var known: Set<Int> = []
    /// The newest round of bringing it forward.
    private var begun = 0
    /// The newest round that has ended well, and the newest such whose reads were confirmed: what was acknowledged before it began is
    /// in the graph.
    private var ended = 0
    private var confirmed = 0
    private var round: Round?
    private var lastAsked = NIODeadline.distantPast
    private var upkeep: Task<Void, Never>?

    /// While somebody asks, what changes is taken in so often, so that no question waits for much.
    private static let upkeepTime = Duration.seconds(1)
    /// Not asked for so long, it is let go of: it takes about as much memory as the rows.
    private static let idleTime = TimeAmount.minutes(30)
    /// Rows that one transaction takes in.
    private static let batchRows = 256
    /// Relationships that are put in order after each batch.
    private static let sealBudget = 100_000

    private struct Round {
        let number: Int
        let isConfirmed: Bool
        let task: Task<Void, any Error>
    }

    init(_ shards: ShardDirectory, logger: Logger) {
        self.shards = shards
        self.logger = logger
    }

    /// The graph with everything that was acknowledged before the call; with `.stale`, as it was a moment ago, if there is one.
    func graph(_ consistency: ReadConsistency) async throws -> LocalGraph {
        lastAsked = .now()
        keepUp()
        if consistency == .stale, ended > 0, let inventory { return inventory.graph }
        let isStale = consistency == .stale
        let wanted = begun + 1
        while (isStale ? ended : confirmed) < wanted {
            let current = round ?? begin(isConfirmed: !isStale)
            let result = await current.task.result
            // One that began before the question, or asked less, may fail: the next one is this question's.
            if case .failure(let error) = result, current.number >= wanted, isStale || current.isConfirmed { throw error }
        }
        guard let inventory else { throw NodeError.unavailable }
        return inventory.graph
    }

    private func begin(isConfirmed: Bool) -> Round {
        begun += 1
        let number = begun
        let task = Task { try await self.bringForward(number, isConfirmed: isConfirmed) }
        let begun = Round(number: number, isConfirmed: isConfirmed, task: task)
        round = begun
        return begun
    }

    func stop() {
        upkeep?.cancel()
        round?.task.cancel()
    }

    private func keepUp() {
        guard upkeep == nil else { return }
        upkeep = Task { [weak self] in
            while (try? await Task.sleep(for: Self.upkeepTime)) != nil, await self?.upkeepTurn() == true {}
        }
    }

    /// False when nobody asks any more.
    private func upkeepTurn() async -> Bool {
        guard NIODeadline.now() - lastAsked < Self.idleTime || round != nil else {
            inventory = nil
            closeFeeds()
            upkeep = nil
            return false
        }
        if round == nil { _ = begin(isConfirmed: false) }
        return true
    }

    private func closeFeeds() {
        known = []
        for host in shards.held { host.eventLoop.execute { host.graphFeed.close() } }
    }

    private func bringForward(_ number: Int, isConfirmed: Bool) async throws {
        defer { round = nil }
        var inventory = self.inventory ?? InventoryGraph(partitions: shards.count)
        // Nobody else holds it meanwhile: what is written to is not copied.
        self.inventory = nil
        do {
            do {
                try await fill(&inventory, isConfirmed)
            } catch is GraphIsBehind {
                closeFeeds()
                inventory = InventoryGraph(partitions: shards.count)
                try await fill(&inventory, isConfirmed)
            }
        } catch {
            // What was taken from the feeds would be missing: the next round begins anew.
            closeFeeds()
            if !(error is CancellationError) {
                logger.warning("the graph cannot be brought forward", metadata: ["reason": "\(error)"])
            }
            throw error
        }
        self.inventory = inventory
        ended = number
        if isConfirmed { confirmed = number }
    }

    private func fill(_ inventory: inout InventoryGraph, _ isConfirmed: Bool) async throws {
        for position in 0..<shards.count {
            guard let host = shards[position] else { throw NodeError.missingShards([position + 1]) }
            let changes = try await host.eventLoop.result { completion in host.graphChanges(isConfirmed, completion) }
            let isNew = known.insert(position).inserted
            try await Self.take(changes, into: &inventory, isNew: isNew)
        }
    }

    private static func take(
        _ changes: GraphChanges, into inventory: inout InventoryGraph, isNew: Bool
    ) async throws {
        guard let changed = changes.changed else { return try await takeAll(changes.rows, into: &inventory, isNew: isNew) }
        for start in stride(from: 0, to: changed.count, by: batchRows) {
            let ids = changed[start..<min(changed.count, start + batchRows)]
            try await put(
                try ids.map { id in (id, try changes.rows[id].map { try RecordCodec.decode($0, id: id) }) }, into: &inventory
            )
        }
    }

    private static func takeAll(
        _ rows: SlotTable, into inventory: inout InventoryGraph, isNew: Bool
    ) async throws {
        // What is not there any more and was before can only be told by starting anew.
        guard isNew else { throw GraphIsBehind() }
        var last: ResourceID?
        while true {
            let batch = rows.rows(after: last, limit: batchRows)
            guard let end = batch.last else { return }
            try await put(try batch.map { ($0.id, try RecordCodec.decode($0.bytes, id: $0.id)) }, into: &inventory)
            last = end.id
        }
    }

    /// Without a record: gone.
    private static func put(
        _ rows: [(id: ResourceID, record: ResourceRecord?)], into inventory: inout InventoryGraph
    ) async throws {
        try inventory.batch { (inventory) throws(GraphError) in
            for (id, record) in rows {
                if let record { try inventory.put(record) } else { try inventory.remove(id) }
            }
        }
        _ = inventory.seal(budget: sealBudget)
        try Task.checkCancellation()
        await Task.yield()
    }
}

/// More changed in a shard than was noted: the graph is made anew.
private struct GraphIsBehind: Error {}
