import Foundation
import Model
import PostgresClient
import PostgresTesting
import Testing

@Suite("A connection to PostgreSQL")
struct PostgresConnectionTests {
    static func connect(statementTimeoutMilliseconds: Int = 30_000) throws -> PostgresConnection {
        let address = try PostgresServer.shared.get().makeDatabase()
        return try PostgresConnection(
            PostgresSettings(address, statementTimeoutMilliseconds: statementTimeoutMilliseconds))
    }

    @Test("Values of every type come back as they were sent")
    func roundTrip() throws {
        let connection = try Self.connect()
        let id = UUID128(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
        let rows = try connection.execute(
            """
            SELECT $1::text, $2::bigint, $3::integer, $4::double precision, $5::boolean, $6::bytea, $7::uuid,
                $8::timestamptz, $9::jsonb, $10::text, $7::uuid::text, $8::timestamptz::text, $9::jsonb->>'a'
            """,
            [
                .text("Grüße 'quoted' \\ $1"), .bigint(.min), .integer(-7), .double(-0.1), .bool(true),
                .bytes([0, 255, 39]), .uuid(id), .timestamp(Timestamp(milliseconds: -1)), .jsonb(Array(#"{"a": "b"}"#.utf8)),
                .null(.text),
            ])
        #expect(rows.count == 1)
        #expect(try rows.get(0, 0, as: String.self) == "Grüße 'quoted' \\ $1")
        #expect(try rows.get(0, 1, as: Int64.self) == .min)
        #expect(try rows.get(0, 2, as: Int64.self) == -7)
        #expect(try rows.get(0, 3, as: Double.self) == -0.1)
        #expect(try rows.get(0, 4, as: Bool.self))
        #expect(try rows.get(0, 5, as: [UInt8].self) == [0, 255, 39])
        #expect(try rows.get(0, 6, as: UUID128.self) == id)
        #expect(try rows.get(0, 7, as: Timestamp.self) == Timestamp(milliseconds: -1))
        #expect(try rows.get(0, 8, as: String.self) == #"{"a": "b"}"#)
        #expect(try rows.find(0, 9, as: String.self) == nil)
        #expect(try rows.get(0, 10, as: String.self) == id.description)
        #expect(try rows.get(0, 11, as: String.self) == "1969-12-31 23:59:59.999+00")
        #expect(try rows.get(0, 12, as: String.self) == "b")
    }

    @Test("The server looks whether a silent client is still there, so that one that the network lost holds no locks")
    func keepAlive() throws {
        let rows = try Self.connect().execute(
            """
            SELECT current_setting('tcp_keepalives_idle'), current_setting('tcp_keepalives_interval'),
                current_setting('tcp_keepalives_count')
            """)
        #expect(try (0..<3).map { try rows.get(0, $0, as: String.self) } == ["5", "5", "2"])
    }

    @Test("An empty value is not NULL, and U+0000 becomes what text can hold")
    func emptyValues() throws {
        let connection = try Self.connect()
        let rows = try connection.execute(
            "SELECT $1::text, $2::bytea, $3::text", [.text(""), .bytes([]), .text("a\0b")])
        #expect(try rows.find(0, 0, as: String.self) == "")
        #expect(try rows.find(0, 1, as: [UInt8].self) == [])
        #expect(try rows.get(0, 2, as: String.self) == "a\u{FFFD}b")
    }

    @Test("Columns of many values become rows, with nulls, and empty")
    func columns() throws {
        let connection = try Self.connect()
        var numbers = PostgresColumn(.bigint)
        var texts = PostgresColumn(.text)
        for number in 0..<1000 as Range<Int64> {
            numbers.append(number)
            texts.append(number % 3 == 0 ? nil : "v\(number)")
        }
        let rows = try connection.execute(
            "SELECT n, t FROM unnest($1::bigint[], $2::text[]) AS u (n, t) ORDER BY n", [numbers.parameter, texts.parameter])
        #expect(rows.count == 1000)
        #expect(try rows.find(999, 1, as: String.self) == nil)
        #expect(try rows.get(998, 1, as: String.self) == "v998")
        let none = try connection.execute("SELECT * FROM unnest($1::uuid[])", [PostgresColumn(.uuid).parameter])
        #expect(none.count == 0)
        let list = try connection.execute("SELECT array['a', 'b'], '{}'::bigint[]")
        #expect(try list.get(0, 0, as: PostgresList<String>.self).elements == ["a", "b"])
        #expect(try list.get(0, 1, as: PostgresList<Int64>.self).elements == [])
    }

    @Test("A column read as another type is an error that names it")
    func wrongType() throws {
        let rows = try Self.connect().execute("SELECT 1::numeric AS cost")
        let error = #expect(throws: PostgresError.self) { try rows.get(0, 0, as: Int64.self) }
        #expect(error?.message.contains("cost") == true)
    }

    @Test("An error carries the server's code and what to do, and the session goes on")
    func serverError() throws {
        let connection = try Self.connect()
        let error = #expect(throws: PostgresError.self) { try connection.execute("SELECT * FROM nowhere") }
        #expect(error?.sqlState == "42P01")
        #expect(error?.kind == .refused)
        #expect(error?.message.contains("vtag postgres migrate") == true)
        #expect(try connection.execute("SELECT 1").count == 1)
    }

    @Test("An error does not quote values")
    func errorsKeepValues() throws {
        let connection = try Self.connect()
        try connection.execute("CREATE TABLE once (name text PRIMARY KEY)")
        try connection.execute("INSERT INTO once VALUES ($1)", [.text("hunter2")])
        let error = #expect(throws: PostgresError.self) {
            try connection.execute("INSERT INTO once VALUES ($1)", [.text("hunter2")])
        }
        #expect(error?.sqlState == "23505")
        #expect(error.map { !"\($0)".contains("hunter2") } == true)
    }

    @Test("A transaction whose body fails leaves nothing")
    func transactions() throws {
        let connection = try Self.connect()
        try connection.execute("CREATE TABLE t (n bigint)")
        #expect(throws: PostgresError.self) {
            try connection.transaction { connection throws(PostgresError) in
                try connection.execute("INSERT INTO t VALUES (1)")
                try connection.execute("SELECT 1/0")
            }
        }
        #expect(try connection.execute("SELECT n FROM t").count == 0)
        try connection.transaction { connection throws(PostgresError) in
            _ = try connection.execute("INSERT INTO t VALUES (1)")
        }
        #expect(try connection.execute("SELECT n FROM t").count == 1)
    }

    @Test("A pipeline of 20,000 statements is answered in order")
    func fullPipeline() throws {
        let connection = try Self.connect()
        let filler = String(repeating: "x", count: 500)
        let statements = (0..<20_000 as Range<Int64>).map {
            PostgresStatement("SELECT $1::bigint, $2::text", [.bigint($0), .text(filler)])
        }
        let answers = try connection.pipeline(statements)
        #expect(answers.count == 20_000)
        for (number, rows) in answers.enumerated() {
            #expect(try rows.get(0, 0, as: Int64.self) == Int64(number))
        }
    }

    @Test("A pipeline with a bad statement changes nothing, and the session goes on")
    func pipelineIsAtomic() throws {
        let connection = try Self.connect()
        try connection.execute("CREATE TABLE t (n bigint)")
        let error = #expect(throws: PostgresError.self) {
            try connection.pipeline([
                PostgresStatement("INSERT INTO t VALUES (1)"), PostgresStatement("SELECT 1/0"),
                PostgresStatement("INSERT INTO t VALUES (2)"),
            ])
        }
        #expect(error?.sqlState == "22012")
        #expect(try connection.execute("SELECT n FROM t").count == 0)
        #expect(try connection.pipeline([PostgresStatement("INSERT INTO t VALUES (3)")]).first?.affected == 1)
        #expect(try connection.pipeline([]).isEmpty)
        #expect(try connection.execute("SELECT n FROM t").count == 1)
    }

    @Test("100,000 rows are copied in and out")
    func copy() throws {
        let connection = try Self.connect()
        try connection.execute("CREATE TABLE t (n bigint, name text)")
        var next: Int64 = 0
        let copied = try connection.copyIn("COPY t (n, name) FROM STDIN (FORMAT binary)") { rows in
            guard next < 100_000 else { return false }
            rows.append([.bigint(next), next % 10 == 0 ? .null(.text) : .text("name of \(next)")])
            next += 1
            return true
        }
        #expect(copied == 100_000)
        let sums = try connection.execute("SELECT count(*), sum(n)::bigint, count(name) FROM t")
        #expect(try sums.get(0, 0, as: Int64.self) == 100_000)
        #expect(try sums.get(0, 1, as: Int64.self) == 4_999_950_000)
        #expect(try sums.get(0, 2, as: Int64.self) == 90_000)
        var lines = 0
        try connection.copyOut("COPY (SELECT n FROM t ORDER BY n) TO STDOUT") { line in
            #expect(String(decoding: line, as: UTF8.self) == "\(lines)\n")
            lines += 1
        }
        #expect(lines == 100_000)
        #expect(try connection.execute("SELECT 1").count == 1)
    }

    @Test("COPY of what the table refuses is an error with its code")
    func copyRefused() throws {
        let connection = try Self.connect()
        let missing = #expect(throws: PostgresError.self) {
            try connection.copyIn("COPY nowhere FROM STDIN (FORMAT binary)") { _ in false }
        }
        #expect(missing?.sqlState == "42P01")
        try connection.execute("CREATE TABLE t (n bigint CHECK (n < 5))")
        var next: Int64 = 0
        let refused = #expect(throws: PostgresError.self) {
            try connection.copyIn("COPY t FROM STDIN (FORMAT binary)") { rows in
                rows.append([.bigint(next)])
                next += 1
                return next < 10
            }
        }
        #expect(refused?.sqlState == "23514")
        #expect(try connection.execute("SELECT n FROM t").count == 0)
    }
}
