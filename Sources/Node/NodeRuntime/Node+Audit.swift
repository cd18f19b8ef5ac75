package import Checkpoint
import Model
import NIOCore
import NIOPosix
import Shard

extension Node {
    /// A page of the audit trail, with everything that was acknowledged before the call, whichever nodes have it. The same on
    /// every node, and so is its cursor.
    ///
    /// Throws `NodeError.missingShards` where nobody who has these shards can be reached.
    package func auditTrail(
        _ filter: AuditFilter, before: AuditCursor?, limit: Int, _ consistency: ReadConsistency = .linearizable
    ) async throws -> AuditPage {
        let groups = filter.resource.map { [shard(of: $0.slot) + 1] } ?? Array(0...shardCount)
        let query = AuditQuery(
            groups: groups, filter: filter, before: before, wanted: .page(limit: limit), isStale: consistency == .stale)
        var pages: [AuditPage] = []
        for answer in try await AuditGathering(self).answers(to: [query]) {
            guard case .page(let page)? = answer.part else { throw NodeError.foreignAnswer }
            pages.append(page)
        }
        return AuditPage(merging: pages, limit: limit)
    }

    /// The changes counted by day, actor and action; the newest days first, then the largest counts; `limit` lines at most.
    /// Looks at the whole time range, a bounded part at a time. Throws as above.
    package func auditCounts(
        _ filter: AuditFilter, limit: Int, in walk: Walk, _ consistency: ReadConsistency = .linearizable
    ) async throws -> [AuditCount] {
        try await walk.begin()
        func query(_ groups: [Int], before: AuditCursor?, from first: Timestamp?) -> AuditQuery {
            var filter = filter
            filter.from = [filter.from, first].compactMap(\.self).max()
            return AuditQuery(
                groups: groups, filter: filter, before: before, wanted: .counts(lines: limit),
                isStale: consistency == .stale)
        }
        var tally = AuditTally()
        var queries = [query(Array(0...shardCount), before: nil, from: nil)]
        while !queries.isEmpty {
            try walk.goOn()
            var rest: [([Int], AuditCursor)] = []
            for answer in try await AuditGathering(self).answers(to: queries) {
                guard case .counts(let counts, let next)? = answer.part else { throw NodeError.foreignAnswer }
                tally.add(counts)
                tally.trim(to: limit)
                if let next { rest.append((answer.groups, next)) }
            }
            let first = tally.firstDay == .min ? nil : Timestamp(milliseconds: tally.firstDay)
            queries = rest.map { query($0.0, before: $0.1, from: first) }
        }
        return tally.report(limit: limit)
    }

    /// Answers for those groups whose replicas here have everything that was acknowledged before the call.
    func auditHere(_ query: AuditQuery) async throws -> AuditAnswer {
        let hosts = query.groups.reduce(into: [Int: ShardHost]()) { hosts, group in
            if (1...shards.count).contains(group) { hosts[group] = shards[group - 1] }
        }
        let held = query.groups.filter { $0 == SystemShard.group || hosts[$0] != nil }
        let groups = query.isStale ? held : await confirmed(held, hosts)
        guard !groups.isEmpty else { return AuditAnswer(groups: [], part: nil) }
        try await flushCheckpointHere()
        let part = try await readCheckpoint { checkpoint -> AuditAnswer.Part in
            switch query.wanted {
            case .page(let limit):
                return .page(
                    try checkpoint.auditTrail(query.filter, of: Set(groups), before: query.before, limit: limit))
            case .counts(let lines):
                let (tally, next) = try checkpoint.auditCounts(
                    query.filter, of: Set(groups), before: query.before, lines: lines)
                return .counts(tally, next: next)
            }
        }
        // One that has moved out meanwhile may have taken its history along.
        for (group, host) in hosts where shards[group - 1] !== host { throw NodeError.notLeader(nil) }
        return AuditAnswer(groups: groups, part: part)
    }

    /// Those of the groups that hold everything that was acknowledged before the call, ascending.
    private func confirmed(_ groups: [Int], _ hosts: [Int: ShardHost]) async -> [Int] {
        await withTaskGroup(of: Int?.self) { [system] tasks in
            for group in groups {
                tasks.addTask {
                    let confirmed: Void? =
                        if let host = hosts[group] {
                            try? await host.eventLoop.result { host.confirmRead($0) }
                        } else {
                            try? await system.eventLoop.result { system.confirmRead($0) }
                        }
                    return confirmed.map { group }
                }
            }
            return await tasks.reduce(into: []) { all, group in if let group { all.append(group) } }.sorted()
        }
    }

    private func readCheckpoint<Value: Sendable>(
        _ body: @escaping @Sendable (Checkpoint) throws -> Value
    ) async throws -> Value {
        let checkpoint = try self.checkpoint
        return try await NIOThreadPool.singleton.runIfActive { try body(checkpoint) }
    }
}
