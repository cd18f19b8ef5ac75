import Model

/// Reads a shard's part of the checkpoint in the order of a snapshot, each row checked, within one read transaction.
struct SnapshotSource {
    private let connection: SQLiteConnection
    private let path: String
    private let shard: Int
    private let stored: StoredWatermark

    init(_ connection: SQLiteConnection, path: String, shard: Int, stored: StoredWatermark) {
        self.connection = connection
        self.path = path
        self.shard = shard
        self.stored = stored
    }

    /// Throws `damaged` where a row is not as it was written, or one is missing or too many.
    func forEachEntry(_ body: (SnapshotEntry) throws -> Void) throws {
        let reader = ShardReader(connection, path: path, shard: shard, stored: stored)
        if shard == CheckpointTransaction.systemShard {
            try reader.items { try body(.item($0)) }
        } else {
            try reader.records { row in
                try body(.record(row.id, bytes: Array(row.bytes), auditHead: row.auditHead))
            }
            try reader.tombstones { try body(.tombstone($0, $1)) }
        }
        try audit(body)
        try reader.state { try body(.state(key: $0.key, changedIndex: $0.changedIndex, value: $0.value)) }
    }

    private func audit(_ body: (SnapshotEntry) throws -> Void) throws {
        let last = Int64(bitPattern: stored.watermark.auditSequence)
        let rows = try connection.prepare(
            "SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number BETWEEN ? AND ? ORDER BY number")
        rows.bind(1, StoredAuditEntry.number(shard: shard, sequence: 0))
        rows.bind(2, StoredAuditEntry.number(shard: shard, sequence: last))
        var sequence: Int64 = 0
        while try rows.step() {
            sequence += 1
            guard let row = AuditRow(rows), row.sequence == sequence, let entry = row.entry else {
                throw CheckpointError.damagedAudit(path, shard, sequence)
            }
            try body(.audit(entry, previous: row.previous, changedIndex: row.changedIndex))
        }
        guard sequence == last else { throw CheckpointError.damagedAudit(path, shard, sequence + 1) }
    }
}
