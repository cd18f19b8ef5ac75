import Logging
import Model
import NIOConcurrencyHelpers
import NIOCore
import Relations
import Shard
import TaggingRules

/// Works out what rules and policies ask along relationships, for the shards that are led here, and puts it into their rows.
///
/// It knows all resources of the cluster, from the same feeds as the graph: a change anywhere is seen within a fraction of a second, and
/// of the rows that it concerns those are judged anew for which something else is found. Nothing of it is kept: a node that starts, or
/// comes to lead a shard, compares what it finds with what the rows have.
actor RelationKeeper {
    /// Between two looks at what changed.
    private static let pause = Duration.milliseconds(100)
    /// Resources that are looked at between two rounds of commands.
    private static let looksMax = 2_048
    /// Rows of one command: a few milliseconds of the shard's event loop.
    private static let rowsMax = 128
    /// Graphs have the numbers from 0.
    private static let feedNumber = -1

    private let logger: Logger
    private let board: RelationBoard
    private var feeds: RowFeeds
    private var view: View?
    /// The terms in which shards are led here, by position, of those whose rows were all compared since.
    private var terms: [Int: UInt64] = [:]
    private var task: Task<Void, Never>?
    private var isStopped = false

    /// Everything that follows from one plan.
    private struct View {
        let plan: RelationPlan
        let others: RelationPlan.View
        let index: RelationIndex

        init(_ plan: RelationPlan) {
            self.plan = plan
            let others = RelationPlan.View(plan)
            self.others = others
            index = RelationIndex(queries: plan.queries, spelling: others.spelling)
        }
    }

    init(_ leaders: LeaderSearch, _ distant: DistantRows?, _ board: RelationBoard, logger: Logger) {
        feeds = RowFeeds(leaders, distant, number: Self.feedNumber)
        self.board = board
        self.logger = logger
    }

    func start(_ node: Node) {
        guard !isStopped else { return }
        task = Task { [weak node] in
            while (try? await Task.sleep(for: Self.pause)) != nil, let node { await self.look(node) }
        }
    }

    func stop() async {
        isStopped = true
        task?.cancel()
        await task?.value
        forget()
    }

    // MARK: One look

    private func look(_ node: Node) async {
        do {
            let plan = try await node.catalog(.stale).relations
            if view.map({ !$0.plan.isSame(as: plan) }) ?? !plan.queries.isEmpty { begin(plan) }
            guard view != nil else { return }
            do { try await takeChanges() } catch is RowFeeds.Behind {
                begin(plan)
                return
            }
            try await markLed()
            try await settle(node)
        } catch {
            // What the feeds gave is lost.
            forget()
            if !(error is CancellationError) {
                logger.debug("what is found along relationships waits", metadata: ["reason": "\(error)"])
            }
        }
        board.tell(waiting: view?.index.affectedCount ?? 0)
    }

    /// Where nothing is asked any more, rows are rid of what was found before they are let go of.
    private func begin(_ plan: RelationPlan) {
        let hadFacts = view.map { !$0.plan.queries.isEmpty } ?? false
        forget()
        guard !plan.queries.isEmpty || hadFacts else { return }
        view = View(plan)
    }

    private func forget() {
        feeds.close()
        view = nil
        terms = [:]
    }

    /// Brings the index up to what the shards have applied.
    private func takeChanges() async throws {
        guard let view else { return }
        var feeds = feeds
        try await feeds.beginRound(isConfirmed: false)
        while let step = try await feeds.next() {
            guard case .rows(let rows) = step else { continue }
            for row in rows {
                if let record = row.record { view.index.put(view.others.plain(record)) } else { view.index.remove(row.id) }
            }
            try Task.checkCancellation()
            await Task.yield()
        }
        self.feeds = feeds
    }

    /// Of a shard that came to be led here all rows are compared: whoever led it may not have got to the end.
    private func markLed() async throws {
        var now: [Int: UInt64] = [:]
        for host in feeds.leaders.shards.held {
            now[host.number - 1] = try await host.eventLoop.submit { host.driver.isLeader ? host.term : nil }.get()
        }
        let new = Set(now.filter { terms[$0.key] != $0.value }.keys)
        let shards = feeds.leaders.shards.count
        if !new.isEmpty { view?.index.markAll { new.contains($0.slot.shard(of: shards)) } }
        terms = now
    }

    /// Puts what is found into the rows that have something else.
    private func settle(_ node: Node) async throws {
        while let ids = view?.index.takeAffected(limit: Self.looksMax), !ids.isEmpty {
            var rows: [Int: [RelatedRow]] = [:]
            for id in ids {
                let shard = node.shard(of: id.slot)
                guard terms[shard] != nil, let facts = view?.index.newFacts(of: id) else { continue }
                rows[shard, default: []].append(RelatedRow(resource: id, facts: facts))
            }
            let failed = await withTaskGroup(of: Int?.self) { tasks in
                for (shard, rows) in rows { tasks.addTask { await Self.put(rows, shard, node) ? nil : shard } }
                return await tasks.reduce(into: [Int]()) { if let shard = $1 { $0.append(shard) } }
            }
            // All of the shard's rows are compared again, once it is led here.
            for shard in failed { terms[shard] = nil }
            board.tell(waiting: view?.index.affectedCount ?? 0)
            try Task.checkCancellation()
            await Task.yield()
        }
        if view?.plan.queries.isEmpty == true { forget() }
    }

    /// False: not all of them are in the shard now.
    private static func put(_ rows: [RelatedRow], _ shard: Int, _ node: Node) async -> Bool {
        for start in stride(from: 0, to: rows.count, by: rowsMax) {
            let part = Array(rows[start..<min(start + rowsMax, rows.count)])
            do throws(NodeError) {
                _ = try await node.submitHere(.relate(part), shard: shard, by: WriteContext(actor: "system"))
            } catch {
                node.logger.debug(
                    "what is found along relationships waits for a shard",
                    metadata: ["raft.group": "\(shard + 1)", "reason": "\(error)"])
                return false
            }
        }
        return true
    }
}

/// How many rows wait to be looked at, for whoever asks.
final class RelationBoard: Sendable {
    private let count = NIOLockedValueBox(0)

    var waiting: Int { count.withLockedValue(\.self) }
    func tell(waiting: Int) { count.withLockedValue { $0 = waiting } }
}

extension Node {
    /// What the node is counted by, under the names of Prometheus.
    package var relationMetrics: [ClusterMetrics.Family] {
        [
            ClusterMetrics.Family(
                name: "vtag_relations_waiting", kind: "gauge",
                help: "Rows for which something else may be found along relationships, not looked at yet",
                samples: [([], Double(relationBoard.waiting))])
        ]
    }
}
