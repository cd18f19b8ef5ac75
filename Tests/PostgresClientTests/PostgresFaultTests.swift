import Foundation
import PostgresClient
import PostgresTesting
import Testing

@Suite("When PostgreSQL fails", .serialized)
struct PostgresFaultTests {
    @Test("Nobody listens: an error that says where and what to do")
    func nobodyListens() throws {
        let port = try PostgresServer.freePort()
        let error = #expect(throws: PostgresError.self) {
            try PostgresConnection(PostgresSettings("host=127.0.0.1 port=\(port) user=u dbname=d"))
        }
        #expect(error?.kind == .unreachable)
        #expect(error?.message.contains("\(port)") == true)
    }

    @Test("A wrong password is refused and not repeated")
    func wrongPassword() throws {
        let server = try PostgresServer.shared.get()
        try PostgresServer.psql(
            server.address(), "DROP ROLE IF EXISTS guarded; CREATE ROLE guarded LOGIN PASSWORD 'right'")
        let error = #expect(throws: PostgresError.self) {
            try PostgresConnection(PostgresSettings(server.address(user: "guarded") + " password=hunter2"))
        }
        #expect(error?.kind == .unreachable)
        #expect(error.map { !"\($0)".contains("hunter2") } == true)
        _ = try PostgresConnection(PostgresSettings(server.address(user: "guarded") + " password=right"))
    }

    @Test("A killed server ends what is under way as unknown; after its restart a new connection works")
    func killedAndRestarted() async throws {
        let server = try PostgresServer()
        let address = try server.makeDatabase()
        let settings = try PostgresSettings(address)
        let connection = try PostgresConnection(settings)
        async let killed: Void = Task.detached {
            // Not before the statement runs.
            while try PostgresServer.psql(address, Self.sleepers) == "0" {}
            server.kill()
        }.value
        let error = #expect(throws: PostgresError.self) { try connection.execute("SELECT pg_sleep(600)") }
        try await killed
        #expect(error?.leavesOutcomeUnknown == true || error?.sqlState == "57P01" || error?.sqlState == "57P02")
        #expect(throws: PostgresError.self) { try connection.execute("SELECT 1") }
        #expect(!connection.isOpen)
        #expect(throws: PostgresError.self) { try PostgresConnection(settings) }
        try server.start()
        #expect(try PostgresConnection(settings).execute("SELECT 1").count == 1)
    }

    static let sleepers = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"

    @Test("A statement that runs too long is ended by the server, and the session goes on")
    func statementTimeout() throws {
        let connection = try PostgresConnectionTests.connect(statementTimeoutMilliseconds: 100)
        let error = #expect(throws: PostgresError.self) { try connection.execute("SELECT pg_sleep(600)") }
        #expect(error?.sqlState == "57014")
        #expect(error?.kind == .timedOut)
        #expect(try connection.execute("SELECT 1").count == 1)
    }

    @Test("A server that stands still is given up, and the connection closed")
    func standsStill() throws {
        let server = try PostgresServer()
        let connection = try PostgresConnection(
            PostgresSettings(server.makeDatabase(), statementTimeoutMilliseconds: 100))
        server.pause()
        defer { server.resume() }
        let error = #expect(throws: PostgresError.self) { try connection.execute("SELECT 1") }
        #expect(error?.kind == .timedOut)
        #expect(!connection.isOpen)
    }

    @Test("A cancellation ends the statement here and at the server, and everything after it")
    func cancellation() async throws {
        let address = try PostgresServer.shared.get().makeDatabase()
        let cancellation = PostgresCancellation()
        let connection = try PostgresConnection(PostgresSettings(address), cancellation)
        let running = "\(Self.sleepers) AND datname = current_database()"
        async let cancelled: Void = Task.detached {
            while try PostgresServer.psql(address, running) == "0" {}
            cancellation.cancel()
        }.value
        let error = #expect(throws: PostgresError.self) { try connection.execute("SELECT pg_sleep(600)") }
        try await cancelled
        #expect(error?.kind == .cancelled)
        #expect(throws: PostgresError.self) { try PostgresConnection(PostgresSettings(address), cancellation) }
        #expect(!cancellation.sleep(milliseconds: 600_000))
        while try PostgresServer.psql(address, running) != "0" {}
    }

    @Test("Of several hosts the one that suits is taken: a dead one and one that takes no writes are passed over")
    func severalHosts() throws {
        let readOnly = try PostgresServer(settings: ["default_transaction_read_only=on"])
        let primary = try PostgresServer.shared.get()
        let dead = try PostgresServer.freePort()
        let hosts =
            "host=127.0.0.1,127.0.0.1,127.0.0.1 port=\(dead),\(readOnly.port),\(primary.port) user=vtag dbname=postgres"
        let writing = try PostgresConnection(PostgresSettings(hosts + " target_session_attrs=read-write"))
        #expect(try writing.execute("SHOW port").get(0, 0, as: String.self) == "\(primary.port)")
        let any = try PostgresConnection(PostgresSettings(hosts))
        #expect(try any.execute("SHOW port").get(0, 0, as: String.self) == "\(readOnly.port)")
        let error = #expect(throws: PostgresError.self) { try any.execute("CREATE TABLE t (n bigint)") }
        #expect(error?.sqlState == "25006")
    }

    @Test("TLS: the right name under the right CA is let in, a wrong name and a wrong CA are not")
    func tls() throws {
        let files = try TLSFiles()
        defer { files.remove() }
        let server = try PostgresServer(settings: [
            "ssl=on", "ssl_cert_file=\(files.certificate)", "ssl_key_file=\(files.key)",
        ])
        func settings(name: String, ca: String) throws -> PostgresSettings {
            try PostgresSettings(
                "host=\(name) hostaddr=127.0.0.1 port=\(server.port) user=vtag dbname=postgres sslmode=verify-full "
                    + "sslrootcert=\(ca)")
        }
        let connection = try PostgresConnection(settings(name: "db.example", ca: files.ca))
        let isSecret = try connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        #expect(try isSecret.get(0, 0, as: Bool.self))
        let wrongName = #expect(throws: PostgresError.self) {
            try PostgresConnection(settings(name: "other.example", ca: files.ca))
        }
        #expect(wrongName?.message.contains("does not match host name") == true)
        #expect(throws: PostgresError.self) { try PostgresConnection(settings(name: "db.example", ca: files.otherCA)) }
    }
}

/// A CA, another one, and a server's certificate for `db.example` that its user can read.
private struct TLSFiles {
    let directory, ca, otherCA, certificate, key: String

    func remove() { try? FileManager.default.removeItem(atPath: directory) }

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "vtag-pg-tls-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        ca = "\(directory)/ca.pem"
        otherCA = "\(directory)/other.pem"
        certificate = "\(directory)/server.pem"
        key = "\(directory)/server.key"
        for (file, name) in [(ca, "ca"), (otherCA, "other")] {
            try PostgresServer.run([
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-keyout", "\(directory)/\(name).key", "-out", file,
            ])
        }
        try PostgresServer.run([
            "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=db.example",
            "-keyout", key, "-out", "\(directory)/server.csr",
        ])
        try "subjectAltName=DNS:db.example\n".write(
            toFile: "\(directory)/server.ext", atomically: true, encoding: .utf8)
        try PostgresServer.run([
            "openssl", "x509", "-req", "-in", "\(directory)/server.csr", "-CA", ca, "-CAkey", "\(directory)/ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "\(directory)/server.ext", "-out", certificate,
        ])
        try PostgresServer.run(["chmod", "-R", "u=rwX,go=rX", directory])
        try PostgresServer.run(["chmod", "600", key])
        if getuid() == 0 { try PostgresServer.run(["chown", "nobody", key]) }
    }
}
