package import Model
package import PostgresClient
import PostgresSchema
package import Sink

/// A connection over which results are sent. Its calls block: a thread of its own makes them.
package final class SinkSession {
    private let connection: PostgresConnection
    private let incarnation: UUID128
    /// Months of the audit history that are known to have partitions.
    private var months: Set<AuditBatch.MonthNumber> = []
    /// Steps of the schema that were carried out as the session began.
    package let migrated: [String]

    /// Connects, and brings the schema to this software's version where it is older or none.
    package init(
        _ settings: PostgresSettings, incarnation: UUID128, _ cancellation: PostgresCancellation
    ) throws(SinkError) {
        self.incarnation = incarnation
        do throws(PostgresError) { connection = try PostgresConnection(settings, cancellation) } catch {
            throw SinkError(error)
        }
        do throws(SchemaError) {
            let migrator = Migrator(connection)
            migrated = try migrator.check() < Schema.version ? migrator.migrate() : []
        } catch {
            throw SinkError(error)
        }
    }

    /// False after an error that ended it.
    package var isOpen: Bool { connection.isOpen }

    package func close() { connection.close() }

    /// Raises the shards' terms; how far each is.
    package func raise(_ terms: [(shard: Int, term: UInt64)]) throws(SinkError) -> [SinkProgress] {
        let statements = terms.sorted { $0.shard < $1.shard }.map { shard, term in
            PostgresStatement(
                "SELECT incarnation, term, epoch, applied_index, audit_sequence FROM vtag.raise_term($1, $2, $3)",
                [.integer(Int32(shard)), .uuid(incarnation), .bigint(SinkText.number(term))])
        }
        do throws(PostgresError) {
            let answers = try connection.pipeline(statements)
            var found: [Int: SinkProgress] = [:]
            for (position, shard) in terms.map(\.shard).sorted().enumerated() {
                let rows = answers[position]
                found[shard] = SinkProgress(
                    incarnation: try rows.get(0, 0), term: Self.number(try rows.get(0, 1)),
                    epoch: Self.number(try rows.get(0, 2)), appliedIndex: Self.number(try rows.get(0, 3)),
                    auditSequence: Self.number(try rows.get(0, 4)))
            }
            return terms.compactMap { found[$0.shard] }
        } catch {
            throw SinkError(error)
        }
    }

    private static func number(_ value: Int64) -> UInt64 { UInt64(max(0, value)) }

    /// All of it, or nothing.
    package func commit(_ transaction: SinkTransaction) throws(SinkError) {
        do throws(PostgresError) {
            try preparePartitions(transaction.months)
            _ = try connection.pipeline(transaction.statements(incarnation))
        } catch {
            // Somebody may have dropped one.
            months = []
            throw SinkError(error)
        }
    }

    /// Tells that these shards were all there at that time. Nothing happens to those that have another leader by now.
    package func confirm(_ shards: [(shard: Int, progress: SinkProgress)], at moment: Timestamp) throws(SinkError) {
        do throws(PostgresError) {
            try connection.execute(SinkTransaction.confirmation(shards, incarnation, at: moment))
        } catch {
            throw SinkError(error)
        }
    }

    /// In transactions of their own, as making one locks the whole history.
    private func preparePartitions(_ wanted: [AuditBatch.MonthNumber: Timestamp]) throws(PostgresError) {
        for (month, moment) in wanted.sorted(by: { $0.key < $1.key }) where !months.contains(month) {
            try connection.execute("SELECT vtag.prepare_audit_partitions($1, $1)", [.timestamp(moment)])
            months.insert(month)
        }
    }
}
