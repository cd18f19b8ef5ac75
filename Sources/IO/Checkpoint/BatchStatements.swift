import JSON
import Model

/// The prepared statements of a batch.
final class BatchStatements {
    private let oldRow, putRow, deleteRow: SQLiteStatement
    private let putResource, deleteResource: SQLiteStatement
    private let putTag, deleteTags, putStatus, deleteStatuses: SQLiteStatement
    private let putAudit, putWatermark: SQLiteStatement
    private let oldState, putState, deleteState: SQLiteStatement
    private let connection: SQLiteConnection

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        self.connection = connection
        oldRow = try connection.prepare("SELECT crc FROM rows WHERE id = ?1")
        putRow = try connection.prepare("INSERT OR REPLACE INTO rows (id, crc, record) VALUES (?1, ?2, ?3)")
        deleteRow = try connection.prepare("DELETE FROM rows WHERE id = ?1")
        putResource = try connection.prepare(
            """
            INSERT OR REPLACE INTO resources (id, provider, resource_id, resource_type, name, account_id, region, native_tags,
            metadata, version, first_seen, last_seen, changed_index) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)
            """)
        deleteResource = try connection.prepare("DELETE FROM resources WHERE id = ?1")
        putTag = try connection.prepare(
            """
            INSERT INTO virtual_tags (resource_id, tag_key, id, tag_value, source, confidence, rule_id, created_by,
            created_at, updated_at, changed_index) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)
            """)
        deleteTags = try connection.prepare("DELETE FROM virtual_tags WHERE resource_id = ?1")
        putStatus = try connection.prepare(
            """
            INSERT INTO compliance_status (resource_id, policy_id, id, is_compliant, violations, checked_at, changed_index)
            VALUES (?1,?2,?3,?4,?5,?6,?7)
            """)
        deleteStatuses = try connection.prepare("DELETE FROM compliance_status WHERE resource_id = ?1")
        putAudit = try connection.prepare(
            """
            INSERT OR REPLACE INTO tag_audit (shard, sequence, at, resource_id, action, tag_key, actor, rule_id, entry, crc)
            VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)
            """)
        putWatermark = try connection.prepare(
            "INSERT OR REPLACE INTO watermarks (\(WatermarkRow.columns)) VALUES (?1,0,?2,?3,?4,?5,?6,?7,?8,?9)")
        oldState = try connection.prepare("SELECT crc FROM shard_state WHERE shard = ?1 AND key = ?2")
        putState = try connection.prepare(
            "INSERT OR REPLACE INTO shard_state (shard, key, value, crc) VALUES (?1,?2,?3,?4)")
        deleteState = try connection.prepare("DELETE FROM shard_state WHERE shard = ?1 AND key = ?2")
    }

    // MARK: Shards

    func write(_ batch: CheckpointBatch, into row: inout WatermarkRow) throws {
        for (id, bytes) in batch.rows {
            try forget(id, in: &row.rows)
            try put(id, bytes, in: &row.rows)
        }
        for id in batch.deleted {
            try forget(id, in: &row.rows)
            try run(deleteRow, id)
            try run(deleteResource, id)
        }
        for entry in batch.audit { try write(entry, shard: batch.shard) }
        try writeState(batch.state, shard: batch.shard, into: &row.state)
        row.watermark = batch.watermark
        try write(row)
    }

    /// Takes the row out of the digest, and drops its tags and statuses.
    private func forget(_ id: ResourceID, in digest: inout RowDigest) throws(SQLiteError) {
        oldRow.bind(1, id.uuid)
        if try oldRow.step() { digest.remove(RowDigest.hash(id.uuid, UInt32(truncatingIfNeeded: oldRow.int(0)))) }
        oldRow.reset()
        try run(deleteTags, id)
        try run(deleteStatuses, id)
    }

    private func run(_ statement: SQLiteStatement, _ id: ResourceID) throws(SQLiteError) {
        statement.bind(1, id.uuid)
        try statement.run()
    }

    private func put(_ id: ResourceID, _ bytes: [UInt8], in digest: inout RowDigest) throws {
        let crc = RowChecksum.of(id.uuid, bytes)
        digest.add(RowDigest.hash(id.uuid, crc))
        putRow.bind(1, id.uuid)
        putRow.bind(2, Int64(crc))
        putRow.bind(3, blob: bytes)
        try putRow.run()

        let record = try RecordCodec.decode(bytes, id: id)
        try put(record)
        for tag in record.tags { try put(tag, of: record) }
        for result in record.compliance { try put(result, of: record) }
    }

    private func put(_ record: ResourceRecord) throws(SQLiteError) {
        let resource = record.resource
        putResource.bind(1, resource.id.uuid)
        putResource.bind(2, resource.provider.rawValue)
        putResource.bind(3, resource.resourceID)
        putResource.bind(4, resource.resourceType)
        putResource.bind(5, resource.name)
        putResource.bind(6, resource.accountID)
        putResource.bind(7, resource.region)
        putResource.bind(8, Self.json(resource.nativeTags))
        putResource.bind(9, String(decoding: resource.metadata.bytes, as: UTF8.self))
        putResource.bind(10, bits: resource.version)
        putResource.bind(11, resource.firstSeen.description)
        putResource.bind(12, resource.lastSeen.description)
        putResource.bind(13, bits: record.changedIndex)
        try putResource.run()
    }

    private func put(_ tag: VirtualTag, of record: ResourceRecord) throws(SQLiteError) {
        let id = record.resource.id
        putTag.bind(1, id.uuid)
        putTag.bind(2, tag.key)
        putTag.bind(3, PartID.virtualTag(of: id, key: tag.key))
        putTag.bind(4, tag.value)
        putTag.bind(5, tag.winner.source.rawValue)
        putTag.bind(6, tag.winner.confidence)
        putTag.bind(7, tag.winner.ruleID)
        putTag.bind(8, tag.winner.createdBy)
        putTag.bind(9, tag.winner.createdAt.description)
        putTag.bind(10, tag.winner.updatedAt.description)
        putTag.bind(11, bits: record.changedIndex)
        try putTag.run()
    }

    private func put(_ result: ComplianceResult, of record: ResourceRecord) throws(SQLiteError) {
        let id = record.resource.id
        putStatus.bind(1, id.uuid)
        putStatus.bind(2, result.policyID)
        putStatus.bind(3, PartID.complianceStatus(of: id, policy: result.policyID))
        putStatus.bind(4, result.isCompliant ? 1 : 0)
        putStatus.bind(5, Self.json(result.violations))
        putStatus.bind(6, result.checkedAt.description)
        putStatus.bind(7, bits: record.changedIndex)
        try putStatus.run()
    }

    // MARK: The system shard

    func write(_ batch: SystemCheckpointBatch, into row: inout WatermarkRow) throws(SQLiteError) {
        for item in batch.items { try write(item, into: &row.rows) }
        for entry in batch.audit { try write(entry, shard: row.shard) }
        try writeState(batch.state, shard: row.shard, into: &row.state)
        row.watermark = batch.watermark
        try write(row)
    }

    /// Rare enough to be prepared each time.
    private func write(_ item: SystemCheckpointBatch.Item, into digest: inout RowDigest) throws(SQLiteError) {
        let table = item.table.rawValue
        let old = try connection.prepare("SELECT crc FROM \(table) WHERE id = ?1")
        old.bind(1, item.id)
        if try old.step() { digest.remove(RowDigest.hash(item.id, UInt32(truncatingIfNeeded: old.int(0)))) }
        old.reset()
        let delete = try connection.prepare("DELETE FROM \(table) WHERE id = ?1")
        delete.bind(1, item.id)
        try delete.run()
        guard let record = item.record else { return }
        let names = item.columns.map(\.name)
        let places = (1...(names.count + 3)).map { "?\($0)" }.joined(separator: ", ")
        let insert = try connection.prepare(
            "INSERT INTO \(table) (\((["id", "record", "crc"] + names).joined(separator: ", "))) VALUES (\(places))")
        let crc = RowChecksum.of(item.id, record)
        digest.add(RowDigest.hash(item.id, crc))
        insert.bind(1, item.id)
        insert.bind(2, blob: record)
        insert.bind(3, Int64(crc))
        for (position, column) in item.columns.enumerated() { insert.bind(Int32(position + 4), column.value) }
        try insert.run()
    }

    // MARK: Both

    private func write(_ entry: AuditEntry, shard: Int) throws(SQLiteError) {
        var writer = ByteWriter(reserving: 256)
        writer.auditEntry(entry)
        putAudit.bind(1, shard)
        putAudit.bind(2, bits: entry.sequence)
        putAudit.bind(3, entry.at.milliseconds)
        putAudit.bind(4, entry.resourceID?.uuid)
        putAudit.bind(5, entry.action.rawValue)
        putAudit.bind(6, entry.tagKey)
        putAudit.bind(7, entry.actor)
        putAudit.bind(8, entry.ruleID)
        putAudit.bind(9, blob: writer.bytes)
        putAudit.bind(10, Int64(RowChecksum.of(entry.id, writer.bytes)))
        try putAudit.run()
    }

    private func writeState(
        _ state: [(key: String, value: [UInt8]?)], shard: Int, into digest: inout RowDigest
    ) throws(SQLiteError) {
        for (key, value) in state {
            oldState.bind(1, shard)
            oldState.bind(2, key)
            if try oldState.step() { digest.remove(RowDigest.hash(key, UInt32(truncatingIfNeeded: oldState.int(0)))) }
            oldState.reset()
            guard let value else {
                deleteState.bind(1, shard)
                deleteState.bind(2, key)
                try deleteState.run()
                continue
            }
            let crc = RowChecksum.of(key, value)
            digest.add(RowDigest.hash(key, crc))
            putState.bind(1, shard)
            putState.bind(2, key)
            putState.bind(3, blob: value)
            putState.bind(4, Int64(crc))
            try putState.run()
        }
    }

    private func write(_ row: WatermarkRow) throws(SQLiteError) {
        putWatermark.bind(1, row.shard)
        putWatermark.bind(2, bits: row.watermark.term)
        putWatermark.bind(3, bits: row.watermark.appliedIndex)
        putWatermark.bind(4, bits: row.watermark.auditSequence)
        putWatermark.bind(5, row.rows.count)
        putWatermark.bind(6, bits: row.rows.sum)
        putWatermark.bind(7, row.state.count)
        putWatermark.bind(8, bits: row.state.sum)
        putWatermark.bind(9, Int64(row.crc))
        try putWatermark.run()
    }

    private static func json(_ tags: TagList) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        for tag in tags.tags {
            writer.key(tag.key)
            writer.string(tag.value)
        }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func json(_ violations: [Violation]) -> String {
        guard !violations.isEmpty else { return "[]" }
        var writer = JSONWriter()
        writer.beginArray()
        for violation in violations {
            writer.beginObject()
            writer.key("code")
            writer.string(violation.code.rawValue)
            writer.key("tag_key")
            writer.string(violation.tagKey)
            writer.key("value")
            writer.string(violation.value)
            writer.endObject()
        }
        writer.endArray()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
