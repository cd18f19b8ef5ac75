import Model

/// Reads a shard's tables in their order, and proves that every row is as it was written and none is missing or too many.
///
/// Within one read transaction. All throw `damaged`; what was handed out before must not be used then.
struct ShardReader {
    private let connection: SQLiteConnection
    private let path: String
    private let shard: Int
    private let stored: StoredWatermark

    /// A row of `records`. Its bytes are valid until the next one.
    struct Record {
        var number: Int64
        var id: ResourceID
        var auditHead: Int64
        var bytes: UnsafeRawBufferPointer
    }

    init(_ connection: SQLiteConnection, path: String, shard: Int, stored: StoredWatermark) {
        self.connection = connection
        self.path = path
        self.shard = shard
        self.stored = stored
    }

    /// A data shard's rows, by number.
    func records(_ body: (Record) throws -> Void) throws {
        let range = StoredRecord.rows(of: shard)
        let rows = try connection.prepare(
            """
            SELECT row, id, changed_index, audit_head, crc, record FROM records NOT INDEXED
            WHERE row BETWEEN ? AND ? ORDER BY row
            """)
        rows.bind(1, range.first)
        rows.bind(2, range.last)
        var tally = Tally()
        var previous = range.first - 1
        while try rows.step() {
            let number = rows.int(0)
            guard number > previous, let id = rows.uuid(1) else { throw wrong("row \(number) of records") }
            previous = number
            let record = rows.blob(5)
            let checksum = StoredRecord.checksum(
                id, changedIndex: rows.bits(2), auditHead: rows.int(3), record: record)
            guard rows.int(4) == Int64(checksum) else { throw wrong("row \(number) of records") }
            tally.add(Tally.hash(id, checksum))
            try body(Record(number: number, id: ResourceID(id), auditHead: rows.int(3), bytes: record))
        }
        try compare(tally, with: stored.rows, "rows of shard \(shard)")
    }

    /// The system shard's items, table by table.
    func items(_ body: (StoredItem) throws -> Void) throws {
        var tally = Tally()
        for table in SystemCheckpointBatch.Table.allCases {
            let rows = try connection.prepare(
                "SELECT id, changed_index, crc, record FROM \(table.rawValue) ORDER BY id")
            while try rows.step() {
                guard let id = rows.uuid(0) else { throw wrong("a row of \(table.rawValue)") }
                let found = StoredItem(table: table, id: id, changedIndex: rows.bits(1), record: Array(rows.blob(3)))
                guard rows.int(2) == Int64(found.checksum) else { throw wrong("row \(id) of \(table.rawValue)") }
                tally.add(Tally.hash(id, found.checksum))
                try body(found)
            }
        }
        try compare(tally, with: stored.rows, "items of the system shard")
    }

    func tombstones(_ body: (UUID128, StoredTombstone) throws -> Void) throws {
        let rows = try connection.prepare(
            "SELECT id, changed_index, audit_head FROM tombstones WHERE shard = ? ORDER BY id")
        rows.bind(1, Int64(shard))
        var tally = Tally()
        while try rows.step() {
            guard let id = rows.uuid(0) else { throw wrong("a tombstone of shard \(shard)") }
            let found = StoredTombstone(changedIndex: rows.bits(1), auditHead: rows.int(2))
            tally.add(Tally.hash(id, found.checksum))
            try body(id, found)
        }
        try compare(tally, with: stored.tombstones, "tombstones of shard \(shard)")
    }

    func state(_ body: (StoredState) throws -> Void) throws {
        let rows = try connection.prepare(
            "SELECT key, changed_index, crc, value FROM shard_state WHERE shard = ? ORDER BY key")
        rows.bind(1, Int64(shard))
        var tally = Tally()
        while try rows.step() {
            let found = StoredState(
                shard: shard, key: rows.text(0), changedIndex: rows.bits(1), value: Array(rows.blob(3)))
            guard rows.int(2) == Int64(found.checksum) else { throw wrong("state \(found.key) of shard \(shard)") }
            tally.add(StoredState.hash(found.key, found.checksum))
            try body(found)
        }
        try compare(tally, with: stored.state, "rows of the state of shard \(shard)")
    }

    func compare(_ found: Tally, with expected: Tally, _ what: String) throws(CheckpointError) {
        guard found == expected else {
            throw found.count == expected.count
                ? CheckpointError.damaged(path, "\(what) are not those that were written")
                : CheckpointError.damaged(path, "\(found.count) \(what) instead of \(expected.count)")
        }
    }

    private func wrong(_ what: String) -> CheckpointError { .wrongChecksum(path, what) }
}

extension CheckpointError {
    static func wrongChecksum(_ path: String, _ what: String) -> CheckpointError {
        .damaged(path, "\(what) has a wrong checksum")
    }
}
