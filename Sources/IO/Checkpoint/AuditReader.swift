import Model

/// Walks `tag_audit` from new to old, and proves on the way that nothing is missing: all of it by its dense numbers, or
/// one resource's chain by its links.
struct AuditReader {
    private let path: String
    private let totals: StoredTotals
    private let descending: SQLiteStatement
    private let single: SQLiteStatement
    private let findRecord: SQLiteStatement
    private let findTombstone: SQLiteStatement
    /// The number of the next entry.
    private var position: Int64
    private var resource: ResourceID?
    private var isScanning = false

    init(_ connection: SQLiteConnection, path: String, totals: StoredTotals) throws {
        self.path = path
        self.totals = totals
        descending = try connection.prepare(
            "SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number <= ? ORDER BY number DESC")
        single = try connection.prepare("SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number = ?")
        findRecord = try connection.prepare(StoredRecord.select)
        findTombstone = try connection.prepare("SELECT audit_head FROM tombstones WHERE shard = ? AND id = ?")
        position = totals.auditLast
    }

    mutating func limit(to number: Int64) { position = min(position, number) }

    /// Only the entries of `id` from now on.
    mutating func follow(_ id: ResourceID) throws {
        resource = id
        var at = try head(of: id)
        while at > position { at = try row(at).previous }
        position = at
    }

    private func head(of id: ResourceID) throws -> Int64 {
        if let record = try StoredRecord.find(id.uuid, with: findRecord) { return record.auditHead }
        for shard in totals.shards.keys.sorted() {
            findTombstone.bind(1, shard)
            findTombstone.bind(2, id.uuid)
            defer { findTombstone.reset() }
            if try findTombstone.step() { return findTombstone.int(0) }
        }
        return 0
    }

    /// Leaves out what is too new to be before `time`: stamps never fall, and exceed times by a known bound.
    mutating func narrow(to time: Timestamp?) throws {
        guard let time else { return }
        let bound = time.milliseconds.addingReportingOverflow(totals.auditSkew)
        guard !bound.overflow else { return }
        // The last number whose stamp is below the bound.
        var (low, high) = (0 as Int64, position)
        while low < high {
            let middle = high - (high - low) / 2
            if try row(middle).stamp < bound.partialValue { low = middle } else { high = middle - 1 }
        }
        position = low
    }

    /// The next row; valid until the call after.
    mutating func next() throws -> AuditRow? {
        guard position > 0 else { return nil }
        if let resource {
            let found = try row(position)
            guard found.resourceID == resource, found.previous < position else { throw damaged(position) }
            position = found.previous
            return found
        }
        if !isScanning {
            descending.bind(1, position)
            isScanning = true
        }
        guard try descending.step(), let found = AuditRow(descending), found.number == position else {
            throw damaged(position)
        }
        position -= 1
        return found
    }

    private func row(_ number: Int64) throws -> AuditRow {
        single.reset()
        single.bind(1, number)
        guard try single.step(), let found = AuditRow(single), found.number == number else { throw damaged(number) }
        return found
    }

    private func damaged(_ number: Int64) -> CheckpointError {
        .damaged(path, "entry \(number) of the audit history is missing or altered")
    }
}
