import Model
import NodeRuntime
import Shard

/// The few ways in which handlers reach the node.
extension Call {
    func record(of id: ResourceID) async throws -> ResourceRecord? { try await api.node.record(id, consistency) }

    /// As it was after a write of one of its resources.
    func record(of id: ResourceID, including reply: ShardReply) async throws -> ResourceRecord? {
        try await api.node.record(id, .including(reply.index))
    }

    func catalog() async throws -> Catalog { try await api.node.catalog(consistency) }

    /// As this node has it: for what is not wrong where it is a moment old, as names and warnings.
    func catalogHere() async throws -> Catalog { try await api.node.catalog(.stale) }

    func scan(
        after: ResourceID?, limit: Int, where isWanted: @escaping @Sendable (ResourceRecord) -> Bool
    ) async throws -> [ResourceRecord] {
        try await api.node.scan(after: after, limit: limit, consistency, where: isWanted)
    }

    func statistics() async throws -> NodeStatistics { try await api.node.statistics(consistency) }

    func submit(_ command: ShardCommand, to slot: Slot, _ context: WriteContext) async throws(NodeError) -> ShardReply {
        try await api.node.submit(command, shard: api.node.shard(of: slot), by: context)
    }
}

extension Problem {
    init(_ error: NodeError) {
        switch error {
        case .idempotencyKeyReused: self = .keyReused
        case .overloaded: self = .tooManyRequests(retryAfter: 1)
        case .diskFull:
            self = .unavailable("The node's disk is full; nothing of the request happened. Free some space.", retryAfter: 30)
        case .tooLarge:
            self = .tooLarge(
                "The change is larger than one entry of the log may be; nothing of it happened. Split the request.")
        case .notLeader, .unavailable:
            self = .unavailable(
                "No node that leads this shard can be reached; nothing of the request happened. Try again.", retryAfter: 1)
        case .outcomeUnknown:
            self = .unavailable(
                "Outcome unknown: the shard's leader was lost while the request was under way; it may have happened, or not. Look, or send it again with the same Idempotency-Key.",
                retryAfter: 1)
        case .stopping: self = .unavailable("The node is stopping; nothing of the request happened. Ask another one.")
        case .checkpointBehind:
            self = .unavailable(
                "The history cannot be brought up to now: the disk takes no checkpoint. Free some space.", retryAfter: 30)
        case .missingShards(let shards):
            let names = shards.prefix(Self.shardsNamedMax).map { $0 == 0 ? "the system shard" : "shard \($0)" }
            let more = shards.count > names.count ? " and \(shards.count - names.count) more" : ""
            self = .unavailable(
                "Nobody who has \(names.joined(separator: ", "))\(more) can be reached, so the history cannot be told whole. Ask for one resource with ?resource_id=, or try again.",
                retryAfter: 5)
        case .damaged: self = .insideError
        }
    }

    private static let shardsNamedMax = 16
}
