import Model

/// A shard's audit history from old to new, entry by entry, and in one piece what clean-ups removed between two of them.
/// Proves on the way that nothing else is missing. Within one read transaction.
struct AuditPieces {
    enum Piece {
        /// Valid until the next one.
        case entry(AuditRow)
        case removed(StoredRemoval)
    }

    /// What is at this place is not what was written.
    struct Fault: Error {
        let sequence: Int64
        let problem: AuditFault.Problem
    }

    private let shard: Int
    private let end: Int64
    private let rows: SQLiteStatement
    private let removals: SQLiteStatement
    private var nextRemoval: StoredRemoval?
    /// The last entry that was handed out or passed over.
    private(set) var position: Int64

    /// - Parameter position: the history begins behind this entry, which ends a piece.
    init(_ connection: SQLiteConnection, shard: Int, behind position: Int64, through end: Int64) throws {
        self.shard = shard
        self.position = position
        self.end = end
        let range = (
            StoredAuditEntry.number(shard: shard, sequence: min(position, end) + 1),
            StoredAuditEntry.number(shard: shard, sequence: end)
        )
        rows = try connection.prepare(
            "SELECT \(StoredAuditEntry.columns) FROM tag_audit WHERE number BETWEEN ? AND ? ORDER BY number")
        removals = try connection.prepare(
            "SELECT \(StoredRemoval.columns) FROM audit_removed WHERE number BETWEEN ? AND ? ORDER BY number")
        for statement in [rows, removals] {
            statement.bind(1, range.0)
            statement.bind(2, range.1)
        }
        try advanceRemoval()
    }

    private mutating func advanceRemoval() throws {
        nextRemoval = nil
        guard try removals.step() else { return }
        guard let found = StoredRemoval(removals, shard: shard) else {
            throw Fault(sequence: position + 1, problem: .altered)
        }
        nextRemoval = found
    }

    /// Nil at the end. Throws `Fault`.
    mutating func next() throws -> Piece? {
        guard position < end else { return nil }
        if let removal = nextRemoval, removal.first == position + 1 {
            position = removal.last
            try advanceRemoval()
            return .removed(removal)
        }
        let number = StoredAuditEntry.number(shard: shard, sequence: position + 1)
        guard try rows.step(), rows.int(0) == number else { throw Fault(sequence: position + 1, problem: .missing) }
        guard let row = AuditRow(rows), row.shard == shard, row.sequence == position + 1 else {
            throw Fault(sequence: position + 1, problem: .altered)
        }
        position += 1
        return .entry(row)
    }
}
