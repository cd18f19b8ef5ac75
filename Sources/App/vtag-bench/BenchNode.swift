import Logging
import Model
import NIOCore
import NIOPosix
import NodeRuntime
import PostgresClient
import Shard

/// A node for a benchmark: one event loop per core, quiet, in a directory that may hold data already.
struct BenchNode: Sendable {
    let node: Node
    private let group: MultiThreadedEventLoopGroup

    static let context = WriteContext(actor: "bench", requestID: "bench")

    static func start(
        in directory: String, postgres: PostgresSettings? = nil, restore: PostgresSettings? = nil
    ) async throws -> BenchNode {
        var options = NodeOptions(dataDirectory: directory)
        options.postgres = postgres
        options.restore = restore
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        var logger = Logger(label: "vtag-bench") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = restore == nil ? .warning : .notice
        let node = try await Node.start(options, on: group, logger: logger) { failure in
            preconditionFailure("the disk failed: \(failure)")
        }
        return BenchNode(node: node, group: group)
    }

    func stop() async throws {
        await node.stop()
        try await group.shutdownGracefully()
    }

    func create(_ items: [CatalogItem]) async throws {
        for item in items { _ = try await node.submit(.create(item), by: Self.context) }
    }

    /// Takes the observations to their shards, side by side. Returns once all are durable.
    func observe(_ observations: [Observation]) async throws {
        let parts = Dictionary(grouping: observations) { node.shard(of: $0.id.slot) }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for (shard, part) in parts {
                tasks.addTask { _ = try await node.submit(.observe(part), shard: shard, by: Self.context) }
            }
            try await tasks.waitForAll()
        }
    }
}
