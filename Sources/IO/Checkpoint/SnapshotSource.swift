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
        do {
            var pieces = try AuditPieces(
                connection, shard: shard, behind: stored.removals.base,
                through: Int64(bitPattern: stored.watermark.auditSequence))
            while let piece = try pieces.next() {
                switch piece {
                case .removed(let removal): try body(.removed(removal))
                case .entry(let row):
                    guard let entry = row.entry else { throw CheckpointError.damagedAudit(path, shard, row.sequence) }
                    try body(
                        .audit(entry, previous: row.previous, stamp: row.stamp, changedIndex: row.changedIndex))
                }
            }
        } catch let fault as AuditPieces.Fault {
            throw CheckpointError.damagedAudit(path, shard, fault.sequence)
        }
    }
}
