package import Model
package import NIOCore
package import Shard

/// What a synchronous read on the current event loop found.
package enum LocalRead<Value> {
    /// It cannot be answered here and now.
    case elsewhere
    case missing
    case found(Value)
}

/// How new what a read finds must be.
package enum ReadConsistency: Hashable, Sendable {
    /// It holds everything that was acknowledged before the read came.
    case linearizable
    /// It holds the shard's entry of this index: for whoever reads on after a write of its own.
    case including(UInt64)
    /// What the nearest replica has.
    case stale
}

// MARK: - Writes

extension Node {
    package func shard(of slot: Slot) -> Int { slot.shard(of: shardCount) }

    /// Carries a command out on one shard, wherever its leader is. Returns once it is applied.
    package func submit(_ command: ShardCommand, shard: Int, by context: WriteContext) async throws(NodeError) -> ShardReply
    {
        guard region == nil else { throw .inPrimaryRegion }
        let isRepeatable = context.idempotency != nil || command.isRepeatable
        let reply = try await leaders.retrying(group: shard + 1, isRepeatable: isRepeatable) {
            () async throws(NodeError) -> ShardReply in
            do throws(NodeError) {
                return try await submitHere(command, shard: shard, by: context)
            } catch .notLeader(let leader) {
                if isCutOff, await leaders.isLeaderlessHere(shard + 1) == true { throw .unavailable }
                guard let peers, let leader = leader ?? peers.likelyLeader(of: shard), leader != identity.replicaID else {
                    throw .notLeader(nil)
                }
                return try await peers.submit(command, shard: shard, by: context, to: leader)
            }
        }
        // A key that is reserved is nothing that anybody reads.
        if case .reserveKey = command { return reply }
        RequestWrites.current?.note(shard + 1, reply.index)
        return reply
    }

    /// Carries a command out if this node leads the shard.
    func submitHere(_ command: ShardCommand, shard: Int, by context: WriteContext) async throws(NodeError) -> ShardReply {
        guard let host = shards[shard] else { throw .notLeader(nil) }
        return try await host.eventLoop.result { completion in host.submit(command, by: context, completion) }
    }

    /// Carries a command out on the system shard. Returns once it is applied here and in force on every event loop's next
    /// turn.
    package func submit(_ command: SystemCommand, by context: WriteContext) async throws(NodeError) -> ShardReply {
        guard region == nil else { throw .inPrimaryRegion }
        let isRepeatable = context.idempotency != nil || command.isRepeatable
        let reply = try await leaders.retrying(group: SystemShard.group, isRepeatable: isRepeatable) {
            () async throws(NodeError) -> ShardReply in
            do throws(NodeError) {
                return try await submitHere(command, by: context)
            } catch .notLeader(let leader) {
                guard let peers, let leader, leader != identity.replicaID else { throw .notLeader(nil) }
                return try await peers.submit(command, by: context, to: leader)
            }
        }
        RequestWrites.current?.note(SystemShard.group, reply.index)
        let system = self.system
        return try await system.eventLoop.result { completion in system.whenApplied(reply, completion) }
    }

    func submitHere(_ command: SystemCommand, by context: WriteContext) async throws(NodeError) -> ShardReply {
        let system = self.system
        return try await system.eventLoop.result { completion in system.submit(command, by: context, completion) }
    }

    /// It has not heard from a majority of the cluster for so long that no election explains it.
    package var isCutOff: Bool { leaders.isCutOff }
}

// MARK: - Reads

extension Node {
    /// Answers a query about a shard: here, where it has a replica, else on a node that has one.
    func ask(
        _ query: ShardQuery, shard: Int, _ consistency: ReadConsistency = .linearizable
    ) async throws(NodeError) -> ShardAnswer {
        try await leaders.retrying(group: shard + 1, isRepeatable: true) { () async throws(NodeError) -> ShardAnswer in
            do throws(NodeError) {
                return try await askHere(query, shard: shard, consistency)
            } catch .notLeader(let leader) {
                if isCutOff, await leaders.isLeaderlessHere(shard + 1) == true { throw .unavailable }
                // None here, or one that is far behind.
                guard let peers else { throw .notLeader(leader) }
                return try await peers.ask(query, shard: shard, consistency, except: identity.replicaID)
            }
        }
    }

    /// Answers from the replica that is here.
    func askHere(
        _ query: ShardQuery, shard: Int, _ consistency: ReadConsistency
    ) async throws(NodeError) -> ShardAnswer {
        guard let host = shards[shard] else { throw .notLeader(nil) }
        return try await host.eventLoop.result { completion in host.answer(query, consistency, completion) }
    }

    package func record(
        _ id: ResourceID, _ consistency: ReadConsistency = .linearizable
    ) async throws -> ResourceRecord? {
        guard case .row(let row) = try await ask(.row(id), shard: shard(of: id.slot), consistency) else {
            throw NodeError.foreignAnswer
        }
        return try row.map { try RecordCodec.decode($0, id: id) }
    }

    /// The resource that a virtual tag's id belongs to, and the tag.
    package func virtualTag(
        _ id: UUID128, _ consistency: ReadConsistency = .linearizable
    ) async throws -> (record: ResourceRecord, tag: VirtualTag)? {
        guard case .tag(let found) = try await ask(.tag(id), shard: shard(of: id.slot), consistency) else {
            throw NodeError.foreignAnswer
        }
        guard let found else { return nil }
        let record = try RecordCodec.decode(found.bytes, id: found.id)
        let tag = record.tags.first { PartID.virtualTag(of: found.id, key: $0.key) == id }
        return tag.map { (record, $0) }
    }

    /// The stored row, when the current event loop owns it and nobody else has a say: nothing is copied, nobody waits.
    package func readLocally<Value>(
        _ id: ResourceID, on eventLoop: any EventLoop, _ body: (UnsafeRawBufferPointer) -> Value
    ) -> LocalRead<Value> {
        guard let host = shards[shard(of: id.slot)], host.eventLoop === eventLoop,
            host.isCopy || host.driver.isAlone
        else {
            return .elsewhere
        }
        guard let value = host.shard.state.rows.withRow(id, body) else { return .missing }
        return .found(value)
    }

    /// The stored row as a linearizable read finds it, for a resource whose shard has a replica here. False: it has none.
    ///
    /// - Parameter completion: called on `eventLoop`.
    package func confirmRow(
        _ id: ResourceID, on eventLoop: any EventLoop,
        _ completion: @escaping @Sendable (Result<[UInt8]?, NodeError>) -> Void
    ) -> Bool {
        guard let host = shards[shard(of: id.slot)] else { return false }
        host.eventLoop.runNowOrSoon {
            host.confirmRead { result in
                let row = result.map { host.shard.state.rows[id] }
                eventLoop.runNowOrSoon { completion(row) }
            }
        }
        return true
    }

    /// Up to `limit` records with ids after `after`, in id order, for which `isWanted` holds.
    ///
    /// Walks the shards in slices, so that nobody waits for a long search; a walk that has a place at the gate does its work off
    /// the event loops. Not a snapshot: each slice is committed state.
    package func scan(
        after: ResourceID?, limit: Int, in walk: Walk, _ consistency: ReadConsistency = .linearizable,
        where isWanted: @escaping @Sendable (ResourceRecord) -> Bool
    ) async throws -> [ResourceRecord] {
        var found: [ResourceRecord] = []
        var position = after
        for number in (after.map { shard(of: $0.slot) } ?? 0)..<shardCount {
            while found.count < limit {
                try await walk.goOn(for: Self.sliceRows)
                let wanted = limit - found.count
                let slice =
                    if walk.hasBegun {
                        try await withTaskExecutorPreference(globalConcurrentExecutor) {
                            try await self.slice(of: number, after: position, wanted: wanted, consistency, isWanted)
                        }
                    } else {
                        try await slice(of: number, after: position, wanted: wanted, consistency, isWanted)
                    }
                found.append(contentsOf: slice.records)
                position = slice.last ?? position
                if slice.isLast { break }
            }
            if found.count >= limit { break }
            position = nil
        }
        return found
    }

    private struct Slice: Sendable {
        let records: [ResourceRecord]
        let last: ResourceID?
        let isLast: Bool
    }

    /// Rows looked at in one slice; under a millisecond.
    private static var sliceRows: Int { 256 }

    private func slice(
        of number: Int, after: ResourceID?, wanted: Int, _ consistency: ReadConsistency,
        _ isWanted: @escaping @Sendable (ResourceRecord) -> Bool
    ) async throws -> Slice {
        let query = ShardQuery.rows(after: after, limit: Self.sliceRows)
        guard case .rows(let rows, let isLast) = try await ask(query, shard: number, consistency) else {
            throw NodeError.foreignAnswer
        }
        var records: [ResourceRecord] = []
        for row in rows {
            let record = try RecordCodec.decode(row.bytes, id: row.id)
            guard isWanted(record) else { continue }
            records.append(record)
            if records.count == wanted { return Slice(records: records, last: row.id, isLast: false) }
        }
        return Slice(records: records, last: rows.last?.id, isLast: isLast)
    }

    /// The catalogue in force, with everything that was acknowledged before the call.
    package func catalog(_ consistency: ReadConsistency = .linearizable) async throws(NodeError) -> Catalog {
        let system = self.system
        let loop = loops[0]
        return try await leaders.retrying(group: SystemShard.group, isRepeatable: true) {
            () async throws(NodeError) -> Catalog in
            try await system.eventLoop.result { completion in
                switch consistency {
                // Whoever changed the catalogue had to wait until it was in force here.
                case .stale, .including: completion(.success(loop.catalog))
                case .linearizable: system.confirmRead { result in completion(result.map { loop.catalog }) }
                }
            }
        }
    }

    /// The catalogue in force on the current event loop, when that is one of this node's.
    package func catalog(on eventLoop: any EventLoop) -> Catalog? {
        loops.first { $0.eventLoop === eventLoop }?.catalog
    }

    /// Sums over all shards of the cluster.
    package func statistics(_ consistency: ReadConsistency = .linearizable) async throws -> NodeStatistics {
        var statistics = NodeStatistics()
        statistics.catalogVersion = try await catalog(consistency).version
        for shard in 0..<shardCount {
            guard case .totals(let totals) = try await ask(.totals, shard: shard, consistency)
            else { throw NodeError.foreignAnswer }
            statistics.totals += totals.counts
            statistics.pending += totals.pending
        }
        return statistics
    }

    /// How old what this node has may be, in milliseconds, of the shard that is furthest behind.
    package func staleness() async -> Int64 {
        if let region { return region.asOf.stalenessMilliseconds }
        var oldest: Int64 = 0
        for host in shards.held {
            let own: Int64 = await withCheckedContinuation { continuation in
                host.eventLoop.runNowOrSoon { continuation.resume(returning: host.driver.stalenessMilliseconds) }
            }
            oldest = max(oldest, own)
        }
        return oldest
    }

    /// The replicas of this node, by shard.
    package func replicas() async -> [ReplicaStatistics] {
        var replicas: [ReplicaStatistics] = []
        for host in shards.held {
            replicas.append(
                await withCheckedContinuation { continuation in
                    host.eventLoop.runNowOrSoon { continuation.resume(returning: ReplicaStatistics(host)) }
                })
        }
        return replicas
    }
}

/// Sums over all shards.
package struct NodeStatistics: Sendable {
    package var totals = InventoryTotals()
    /// Rows that are not judged yet under the newest catalogue.
    package var pending = 0
    package var catalogVersion: UInt64 = 0
}

/// How one replica of a shard fares.
package struct ReplicaStatistics: Sendable {
    package let number: Int
    package let slots: Range<Int>
    package let term: UInt64
    package let isLeader: Bool
    package let appliedIndex: UInt64
    package let resources: Int
    package let pending: Int
    package let checkpointBacklog: Int

    init(_ host: ShardHost) {
        let state = host.shard.state
        number = host.number
        slots = state.rows.slots
        term = host.term
        isLeader = host.driver.isLeader
        appliedIndex = state.appliedIndex
        resources = state.rows.count
        pending = host.pending
        checkpointBacklog = host.backlog.count
    }
}

extension EventLoop {
    /// At once when this is the current event loop, else in its next turn.
    func runNowOrSoon(_ body: @escaping @Sendable () -> Void) {
        if inEventLoop { body() } else { execute(body) }
    }

    /// What `body`, which runs on this loop, is called back with.
    func result<Value: Sendable>(
        _ body: @escaping @Sendable (_ completion: @escaping (Result<Value, NodeError>) -> Void) -> Void
    ) async throws(NodeError) -> Value {
        let result: Result<Value, NodeError> = await withCheckedContinuation { continuation in
            runNowOrSoon { body { continuation.resume(returning: $0) } }
        }
        return try result.get()
    }
}
