package import Model
package import NIOCore
package import Shard

/// What a synchronous read on the current event loop found.
package enum LocalRead<Value> {
    /// Another event loop owns the shard.
    case elsewhere
    case missing
    case found(Value)
}

extension Node {
    package func shard(of slot: Slot) -> Int { slot.shard(of: shardCount) }

    /// Carries a command out on one shard. Returns once it is durable.
    package func submit(_ command: ShardCommand, shard: Int, by context: WriteContext) async throws(NodeError) -> ShardReply
    {
        let host = hosts[shard]
        let result: Result<ShardReply, NodeError> = await withCheckedContinuation { continuation in
            host.eventLoop.runNowOrSoon {
                host.submit(command, by: context) { continuation.resume(returning: $0) }
            }
        }
        return try result.get()
    }

    /// Carries a command out on the system shard. Returns once it is durable and in force on every event loop's next turn.
    package func submit(_ command: SystemCommand, by context: WriteContext) async throws(NodeError) -> ShardReply {
        let system = self.system
        let result: Result<ShardReply, NodeError> = await withCheckedContinuation { continuation in
            system.eventLoop.runNowOrSoon {
                system.submit(command, by: context) { continuation.resume(returning: $0) }
            }
        }
        return try result.get()
    }

    /// Reads committed state of the shard that owns the slot.
    package func read<Value: Sendable>(
        slot: Slot, _ body: @escaping @Sendable (ShardState) throws -> Value
    ) async throws -> Value {
        let host = hosts[shard(of: slot)]
        return try await withCheckedThrowingContinuation { continuation in
            host.eventLoop.runNowOrSoon {
                continuation.resume(with: Result { try body(host.shard.state) })
            }
        }
    }

    package func record(_ id: ResourceID) async throws -> ResourceRecord? {
        try await read(slot: id.slot) { try $0.record(id) }
    }

    /// The stored row, when the current event loop owns it: nothing is copied, nobody waits.
    package func readLocally<Value>(
        _ id: ResourceID, on eventLoop: any EventLoop, _ body: (UnsafeRawBufferPointer) -> Value
    ) -> LocalRead<Value> {
        let host = hosts[shard(of: id.slot)]
        guard host.eventLoop === eventLoop else { return .elsewhere }
        guard let value = host.shard.state.rows.withRow(id, body) else { return .missing }
        return .found(value)
    }

    /// Up to `limit` records with ids after `after`, in id order, for which `isWanted` holds.
    ///
    /// Walks the shards in slices, so that nobody waits for a long search. Not a snapshot: each slice is committed state.
    package func scan(
        after: ResourceID?, limit: Int, where isWanted: @escaping @Sendable (ResourceRecord) -> Bool
    ) async throws -> [ResourceRecord] {
        var found: [ResourceRecord] = []
        var position = after
        for number in (after.map { shard(of: $0.slot) } ?? 0)..<shardCount {
            while found.count < limit {
                let start = position
                let wanted = limit - found.count
                let slice = try await slice(of: number, after: start, wanted: wanted, isWanted)
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
        of number: Int, after: ResourceID?, wanted: Int, _ isWanted: @escaping @Sendable (ResourceRecord) -> Bool
    ) async throws -> Slice {
        let host = hosts[number]
        return try await withCheckedThrowingContinuation { continuation in
            host.eventLoop.execute {
                continuation.resume(
                    with: Result {
                        let rows = host.shard.state.rows.rows(after: after, limit: Self.sliceRows)
                        var records: [ResourceRecord] = []
                        for row in rows {
                            let record = try RecordCodec.decode(row.bytes, id: row.id)
                            guard isWanted(record) else { continue }
                            records.append(record)
                            if records.count == wanted { return Slice(records: records, last: row.id, isLast: false) }
                        }
                        return Slice(records: records, last: rows.last?.id, isLast: rows.count < Self.sliceRows)
                    })
            }
        }
    }

    /// The catalogue in force, as the system shard has it.
    package func catalog() async -> Catalog {
        let loop = loops[0]
        return await withCheckedContinuation { continuation in
            loop.eventLoop.runNowOrSoon { continuation.resume(returning: loop.catalog) }
        }
    }

    /// The catalogue in force on the current event loop, when that is one of this node's.
    package func catalog(on eventLoop: any EventLoop) -> Catalog? {
        loops.first { $0.eventLoop === eventLoop }?.catalog
    }

    package func statistics() async -> NodeStatistics {
        var statistics = NodeStatistics()
        for host in hosts {
            let part = await withCheckedContinuation { (continuation: CheckedContinuation<NodeStatistics, Never>) in
                host.eventLoop.runNowOrSoon { continuation.resume(returning: NodeStatistics(host)) }
            }
            statistics += part
        }
        statistics.catalogVersion = await catalog().version
        return statistics
    }
}

/// Sums over all shards.
package struct NodeStatistics: Sendable {
    package struct ShardPart: Sendable {
        package let number: Int
        package let slots: Range<Int>
        package let term: UInt64
        package let appliedIndex: UInt64
        package let resources: Int
        package let pending: Int
        package let checkpointBacklog: Int
    }

    package var totals = InventoryTotals()
    /// Rows that are not judged yet under the newest catalogue.
    package var pending = 0
    package var catalogVersion: UInt64 = 0
    package var shards: [ShardPart] = []

    init() {}

    init(_ host: ShardHost) {
        let state = host.shard.state
        totals = state.totals
        pending = host.pending
        shards = [
            ShardPart(
                number: host.number, slots: state.rows.slots, term: host.term, appliedIndex: state.appliedIndex,
                resources: state.rows.count, pending: pending, checkpointBacklog: host.backlog.count)
        ]
    }

    static func += (left: inout Self, right: Self) {
        left.totals += right.totals
        left.pending += right.pending
        left.shards += right.shards
    }
}

extension EventLoop {
    /// At once when this is the current event loop, else in its next turn.
    func runNowOrSoon(_ body: @escaping @Sendable () -> Void) {
        if inEventLoop { body() } else { execute(body) }
    }
}
