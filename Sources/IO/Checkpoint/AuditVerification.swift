import Model

/// What is wrong with an audit history, and from where on.
package struct AuditFault: Hashable, Sendable {
    /// The first entry that is not what was written.
    package let sequence: UInt64
    package let problem: Problem

    package enum Problem: String, Sendable {
        /// Its row is not there.
        case missing
        /// Its row does not have the checksum that it was written with, or cannot be read.
        case altered
        /// Its hash does not follow from the entry and the hash before.
        case unchained
        /// The history ends with it, and not with the hash that was noted when it was written.
        case wrongEnd = "wrong_end"
        /// It was added behind the end.
        case added
    }

    package init(sequence: UInt64, problem: Problem) {
        self.sequence = sequence
        self.problem = problem
    }
}

/// What was found of a shard's audit history.
package struct AuditVerification: Hashable, Sendable {
    /// Number of the shard; 0 is the system shard.
    package let shard: Int
    /// The entries that were looked at; none where `last` is less than `first`.
    package let first: UInt64
    package let last: UInt64
    /// Hash of the entry `last`: it stands for all that came before, on every replica.
    package let head: [UInt8]
    package let fault: AuditFault?
    /// Where to go on; nil at the end, or where there is a fault.
    package let next: UInt64?

    package init(shard: Int, first: UInt64, last: UInt64, head: [UInt8], fault: AuditFault?, next: UInt64?) {
        self.shard = shard
        self.first = first
        self.last = last
        self.head = head
        self.fault = fault
        self.next = next
    }
}

extension Checkpoint {
    /// Works the hashes of a shard's audit history out anew, from entry `first` on, `limit` entries at most, and compares them
    /// with those that were written. Sees what the last round wrote.
    ///
    /// An entry before `first` is believed: ask from 1 on for all of them. Throws where the file's own totals are damaged.
    /// Blocks; takes about 5 µs an entry.
    package func verifyAudit(shard: Int, from first: UInt64, limit: Int) throws(CheckpointError) -> AuditVerification {
        try reading { connection in
            let stored = try StoredTotals.read(connection, path: path).shards[shard] ?? .none
            var walk = try AuditWalk(connection, shard: shard, stored: stored, first: first)
            return try walk.run(limit: limit)
        }
    }
}

/// One walk over a shard's audit history, from old to new.
private struct AuditWalk {
    private let connection: SQLiteConnection
    private let shard: Int
    private let stored: StoredWatermark
    private let chain: AuditChain
    private let first: UInt64
    private var sequence: UInt64
    private var head: [UInt8] = []

    private static let rowsFrom =
        "SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number >= ? AND number <= ? ORDER BY number"

    init(_ connection: SQLiteConnection, shard: Int, stored: StoredWatermark, first: UInt64) throws {
        self.connection = connection
        self.shard = shard
        self.stored = stored
        self.first = max(1, first)
        chain = try AuditChain()
        sequence = self.first - 1
    }

    mutating func run(limit: Int) throws -> AuditVerification {
        let last = stored.watermark.auditSequence
        guard first <= last else { return try found(first == 1 ? strangers() : nil) }
        let end = last - sequence > UInt64(limit) ? sequence + UInt64(limit) : last
        do {
            if let problem = try walk(to: end) { return found(AuditFault(sequence: sequence + 1, problem: problem)) }
        } catch let error as SQLiteError where error.isDamage {
            return found(AuditFault(sequence: sequence + 1, problem: .altered))
        }
        guard end == last else { return found(nil, next: end + 1) }
        guard head == stored.auditHash else { return found(AuditFault(sequence: last, problem: .wrongEnd)) }
        return try found(strangers())
    }

    /// Nil at the end.
    private mutating func walk(to end: UInt64) throws -> AuditFault.Problem? {
        let rows = try connection.prepare(Self.rowsFrom)
        // The hash before the first comes from its row.
        rows.bind(1, StoredAuditEntry.number(shard: shard, sequence: Int64(clamping: max(1, sequence))))
        rows.bind(2, StoredAuditEntry.number(shard: shard, sequence: Int64(clamping: end)))
        if sequence > 0 {
            guard try rows.step(), let row = AuditRow(rows), row.sequence == Int64(clamping: sequence) else {
                sequence -= 1
                return .altered
            }
            head = row.hash
        }
        while sequence < end {
            let expected = StoredAuditEntry.number(shard: shard, sequence: Int64(clamping: sequence + 1))
            guard try rows.step(), rows.int(0) == expected else { return .missing }
            guard let row = AuditRow(rows), row.shard == shard, UInt64(clamping: row.sequence) == sequence + 1,
                let entry = row.entry
            else { return .altered }
            let hash = try chain.hash(entry, after: head, shard: shard)
            guard hash == row.hash else { return .unchained }
            head = hash
            sequence += 1
        }
        return nil
    }

    /// Rows behind the end.
    private func strangers() throws -> AuditFault? {
        let last = Int64(clamping: stored.watermark.auditSequence)
        let find = try connection.prepare("SELECT min(number) FROM tag_audit WHERE number > ? AND number <= ?")
        find.bind(1, StoredAuditEntry.number(shard: shard, sequence: last))
        find.bind(2, StoredRecord.rows(of: shard).last)
        defer { find.reset() }
        guard try find.step(), !find.isNull(0) else { return nil }
        return AuditFault(
            sequence: UInt64(clamping: find.int(0) - StoredRecord.rows(of: shard).first), problem: .added)
    }

    private func found(_ fault: AuditFault?, next: UInt64? = nil) -> AuditVerification {
        AuditVerification(shard: shard, first: first, last: sequence, head: head, fault: fault, next: next)
    }
}
