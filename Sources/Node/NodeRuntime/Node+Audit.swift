package import Checkpoint
import Model
import NIOCore
import NIOPosix
import Shard

extension Node {
    /// A page of the audit trail, with everything that was acknowledged before the call; of one resource from a node that has
    /// its shard. Throws `NodeError.notWholeHere` for a trail over all resources where this node lacks some shards.
    package func auditTrail(_ filter: AuditFilter, before: AuditCursor?, limit: Int) async throws -> AuditPage {
        guard let resource = filter.resource else {
            try await prepareWholeAudit()
            return try await readCheckpoint { try $0.auditTrail(filter, before: before, limit: limit) }
        }
        let query = AuditQuery(resource: resource, filter: filter, before: before, limit: limit)
        guard shards[shard(of: resource.slot)] == nil, let peers else { return try await auditHere(query) }
        return try await peers.audit(query, shard: shard(of: resource.slot))
    }

    /// Answers from the copy that is here.
    func auditHere(_ query: AuditQuery) async throws -> AuditPage {
        let shard = shard(of: query.resource.slot)
        guard shards[shard] != nil else { throw NodeError.notLeader(nil) }
        _ = try await ask(.totals, shard: shard)
        try await flushCheckpointHere()
        return try await readCheckpoint {
            try $0.auditTrail(query.filter, before: query.before, limit: query.limit)
        }
    }

    /// The changes counted by day, actor and action; see `Checkpoint.auditCounts`.
    package func auditCounts(_ filter: AuditFilter, limit: Int) async throws -> [AuditCount] {
        try await prepareWholeAudit()
        return try await readCheckpoint { try $0.auditCounts(filter, limit: limit) }
    }

    private func prepareWholeAudit() async throws {
        guard shards.held.count == shards.count else { throw NodeError.notWholeHere }
        try await flushCheckpoint()
    }

    private func readCheckpoint<Value: Sendable>(
        _ body: @escaping @Sendable (Checkpoint) throws -> Value
    ) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive { [checkpoint] in try body(checkpoint) }
    }
}
