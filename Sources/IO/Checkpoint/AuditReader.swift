package import Model
import Synchronization

/// Which audit entries are wanted; nil means any.
package struct AuditFilter: Hashable, Sendable {
    package var resource: ResourceID?
    package var tagKey: String?
    package var actor: String?
    package var action: AuditEntry.Action?
    package var ruleID: UUID128?
    package var from: Timestamp?
    package var to: Timestamp?

    package init() {}
}

/// The place of an entry in the trail, newest first.
package struct AuditCursor: Hashable, Sendable {
    package let at: Timestamp
    package let shard: Int
    package let sequence: UInt64

    package init(at: Timestamp, shard: Int, sequence: UInt64) {
        self.at = at
        self.shard = shard
        self.sequence = sequence
    }
}

package struct AuditPage: Sendable {
    package let entries: [AuditEntry]
    /// Where the next page starts; nil after the last.
    package let next: AuditCursor?
}

/// Changes counted by actor, action and day.
package struct AuditCount: Hashable, Sendable {
    package let day: String
    package let actor: String
    package let action: String
    package let count: Int
}

/// Reads the audit history on a connection of its own.
final class AuditReader: Sendable {
    private let path: String
    private let connection = Mutex<SQLiteConnection?>(nil)

    init(path: String) { self.path = path }

    func withConnection<Value: Sendable>(_ body: (SQLiteConnection) throws -> Value) throws -> Value {
        try connection.withLock { connection in
            let open = try connection ?? SQLiteConnection(path: path, readOnly: true)
            connection = open
            return try body(open)
        }
    }
}

extension Checkpoint {
    /// Up to `limit` entries after `before`, newest first. Blocks; call it off the event loops.
    package func auditTrail(
        _ filter: AuditFilter, before: AuditCursor?, limit: Int
    ) throws(CheckpointError) -> AuditPage {
        try auditing { connection throws in
            let (clause, bind) = Self.clause(filter, before)
            let rows = try connection.prepare(
                """
                SELECT \(AuditRow.columns) FROM tag_audit \(clause)
                ORDER BY at DESC, shard DESC, sequence DESC LIMIT \(limit + 1)
                """)
            bind(rows)
            var entries: [AuditEntry] = []
            var last: AuditCursor?
            while try rows.step() {
                guard entries.count < limit else { return AuditPage(entries: entries, next: last) }
                let row = try AuditRow(rows, path: path)
                last = AuditCursor(at: row.entry.at, shard: row.shard, sequence: row.entry.sequence)
                entries.append(row.entry)
            }
            return AuditPage(entries: entries, next: nil)
        }
    }

    /// Counts by day (UTC), actor and action; the newest days first. Blocks.
    package func auditCounts(_ filter: AuditFilter, limit: Int) throws(CheckpointError) -> [AuditCount] {
        try auditing { connection throws in
            let (clause, bind) = Self.clause(filter, nil)
            let rows = try connection.prepare(
                """
                SELECT strftime('%Y-%m-%d', at / 1000, 'unixepoch') AS day, actor, action, count(*) FROM tag_audit \(clause)
                GROUP BY 1, 2, 3 ORDER BY 1 DESC, 4 DESC, 2, 3 LIMIT \(limit)
                """)
            bind(rows)
            var counts: [AuditCount] = []
            while try rows.step() {
                counts.append(
                    AuditCount(day: rows.text(0), actor: rows.text(1), action: rows.text(2), count: Int(rows.int(3))))
            }
            return counts
        }
    }

    private func auditing<Value: Sendable>(
        _ body: (SQLiteConnection) throws -> Value
    ) throws(CheckpointError) -> Value {
        do {
            return try auditReader.withConnection(body)
        } catch let error as SQLiteError {
            throw CheckpointError(error, path)
        } catch let error as CheckpointError {
            throw error
        } catch {
            throw CheckpointError.damaged(path, "\(error)")
        }
    }

    private static func clause(
        _ filter: AuditFilter, _ before: AuditCursor?
    ) -> (sql: String, bind: (SQLiteStatement) -> Void) {
        var terms: [String] = []
        var binds: [(SQLiteStatement, Int32) -> Void] = []
        func add(_ term: String, _ bind: @escaping (SQLiteStatement, Int32) -> Void) {
            binds.append(bind)
            terms.append(term.replacing("?", with: "?\(binds.count)"))
        }
        if let resource = filter.resource { add("resource_id = ?") { $0.bind($1, resource.uuid) } }
        if let key = filter.tagKey { add("tag_key = ?") { $0.bind($1, key) } }
        if let actor = filter.actor { add("actor = ?") { $0.bind($1, actor) } }
        if let action = filter.action { add("action = ?") { $0.bind($1, action.rawValue) } }
        if let rule = filter.ruleID { add("rule_id = ?") { $0.bind($1, rule) } }
        if let from = filter.from { add("at >= ?") { $0.bind($1, from.milliseconds) } }
        if let to = filter.to { add("at < ?") { $0.bind($1, to.milliseconds) } }
        if let before {
            let first = binds.count + 1
            binds.append { $0.bind($1, before.at.milliseconds) }
            binds.append { $0.bind($1, before.shard) }
            binds.append { $0.bind($1, bits: before.sequence) }
            terms.append("(at, shard, sequence) < (?\(first), ?\(first + 1), ?\(first + 2))")
        }
        let sql = terms.isEmpty ? "" : "WHERE " + terms.joined(separator: " AND ")
        return (sql, { statement in
            for (position, bind) in binds.enumerated() { bind(statement, Int32(position + 1)) }
        })
    }
}
