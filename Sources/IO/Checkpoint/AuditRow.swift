import Model

/// A row of `tag_audit`: the entry, and the columns that filters and indexes read.
struct AuditRow {
    static let columns = "shard, sequence, entry, crc, at, resource_id, action, tag_key, actor, rule_id"

    let shard: Int
    let entry: AuditEntry

    /// The current row of a statement that selects `columns`. Throws when it is not as it was written, in any column.
    init(_ statement: SQLiteStatement, path: String) throws {
        shard = Int(statement.int(0))
        let bytes = statement.blob(2)
        var reader = ByteReader(bytes)
        entry = try reader.auditEntry()
        guard reader.atEnd, Int64(RowChecksum.of(entry.id, bytes)) == statement.int(3), entry.sequence == statement.bits(1),
            entry.at.milliseconds == statement.int(4), entry.resourceID?.uuid == statement.uuid(5),
            entry.action.rawValue == statement.text(6), entry.tagKey == statement.text(7), entry.actor == statement.text(8),
            entry.ruleID == statement.uuid(9)
        else {
            throw CheckpointError.damaged(
                path, "audit entry \(statement.bits(1)) of shard \(shard) is not as it was written")
        }
    }

    /// Reads the whole trail. Throws when an entry is altered or missing: each shard's are numbered from 1 without a gap,
    /// up to the number in its watermark.
    static func checkAll(_ connection: SQLiteConnection, path: String) throws {
        let rows = try connection.prepare("SELECT \(columns) FROM tag_audit")
        var counts: [Int: UInt64] = [:]
        while try rows.step() {
            let row = try AuditRow(rows, path: path)
            counts[row.shard, default: 0] += 1
            guard counts[row.shard] == row.entry.sequence else {
                throw CheckpointError.damaged(path, "audit entries of shard \(row.shard) are missing")
            }
        }
        let watermarks = try connection.prepare("SELECT \(WatermarkRow.columns) FROM watermarks")
        while try watermarks.step() {
            guard let row = WatermarkRow(watermarks) else {
                throw CheckpointError.damaged(path, "a watermark fails its checksum")
            }
            guard counts.removeValue(forKey: row.shard) ?? 0 == row.watermark.auditSequence else {
                throw CheckpointError.damaged(path, "audit entries of shard \(row.shard) are missing")
            }
        }
        guard counts.isEmpty else { throw CheckpointError.damaged(path, "a watermark is missing") }
    }
}
