package import PostgresClient

/// What a server is like, for people who check it.
package struct ServerFacts: Hashable, Sendable {
    package let version: String
    /// Neither a standby nor set to read-only.
    package let takesWrites: Bool
    /// There is a role for analysts.
    package let hasReader: Bool

    package init(_ connection: PostgresConnection) throws(SchemaError) {
        do throws(PostgresError) {
            let rows = try connection.execute(
                """
                SELECT pg_catalog.current_setting('server_version'),
                    NOT pg_catalog.pg_is_in_recovery() AND pg_catalog.current_setting('transaction_read_only') = 'off',
                    EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'vtag_reader')
                """)
            version = try rows.get(0, 0)
            takesWrites = try rows.get(0, 1)
            hasReader = try rows.get(0, 2)
        } catch {
            throw .postgres(error)
        }
    }
}
