import Model

/// Writes one round of batches. Lives as long as the transaction; after an error nothing of it counts.
struct CheckpointTransaction {
    /// Number of the system shard.
    static let systemShard = 0

    private let connection: SQLiteConnection
    private let path: String
    private let statements: Statements
    private let projection: ResourceProjection
    private(set) var totals: StoredTotals
    /// The next free resource number of each shard that was written to.
    private(set) var nextRows: [Int: Int64]
    private var changed: Set<Int> = []
    /// The newest audit entry of the resources that have one in this round.
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
        var parts = batches.map { AuditPart(shard: $0.shard, watermark: $0.watermark, entries: $0.audit) }
        if let system {
            parts.append(AuditPart(shard: Self.systemShard, watermark: system.watermark, entries: system.audit))
        }
        try writeAudit(parts)
        for batch in batches { try write(batch) }
        if let system { try write(system) }
        try totals.write(connection, changed: changed)
    }

    // MARK: Audit

    private struct AuditPart {
        var shard: Int
        var watermark: Watermark
        var entries: [AuditEntry]
    }

    /// All shards' entries in the order of their times, each shard's in the order of its sequence.
    private mutating func writeAudit(_ parts: [AuditPart]) throws {
        var merged: [(stamp: Int64, part: Int, entry: AuditEntry)] = []
        for (position, part) in parts.enumerated() {
            let written = totals.shards[part.shard]?.watermark.auditSequence ?? 0
            var stamp = Int64.min
            var sequence = written
            for entry in part.entries where entry.sequence > written {
                precondition(
                    entry.sequence == sequence + 1, "audit entry \(entry.sequence) of shard \(part.shard) after \(sequence)")
                sequence = entry.sequence
                stamp = max(stamp, entry.at.milliseconds)
                merged.append((stamp, position, entry))
            }
            precondition(
                sequence == part.watermark.auditSequence,
                "the audit history of shard \(part.shard) ends at \(sequence), its watermark at \(part.watermark.auditSequence)"
            )
        }
        merged.sort { ($0.stamp, $0.part, $0.entry.sequence) < ($1.stamp, $1.part, $1.entry.sequence) }
        for (_, position, entry) in merged {
            let part = parts[position]
            totals.auditLast += 1
            totals.auditStamp = max(totals.auditStamp, entry.at.milliseconds)
            totals.auditSkew = max(totals.auditSkew, totals.auditStamp - entry.at.milliseconds)
            let previous = try entry.resourceID.map { try head(of: $0, shard: part.shard) } ?? 0
            if let resource = entry.resourceID { heads[resource] = totals.auditLast }
            try StoredAuditEntry(
                number: totals.auditLast, previous: previous, stamp: totals.auditStamp, shard: part.shard, entry: entry
            ).write(with: statements.insertAudit, changedIndex: part.watermark.appliedIndex)
        }
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
        advance(&stored, shard: batch.shard, to: batch.watermark)
        for (id, bytes) in batch.rows { try put(id, bytes, shard: batch.shard, &stored) }
        for id in batch.deleted { try delete(id, batch, &stored) }
        try writeState(batch.state, shard: batch.shard, at: batch.watermark.appliedIndex, &stored)
        totals.shards[batch.shard] = stored
    }

    private mutating func advance(_ stored: inout StoredWatermark, shard: Int, to watermark: Watermark) {
        precondition(
            watermark.appliedIndex >= stored.watermark.appliedIndex && watermark.term >= stored.watermark.term,
            "shard \(shard) goes back from \(stored.watermark) to \(watermark)")
        stored.watermark = watermark
        changed.insert(shard)
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
        write.bind(1, row)
        write.bind(2, id.uuid)
        write.bind(3, Int64(bitPattern: decoded.changedIndex))
        write.bind(4, head)
        write.bind(5, Int64(checksum))
        write.bind(6, blob: bytes)
        guard try write.runOnOneRow() else { throw missing(row, id) }
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
        advance(&stored, shard: Self.systemShard, to: batch.watermark)
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
        totals.shards[Self.systemShard] = stored
    }
}

/// The statements that run once for each row.
private struct Statements {
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
}
