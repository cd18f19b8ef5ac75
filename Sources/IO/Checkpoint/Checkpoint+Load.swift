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
            try loadState(shard, stored, connection, state)
            try loadTombstones(shard, stored, connection)
            try loadRows(shard, stored, connection, ids: ids, indexTally: indexTally, row)
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
            try loadState(shard, stored, connection, state)
            var tally = Tally()
            for table in SystemCheckpointBatch.Table.allCases {
                let rows = try connection.prepare(
                    "SELECT id, changed_index, crc, record FROM \(table.rawValue) ORDER BY id")
                while try rows.step() {
                    guard let id = rows.uuid(0) else { throw wrong("a row of \(table.rawValue)") }
                    let found = StoredItem(
                        table: table, id: id, changedIndex: rows.bits(1), record: Array(rows.blob(3)))
                    guard rows.int(2) == Int64(found.checksum) else { throw wrong("row \(id) of \(table.rawValue)") }
                    tally.add(Tally.hash(id, found.checksum))
                    item(table, id, found.record)
                }
            }
            try compare(tally, with: stored.rows, "rows of the system shard")
        }
    }

    private func loadRows(
        _ shard: Int, _ stored: StoredWatermark, _ connection: SQLiteConnection, ids: ClosedRange<UUID128>,
        indexTally: Tally, _ row: (ResourceID, [UInt8]) -> Void
    ) throws {
        let range = StoredRecord.rows(of: shard)
        let rows = try connection.prepare(
            """
            SELECT row, id, changed_index, audit_head, crc, record FROM records NOT INDEXED
            WHERE row BETWEEN ? AND ? ORDER BY row
            """)
        rows.bind(1, range.first)
        rows.bind(2, range.last)
        var tally = Tally()
        var numbers = Tally()
        var previous = range.first - 1
        while try rows.step() {
            let number = rows.int(0)
            guard number > previous, let id = rows.uuid(1), ids.contains(id) else { throw wrong("row \(number) of records") }
            previous = number
            let record = rows.blob(5)
            let checksum = StoredRecord.checksum(
                id, changedIndex: rows.bits(2), auditHead: rows.int(3), record: record)
            guard rows.int(4) == Int64(checksum) else { throw wrong("row \(number) of records") }
            tally.add(Tally.hash(id, checksum))
            numbers.add(Tally.hash(id, row: number))
            row(ResourceID(id), Array(record))
        }
        try compare(tally, with: stored.rows, "rows of shard \(shard)")
        try compare(indexTally, with: numbers, "entries of the index of shard \(shard)")
    }

    private func loadState(
        _ shard: Int, _ stored: StoredWatermark, _ connection: SQLiteConnection, _ state: (String, [UInt8]) -> Void
    ) throws {
        let rows = try connection.prepare(
            "SELECT key, changed_index, crc, value FROM shard_state WHERE shard = ? ORDER BY key")
        rows.bind(1, Int64(shard))
        var tally = Tally()
        while try rows.step() {
            let found = StoredState(
                shard: shard, key: rows.text(0), changedIndex: rows.bits(1), value: Array(rows.blob(3)))
            guard rows.int(2) == Int64(found.checksum) else { throw wrong("state \(found.key) of shard \(shard)") }
            tally.add(StoredState.hash(found.key, found.checksum))
            state(found.key, found.value)
        }
        try compare(tally, with: stored.state, "rows of the state of shard \(shard)")
    }

    private func loadTombstones(_ shard: Int, _ stored: StoredWatermark, _ connection: SQLiteConnection) throws {
        let rows = try connection.prepare(
            "SELECT id, changed_index, audit_head FROM tombstones WHERE shard = ? ORDER BY id")
        rows.bind(1, Int64(shard))
        var tally = Tally()
        while try rows.step() {
            guard let id = rows.uuid(0) else { throw wrong("a tombstone of shard \(shard)") }
            let found = StoredTombstone(changedIndex: rows.bits(1), auditHead: rows.int(2))
            tally.add(Tally.hash(id, found.checksum))
        }
        try compare(tally, with: stored.tombstones, "tombstones of shard \(shard)")
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
            guard let id = entries.uuid(0), previous.map({ $0 < id }) ?? true else { throw wrong("the index of records") }
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

    private func compare(_ found: Tally, with expected: Tally, _ what: String) throws {
        guard found == expected else {
            throw found.count == expected.count
                ? CheckpointError.damaged(path, "\(what) are not those that were written")
                : CheckpointError.damaged(path, "\(found.count) \(what) instead of \(expected.count)")
        }
    }

    private func wrong(_ what: String) -> CheckpointError {
        .damaged(path, "\(what) has a wrong checksum")
    }
}
