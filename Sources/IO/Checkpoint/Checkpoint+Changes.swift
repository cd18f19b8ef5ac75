package import Model

/// What a shard changed, for whoever keeps a copy elsewhere.
extension Checkpoint {
    /// Resources that are gone, with an index at or above that of the entry which deleted each, above `index`. In any order.
    package func tombstones(
        of shard: Int, changedAfter index: UInt64
    ) throws(CheckpointError) -> [(id: ResourceID, changedIndex: UInt64)] {
        try reading { connection in
            let rows = try connection.prepare(
                "SELECT id, changed_index FROM tombstones WHERE shard = ? AND changed_index > ?")
            rows.bind(1, Int64(shard))
            rows.bind(2, Int64(clamping: index))
            var found: [(id: ResourceID, changedIndex: UInt64)] = []
            while try rows.step() {
                guard let id = rows.uuid(0) else { throw CheckpointError.damaged(path, "a tombstone of shard \(shard)") }
                found.append((ResourceID(id), UInt64(clamping: rows.int(1))))
            }
            return found
        }
    }

    /// Up to `limit` entries of a shard's audit history after `sequence` and up to `last`, in order. Those that clean-ups removed
    /// are left out. Throws where one is not as it was written.
    package func auditEntries(
        of shard: Int, after sequence: UInt64, upTo last: UInt64, limit: Int
    ) throws(CheckpointError) -> [AuditEntry] {
        try reading { connection in
            let rows = try connection.prepare(
                """
                SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number BETWEEN ? AND ? ORDER BY number LIMIT ?
                """)
            rows.bind(1, StoredAuditEntry.number(shard: shard, sequence: Int64(clamping: sequence)) + 1)
            rows.bind(2, StoredAuditEntry.number(shard: shard, sequence: Int64(clamping: last)))
            rows.bind(3, Int64(limit))
            var found: [AuditEntry] = []
            while try rows.step() {
                guard let row = AuditRow(rows), row.shard == shard, let entry = row.entry else {
                    throw CheckpointError.damagedAudit(path, shard, rows.int(0) & (1 << CheckpointSchema.rowBits - 1))
                }
                found.append(entry)
            }
            return found
        }
    }
}
