import Model

/// What runs once for each row, made once for the connection that writes.
struct Statements {
    let projection: ResourceProjection
    let auditChain: AuditChain
    let findRecord: SQLiteStatement
    let readRecord: SQLiteStatement
    let deleteRecord: SQLiteStatement
    let findTombstone: SQLiteStatement
    let insertTombstone: SQLiteStatement
    let deleteTombstone: SQLiteStatement
    let insertAudit: SQLiteStatement
    let insertRemoval: SQLiteStatement
    let findState: SQLiteStatement
    let putState: SQLiteStatement
    let deleteState: SQLiteStatement
    private let insertRecord: SQLiteStatement
    private let updateRecord: SQLiteStatement

    init(_ connection: SQLiteConnection) throws {
        auditChain = try AuditChain()
        projection = try ResourceProjection(connection)
        findRecord = try connection.prepare(StoredRecord.select)
        readRecord = try connection.prepare(StoredRecord.read)
        insertRecord = try connection.prepare("INSERT INTO records VALUES (?,?,?,?,?,?)")
        // The id stays: naming it would have SQLite rewrite its entry in the index, a page of its own for each row.
        updateRecord = try connection.prepare(
            "UPDATE records SET changed_index = ?2, audit_head = ?3, crc = ?4, record = ?5 WHERE row = ?1")
        deleteRecord = try connection.prepare("DELETE FROM records WHERE row = ?")
        findTombstone = try connection.prepare(StoredTombstone.select)
        insertTombstone = try connection.prepare("INSERT INTO tombstones VALUES (?,?,?,?)")
        deleteTombstone = try connection.prepare("DELETE FROM tombstones WHERE shard = ? AND id = ?")
        insertAudit = try connection.prepare(StoredAuditEntry.insert)
        insertRemoval = try connection.prepare(StoredRemoval.insert)
        findState = try connection.prepare("SELECT crc FROM shard_state WHERE shard = ? AND key = ?")
        putState = try connection.prepare("INSERT OR REPLACE INTO shard_state VALUES (?,?,?,?,?)")
        deleteState = try connection.prepare("DELETE FROM shard_state WHERE shard = ? AND key = ?")
    }

    /// Writes something of a shard of which nothing is there yet.
    func write(
        _ entry: ScannedEntry, shard: Int, nextRow row: inout Int64, _ connection: SQLiteConnection
    ) throws {
        switch entry {
        case .record(let record, let bytes, let auditHead, let checksum):
            try insert(
                row: row, record.resource.id.uuid, changedIndex: record.changedIndex, auditHead: auditHead,
                checksum: checksum, bytes)
            try projection.insert(record, row: row)
            row += 1
        case .tombstone(let id, let tombstone): try tombstone.write(id, shard: shard, with: insertTombstone)
        case .item(let item, let columns): try item.write(connection, columns: columns)
        case .audit(let entry): try entry.write(with: insertAudit)
        case .removed(let removal): try removal.write(with: insertRemoval)
        case .state(let state): try state.write(with: putState)
        }
    }

    func insert(
        row: Int64, _ id: UUID128, changedIndex: UInt64, auditHead: Int64, checksum: UInt32, _ bytes: [UInt8]
    ) throws {
        insertRecord.bind(1, row)
        insertRecord.bind(2, id)
        insertRecord.bind(3, bits: changedIndex)
        insertRecord.bind(4, auditHead)
        insertRecord.bind(5, Int64(checksum))
        insertRecord.bind(6, blob: bytes)
        try insertRecord.run()
    }

    /// False where there is no such row.
    func update(row: Int64, changedIndex: UInt64, auditHead: Int64, checksum: UInt32, _ bytes: [UInt8]) throws -> Bool {
        updateRecord.bind(1, row)
        updateRecord.bind(2, bits: changedIndex)
        updateRecord.bind(3, auditHead)
        updateRecord.bind(4, Int64(checksum))
        updateRecord.bind(5, blob: bytes)
        return try updateRecord.runOnOneRow()
    }
}
