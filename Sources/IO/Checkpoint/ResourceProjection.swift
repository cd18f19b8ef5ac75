import JSON
import Model

/// Writes what a resource's row says to `resources`, `virtual_tags` and `compliance_status`, for readers of SQL.
///
/// Most changes concern one tag. What the row's former bytes say as well is there already, and is left alone.
struct ResourceProjection {
    private let resource: SQLiteStatement
    private let clearTags: SQLiteStatement
    private let clearTag: SQLiteStatement
    private let tag: SQLiteStatement
    private let clearStatus: SQLiteStatement
    private let status: SQLiteStatement
    private let clearResource: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(SQLiteError) {
        resource = try connection.prepare("INSERT OR REPLACE INTO resources VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)")
        clearTags = try connection.prepare("DELETE FROM virtual_tags WHERE row = ?")
        clearTag = try connection.prepare("DELETE FROM virtual_tags WHERE row = ? AND tag_key = ?")
        tag = try connection.prepare("INSERT OR REPLACE INTO virtual_tags VALUES (?,?,?,?,?,?,?,?,?,?,?)")
        clearStatus = try connection.prepare("DELETE FROM compliance_status WHERE row = ?")
        status = try connection.prepare("INSERT OR REPLACE INTO compliance_status VALUES (?,?,?,?,?,?,?,?)")
        clearResource = try connection.prepare("DELETE FROM resources WHERE row = ?")
    }

    /// Writes resource number `row`, of which there is nothing yet.
    func insert(_ record: ResourceRecord, row: Int64) throws {
        try write(record.resource, row: row)
        for virtualTag in record.tags { try write(virtualTag, of: record.resource.id, row: row) }
        for result in record.compliance { try write(result, of: record.resource.id, row: row) }
    }

    /// Writes where resource number `row` differs from `old`; all of it, where that is nil or cannot be read.
    func update(_ id: ResourceID, _ bytes: [UInt8], from old: [UInt8]?, row: Int64) throws {
        try bytes.withUnsafeBytes { raw in
            let new = try RowSections(raw)
            let isCompared = try old?.withUnsafeBytes { raw in
                guard let old = try? RowSections(raw), old.base == new.base else { return false }
                try update(id, new, from: old, row: row)
                return true
            }
            guard isCompared != true else { return }
            try clearParts(row)
            try insert(RecordCodec.decode(raw, id: id), row: row)
        }
    }

    private func update(_ id: ResourceID, _ new: RowSections, from old: RowSections, row: Int64) throws {
        if !new.resource.elementsEqual(old.resource) {
            var reader = ByteReader(new.resource)
            try write(reader.resource(id: id, base: new.base), row: row)
        }
        if !new.tags.elementsEqual(old.tags) {
            var (after, before) = (ByteReader(new.tags), ByteReader(old.tags))
            try update(id, after.tags(base: new.base), from: before.tags(base: old.base), row: row)
        }
        if !new.compliance.elementsEqual(old.compliance) {
            clearStatus.bind(1, row)
            try clearStatus.run()
            var reader = ByteReader(new.compliance)
            for result in try reader.compliance(base: new.base) { try write(result, of: id, row: row) }
        }
    }

    /// Both are sorted by key.
    private func update(_ id: ResourceID, _ new: [VirtualTag], from old: [VirtualTag], row: Int64) throws {
        var before = old[...]
        for virtualTag in new {
            while let gone = before.first, gone.key < virtualTag.key {
                try removeTag(gone.key, row)
                before.removeFirst()
            }
            if let was = before.first, was.key == virtualTag.key {
                before.removeFirst()
                if was.winner == virtualTag.winner { continue }
            }
            try write(virtualTag, of: id, row: row)
        }
        for gone in before { try removeTag(gone.key, row) }
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

    private func removeTag(_ key: String, _ row: Int64) throws {
        clearTag.bind(1, row)
        clearTag.bind(2, key)
        try clearTag.run()
    }

    private func write(_ value: Resource, row: Int64) throws {
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
        try resource.run()
    }

    private func write(_ value: VirtualTag, of id: ResourceID, row: Int64) throws {
        tag.bind(1, row)
        tag.bind(2, value.key)
        tag.bind(3, PartID.virtualTag(of: id, key: value.key))
        tag.bind(4, id.uuid)
        tag.bind(5, value.value)
        tag.bind(6, value.winner.source.rawValue)
        tag.bind(7, value.winner.confidence)
        tag.bind(8, value.winner.ruleID)
        tag.bind(9, value.winner.createdBy)
        tag.bind(10, value.winner.createdAt.milliseconds)
        tag.bind(11, value.winner.updatedAt.milliseconds)
        try tag.run()
    }

    private func write(_ result: ComplianceResult, of id: ResourceID, row: Int64) throws {
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
        status.bind(3, PartID.complianceStatus(of: id, policy: result.policyID))
        status.bind(4, id.uuid)
        status.bind(5, result.isCompliant ? 1 : 0 as Int64)
        status.bind(6, text: violations.bytes)
        status.bind(7, result.waiverID)
        status.bind(8, result.checkedAt.milliseconds)
        try status.run()
    }
}
