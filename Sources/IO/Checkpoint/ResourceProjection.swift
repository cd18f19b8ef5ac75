import JSON
import Model

/// Writes what a resource's row says to `resources`, `virtual_tags` and `compliance_status`, for readers of SQL.
struct ResourceProjection {
    private let resource: SQLiteStatement
    private let clearTags: SQLiteStatement
    private let tag: SQLiteStatement
    private let clearStatus: SQLiteStatement
    private let status: SQLiteStatement
    private let clearResource: SQLiteStatement

    init(_ connection: SQLiteConnection) throws {
        resource = try connection.prepare(
            "INSERT OR REPLACE INTO resources VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
        clearTags = try connection.prepare("DELETE FROM virtual_tags WHERE row = ?")
        tag = try connection.prepare("INSERT OR REPLACE INTO virtual_tags VALUES (?,?,?,?,?,?,?,?,?,?,?,?)")
        clearStatus = try connection.prepare("DELETE FROM compliance_status WHERE row = ?")
        status = try connection.prepare("INSERT OR REPLACE INTO compliance_status VALUES (?,?,?,?,?,?,?,?)")
        clearResource = try connection.prepare("DELETE FROM resources WHERE row = ?")
    }

    /// Replaces the rows of resource number `row`; there are none yet where `isNew`.
    func write(_ record: ResourceRecord, row: Int64, isNew: Bool) throws {
        if !isNew { try clearParts(row) }
        try write(record.resource, row: row, changedIndex: record.changedIndex)
        for virtualTag in record.tags { try write(virtualTag, of: record, row: row) }
        for result in record.compliance { try write(result, of: record, row: row) }
    }

    func clear(_ row: Int64) throws {
        try clearParts(row)
        clearResource.bind(1, row)
        try clearResource.run()
    }

    private func clearParts(_ row: Int64) throws {
        clearTags.bind(1, row)
        try clearTags.run()
        clearStatus.bind(1, row)
        try clearStatus.run()
    }

    private func write(_ value: Resource, row: Int64, changedIndex: UInt64) throws {
        var tags = JSONWriter()
        tags.beginObject()
        for tag in value.nativeTags.tags {
            tags.key(tag.key)
            tags.string(tag.value)
        }
        tags.endObject()
        resource.bind(1, row)
        resource.bind(2, value.id.uuid)
        resource.bind(3, value.provider.rawValue)
        resource.bind(4, value.resourceID)
        resource.bind(5, value.resourceType)
        resource.bind(6, value.name)
        resource.bind(7, value.accountID)
        resource.bind(8, value.region)
        resource.bind(9, text: tags.bytes)
        resource.bind(10, text: value.metadata.bytes)
        resource.bind(11, Int64(bitPattern: value.version))
        resource.bind(12, value.firstSeen.milliseconds)
        resource.bind(13, value.lastSeen.milliseconds)
        resource.bind(14, Int64(bitPattern: changedIndex))
        try resource.run()
    }

    private func write(_ value: VirtualTag, of record: ResourceRecord, row: Int64) throws {
        tag.bind(1, row)
        tag.bind(2, value.key)
        tag.bind(3, PartID.virtualTag(of: record.resource.id, key: value.key))
        tag.bind(4, record.resource.id.uuid)
        tag.bind(5, value.value)
        tag.bind(6, value.winner.source.rawValue)
        tag.bind(7, value.winner.confidence)
        tag.bind(8, value.winner.ruleID)
        tag.bind(9, value.winner.createdBy)
        tag.bind(10, value.winner.createdAt.milliseconds)
        tag.bind(11, value.winner.updatedAt.milliseconds)
        tag.bind(12, Int64(bitPattern: record.changedIndex))
        try tag.run()
    }

    private func write(_ result: ComplianceResult, of record: ResourceRecord, row: Int64) throws {
        var violations = JSONWriter()
        violations.beginArray()
        for violation in result.violations {
            violations.beginObject()
            violations.key("code")
            violations.string(violation.code.rawValue)
            violations.key("tag_key")
            violations.string(violation.tagKey)
            violations.key("value")
            violations.string(violation.value)
            violations.endObject()
        }
        violations.endArray()
        status.bind(1, row)
        status.bind(2, result.policyID)
        status.bind(3, PartID.complianceStatus(of: record.resource.id, policy: result.policyID))
        status.bind(4, record.resource.id.uuid)
        status.bind(5, result.isCompliant ? 1 : 0 as Int64)
        status.bind(6, text: violations.bytes)
        status.bind(7, result.checkedAt.milliseconds)
        status.bind(8, Int64(bitPattern: record.changedIndex))
        try status.run()
    }
}
