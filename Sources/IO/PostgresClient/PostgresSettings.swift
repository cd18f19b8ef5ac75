import CPostgreSQL
import Glibc

/// Where PostgreSQL is and how to get in: libpq's connection string, checked.
///
/// Everything that libpq knows may be given, several hosts with `target_session_attrs` among it; `PGHOST`, `PGPASSWORD`,
/// the password file and the service file count as for `psql`. Off loopback only `sslmode=verify-full` is taken, and is the
/// default.
package struct PostgresSettings: Sendable, CustomStringConvertible {
    /// Keyword and value, as libpq takes them. Holds the password: never to be printed.
    let parameters: [(keyword: String, value: String)]
    /// What may be shown: hosts, database and user.
    package let description: String
    /// Longest time for a statement, in milliseconds: the server ends it then, and a little later the connection is dropped.
    package var statementTimeoutMilliseconds: Int
    /// Longest wait for a lock, in milliseconds.
    package var lockTimeoutMilliseconds: Int

    /// Longest time for each host to answer, in seconds, where the connection string does not say.
    static let connectTimeoutSeconds = 5
    /// How long sent data may stay unacknowledged before the connection counts as lost, in milliseconds.
    static let unacknowledgedMillisecondsMax = 10_000
    /// After so much silence the server asks whether this side is still there, and once more: a session whose client the network lost in
    /// the middle of a batch would else keep its locks for the two hours of the system's default, as it counts as active.
    static let serverKeepAliveSeconds = 5

    /// - Parameters:
    ///   - text: `host=db dbname=tags user=vtag` or `postgresql://vtag@db/tags`.
    ///   - program: what the server shows as the session's name.
    package init(
        _ text: String, program: String = "vtagd", statementTimeoutMilliseconds: Int = 30_000,
        lockTimeoutMilliseconds: Int = 10_000
    ) throws(PostgresError) {
        var given = try Self.parse(text)
        let defaults = Self.defaults()
        func value(_ keyword: String) -> String? { given[keyword] ?? defaults[keyword] }

        var hosts = Self.hosts(host: value("host"), address: value("hostaddr"))
        // What a service's entry says is read by libpq alone, later.
        if hosts.isEmpty, let service = value("service") { hosts = ["service \(service)"] }
        if let remote = hosts.first(where: { !Self.isLocal($0) }) {
            let mode = given["sslmode"] ?? "verify-full"
            guard mode == "verify-full" else {
                throw PostgresError(
                    .configuration,
                    "sslmode=\(mode) does not prove who \(remote) is; off loopback only sslmode=verify-full is taken, "
                        + "with sslrootcert=FILE naming the CA")
            }
            given["sslmode"] = mode
        }
        if given["connect_timeout"] == nil { given["connect_timeout"] = "\(Self.connectTimeoutSeconds)" }
        if given["tcp_user_timeout"] == nil { given["tcp_user_timeout"] = "\(Self.unacknowledgedMillisecondsMax)" }
        if given["application_name"] == nil { given["application_name"] = program }
        given["client_encoding"] = "UTF8"
        // Asking a Kerberos library first can block for long, and nobody sets it up for this.
        if given["gssencmode"] == nil { given["gssencmode"] = "disable" }
        parameters = given.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        self.statementTimeoutMilliseconds = statementTimeoutMilliseconds
        self.lockTimeoutMilliseconds = lockTimeoutMilliseconds
        let place = hosts.isEmpty ? "local socket" : hosts.joined(separator: ",")
        description =
            "\(place) port \(value("port") ?? "5432") database \(value("dbname") ?? value("user") ?? "of the user's name")"
    }

    /// The servers one by one, each whatever it is now: primary or standby.
    package var eachHost: [PostgresSettings] {
        func list(_ keyword: String) -> [String] {
            (parameters.first { $0.keyword == keyword }?.value ?? "")
                .split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        let (hosts, addresses, ports) = (list("host"), list("hostaddr"), list("port"))
        let count = max(hosts.count, addresses.count)
        guard count > 1 else { return [PostgresSettings(self, replacing: ["target_session_attrs": "any"])] }
        return (0..<count).map { place in
            var own = ["target_session_attrs": "any"]
            if hosts.count == count { own["host"] = hosts[place] }
            if addresses.count == count { own["hostaddr"] = addresses[place] }
            if ports.count == count { own["port"] = ports[place] }
            return PostgresSettings(self, replacing: own)
        }
    }

    private init(_ settings: PostgresSettings, replacing values: [String: String]) {
        parameters =
            settings.parameters.filter { values[$0.keyword] == nil }
            + values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        description = values["host"].map { "\($0), one of \(settings.description)" } ?? settings.description
        statementTimeoutMilliseconds = settings.statementTimeoutMilliseconds
        lockTimeoutMilliseconds = settings.lockTimeoutMilliseconds
    }

    /// libpq's own words on a string that it cannot read quote it, passwords included: they are not passed on.
    private static func parse(_ text: String) throws(PostgresError) -> [String: String] {
        var complaint: UnsafeMutablePointer<CChar>?
        guard !text.isEmpty, let options = PQconninfoParse(text, &complaint) else {
            PQfreemem(complaint)
            throw PostgresError(
                .configuration,
                "this is no connection string of PostgreSQL: write host=… dbname=… user=…, values with blanks in single "
                    + "quotes, or postgresql://USER@HOST/DATABASE with special characters percent-encoded")
        }
        defer { PQconninfoFree(options) }
        return values(options)
    }

    private static func defaults() -> [String: String] {
        guard let options = PQconndefaults() else { return [:] }
        defer { PQconninfoFree(options) }
        return values(options)
    }

    private static func values(_ options: UnsafeMutablePointer<PQconninfoOption>) -> [String: String] {
        var found: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { found[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return found
    }

    /// What is connected to: addresses go before names, as in libpq.
    private static func hosts(host: String?, address: String?) -> [String] {
        func list(_ text: String?) -> [String] {
            (text ?? "").split(separator: ",", omittingEmptySubsequences: true).map(String.init)
        }
        let addresses = list(address)
        return addresses.isEmpty ? list(host) : addresses
    }

    /// A socket's directory, or loopback.
    private static func isLocal(_ host: String) -> Bool {
        host.hasPrefix("/") || host.hasPrefix("@") || host == "localhost" || host == "::1"
            || host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) }
    }
}
