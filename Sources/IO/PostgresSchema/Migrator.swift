package import PostgresClient

/// Brings a database's schema to the version that this software knows. Forward only; any number may try at once.
package struct Migrator {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) { self.connection = connection }

    /// Carries out the steps that are missing, all in one transaction, and returns their names; none when nothing was to do.
    ///
    /// Waits for another migration under way, up to the connection's lock time-out. Throws, and changes nothing, where the
    /// schema is newer or not ours.
    package func migrate() throws(SchemaError) -> [String] {
        try checkServer()
        var names: [String] = []
        do {
            try connection.execute("BEGIN")
            // Of the transaction: it is let go however this ends, and works through a pooler.
            try connection.execute("SELECT pg_catalog.pg_advisory_xact_lock($1)", [.bigint(Schema.lockKey)])
            try connection.run(script: Self.bookkeeping)
            let done = try doneSteps()
            for (position, step) in Schema.steps.enumerated().dropFirst(done) {
                try connection.run(script: step.script)
                try connection.execute(
                    "INSERT INTO vtag.schema_migrations (version, name, script_hash) VALUES ($1, $2, $3)",
                    [.bigint(Int64(position + 1)), .text("\(step.name)"), .bigint(step.hash)])
                names.append("\(step.name)")
            }
            try connection.execute("COMMIT")
            return names
        } catch {
            // What cannot be rolled back is closed, which comes to the same.
            do { try connection.execute("ROLLBACK") } catch { connection.close() }
            throw Self.schemaError(error)
        }
    }

    /// How many steps of ours the database has; 0 for one without our schema. Throws as `migrate` does.
    package func check() throws(SchemaError) -> Int {
        try checkServer()
        do {
            let found = try connection.execute("SELECT pg_catalog.to_regclass('vtag.schema_migrations') IS NOT NULL")
            return try found.get(0, 0, as: Bool.self) ? doneSteps() : 0
        } catch {
            throw Self.schemaError(error)
        }
    }

    private static let bookkeeping: StaticString = """
        DO $body$
        BEGIN
            -- Asked first: IF NOT EXISTS wants the right to make schemas, even where there is nothing to make.
            IF pg_catalog.to_regnamespace('vtag') IS NULL THEN CREATE SCHEMA vtag; END IF;
        END $body$;
        CREATE TABLE IF NOT EXISTS vtag.schema_migrations (
            version bigint PRIMARY KEY, name text NOT NULL, script_hash bigint NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now(), applied_by text NOT NULL DEFAULT current_user);
        """

    private func checkServer() throws(SchemaError) {
        guard connection.serverVersion == 0 || connection.serverVersion >= 150_000 else {
            throw .oldServer(connection.serverVersion)
        }
        do {
            let encoding = try connection.execute("SHOW server_encoding").get(0, 0, as: String.self)
            guard encoding == "UTF8" else { throw SchemaError.encoding(encoding) }
        } catch {
            throw Self.schemaError(error)
        }
    }

    private func doneSteps() throws -> Int {
        let rows = try connection.execute("SELECT version, script_hash FROM vtag.schema_migrations ORDER BY version")
        if rows.count > 0 {
            let newest = try rows.get(rows.count - 1, 0, as: Int64.self)
            guard newest <= Schema.version else { throw SchemaError.newer(found: Int(newest), known: Schema.version) }
        }
        for position in 0..<rows.count {
            let version = try rows.get(position, 0, as: Int64.self)
            let hash = try rows.get(position, 1, as: Int64.self)
            guard version == position + 1, hash == Schema.steps[position].hash else {
                throw SchemaError.differs(version: position + 1)
            }
        }
        return rows.count
    }

    private static func schemaError(_ error: any Error) -> SchemaError {
        switch error {
        case let error as SchemaError: error
        case let error as PostgresError: .postgres(error)
        default: preconditionFailure("an error of another kind: \(error)")
        }
    }
}
