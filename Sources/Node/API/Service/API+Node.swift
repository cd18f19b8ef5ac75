import Conditions
import Model
import NodeRuntime
import Shard
import Synchronization

/// The few ways in which handlers reach the node. What lies outside the caller's scope does not exist in any of them.
extension Call {
    func record(of id: ResourceID) async throws -> ResourceRecord? {
        permitted(try await api.node.record(id, consistency))
    }

    /// As it was after a write of one of its resources.
    func record(of id: ResourceID, including reply: ShardReply) async throws -> ResourceRecord? {
        permitted(try await api.node.record(id, .including(reply.index)))
    }

    private func permitted(_ record: ResourceRecord?) -> ResourceRecord? {
        guard let scope = principal.scope else { return record }
        return scope.admits(record, in: EvaluationContext()) ? record : nil
    }

    func catalog() async throws -> Catalog { try await api.node.catalog(consistency) }

    /// As this node has it: for what is not wrong where it is a moment old, as names and warnings.
    func catalogHere() async throws -> Catalog { try await api.node.catalog(.stale) }

    func scan(
        after: ResourceID?, limit: Int, where isWanted: @escaping @Sendable (ResourceRecord) -> Bool
    ) async throws -> [ResourceRecord] {
        guard let scope = principal.scope else {
            return try await api.node.scan(after: after, limit: limit, in: walk, consistency, where: isWanted)
        }
        // Nothing of the request is asked of a row outside: what it asks for does not show in the time that it takes.
        let context = Mutex(EvaluationContext())
        return try await api.node.scan(after: after, limit: limit, in: walk, consistency) { record in
            context.withLock { scope.admits(record, in: $0) } && isWanted(record)
        }
    }

    /// Sums over all resources; for a caller with a scope, over those within.
    func statistics() async throws -> NodeStatistics {
        let whole = try await api.node.statistics(consistency)
        guard principal.scope != nil else { return whole }
        try await walk.begin()
        let totals = Mutex(InventoryTotals())
        _ = try await scan(after: nil, limit: .max) { record in
            // A row that was decoded can be counted.
            try? totals.withLock { totals throws(CodecError) in try totals.count(RecordCodec.encode(record), sign: 1) }
            return false
        }
        var within = whole
        within.totals = totals.withLock { $0 }
        // How many of the rest wait would tell of the rest.
        within.pending = whole.pending == 0 ? 0 : within.totals.resources
        return within
    }

    /// The ids of all resources within the caller's scope; nil for a caller without one.
    func resourcesWithinScope() async throws -> Set<ResourceID>? {
        guard principal.scope != nil else { return nil }
        try await walk.begin()
        let ids = Mutex(Set<ResourceID>())
        _ = try await scan(after: nil, limit: .max) { record in
            ids.withLock { _ = $0.insert(record.resource.id) }
            return false
        }
        return ids.withLock { $0 }
    }

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
        case .outcomeUnknown: self = .outcomeUnknown
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
        case .superseded(let successor): self = .superseded(by: successor)
        case .inPrimaryRegion:
            self = .unavailable("The region that this one follows alone has that; it cannot be asked now.", retryAfter: 5)
        case .damaged: self = .insideError
        }
    }

    private static let shardsNamedMax = 16
}
