import Model

/// Writes one round of batches. Lives as long as the transaction; after an error nothing of it counts.
struct CheckpointTransaction {
    /// Number of the system shard.
    static let systemShard = 0

    let connection: SQLiteConnection
    private let path: String
    let statements: Statements
    let projection: ResourceProjection
    var totals: StoredTotals
    /// The next free resource number of each shard that was written to.
    var nextRows: [Int: Int64]
    private var changed: Set<Int> = []
    /// Sequence of the newest audit entry of the resources that have one in this round.
    private var heads: [ResourceID: Int64] = [:]
    private var known: [ResourceID: StoredRecord?] = [:]

    init(_ connection: SQLiteConnection, path: String, totals: StoredTotals, nextRows: [Int: Int64]) throws {
        self.connection = connection
        self.path = path
        statements = try Statements(connection)
        projection = try ResourceProjection(connection)
        self.totals = totals
        self.nextRows = nextRows
    }

    mutating func write(_ batches: [CheckpointBatch], _ system: SystemCheckpointBatch?) throws {
        for batch in batches { try write(batch) }
        if let system { try write(system) }
    }

    /// Writes the watermarks. The last thing to do.
    mutating func finish() throws { try totals.write(connection, changed: changed) }

    mutating func set(_ stored: StoredWatermark?, of shard: Int) {
        totals.shards[shard] = stored
        changed.insert(shard)
    }

    // MARK: Audit

    /// The entries that are new, in the order of their sequence.
    private mutating func writeAudit(
        _ entries: [AuditEntry], shard: Int, upTo watermark: Watermark, _ stored: inout StoredWatermark
    ) throws {
        let written = stored.watermark.auditSequence
        var sequence = written
        for entry in entries where entry.sequence > written {
            precondition(entry.sequence == sequence + 1, "audit entry \(entry.sequence) of shard \(shard) after \(sequence)")
            sequence = entry.sequence
            let previous = try entry.resourceID.map { try head(of: $0, shard: shard) } ?? 0
            if let resource = entry.resourceID { heads[resource] = Int64(bitPattern: sequence) }
            try StoredAuditEntry(
                shard: shard, previous: previous, stamp: stored.stamp(entry.at), changedIndex: watermark.appliedIndex,
                entry: entry
            ).write(with: statements.insertAudit)
        }
        precondition(
            sequence == watermark.auditSequence,
            "the audit history of shard \(shard) ends at \(sequence), its watermark at \(watermark.auditSequence)")
    }

    private mutating func head(of id: ResourceID, shard: Int) throws -> Int64 {
        if let head = heads[id] { return head }
        if let record = try record(id) { return record.auditHead }
        return try tombstone(id, shard: shard)?.auditHead ?? 0
    }

    private func tombstone(_ id: ResourceID, shard: Int) throws -> StoredTombstone? {
        guard let tombstones = totals.shards[shard]?.tombstones, tombstones.count > 0 else { return nil }
        return try StoredTombstone.find(id.uuid, shard: shard, with: statements.findTombstone)
    }

    private mutating func record(_ id: ResourceID) throws -> StoredRecord? {
        if let found = known[id] { return found }
        let found = try StoredRecord.find(id.uuid, with: statements.findRecord)
        known[id] = .some(found)
        return found
    }

    // MARK: Data shards

    private mutating func write(_ batch: CheckpointBatch) throws {
        precondition(batch.shard > Self.systemShard, "shard \(batch.shard) is no data shard")
        var stored = totals.shards[batch.shard] ?? .none
        try writeAudit(batch.audit, shard: batch.shard, upTo: batch.watermark, &stored)
        advance(&stored, shard: batch.shard, to: batch.watermark, batch.configuration)
        for (id, bytes) in batch.rows { try put(id, bytes, shard: batch.shard, &stored) }
        for id in batch.deleted { try delete(id, batch, &stored) }
        try writeState(batch.state, shard: batch.shard, at: batch.watermark.appliedIndex, &stored)
        set(stored, of: batch.shard)
    }

    private func advance(
        _ stored: inout StoredWatermark, shard: Int, to watermark: Watermark, _ configuration: [UInt8]
    ) {
        precondition(
            watermark.appliedIndex >= stored.watermark.appliedIndex && watermark.term >= stored.watermark.term,
            "shard \(shard) goes back from \(stored.watermark) to \(watermark)")
        stored.watermark = watermark
        stored.configuration = configuration
    }

    private mutating func put(_ id: ResourceID, _ bytes: [UInt8], shard: Int, _ stored: inout StoredWatermark) throws {
        let decoded: ResourceRecord
        do throws(CodecError) {
            decoded = try RecordCodec.decode(bytes, id: id)
        } catch {
            preconditionFailure("the row of \(id) handed to the checkpoint cannot be read: \(error.message)")
        }
        let old = try record(id)
        let head: Int64
        if let known = heads[id] ?? old?.auditHead {
            head = known
        } else {
            head = try tombstone(id, shard: shard)?.auditHead ?? 0
        }
        let checksum = bytes.withUnsafeBytes {
            StoredRecord.checksum(id.uuid, changedIndex: decoded.changedIndex, auditHead: head, record: $0)
        }
        if let old {
            stored.rows.remove(Tally.hash(id.uuid, old.checksum))
        } else {
            try removeTombstone(id, shard: shard, &stored)
        }
        stored.rows.add(Tally.hash(id.uuid, checksum))
        let row = try old?.row ?? nextRow(of: shard)
        let write = old == nil ? statements.insertRecord : statements.updateRecord
        let isWritten = try statements.run(
            write, row: row, id.uuid, changedIndex: decoded.changedIndex, auditHead: head, checksum: checksum, bytes)
        guard isWritten else { throw missing(row, id) }
        try projection.write(decoded, row: row, isNew: old == nil)
    }

    private func missing(_ row: Int64, _ id: ResourceID) -> CheckpointError {
        .damaged(path, "row \(row) of resource \(id) is in the index but not in the table")
    }

    private mutating func nextRow(of shard: Int) throws -> Int64 {
        let row: Int64
        if let next = nextRows[shard] {
            row = next
        } else {
            let select = try connection.prepare("SELECT max(row) FROM records WHERE row BETWEEN ? AND ?")
            let range = StoredRecord.rows(of: shard)
            select.bind(1, range.first)
            select.bind(2, range.last)
            defer { select.reset() }
            row = try select.step() && !select.isNull(0) ? select.int(0) + 1 : range.first
        }
        nextRows[shard] = row + 1
        return row
    }

    private mutating func delete(_ id: ResourceID, _ batch: CheckpointBatch, _ stored: inout StoredWatermark) throws {
        try removeTombstone(id, shard: batch.shard, &stored)
        let old = try record(id)
        let head = heads[id] ?? old?.auditHead ?? 0
        if let old {
            stored.rows.remove(Tally.hash(id.uuid, old.checksum))
            let delete = try connection.prepare("DELETE FROM records WHERE row = ?")
            delete.bind(1, old.row)
            guard try delete.runOnOneRow() else { throw missing(old.row, id) }
            try projection.clear(old.row)
        }
        let tombstone = StoredTombstone(changedIndex: batch.watermark.appliedIndex, auditHead: head)
        stored.tombstones.add(Tally.hash(id.uuid, tombstone.checksum))
        let insert = try connection.prepare("INSERT INTO tombstones VALUES (?,?,?,?)")
        insert.bind(1, Int64(batch.shard))
        insert.bind(2, id.uuid)
        insert.bind(3, Int64(bitPattern: tombstone.changedIndex))
        insert.bind(4, head)
        try insert.run()
    }

    private func removeTombstone(_ id: ResourceID, shard: Int, _ stored: inout StoredWatermark) throws {
        guard stored.tombstones.count > 0,
            let old = try StoredTombstone.find(id.uuid, shard: shard, with: statements.findTombstone)
        else { return }
        stored.tombstones.remove(Tally.hash(id.uuid, old.checksum))
        let delete = try connection.prepare("DELETE FROM tombstones WHERE shard = ? AND id = ?")
        delete.bind(1, Int64(shard))
        delete.bind(2, id.uuid)
        try delete.run()
    }

    // MARK: Small state

    private func writeState(
        _ state: [(key: String, value: [UInt8]?)], shard: Int, at index: UInt64, _ stored: inout StoredWatermark
    ) throws {
        for (key, value) in state {
            let find = try connection.prepare("SELECT crc FROM shard_state WHERE shard = ? AND key = ?")
            find.bind(1, Int64(shard))
            find.bind(2, key)
            let old = try find.step() ? UInt32(truncatingIfNeeded: find.int(0)) : nil
            find.reset()
            if let old { stored.state.remove(StoredState.hash(key, old)) }
            if let value {
                let row = StoredState(shard: shard, key: key, changedIndex: index, value: value)
                stored.state.add(StoredState.hash(key, row.checksum))
                try row.write(connection)
            } else if old != nil {
                let delete = try connection.prepare("DELETE FROM shard_state WHERE shard = ? AND key = ?")
                delete.bind(1, Int64(shard))
                delete.bind(2, key)
                try delete.run()
            }
        }
    }

    // MARK: System shard

    private mutating func write(_ batch: SystemCheckpointBatch) throws {
        var stored = totals.shards[Self.systemShard] ?? .none
        try writeAudit(batch.audit, shard: Self.systemShard, upTo: batch.watermark, &stored)
        advance(&stored, shard: Self.systemShard, to: batch.watermark, batch.configuration)
        for item in batch.items {
            if let old = try StoredItem.checksum(of: item.id, in: item.table, connection) {
                stored.rows.remove(Tally.hash(item.id, old))
            }
            if let record = item.record {
                let row = StoredItem(
                    table: item.table, id: item.id, changedIndex: batch.watermark.appliedIndex, record: record)
                stored.rows.add(Tally.hash(item.id, row.checksum))
                try row.write(connection, columns: item.columns)
            } else {
                try StoredItem.delete(item.id, from: item.table, connection)
            }
        }
        try writeState(batch.state, shard: Self.systemShard, at: batch.watermark.appliedIndex, &stored)
        set(stored, of: Self.systemShard)
    }
}

/// The statements that run once for each row.
struct Statements {
    let findRecord: SQLiteStatement
    let findTombstone: SQLiteStatement
    let insertRecord: SQLiteStatement
    let updateRecord: SQLiteStatement
    let insertAudit: SQLiteStatement

    init(_ connection: SQLiteConnection) throws {
        findRecord = try connection.prepare(StoredRecord.select)
        findTombstone = try connection.prepare(StoredTombstone.select)
        insertRecord = try connection.prepare("INSERT INTO records VALUES (?,?,?,?,?,?)")
        updateRecord = try connection.prepare(
            "UPDATE records SET id = ?2, changed_index = ?3, audit_head = ?4, crc = ?5, record = ?6 WHERE row = ?1")
        insertAudit = try connection.prepare(StoredAuditEntry.insert)
    }

    /// Runs `insertRecord` or `updateRecord`; false where there was no row to change.
    func run(
        _ write: SQLiteStatement, row: Int64, _ id: UUID128, changedIndex: UInt64, auditHead: Int64, checksum: UInt32,
        _ bytes: [UInt8]
    ) throws -> Bool {
        write.bind(1, row)
        write.bind(2, id)
        write.bind(3, bits: changedIndex)
        write.bind(4, auditHead)
        write.bind(5, Int64(checksum))
        write.bind(6, blob: bytes)
        return try write.runOnOneRow()
    }
}
