import PostgresClient
import PostgresTesting
import Testing

@testable import PostgresSchema

@Suite("The schema in PostgreSQL")
struct MigratorTests {
    static func connect(to address: String) throws -> PostgresConnection {
        try PostgresConnection(PostgresSettings(address))
    }

    static func migrated() throws -> PostgresConnection {
        let connection = try connect(to: PostgresServer.shared.get().makeDatabase())
        _ = try Migrator(connection).migrate()
        return connection
    }

    @Test("An empty database gets every step once; a second run has nothing to do")
    func migrates() throws {
        let connection = try Self.connect(to: PostgresServer.shared.get().makeDatabase())
        let migrator = Migrator(connection)
        #expect(try migrator.check() == 0)
        #expect(try migrator.migrate().count == Schema.version)
        #expect(try migrator.check() == Schema.version)
        #expect(try migrator.migrate().isEmpty)
    }

    @Test("Of several migrators at once one does the work, and all succeed")
    func atOnce() async throws {
        let address = try PostgresServer.shared.get().makeDatabase()
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask { try Migrator(Self.connect(to: address)).migrate().count }
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted()
        }
        #expect(counts == [0, 0, 0, Schema.version])
    }

    @Test("A database that is newer, or was made otherwise, is refused and left as it is")
    func refusals() throws {
        let connection = try Self.migrated()
        let next = Int64(Schema.version + 1)
        try connection.execute(
            "INSERT INTO vtag.schema_migrations (version, name, script_hash) VALUES ($1, 'later', 1)", [.bigint(next)])
        #expect(throws: SchemaError.newer(found: Int(next), known: Schema.version)) { try Migrator(connection).migrate() }
        #expect(throws: SchemaError.newer(found: Int(next), known: Schema.version)) { try Migrator(connection).check() }
        try connection.execute("DELETE FROM vtag.schema_migrations WHERE version = $1", [.bigint(next)])
        try connection.execute("UPDATE vtag.schema_migrations SET script_hash = 1 WHERE version = 2")
        #expect(throws: SchemaError.differs(version: 2)) { try Migrator(connection).migrate() }
        try connection.execute("DELETE FROM vtag.schema_migrations WHERE version = 1")
        #expect(throws: SchemaError.differs(version: 1)) { try Migrator(connection).migrate() }
        #expect(connection.isOpen)
    }

    @Test("Rows from before stored forms are sent again, and software that sends none is refused")
    func records() throws {
        let connection = try Self.connect(to: PostgresServer.shared.get().makeDatabase())
        try connection.run(
            script: """
                CREATE SCHEMA vtag;
                CREATE TABLE vtag.schema_migrations (
                    version bigint, name text, script_hash bigint, applied_at timestamptz, applied_by text);
                """)
        for (position, step) in Schema.steps.prefix(5).enumerated() {
            try connection.run(script: step.script)
            try connection.execute(
                "INSERT INTO vtag.schema_migrations VALUES ($1, '', $2)", [.bigint(Int64(position + 1)), .bigint(step.hash)])
        }
        let insert: StaticString = """
            INSERT INTO vtag.resources (id, shard, changed_index, provider, resource_id, resource_type, name, account_id, region,
                native_tags, metadata, relationships, version, first_seen, last_seen)
            VALUES (gen_random_uuid(), 1, 7, 'aws', '', '', '', '', '', '{}', '{}', '[]', 1, now(), now())
            """
        try connection.execute(insert)
        try connection.execute("INSERT INTO vtag.sink_progress VALUES (1, gen_random_uuid(), 5, 9, 8)")
        #expect(try Migrator(connection).migrate().first == "stored forms, to restore from")
        let found = try connection.execute(
            """
            SELECT applied_index, audit_sequence, (SELECT count(*) FROM vtag.resources WHERE record = '')
            FROM vtag.sink_progress
            """)
        #expect(try (0..<3).map { try found.get(0, $0, as: Int64.self) } == [0, 8, 1])
        #expect(throws: PostgresError.self) { try connection.execute(insert) }
    }

    @Test("A migration that fails half-way leaves nothing")
    func atomic() throws {
        let connection = try Self.connect(to: PostgresServer.shared.get().makeDatabase())
        // In the way of the third step.
        try connection.execute("CREATE SCHEMA vtag")
        try connection.execute("CREATE VIEW vtag.cost_by_tag_month AS SELECT 1 AS one")
        #expect(throws: SchemaError.self) { try Migrator(connection).migrate() }
        #expect(try Migrator(connection).check() == 0)
        let tables = try connection.execute("SELECT to_regclass('vtag.resources') IS NULL")
        #expect(try tables.get(0, 0, as: Bool.self))
    }

    @Test("A database that does not store UTF-8 is refused")
    func encoding() throws {
        let server = try PostgresServer.shared.get()
        try PostgresServer.psql(
            server.address(), "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        let connection = try Self.connect(to: server.address(database: "latin"))
        #expect(throws: SchemaError.encoding("LATIN1")) { try Migrator(connection).migrate() }
    }

    @Test("Every table, view and column says what it means")
    func comments() throws {
        let connection = try Self.migrated()
        let silent = try connection.execute(
            """
            SELECT c.relname || coalesce('.' || a.attname, '')
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL (
                SELECT NULL::name AS attname, 0 AS attnum
                UNION ALL SELECT attname, attnum FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0) a
            WHERE n.nspname = 'vtag' AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
                AND NOT EXISTS (
                    SELECT FROM pg_description d
                    WHERE d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum)
            """)
        let names = try (0..<silent.count).map { try silent.get($0, 0, as: String.self) }
        #expect(names == [])
    }

    @Test("The audit trail gets a partition a month, and retention drops whole months")
    func partitions() throws {
        let connection = try Self.migrated()
        func prepare(_ first: String, _ last: String) throws -> Int64 {
            try connection.execute(
                "SELECT vtag.prepare_audit_partitions($1::text::timestamptz, $2::text::timestamptz)",
                [.text(first), .text(last)]
            ).get(0, 0, as: Int64.self)
        }
        #expect(try prepare("2026-01-31T23:59:59.999Z", "2026-03-01T00:00:00Z") == 3)
        #expect(try prepare("2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z") == 0)
        for (number, at) in ["2026-01-31T23:59:59.999Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"].enumerated() {
            try connection.execute(
                """
                INSERT INTO vtag.tag_audit (shard, sequence, id, action, tag_key, actor, request_id, at)
                VALUES (1, $1, gen_random_uuid(), 'tag_added', 'team', 'ann', 'r', $2::text::timestamptz)
                """, [.bigint(Int64(number + 1)), .text(at)])
        }
        let january = try connection.execute("SELECT count(*) FROM vtag.tag_audit_2026_01")
        #expect(try january.get(0, 0, as: Int64.self) == 1)
        let dropped = try connection.execute("SELECT vtag.drop_audit_before('2026-03-01T00:00:00Z')")
        #expect(try dropped.get(0, 0, as: Int64.self) == 2)
        let left = try connection.execute("SELECT count(*) FROM vtag.tag_audit")
        #expect(try left.get(0, 0, as: Int64.self) == 1)
        let error = #expect(throws: PostgresError.self) { _ = try prepare("0001-01-01T00:00:00Z", "2026-01-01T00:00:00Z") }
        #expect(error?.sqlState == "22023")
    }

    @Test("Sessions that need the same months at once make each of them once")
    func partitionsAtOnce() async throws {
        let address = try PostgresServer.shared.get().makeDatabase()
        _ = try Migrator(Self.connect(to: address)).migrate()
        let made = try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let rows = try Self.connect(to: address).execute(
                        "SELECT vtag.prepare_audit_partitions('2026-01-01T00:00:00Z', '2026-12-31T00:00:00Z')")
                    return try rows.get(0, 0)
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(made == 12)
    }

    @Test("The reader may read the views and change nothing")
    func reader() throws {
        let connection = try Self.migrated()
        try connection.execute("SET ROLE vtag_reader")
        #expect(try connection.execute("SELECT * FROM vtag.compliance_by_team").count == 0)
        #expect(try connection.execute("SELECT * FROM vtag.tag_audit").count == 0)
        for statement: StaticString in [
            "DELETE FROM vtag.resources", "SELECT vtag.prepare_audit_partitions(now(), now())",
            "CREATE TABLE vtag.t (n int)",
        ] {
            let error = #expect(throws: PostgresError.self) { try connection.execute(PostgresStatement(statement)) }
            #expect(error?.sqlState == "42501")
        }
    }
}
