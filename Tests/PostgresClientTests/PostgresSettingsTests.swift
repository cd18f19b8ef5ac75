import PostgresClient
import PostgresTesting
import Testing

@Suite("Connection strings and reconnecting")
struct PostgresSettingsTests {
    @Test(
        "A string that cannot be read is refused without being quoted",
        arguments: ["", "host", "host=localhost hunter2", "postgresql://u:hunter2@[::1/db", "passwrd=hunter2 host=x"])
    func unreadable(_ text: String) {
        let error = #expect(throws: PostgresError.self) { try PostgresSettings(text) }
        #expect(error?.kind == .configuration)
        #expect(error.map { !"\($0)".contains("hunter2") } == true)
    }

    @Test(
        "Off loopback nothing but verify-full is taken",
        arguments: [
            "host=db.example sslmode=require", "host=10.0.0.1 sslmode=disable", "host=localhost,db.example sslmode=prefer",
            "hostaddr=192.0.2.1 host=localhost sslmode=verify-ca", "postgresql://u@127.evil.example/d?sslmode=allow",
        ])
    func clearText(_ text: String) {
        let error = #expect(throws: PostgresError.self) { try PostgresSettings(text) }
        #expect(error?.message.contains("verify-full") == true)
    }

    @Test("What is shown of the settings has no password")
    func description() throws {
        let settings = try PostgresSettings("postgresql://u:hunter2@localhost:5433/tags")
        #expect(!"\(settings)".contains("hunter2"))
        #expect("\(settings)".contains("localhost"))
        #expect("\(settings)".contains("5433"))
    }

    @Test("Each server of several can be asked alone, whether it takes writes or not")
    func eachHost() throws {
        let settings = try PostgresSettings("host=127.0.0.1,127.0.0.2 port=1,2 dbname=tags target_session_attrs=read-write")
        let each = settings.eachHost
        #expect(each.map { "\($0)".prefix(9) } == ["127.0.0.1", "127.0.0.2"])
        for (place, server) in each.enumerated() {
            let error = #expect(throws: PostgresError.self) { try PostgresConnection(server) }
            #expect(error?.message.contains("port \(place + 1) failed") == true)
        }
        #expect(try PostgresSettings("host=127.0.0.1 port=3,").eachHost.count == 1)
    }

    @Test("The wait grows up to its bound, and is never less than its floor")
    func delays() {
        var delay = ReconnectDelay()
        #expect(delay.failed(random: 0) == ReconnectDelay.millisecondsMin)
        var last: Int64 = 0
        for _ in 0..<100 {
            let wait = delay.failed(random: 0.999)
            #expect(wait >= last && wait <= ReconnectDelay.millisecondsMax)
            last = wait
        }
        #expect(last > ReconnectDelay.millisecondsMax * 9 / 10)
        delay.succeeded()
        #expect(delay.failed(random: 0.999) <= 2 * ReconnectDelay.millisecondsMin)
    }
}
