import Model

/// Writes one round of batches. Lives as long as the transaction; after an error nothing of it counts.
struct CheckpointTransaction {
    /// Number of the system shard.
    static let systemShard = 0

    let connection: SQLiteConnection
    let path: String
    let statements: Statements
    var totals: StoredTotals
    /// The next free resource number of each shard that was written to.
    var nextRows: [Int: Int64]
    private var changed: Set<Int> = []
    /// Sequence of the newest audit entry of the resources that have one in this round.
    private var heads: [ResourceID: Int64] = [:]
    private var known: [ResourceID: StoredRecord?] = [:]

    /// `statements` are those of `connection`.
    init(
        _ connection: SQLiteConnection, _ statements: Statements, path: String, totals: StoredTotals,
        nextRows: [Int: Int64]
    ) {
        self.connection = connection
        self.statements = statements
        self.path = path
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
            stored.auditHash = try statements.auditChain.hash(entry, after: stored.auditHash, shard: shard)
            try StoredAuditEntry(
                shard: shard, previous: previous, stamp: stored.stamp(entry.at), changedIndex: watermark.appliedIndex,
                hash: stored.auditHash, entry: entry
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
        for part in batch.removals { try remove(part, shard: batch.shard, &stored) }
        try put(batch.rows, shard: batch.shard, &stored)
        for deletion in batch.deleted { try delete(deletion, shard: batch.shard, &stored) }
        try writeState(batch.state, shard: batch.shard, at: batch.watermark.appliedIndex, &stored)
        try batch.pages { key, value in
            try writeState(key, value, shard: batch.shard, at: batch.watermark.appliedIndex, &stored)
        }
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

    /// In the order in which they lie in the file, new ones last: a page that holds several of them is changed once.
    private mutating func put(
        _ rows: [(id: ResourceID, bytes: [UInt8])], shard: Int, _ stored: inout StoredWatermark
    ) throws {
        var places: [(row: Int64, position: Int)] = []
        places.reserveCapacity(rows.count)
        for (position, row) in rows.enumerated() { places.append((try record(row.id)?.row ?? .max, position)) }
        places.sort { $0 < $1 }
        for (_, position) in places { try put(rows[position].id, rows[position].bytes, shard: shard, &stored) }
    }

    private mutating func put(_ id: ResourceID, _ bytes: [UInt8], shard: Int, _ stored: inout StoredWatermark) throws {
        let changedIndex = readable(id) { () throws(CodecError) in try RecordCodec.changedIndex(of: bytes) }
        let old = try record(id)
        let head: Int64
        if let known = heads[id] ?? old?.auditHead {
            head = known
        } else {
            head = try tombstone(id, shard: shard)?.auditHead ?? 0
        }
        let checksum = bytes.withUnsafeBytes {
            StoredRecord.checksum(id.uuid, changedIndex: changedIndex, auditHead: head, record: $0)
        }
        stored.rows.add(Tally.hash(id.uuid, checksum))
        guard let old else {
            try removeTombstone(id, shard: shard, &stored)
            let row = try nextRow(of: shard)
            let record = readable(id) { () throws(CodecError) in try RecordCodec.decode(bytes, id: id) }
            try statements.insert(
                row: row, id.uuid, changedIndex: changedIndex, auditHead: head, checksum: checksum, bytes)
            return try statements.projection.insert(record, row: row)
        }
        stored.rows.remove(Tally.hash(id.uuid, old.checksum))
        let former = try old.bytes(of: id.uuid, with: statements.readRecord)
        guard
            try statements.update(
                row: old.row, changedIndex: changedIndex, auditHead: head, checksum: checksum, bytes)
        else { throw missing(old.row, id) }
        try statements.projection.update(id, bytes, from: former, row: old.row)
    }

    private func readable<Value>(_ id: ResourceID, _ read: () throws(CodecError) -> Value) -> Value {
        do throws(CodecError) {
            return try read()
        } catch {
            preconditionFailure("the row of \(id) handed to the checkpoint cannot be read: \(error.message)")
        }
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

    private mutating func delete(
        _ deletion: CheckpointBatch.Deletion, shard: Int, _ stored: inout StoredWatermark
    ) throws {
        let id = deletion.id
        try removeTombstone(id, shard: shard, &stored)
        let old = try record(id)
        let head = heads[id] ?? old?.auditHead ?? 0
        if let old {
            stored.rows.remove(Tally.hash(id.uuid, old.checksum))
            statements.deleteRecord.bind(1, old.row)
            guard try statements.deleteRecord.runOnOneRow() else { throw missing(old.row, id) }
            try statements.projection.clear(old.row)
        }
        let tombstone = StoredTombstone(changedIndex: deletion.index, auditHead: head)
        stored.tombstones.add(Tally.hash(id.uuid, tombstone.checksum))
        try tombstone.write(id.uuid, shard: shard, with: statements.insertTombstone)
    }

    private func removeTombstone(_ id: ResourceID, shard: Int, _ stored: inout StoredWatermark) throws {
        guard stored.tombstones.count > 0,
            let old = try StoredTombstone.find(id.uuid, shard: shard, with: statements.findTombstone)
        else { return }
        stored.tombstones.remove(Tally.hash(id.uuid, old.checksum))
        statements.deleteTombstone.bind(1, Int64(shard))
        statements.deleteTombstone.bind(2, id.uuid)
        try statements.deleteTombstone.run()
    }

    // MARK: Small state

    private func writeState(
        _ state: [(key: String, value: [UInt8]?)], shard: Int, at index: UInt64, _ stored: inout StoredWatermark
    ) throws {
        for (key, value) in state { try writeState(key, value, shard: shard, at: index, &stored) }
    }

    private func writeState(
        _ key: String, _ value: [UInt8]?, shard: Int, at index: UInt64, _ stored: inout StoredWatermark
    ) throws {
        let old = try StoredState.checksum(of: key, shard: shard, with: statements.findState)
        if let old { stored.state.remove(StoredState.hash(key, old)) }
        if let value {
            let row = StoredState(shard: shard, key: key, changedIndex: index, value: value)
            stored.state.add(StoredState.hash(key, row.checksum))
            try row.write(with: statements.putState)
        } else if old != nil {
            statements.deleteState.bind(1, Int64(shard))
            statements.deleteState.bind(2, key)
            try statements.deleteState.run()
        }
    }

    // MARK: System shard

    private mutating func write(_ batch: SystemCheckpointBatch) throws {
        var stored = totals.shards[Self.systemShard] ?? .none
        try writeAudit(batch.audit, shard: Self.systemShard, upTo: batch.watermark, &stored)
        advance(&stored, shard: Self.systemShard, to: batch.watermark, batch.configuration)
        for part in batch.removals { try remove(part, shard: Self.systemShard, &stored) }
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
