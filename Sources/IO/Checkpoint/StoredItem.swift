import Model

/// A row of one of the system shard's tables (`SystemCheckpointBatch.Table`).
struct StoredItem {
    var table: SystemCheckpointBatch.Table
    var id: UUID128
    var changedIndex: UInt64
    var record: [UInt8]

    var checksum: UInt32 {
        var checksum = RowChecksum()
        checksum.add(table.rawValue)
        checksum.add(id)
        checksum.add(changedIndex)
        checksum.add(record)
        return checksum.value
    }

    /// `columns` are values for readers of SQL; their names are columns of the table.
    func write(_ connection: SQLiteConnection, columns: [(name: String, value: String)]) throws {
        precondition(columns.allSatisfy { Self.isName($0.name) }, "\(columns.map(\.name)) are no names of columns")
        let names = ["id", "changed_index", "crc", "record"] + columns.map(\.name)
        let insert = try connection.prepare(
            """
            INSERT OR REPLACE INTO \(table.rawValue) (\(names.joined(separator: ", "))) \
            VALUES (\(names.map { _ in "?" }.joined(separator: ", ")))
            """)
        insert.bind(1, id)
        insert.bind(2, Int64(bitPattern: changedIndex))
        insert.bind(3, Int64(checksum))
        insert.bind(4, blob: record)
        for (position, column) in columns.enumerated() { insert.bind(Int32(position + 5), column.value) }
        try insert.run()
    }

    static func checksum(
        of id: UUID128, in table: SystemCheckpointBatch.Table, _ connection: SQLiteConnection
    ) throws -> UInt32? {
        let select = try connection.prepare("SELECT crc FROM \(table.rawValue) WHERE id = ?")
        select.bind(1, id)
        defer { select.reset() }
        return try select.step() ? UInt32(truncatingIfNeeded: select.int(0)) : nil
    }

    static func delete(_ id: UUID128, from table: SystemCheckpointBatch.Table, _ connection: SQLiteConnection) throws {
        let delete = try connection.prepare("DELETE FROM \(table.rawValue) WHERE id = ?")
        delete.bind(1, id)
        try delete.run()
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") }
    }
}

/// A row of `shard_state`.
struct StoredState {
    var shard: Int
    var key: String
    var changedIndex: UInt64
    var value: [UInt8]

    var checksum: UInt32 {
        var checksum = RowChecksum()
        checksum.add(Int64(shard))
        checksum.add(key)
        checksum.add(changedIndex)
        checksum.add(value)
        return checksum.value
    }

    static func hash(_ key: String, _ checksum: UInt32) -> UInt64 {
        Tally.hash(UUID128(high: StableHash.hash(key), low: StableHash.hash(key, seed: 1)), checksum)
    }

    static func checksum(of key: String, shard: Int, with find: SQLiteStatement) throws -> UInt32? {
        find.bind(1, Int64(shard))
        find.bind(2, key)
        defer { find.reset() }
        return try find.step() ? UInt32(truncatingIfNeeded: find.int(0)) : nil
    }

    func write(with insert: SQLiteStatement) throws {
        insert.bind(1, Int64(shard))
        insert.bind(2, key)
        insert.bind(3, Int64(bitPattern: changedIndex))
        insert.bind(4, Int64(checksum))
        insert.bind(5, blob: value)
        try insert.run()
    }
}
