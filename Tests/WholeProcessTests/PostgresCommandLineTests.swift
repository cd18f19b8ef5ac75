import PostgresTesting
import Testing

@Suite("vtag postgres", .serialized)
struct PostgresCommandLineTests {
    @Test("check says what is missing, migrate mends it, and a second migrate changes nothing")
    func migrateAndCheck() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let address = try PostgresServer.shared.get().makeDatabase()

        let before = try await tool.run("postgres", "check", "--postgres", address)
        #expect(before.status == 2)
        #expect(before.errors.contains("vtag postgres migrate"))

        let migrated = try await tool.run("postgres", "migrate", "--postgres", address)
        #expect(migrated.status == 0, "\(migrated.errors)")
        #expect(migrated.output.contains("carried out: tables"))
        let again = try await tool.run("postgres", "migrate", "--postgres", address)
        #expect(again.status == 0)
        #expect(!again.output.contains("carried out"))

        let after = try await tool.run("postgres", "check", "--postgres", address)
        #expect(after.status == 0, "\(after.errors)")
        #expect(try PostgresServer.psql(address, "SELECT count(*) FROM vtag.resources") == "0")

        try PostgresServer.psql(address, "INSERT INTO vtag.schema_migrations VALUES (99, 'later', 0)")
        let newer = try await tool.run("postgres", "migrate", "--postgres", address)
        #expect(newer.status == 1)
        #expect(newer.errors.contains("99"))
    }

    @Test("A database that cannot be reached is 69, an unreadable or unsafe string 64; none shows the password")
    func refusals() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let port = try PostgresServer.freePort()
        let gone = try await tool.run(
            "postgres", "check", "--postgres", "host=127.0.0.1 port=\(port) user=u password=hunter2 dbname=d")
        #expect(gone.status == 69)
        for text in ["host=db.example password=hunter2 sslmode=require", "hunter2"] {
            let refused = try await tool.run("postgres", "migrate", "--postgres", text)
            #expect(refused.status == 64)
            #expect(!refused.errors.contains("hunter2"))
        }
        #expect(!gone.errors.contains("hunter2"))
        let unnamed = try await tool.run("postgres", "migrate")
        #expect(unnamed.status == 64)
        #expect(unnamed.errors.contains("VTAG_POSTGRES"))
    }
}
