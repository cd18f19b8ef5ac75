import Conditions
import InventoryGraph
import Logging
import Model
import NIOCore
import PropertyGraph
import Shard

/// Keeps one graph of the inventory on this node, of all rows or of those within a scope: made when somebody first asks, brought
/// forward by what changed since, let go of when nobody has asked for long.
///
/// Its work is done off the event loops: a shard's loop lends a snapshot of its rows, which costs it nothing, and the names of those
/// that changed. Rows of shards that have no replica here come from a node that has one, in the same way (`GraphRowsQuery`).
actor GraphKeeper {
    /// Nil: all rows.
    private let scope: ResourceScope?
    private let logger: Logger
    private var inventory: InventoryGraph?
    /// Of the rows that are in it.
    private var feeds: RowFeeds
    /// Other nodes that were asked for what changed, in the round that the graph is of.
    private var nodesAsked = 0
    /// The newest round of bringing it forward.
    private var begun = 0
    /// The newest round that has ended well, and the newest such whose reads were confirmed: what was acknowledged before it began is
    /// in the graph.
    private var ended = 0
    private var confirmed = 0
    private var round: Round?
    private var lastAsked = NIODeadline.distantPast
    private var upkeep: Task<Void, Never>?
    private var isStopped = false
    /// Those who wait for the round that is under way.
    private var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    private var lastWaiter: UInt64 = 0
    private var making: GraphMaking?

    /// While somebody asks, what changes is taken in so often, so that no question waits for much.
    private static let upkeepTime = Duration.seconds(1)
    /// Not asked for so long, it is let go of: it takes about as much memory as the rows.
    private static let idleTime = TimeAmount.minutes(30)
    /// Relationships that are put in order after each batch.
    private static let sealBudget = 100_000

    private struct Round {
        let number: Int
        let isConfirmed: Bool
        let task: Task<Void, any Error>
    }

    init(_ leaders: LeaderSearch, _ distant: DistantRows?, of scope: ResourceScope?, number: Int, logger: Logger) {
        feeds = RowFeeds(leaders, distant, number: number)
        self.scope = scope
        self.logger = logger
    }

    private var shards: ShardDirectory { feeds.leaders.shards }

    /// The graph with everything that was acknowledged before the call; with `.stale`, as it was a moment ago, if there is one.
    /// Throws `GraphRefusal.inTheMaking` where it is made for the first time and not ready by the deadline.
    ///
    /// Returns beside it how many other nodes were asked for what changed; each once.
    func graph(
        _ consistency: ReadConsistency, by deadline: NIODeadline
    ) async throws -> (graph: LocalGraph, nodesAsked: Int) {
        guard !isStopped else { throw NodeError.stopping }
        lastAsked = .now()
        keepUp()
        if consistency == .stale, ended > 0, let inventory { return (inventory.graph, 0) }
        let isStale = consistency == .stale
        let wanted = begun + 1
        while (isStale ? ended : confirmed) < wanted {
            let current = round ?? begin(isConfirmed: !isStale)
            await wait(until: deadline)
            if let round, round.number == current.number {
                try Task.checkCancellation()
                throw making.map { GraphRefusal.inTheMaking(percent: $0.percent) } ?? NodeError.unavailable
            }
            let result = await current.task.result
            // One that began before the question, or asked less, may fail: the next one is this question's.
            if case .failure(let error) = result, current.number >= wanted, isStale || current.isConfirmed { throw error }
        }
        guard let inventory else { throw NodeError.unavailable }
        return (inventory.graph, nodesAsked)
    }

    /// Returns when the round that is under way has ended; at the deadline; or when the task is cancelled.
    private func wait(until deadline: NIODeadline) async {
        lastWaiter += 1
        let waiter = lastWaiter
        let left = UInt64(max(0, (deadline - .now()).nanoseconds))
        let patience = Task {
            try await Task.sleep(nanoseconds: left)
            self.wake(waiter)
        }
        defer { patience.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled { continuation.resume() } else { waiters[waiter] = continuation }
            }
        } onCancel: {
            Task { await self.wake(waiter) }
        }
    }

    private func wake(_ waiter: UInt64) { waiters.removeValue(forKey: waiter)?.resume() }

    private func endRound() {
        round = nil
        let waiting = waiters.values
        waiters = [:]
        for waiter in waiting { waiter.resume() }
    }

    private func begin(isConfirmed: Bool) -> Round {
        begun += 1
        let number = begun
        let task = Task { try await self.bringForward(number, isConfirmed: isConfirmed) }
        let begun = Round(number: number, isConfirmed: isConfirmed, task: task)
        round = begun
        return begun
    }

    /// For good: whoever asks afterwards is refused.
    func stop() {
        isStopped = true
        upkeep?.cancel()
        round?.task.cancel()
        if round == nil { inventory = nil }
        feeds.close()
    }

    private func keepUp() {
        guard upkeep == nil else { return }
        upkeep = Task { [weak self] in
            while (try? await Task.sleep(for: Self.upkeepTime)) != nil, await self?.upkeepTurn() == true {}
        }
    }

    /// False when nobody asks any more.
    private func upkeepTurn() async -> Bool {
        guard !isStopped else { return false }
        guard NIODeadline.now() - lastAsked < Self.idleTime || round != nil else {
            inventory = nil
            feeds.close()
            upkeep = nil
            return false
        }
        if round == nil { _ = begin(isConfirmed: false) }
        return true
    }

    private func bringForward(_ number: Int, isConfirmed: Bool) async throws {
        defer { endRound() }
        var inventory = self.inventory ?? InventoryGraph(partitions: shards.count)
        // Nobody else holds it meanwhile: what is written to is not copied.
        self.inventory = nil
        do {
            do {
                try await fill(&inventory, isConfirmed)
            } catch is RowFeeds.Behind {
                feeds.close()
                making = nil
                inventory = InventoryGraph(partitions: shards.count)
                try await fill(&inventory, isConfirmed)
            }
        } catch {
            // What was taken from the feeds would be missing: the next round begins anew.
            feeds.close()
            making = nil
            if !(error is CancellationError) {
                logger.warning("the graph cannot be brought forward", metadata: ["reason": "\(error)"])
            }
            throw error
        }
        if let making {
            logger.info("the graph is made", metadata: making.metadata)
            self.making = nil
        }
        guard !isStopped else {
            feeds.close()
            throw NodeError.stopping
        }
        self.inventory = inventory
        ended = number
        if isConfirmed { confirmed = number }
    }

    private func fill(_ inventory: inout InventoryGraph, _ isConfirmed: Bool) async throws {
        var feeds = feeds
        try await feeds.beginRound(isConfirmed: isConfirmed)
        while let step = try await feeds.next() {
            switch step {
            case .shardBegins(let rows): begin(shard: rows)
            case .rows(let rows): try await put(rows, into: &inventory)
            case .shardEnds: making?.shardDone()
            }
        }
        self.feeds = feeds
        nodesAsked = feeds.nodesAsked
        // While it was made, the graph put itself in order where it had to; the rest at once is cheaper than a part after each batch.
        while making != nil, inventory.seal(budget: Self.sealBudget) { await Task.yield() }
    }

    private func begin(shard rows: Int) {
        if making == nil { making = GraphMaking(shards: shards.count) }
        making?.shardBegun(rows)
    }

    /// Without a record: gone. A record outside the scope is as one that was never there.
    private func put(_ rows: [RowFeeds.Row], into inventory: inout InventoryGraph) async throws {
        let scope = scope
        let context = scope == nil ? nil : EvaluationContext()
        func changes(_ inventory: inout InventoryGraph) throws(GraphError) {
            for (id, record) in rows {
                var record = record
                if let scope, let context, let row = record, !scope.admits(row, in: context) { record = nil }
                if let record { try inventory.put(record) } else { try inventory.remove(id) }
            }
        }
        // Where that fails, the graph is thrown away.
        try inventory.fill(changes)
        if making == nil { _ = inventory.seal(budget: Self.sealBudget) }
        making?.took(rows.count)
        if making?.isTimeToTell() == true, let making {
            logger.info("the graph is being made", metadata: making.metadata)
        }
        try Task.checkCancellation()
        await Task.yield()
    }
}

/// How far a graph in the making is.
private struct GraphMaking {
    private static let tellTime = TimeAmount.seconds(5)

    private let shards: Int
    private var shardsDone = 0
    private var rowsOfShard = 0
    private var shardRows = 0
    private var rows = 0
    private let begun = NIODeadline.now()
    private var lastTold = NIODeadline.now()

    init(shards: Int) { self.shards = shards }

    /// - Parameter count: its rows; 0 where that is not known.
    mutating func shardBegun(_ count: Int) {
        shardRows = count
        rowsOfShard = 0
    }

    mutating func took(_ count: Int) {
        rows += count
        rowsOfShard += count
    }

    mutating func shardDone() {
        shardsDone += 1
        shardBegun(0)
    }

    mutating func isTimeToTell() -> Bool {
        guard NIODeadline.now() - lastTold > Self.tellTime else { return false }
        lastTold = .now()
        return true
    }

    /// Shards have about as many rows each.
    var percent: Int {
        let part = shardRows > 0 ? min(1, Double(rowsOfShard) / Double(shardRows)) : 0
        return min(99, Int(100 * (Double(shardsDone) + part) / Double(max(shards, 1))))
    }

    var metadata: Logger.Metadata {
        [
            "graph.percent": "\(shardsDone == shards ? 100 : percent)", "graph.rows": "\(rows)",
            "graph.milliseconds": "\((NIODeadline.now() - begun).nanoseconds / 1_000_000)",
        ]
    }
}
