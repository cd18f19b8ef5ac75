/// Why something asked of PostgreSQL did not happen. The message says what to do, and never holds a secret.
package struct PostgresError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// The settings cannot be used; trying again is of no use.
        case configuration
        /// No connection could be made.
        case unreachable
        /// The connection ended while something was under way: whether it happened is unknown.
        case connectionLost
        /// Time ran out. The connection is closed where the server did not answer in time.
        case timedOut
        /// Given up because somebody asked for it.
        case cancelled
        /// The server refused a statement.
        case refused
        /// The server's answer is not what was expected of it.
        case unexpectedAnswer
    }

    package let kind: Kind
    /// The five characters of the server's error code (SQLSTATE), where the server gave one.
    package let sqlState: String?
    /// What happened, and what to do about it.
    package let message: String

    package var description: String { sqlState.map { "\(message) (SQLSTATE \($0))" } ?? message }

    init(_ kind: Kind, sqlState: String? = nil, _ message: String) {
        self.kind = kind
        self.sqlState = sqlState
        self.message = message
    }

    /// Whether what was asked may have been done all the same.
    package var leavesOutcomeUnknown: Bool {
        switch kind {
        case .connectionLost, .timedOut, .cancelled, .unexpectedAnswer: true
        case .configuration, .unreachable, .refused: false
        }
    }

    /// What the server's `message` under `sqlState` means.
    init(server message: String, sqlState: String) {
        let advice = Self.advice(for: sqlState)
        // The server cancels for two reasons, and says the first in the code, the second in words.
        let kind: Kind = sqlState == "57014" || sqlState == "55P03" ? .timedOut : .refused
        self.init(kind, sqlState: sqlState, advice.map { "\(message): \($0)" } ?? message)
    }

    /// PostgreSQL 15, appendix A: the classes, and the codes that call for something else than their class.
    static func advice(for sqlState: String) -> String? {
        switch sqlState {
        case "28P01", "28000": "check user, password and the server's pg_hba.conf"
        case "3D000": "create the database, or name another with dbname="
        case "42501": "grant the right, or connect as the owner of the schema"
        case "42P01", "3F000", "42883", "42703": "run `vtag postgres migrate`, and see that nobody changed the schema"
        case "25006": "this server takes no writes; name the primary, or several hosts with target_session_attrs=read-write"
        case "53100": "make room on the server's disk"
        case "53300": "raise max_connections, or end connections that are not needed"
        case "57014": "the statement ran longer than it may; see what the server is busy with"
        case "55P03": "another session holds the lock; see pg_locks"
        case "57P01", "57P02", "57P03": "the server is stopping or starting; it is tried again"
        default: nil
        }
    }
}
