import Checkpoint
import Logging
import Model
import NIOCore
import NIOPosix
import PostgresClient
import PostgresSink
import Shard

/// Replication of results to PostgreSQL, as long as the node runs.
///
/// The event loops tell its board how far they are; a thread of its own fetches from them what changed, and sends it. No request and
/// no other part of the node waits for it.
final class PostgresReplication: Sendable {
    let board: SinkBoard
    private let parts: SinkWorker.Parts
    private let cancellation = PostgresCancellation()
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let ended: EventLoopPromise<Void>

    /// How long a node that stops waits for what is under way, which can then only be that a connection is being made.
    private static let stopTime = TimeAmount.seconds(1)

    init(
        _ sink: LoopHost.Sink, incarnation: UUID128, shards: ShardDirectory, system: SystemHost, checkpoint: Checkpoint,
        checkpointer: Checkpointer, logger: Logger
    ) {
        board = sink.board
        ended = system.eventLoop.makePromise(of: Void.self)
        parts = SinkWorker.Parts(
            settings: sink.settings, incarnation: incarnation, board: sink.board,
            source: { group in
                if group == SystemShard.group { return system }
                return shards[group - 1]
            },
            shards: shards.count, system: { try system.eventLoop.submit { system.shard.state }.wait() },
            checkpoint: checkpoint, flush: { try checkpointer.flush().wait() }, logger: logger)
    }

    func start() {
        thread.start()
        let (parts, cancellation, ended) = (parts, cancellation, ended)
        thread.submit { state in
            if case .active = state { SinkWorker(parts, cancellation).run() }
            ended.succeed(())
        }
    }

    /// What was not sent yet is sent after the next start.
    func stop() async {
        board.stop()
        cancellation.cancel()
        let loop = ended.futureResult.eventLoop
        let late = loop.makePromise(of: Void.self)
        let timer = loop.scheduleTask(in: Self.stopTime) { late.succeed(()) }
        ended.futureResult.whenComplete { _ in
            timer.cancel()
            late.succeed(())
        }
        try? await late.futureResult.get()
        thread.shutdownGracefully { _ in }
    }
}

/// What the node is counted by, under the names of Prometheus.
extension Node {
    /// Nothing where there is no sink.
    package var sinkMetrics: [ClusterMetrics.Family] { sink.map { Self.families($0.board) } ?? [] }

    private static func families(_ board: SinkBoard) -> [ClusterMetrics.Family] {
        typealias Family = ClusterMetrics.Family
        let (counts, link) = (board.counts, board.link)
        let reports = board.reports().sorted { $0.key < $1.key }
        func perShard(_ value: (SinkReport) -> Double) -> [(labels: [(String, String)], value: Double)] {
            reports.map { ([("shard", "\($0.key)")], value($0.value)) }
        }
        return [
            Family(
                name: "vtag_postgres_up", kind: "gauge", help: "1 while results get to PostgreSQL",
                samples: [([], link == .up ? 1 : 0)]),
            Family(
                name: "vtag_postgres_trouble", kind: "gauge", help: "1 for the reason why results do not get there",
                samples: SinkBoard.troubles.map { ([("reason", $0.rawValue)], link == .down($0) ? 1 : 0) }),
            Family(
                name: "vtag_postgres_lag_entries", kind: "gauge",
                help: "Entries of the log that PostgreSQL lacks, by shard that is led here",
                samples: perShard { Double($0.lagEntries) }),
            Family(
                name: "vtag_postgres_lag_seconds", kind: "gauge",
                help: "Age of the oldest change that PostgreSQL lacks, by shard that is led here",
                samples: perShard { Double($0.lagMilliseconds) / 1000 }),
            Family(
                name: "vtag_postgres_stopped", kind: "gauge",
                help: "1 where a shard is not sent until somebody acts, by shard that is led here",
                samples: perShard { $0.condition == .otherCluster || $0.condition == .databaseAhead ? 1 : 0 }),
            Family(
                name: "vtag_postgres_batches_total", kind: "counter", help: "Transactions that PostgreSQL took",
                samples: [([], Double(counts.batches))]),
            Family(
                name: "vtag_postgres_rows_total", kind: "counter", help: "Rows in them",
                samples: [([], Double(counts.rows))]),
            Family(
                name: "vtag_postgres_connections_total", kind: "counter", help: "Connections that were made",
                samples: [([], Double(counts.connections))]),
            Family(
                name: "vtag_postgres_conflicts_total", kind: "counter",
                help: "Transactions that another leader's fence refused",
                samples: [([], Double(counts.conflicts))]),
            Family(
                name: "vtag_postgres_errors_total", kind: "counter", help: "What went wrong, by reason",
                samples: SinkBoard.troubles.map { ([("reason", $0.rawValue)], Double(counts.errors[$0] ?? 0)) }),
        ]
    }
}
