package import PostgresClient
import PostgresSchema

/// Reads from the database what a cluster's sink wrote there, in the cluster's own stored forms: all of it, to make a cluster from,
/// or what changed after some point, to follow one. Also from a streaming replica.
///
/// Its calls block: a thread of its own makes them, one thread at a time.
package final class PostgresSource {
    private let connection: PostgresConnection

    /// Connects, and checks that the schema is of the version that this software knows.
    package init(
        _ settings: PostgresSettings, _ cancellation: PostgresCancellation = PostgresCancellation()
    ) throws(SourceError) {
        do throws(PostgresError) { connection = try PostgresConnection(settings, cancellation) } catch {
            throw .postgres(error)
        }
        let version: Int
        do throws(SchemaError) { version = try Migrator(connection).check() } catch {
            if case .postgres(let error) = error { throw .postgres(error) }
            throw .schema("\(error)")
        }
        guard version == Schema.version else {
            throw .schema(
                version == 0
                    ? "the database holds nothing of a cluster: name the one that results were sent to"
                    : "the schema is of version \(version), this software knows \(Schema.version): run `vtag postgres migrate`, "
                        + "and let the cluster send its rows once more")
        }
    }

    /// False after an error that ended the session.
    package var isOpen: Bool { connection.isOpen }

    package func close() { connection.close() }

    /// Whatever `body` reads is as of one moment. Errors of its own go through.
    package func reading<Value>(_ body: (SourceSnapshot) throws -> Value) throws -> Value {
        try transaction("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY") { try body(SourceSnapshot($0)) }
    }

    func transaction<Value>(_ begin: StaticString, _ body: (PostgresConnection) throws -> Value) throws -> Value {
        do {
            try connection.execute(begin)
            let value = try body(connection)
            try connection.execute("COMMIT")
            return value
        } catch {
            if connection.isOpen {
                // What cannot be rolled back is closed, which comes to the same.
                do throws(PostgresError) { try connection.execute("ROLLBACK") } catch { connection.close() }
            }
            if let error = error as? PostgresError { throw SourceError.postgres(error) }
            throw error
        }
    }
}

/// Why nothing can be made of what is in the database. Says what to do.
package enum SourceError: Error, Hashable, Sendable, CustomStringConvertible {
    case postgres(PostgresError)
    /// The schema is not the one that this software knows.
    case schema(String)
    /// Something is missing that the cluster had not sent yet.
    case incomplete(String)
    /// No cluster can begin on a server that takes no writes.
    case readOnly(String)
    case takenOver(String)
    /// A row does not hold what the cluster wrote.
    case damaged(table: String, id: String, reason: String)

    package var description: String {
        switch self {
        case .postgres(let error): "\(error)"
        case .schema(let words), .incomplete(let words), .readOnly(let words), .takenOver(let words): words
        case .damaged(let table, let id, let reason):
            "row \(id) of vtag.\(table) is not what a cluster wrote there (\(reason)): restore the database from a back-up, or, "
                + "where its cluster still runs, have the shard sent again (docs/postgres.md)"
        }
    }
}
