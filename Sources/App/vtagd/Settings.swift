import API
import Foundation
import Logging
import PostgresClient
import Yams

/// A setting that is unknown or malformed. The message names it and where it came from.
struct SettingsError: Error {
    let message: String
}

enum Environment {
    static var current: [String: String] { ProcessInfo.processInfo.environment }
}

/// What the node runs with: flags, then `VTAG_*` variables, then the file.
struct Settings: Sendable {
    enum LogFormat: String, CaseIterable, Sendable { case text, json }

    struct Address: Sendable {
        let host: String
        let port: Int
    }

    /// Whose tokens count, and how many requests they may bring.
    struct Tokens: Sendable {
        /// A file or a URL; nil: the node's own key.
        let jwks: String?
        /// The CAs that the URL's certificate may come from; nil: the system's.
        let jwksCA: String?
        let issuer: String?
        let audience: String?
        let leewaySeconds: Int
        let rateLimit: RateLimit?
    }

    /// How the node takes part in a cluster.
    struct Cluster: Sendable {
        let peer: Address
        let joins: [Address]
        let bootstrapExpect: Int?
        let isEdge: Bool
        let replicationFactor: Int
        let tls: (certificate: String, privateKey: String, ca: String)?
    }

    /// How the node follows another region.
    struct Following: Sendable {
        let postgres: PostgresSettings
        let primaryURLs: String
        /// The CAs that the URLs' certificates may come from; nil: the system's.
        let primaryCA: String?
    }

    let dataDirectory: String
    let http: Address
    let nodeID: String?
    let region: String
    let zone: String
    let shards: Int
    let tls: (certificate: String, privateKey: String, clientCA: String?)?
    let cluster: Cluster?
    /// Where results are replicated to.
    let postgres: PostgresSettings?
    /// What a new cluster is made from.
    let restore: PostgresSettings?
    /// The region that is followed; nil: the node is of a cluster.
    let following: Following?
    let tokens: Tokens
    let threads: Int
    let logLevel: Logger.Level
    let logFormat: LogFormat
    let logSegmentBytes: Int

    static let names = [
        "config", "data_dir", "http", "node_id", "region", "zone", "shards", "tls_cert", "tls_key", "tls_ca", "jwks",
        "jwks_ca", "jwt_issuer", "jwt_audience", "jwt_leeway", "rate_limit", "rate_burst", "threads", "log_level",
        "log_format", "log_segment_bytes", "peer", "join", "bootstrap_expect", "edge",
        "postgres", "restore_from_postgres", "follow_postgres", "primary_url", "primary_ca", "replication_factor",
        "peer_tls_cert", "peer_tls_key", "peer_tls_ca",
    ]
    /// Variables of the command line, which often share the shell with the node.
    private static let clientVariables: Set = [
        "VTAG_URL", "VTAG_TOKEN", "VTAG_TOKEN_FILE", "VTAG_CONTEXT", "VTAG_CA_FILE", "VTAG_OUTPUT",
    ]

    init(flags: Flags, environment: [String: String]) throws(SettingsError) {
        var values = Values()
        for (name, value) in flags.given { values.add(name, value, from: "--\(name.replacing("_", with: "-"))") }
        for (variable, value) in environment where variable.hasPrefix("VTAG_") && !Self.clientVariables.contains(variable) {
            let name = variable.dropFirst(5).lowercased()
            guard Self.names.contains(name) else { throw SettingsError(message: "\(variable): there is no such setting") }
            values.add(name, value, from: variable)
        }
        if let file = values["config"] {
            for (name, value) in try Self.read(file.text) { values.add(name, value, from: "\(file.text): \(name)") }
        }

        dataDirectory = values["data_dir"]?.text ?? "./data"
        http = try Self.address(values["http"]) ?? Address(host: "127.0.0.1", port: 8080)
        nodeID = try Self.name(values["node_id"])
        region = try Self.name(values["region"]) ?? "local"
        zone = try Self.name(values["zone"]) ?? "local"
        shards = try Self.number(values["shards"], in: 1...1024) ?? 16
        threads = try Self.number(values["threads"], in: 1...256) ?? ProcessInfo.processInfo.activeProcessorCount
        logSegmentBytes = try Self.number(values["log_segment_bytes"], in: 1 << 20...1 << 30) ?? 64 << 20
        tokens = try Self.tokens(values)
        tls = try Self.tls(values)
        cluster = try Self.cluster(values)
        postgres = try Self.postgres(values["postgres"])
        restore = try Self.postgres(values["restore_from_postgres"])
        following = try Self.following(values)
        logLevel = try Self.choice(values["log_level"], Logger.Level.allCases, \.rawValue) ?? .info
        logFormat =
            try Self.choice(values["log_format"], LogFormat.allCases, \.rawValue)
            ?? (isatty(STDERR_FILENO) == 1 ? .text : .json)
        guard tls != nil || Self.isLoopback(http.host) else {
            throw SettingsError(
                message:
                    "http: \(http.host) is not a loopback address; clear text is for loopback alone: give --tls-cert and --tls-key"
            )
        }
    }

    // MARK: Tokens

    private static func tokens(_ values: Values) throws(SettingsError) -> Tokens {
        for name in ["jwks_ca", "jwt_issuer", "jwt_audience"] {
            guard let value = values[name] else { continue }
            guard values["jwks"] != nil else {
                throw SettingsError(message: "\(value.origin): needs --jwks; the node's own tokens say neither")
            }
            guard !value.text.isEmpty else { throw SettingsError(message: "\(value.origin): is empty") }
        }
        let perSecond = try number(values["rate_limit"], in: 0...RateLimit.perSecondMax) ?? 0
        let burst = try number(values["rate_burst"], in: 1...RateLimit.perSecondMax)
        if let value = values["rate_burst"], perSecond == 0 {
            throw SettingsError(message: "\(value.origin): needs --rate-limit")
        }
        return Tokens(
            jwks: values["jwks"]?.text, jwksCA: values["jwks_ca"]?.text, issuer: values["jwt_issuer"]?.text,
            audience: values["jwt_audience"]?.text, leewaySeconds: try number(values["jwt_leeway"], in: 0...600) ?? 60,
            rateLimit: perSecond == 0 ? nil : RateLimit(perSecond: perSecond, burst: burst ?? perSecond))
    }

    // MARK: PostgreSQL

    /// What is wrong with it is told without quoting it: it may hold a password.
    private static func postgres(_ value: Value?) throws(SettingsError) -> PostgresSettings? {
        guard let value else { return nil }
        do throws(PostgresError) { return try PostgresSettings(value.text) } catch {
            throw SettingsError(message: "\(value.origin): \(error.message)")
        }
    }

    /// Nil where nothing says that the node follows another region.
    private static func following(_ values: Values) throws(SettingsError) -> Following? {
        guard let value = values["follow_postgres"], let postgres = try postgres(value) else {
            for name in ["primary_url", "primary_ca"] {
                if let value = values[name] { throw SettingsError(message: "\(value.origin): needs --follow-postgres") }
            }
            return nil
        }
        for name in ["postgres", "peer", "join", "bootstrap_expect", "edge", "replication_factor"] {
            guard let other = values[name] else { continue }
            throw SettingsError(
                message:
                    "\(other.origin): does not go with --follow-postgres: a node that follows another region is in no cluster of its own"
            )
        }
        guard let urls = values["primary_url"] else {
            throw SettingsError(message: "\(value.origin): needs --primary-url, where writes are sent")
        }
        guard values["jwks"] != nil else {
            throw SettingsError(
                message: "\(value.origin): needs --jwks: tokens must count in this region and in the one that is followed")
        }
        return Following(postgres: postgres, primaryURLs: urls.text, primaryCA: values["primary_ca"]?.text)
    }

    // MARK: Cluster

    /// Nil where nothing says that the node is to meet others.
    private static func cluster(_ values: Values) throws(SettingsError) -> Cluster? {
        let tls = try peerTLS(values)
        guard values["peer"] != nil || values["join"] != nil || values["bootstrap_expect"] != nil else {
            for name in ["edge", "peer_tls_cert", "replication_factor"] {
                if let value = values[name] { throw SettingsError(message: "\(value.origin): needs --peer and --join") }
            }
            return nil
        }
        let peer = try address(values["peer"]) ?? Address(host: "127.0.0.1", port: 7070)
        guard tls != nil || isLoopback(peer.host) else {
            throw SettingsError(
                message:
                    "peer: \(peer.host) is not a loopback address; between machines nodes speak TLS: give --peer-tls-cert, --peer-tls-key and --peer-tls-ca"
            )
        }
        var joins: [Address] = []
        if let join = values["join"] {
            for part in join.text.split(separator: ",") {
                let text = part.trimmingCharacters(in: .whitespaces)
                if let found = try address(Value(text: text, origin: join.origin)) { joins.append(found) }
            }
        }
        let isEdge = try choice(values["edge"], [true, false], \.description) ?? false
        return Cluster(
            peer: peer, joins: joins, bootstrapExpect: try number(values["bootstrap_expect"], in: 1...7), isEdge: isEdge,
            replicationFactor: try number(values["replication_factor"], in: 1...7) ?? 3, tls: tls)
    }

    private static func peerTLS(
        _ values: Values
    ) throws(SettingsError) -> (certificate: String, privateKey: String, ca: String)? {
        let given = ["peer_tls_cert", "peer_tls_key", "peer_tls_ca"].compactMap { values[$0] }
        guard let first = given.first else { return nil }
        guard given.count == 3 else {
            throw SettingsError(message: "\(first.origin): --peer-tls-cert, --peer-tls-key and --peer-tls-ca go together")
        }
        return (given[0].text, given[1].text, given[2].text)
    }

    // MARK: Sources

    private struct Value {
        let text: String
        let origin: String
    }

    /// The first source that names a setting wins.
    private struct Values {
        private var byName: [String: Value] = [:]

        mutating func add(_ name: String, _ text: String, from origin: String) {
            if byName[name] == nil { byName[name] = Value(text: text, origin: origin) }
        }

        subscript(_ name: String) -> Value? { byName[name] }
    }

    private static func read(_ path: String) throws(SettingsError) -> [(String, String)] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw SettingsError(message: "config: \(path) cannot be read")
        }
        let node: Node?
        do { node = try compose(yaml: text) } catch { throw SettingsError(message: "\(path): not valid YAML: \(error)") }
        guard let node else { return [] }
        guard let mapping = node.mapping else {
            throw SettingsError(message: "\(path): settings are a mapping of names to values")
        }
        var found: [(String, String)] = []
        for (key, value) in mapping {
            guard let name = key.string, names.contains(name), name != "config" else {
                throw SettingsError(message: "\(path):\(key.mark?.line ?? 0): there is no setting \"\(key.string ?? "?")\"")
            }
            guard let scalar = value.scalar else {
                throw SettingsError(message: "\(path):\(value.mark?.line ?? 0): \(name) is a single value")
            }
            found.append((name, scalar.string))
        }
        return found
    }

    // MARK: Values

    private static func number(_ value: Value?, in range: ClosedRange<Int>) throws(SettingsError) -> Int? {
        guard let value else { return nil }
        guard let number = Int(value.text), range.contains(number) else {
            throw SettingsError(
                message: "\(value.origin): \"\(value.text)\" is not a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    private static func name(_ value: Value?) throws(SettingsError) -> String? {
        guard let value else { return nil }
        let allowed = value.text.utf8.allSatisfy { byte in
            (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == 0x2D || byte == 0x2E
                || byte == 0x5F
        }
        guard allowed, (1...64).contains(value.text.utf8.count) else {
            throw SettingsError(
                message:
                    "\(value.origin): \"\(value.text)\" is not a name (1 to 64 letters, digits, dots, dashes, underscores)")
        }
        return value.text
    }

    private static func choice<Choice>(
        _ value: Value?, _ choices: [Choice], _ spelling: (Choice) -> String
    ) throws(SettingsError) -> Choice? {
        guard let value else { return nil }
        guard let choice = choices.first(where: { spelling($0) == value.text }) else {
            let all = choices.map(spelling).joined(separator: ", ")
            throw SettingsError(message: "\(value.origin): \"\(value.text)\" is none of \(all)")
        }
        return choice
    }

    /// `host:port`, `[address]:port` or `:port`.
    private static func address(_ value: Value?) throws(SettingsError) -> Address? {
        guard let value else { return nil }
        let parts = value.text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2, let port = Int(parts[parts.count - 1]), (0...65_535).contains(port) else {
            throw SettingsError(message: "\(value.origin): \"\(value.text)\" is not HOST:PORT")
        }
        var host = parts.dropLast().joined(separator: ":")
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw SettingsError(message: "\(value.origin): write an IPv6 address in brackets: [\(host)]:\(port)")
        }
        return Address(host: host.isEmpty ? "0.0.0.0" : host, port: port)
    }

    private static func tls(
        _ values: Values
    ) throws(SettingsError) -> (certificate: String, privateKey: String, clientCA: String?)? {
        switch (values["tls_cert"], values["tls_key"]) {
        case (nil, nil):
            if let ca = values["tls_ca"] { throw SettingsError(message: "\(ca.origin): needs --tls-cert and --tls-key") }
            return nil
        case (let certificate?, let key?): return (certificate.text, key.text, values["tls_ca"]?.text)
        case (let certificate?, nil): throw SettingsError(message: "\(certificate.origin): needs --tls-key too")
        case (nil, let key?): throw SettingsError(message: "\(key.origin): needs --tls-cert too")
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        // Not a name that begins so.
        host == "localhost" || host == "::1"
            || host.hasPrefix("127.") && host.utf8.allSatisfy { $0 == 0x2E || (0x30...0x39).contains($0) }
    }
}
