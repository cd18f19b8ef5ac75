package import Compliance
package import Model
import NIOCore
package import Shard

extension Node {
    /// Scores over all shards of the cluster, read in slices: each is committed state, together they are no snapshot.
    ///
    /// - Parameter month: counts the costs of that month alone, as `202609`; nil: of all.
    package func complianceScores(
        by grouping: ComplianceRow.Grouping, month: Int32? = nil, in walk: Walk,
        _ consistency: ReadConsistency = .linearizable
    ) async throws -> ComplianceTally {
        let policies = try await catalog(consistency).judgedPolicies
        let tally = ComplianceTally(by: grouping, month: month, policies: policies)
        let parts = try await foldShards(tally, in: walk, consistency) { tally, row in try tally.add(row.bytes) }
        return parts.reduce(into: tally) { $0 += $1 }
    }

    /// The day's score as it is now.
    package func scoreNow(in walk: Walk, _ consistency: ReadConsistency = .linearizable) async throws -> ScoreDay {
        let tally = try await complianceScores(by: .policy, in: walk, consistency)
        let policies = tally.groups.compactMap { name, score in
            name.flatMap { UUID128($0) }.map {
                ScoreDay.Policy(id: $0, evaluated: score.resources, compliant: score.compliant)
            }
        }
        return ScoreDay(at: now(), score: tally.total, policies: policies)
    }

    /// What group 0 keeps of governance.
    package func governance(_ consistency: ReadConsistency = .linearizable) async throws(NodeError) -> GovernanceState {
        let system = self.system
        return try await system.eventLoop.result { completion in
            switch consistency {
            case .stale, .including: completion(.success(system.shard.state.governance))
            case .linearizable:
                system.confirmRead { result in completion(result.map { system.shard.state.governance }) }
            }
        }
    }

    /// Shards that are read side by side.
    private static var foldWidth: Int { 4 }

    /// Takes every row of each shard to a value of that shard's own, in the order of their ids; the values in the order of
    /// the shards. Rows come in slices, decoded off the event loops.
    package func foldShards<Value: Sendable>(
        _ initial: Value, in walk: Walk, _ consistency: ReadConsistency,
        _ take: @escaping @Sendable (inout Value, ShardAnswer.Row) throws -> Void
    ) async throws -> [Value] {
        try await walk.begin()
        return try await withThrowingTaskGroup(of: (Int, Value).self) { group in
            var values = [Value](repeating: initial, count: shardCount)
            for shard in 0..<shardCount {
                if shard >= Self.foldWidth, let (done, value) = try await group.next() { values[done] = value }
                group.addTask(executorPreference: globalConcurrentExecutor) {
                    (shard, try await self.fold(shard, initial, in: walk, consistency, take))
                }
            }
            for try await (done, value) in group { values[done] = value }
            return values
        }
    }

    private func fold<Value: Sendable>(
        _ shard: Int, _ initial: Value, in walk: Walk, _ consistency: ReadConsistency,
        _ take: @Sendable (inout Value, ShardAnswer.Row) throws -> Void
    ) async throws -> Value {
        var value = initial
        var after: ResourceID?
        while true {
            try walk.goOn()
            let query = ShardQuery.rows(after: after, limit: ShardAnswer.pageRowsMax)
            guard case .rows(let rows, let isLast) = try await ask(query, shard: shard, consistency) else {
                throw NodeError.foreignAnswer
            }
            for row in rows { try take(&value, row) }
            guard !isLast, let last = rows.last else { return value }
            after = last.id
        }
    }
}
