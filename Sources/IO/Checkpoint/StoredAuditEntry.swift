import Model

/// A row of `tag_audit`.
///
/// `previous` is the sequence of the resource's entry before this one, 0 for none: the history of a resource is a chain
/// in its shard whose newest link its record names. `stamp` is the entry's time, or the stamp of the shard's entry before
/// where that is later: it never falls as sequences rise.
struct StoredAuditEntry {
    var shard: Int
    var previous: Int64
    var stamp: Int64
    var changedIndex: UInt64
    /// See `AuditChain`.
    var hash: [UInt8]
    var entry: AuditEntry

    private var number: Int64 { Self.number(shard: shard, sequence: Int64(bitPattern: entry.sequence)) }

    /// The key of the row.
    static func number(shard: Int, sequence: Int64) -> Int64 {
        let rows = StoredRecord.rows(of: shard)
        precondition(sequence >= 0 && sequence <= rows.last - rows.first, "there is no audit entry \(sequence)")
        return rows.first + sequence
    }

    static let columns = """
        number, previous, stamp, shard, sequence, at, id, resource_id, rule_id, action, tag_key, old_value, new_value, \
        actor, source, request_id, changed_index, hash, crc
        """

    static let insert = "INSERT INTO tag_audit (\(columns)) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"

    func write(with insert: SQLiteStatement) throws {
        var checksum = RowChecksum()
        let numbers = [number, previous, stamp, Int64(shard), Int64(bitPattern: entry.sequence), entry.at.milliseconds]
        for (position, value) in numbers.enumerated() {
            checksum.add(value)
            insert.bind(Int32(position + 1), value)
        }
        for (position, id) in [entry.id, entry.resourceID?.uuid, entry.ruleID].enumerated() {
            checksum.add(optional: id)
            insert.bind(Int32(position + 7), id)
        }
        let texts = [
            entry.action.rawValue, entry.tagKey, entry.oldValue, entry.newValue, entry.actor, entry.source?.rawValue,
            entry.requestID,
        ]
        for (position, text) in texts.enumerated() {
            checksum.add(optional: text)
            insert.bind(Int32(position + 10), text)
        }
        checksum.add(changedIndex)
        insert.bind(17, bits: changedIndex)
        checksum.add(hash)
        insert.bind(18, blob: hash)
        insert.bind(19, Int64(checksum.value))
        try insert.run()
    }
}

/// The current row of a statement that selects `StoredAuditEntry.columns`, checked. Valid until the next step.
struct AuditRow {
    private let row: SQLiteStatement

    /// Nil where the row is not what was written.
    init?(_ row: SQLiteStatement) {
        var checksum = RowChecksum()
        for column in 0..<6 as Range<Int32> { checksum.add(row.int(column)) }
        for column in 6..<9 as Range<Int32> {
            checksum.add(optional: row.uuid(column))
            guard row.isNull(column) || row.uuid(column) != nil else { return nil }
        }
        for column in 9..<16 as Range<Int32> { checksum.add(optional: row.isNull(column) ? nil : row.blob(column)) }
        checksum.add(row.bits(16))
        checksum.add(row.blob(17))
        guard row.int(18) == Int64(checksum.value) else { return nil }
        self.row = row
    }

    var number: Int64 { row.int(0) }
    var shard: Int { Int(row.int(3)) }
    var sequence: Int64 { row.int(4) }
    var place: AuditCursor { AuditCursor(stamp: stamp, shard: shard, sequence: sequence) }
    var changedIndex: UInt64 { row.bits(16) }
    var hash: [UInt8] { Array(row.blob(17)) }
    var previous: Int64 { row.int(1) }
    var stamp: Int64 { row.int(2) }
    var at: Timestamp { Timestamp(milliseconds: row.int(5)) }
    var resourceID: ResourceID? { row.uuid(7).map(ResourceID.init) }
    var ruleID: UUID128? { row.uuid(8) }
    var action: String { row.text(9) }
    var tagKey: String { row.text(10) }
    var actor: String { row.text(13) }

    /// Nil where the action or the source is one that this version does not know.
    var entry: AuditEntry? {
        guard let id = row.uuid(6), let action = AuditEntry.Action(rawValue: action) else { return nil }
        var source: TagSource?
        if let text = row.optionalText(14) {
            guard let known = TagSource(rawValue: text) else { return nil }
            source = known
        }
        return AuditEntry(
            id: id, sequence: row.bits(4), resourceID: resourceID, action: action, tagKey: tagKey,
            oldValue: row.optionalText(11), newValue: row.optionalText(12), actor: actor, source: source, ruleID: ruleID,
            requestID: row.text(15), at: at)
    }
}
