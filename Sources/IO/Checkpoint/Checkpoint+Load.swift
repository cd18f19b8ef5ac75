package import Model
import Synchronization

extension Checkpoint {
    /// Reads all of a data shard: its small state, then its rows, each as it was handed over.
    ///
    /// Checks every row, that its id is among `ids`, and that none is missing or too many; on an error what was handed
    /// out must not be used. Blocks; shards may load side by side.
    package func load(
        shard: Int, ids: ClosedRange<UUID128>, state: (_ key: String, _ value: [UInt8]) -> Void,
        row: (_ id: ResourceID, _ bytes: [UInt8]) -> Void
    ) throws(CheckpointError) {
        try reading { connection in
            let totals = try StoredTotals.read(connection, path: path)
            let stored = totals.shards[shard] ?? .none
            let indexTally = try indexTallies(totals, connection)[shard] ?? Tally()
            let reader = ShardReader(connection, path: path, shard: shard, stored: stored)
            try reader.state { state($0.key, $0.value) }
            try reader.tombstones { _, _ in }
            var numbers = Tally()
            try reader.records { record in
                guard ids.contains(record.id.uuid) else {
                    throw CheckpointError.damaged(path, "row \(record.number) of records is in the wrong shard")
                }
                numbers.add(Tally.hash(record.id.uuid, row: record.number))
                row(record.id, Array(record.bytes))
            }
            try reader.compare(indexTally, with: numbers, "entries of the index of shard \(shard)")
        }
    }

    /// Reads all of the system shard. Blocks.
    package func loadSystem(
        state: (_ key: String, _ value: [UInt8]) -> Void,
        item: (_ table: SystemCheckpointBatch.Table, _ id: UUID128, _ bytes: [UInt8]) -> Void
    ) throws(CheckpointError) {
        let shard = CheckpointTransaction.systemShard
        try reading { connection in
            let stored = try StoredTotals.read(connection, path: path).shards[shard] ?? .none
            let reader = ShardReader(connection, path: path, shard: shard, stored: stored)
            try reader.state { state($0.key, $0.value) }
            try reader.items { item($0.table, $0.id, $0.record) }
        }
    }

    /// What the index from ids to row numbers holds of each shard. Read once, by the first shard that loads.
    ///
    /// Later writes find rows through it; an entry missing there would bring a deleted row back.
    private func indexTallies(_ totals: StoredTotals, _ connection: SQLiteConnection) throws -> [Int: Tally] {
        let result = indexCheck.withLock { check -> Result<[Int: Tally], any Error> in
            if let check, check.totals == totals { return .success(check.tallies) }
            return Result {
                let tallies = try readIndex(connection)
                check = IndexCheck(totals: totals, tallies: tallies)
                return tallies
            }
        }
        return try result.get()
    }

    private func readIndex(_ connection: SQLiteConnection) throws -> [Int: Tally] {
        var tallies: [Int: Tally] = [:]
        var previous: UUID128?
        let entries = try connection.prepare("SELECT id, row FROM records INDEXED BY records_id ORDER BY id")
        while try entries.step() {
            guard let id = entries.uuid(0), previous.map({ $0 < id }) ?? true else {
                throw CheckpointError.wrongChecksum(path, "the index of records")
            }
            previous = id
            let row = entries.int(1)
            tallies[Int(row >> CheckpointSchema.rowBits), default: Tally()].add(Tally.hash(id, row: row))
        }
        return tallies
    }

    /// What the index held when the file was as `totals` say.
    struct IndexCheck: Sendable {
        var totals: StoredTotals
        var tallies: [Int: Tally]
    }
}
