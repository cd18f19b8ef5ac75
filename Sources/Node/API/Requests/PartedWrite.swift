import Model
import NodeRuntime
import Shard
import Synchronization

/// The commands that carry out one request, side by side or one after the other, each to its shard.
///
/// One that fails may say that nothing of it happened. Of the request that is not true any more once another one was carried out.
final class PartedWrite: Sendable {
    private let node: Node
    private let isBegun = Atomic(false)

    init(_ node: Node) { self.node = node }

    var shardCount: Int { node.shardCount }

    func shard(of id: ResourceID) -> Int { node.shard(of: id.slot) }

    /// Use within `carryOut`.
    func submit(_ command: ShardCommand, shard: Int, by context: WriteContext) async throws(NodeError) -> ShardReply {
        let reply = try await node.submit(command, shard: shard, by: context)
        isBegun.store(true, ordering: .relaxed)
        return reply
    }

    /// Runs `body`, which submits all of the request's commands, and returns when none is under way any more.
    func carryOut<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let error as NodeError {
            throw error.saysNothingHappened && isBegun.load(ordering: .relaxed) ? .partlyDone(error) : Problem(error)
        }
    }
}
