package import Model

/// Which entries of a stretch of a shard's history a clean-up would remove.
package struct AuditSelection: Hashable, Sendable {
    /// The last entry that was looked at; 0 where there is none.
    package let through: UInt64
    /// Nothing that is old enough follows.
    package let isLast: Bool
    package let removed: [ClosedRange<UInt64>]
    /// Entries that are old enough, and held.
    package let held: Int
}

extension Checkpoint {
    /// Looks at up to `limit` entries behind `after`, as long as they are from before `time` (by their stamps, which never fall):
    /// those that no hold names are to go. Sees what the last round wrote.
    ///
    /// Throws `damaged` where an entry is altered: nothing is removed from such a history. Blocks; takes about 5 µs an entry.
    package func auditBefore(
        _ time: Timestamp, shard: Int, after: UInt64, limit: Int, holds: LegalHolds
    ) throws(CheckpointError) -> AuditSelection {
        try reading { connection in
            let stored = try StoredTotals.read(connection, path: path).shards[shard] ?? .none
            let rows = try connection.prepare(
                "SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number BETWEEN ? AND ? ORDER BY number LIMIT ?")
            let last = stored.watermark.auditSequence
            guard after < last else { return AuditSelection(through: after, isLast: true, removed: [], held: 0) }
            rows.bind(1, StoredAuditEntry.number(shard: shard, sequence: Int64(clamping: after + 1)))
            rows.bind(2, StoredAuditEntry.number(shard: shard, sequence: Int64(clamping: last)))
            rows.bind(3, Int64(limit))
            let accounts = try AccountsOfResources(connection)
            var selected = AuditSelector(after: after)
            while try rows.step() {
                guard let row = AuditRow(rows), row.shard == shard else {
                    throw CheckpointError.damagedAudit(path, shard, Int64(clamping: selected.through + 1))
                }
                guard row.stamp < time.milliseconds else { return selected.selection(isLast: true) }
                let isHeld =
                    try !holds.isEmpty
                    && holds.names(
                        resource: row.resourceID, actor: row.actor, tagKey: row.tagKey, at: row.at,
                        account: { try accounts.account(of: $0) })
                selected.note(UInt64(clamping: row.sequence), isHeld: isHeld)
            }
            return selected.selection(isLast: selected.seen < limit)
        }
    }
}

private struct AuditSelector {
    private(set) var through: UInt64
    private(set) var seen = 0
    private var removed: [ClosedRange<UInt64>] = []
    private var held = 0

    init(after: UInt64) { through = after }

    mutating func note(_ sequence: UInt64, isHeld: Bool) {
        through = sequence
        seen += 1
        guard !isHeld else { return held += 1 }
        if let last = removed.last, last.upperBound + 1 == sequence {
            removed[removed.count - 1] = last.lowerBound...sequence
        } else {
            removed.append(sequence...sequence)
        }
    }

    func selection(isLast: Bool) -> AuditSelection {
        AuditSelection(through: through, isLast: isLast, removed: removed, held: held)
    }
}

/// Which account a resource belongs to now.
private final class AccountsOfResources {
    private let find: SQLiteStatement
    private var known: [ResourceID: String?] = [:]

    init(_ connection: SQLiteConnection) throws {
        find = try connection.prepare(
            "SELECT account_id FROM resources WHERE row = (SELECT row FROM records INDEXED BY records_id WHERE id = ?)")
    }

    /// Nil where there is no such resource any more.
    func account(of id: ResourceID) throws -> String? {
        if let account = known[id] { return account }
        find.bind(1, id.uuid)
        defer { find.reset() }
        let account = try find.step() ? find.text(0) : nil
        known[id] = .some(account)
        return account
    }
}
