import PostgresClient
import PostgresSchema
package import Sink

/// Why results do not get to the database, as people are told.
package enum SinkTrouble: String, CaseIterable, Hashable, Sendable {
    case unreachable
    case outOfConnections = "out_of_connections"
    /// A standby, or a server that was set so.
    case readOnly = "read_only"
    case outOfSpace = "out_of_space"
    /// A newer version of this software made the schema, or another build.
    case schema
    case timedOut = "timed_out"
    /// The server refuses what is sent, or the user has no right to send it.
    case refused
    /// What is to be sent cannot be read here.
    case unreadable
}

/// What became of something asked of the database.
package struct SinkError: Error, Hashable, Sendable {
    /// Nil: nothing is wrong with the database; another leader was there.
    package let trouble: SinkTrouble?
    /// In one line; never holds a secret.
    package let message: String
    package let failure: SinkFailure
    /// Only what was sent is to blame, and another transaction may well succeed.
    package let isAboutContents: Bool

    package init(_ trouble: SinkTrouble?, _ message: String, _ failure: SinkFailure, isAboutContents: Bool = false) {
        self.trouble = trouble
        self.message = message
        self.failure = failure
        self.isAboutContents = isAboutContents
    }

    init(_ error: PostgresError) {
        let failure: SinkFailure = error.leavesOutcomeUnknown ? .outcomeUnknown : .unavailable
        guard let state = error.sqlState else {
            // Of a connection that is not made the server's code does not get here, only its words.
            let isFull = error.kind == .unreachable && Self.fullWords.contains { error.message.contains($0) }
            let trouble: SinkTrouble = isFull ? .outOfConnections : error.kind == .timedOut ? .timedOut : .unreachable
            self.init(trouble, error.description, failure)
            return
        }
        switch state {
        case Schema.fencedState: self.init(nil, error.description, .conflict)
        case "25006": self.init(.readOnly, error.description, failure)
        case "53100": self.init(.outOfSpace, error.description, failure)
        case "53300": self.init(.outOfConnections, error.description, failure)
        case "57014", "55P03": self.init(.timedOut, error.description, failure)
        case "42P01", "42883", "3F000", "42703": self.init(.schema, error.description, failure)
        case "40001", "40P01", "57P01", "57P02", "57P03", "53200", "53400":
            self.init(.unreachable, error.description, failure)
        default:
            self.init(
                .refused, error.description, failure, isAboutContents: ["21", "22", "23", "54"].contains(state.prefix(2)))
        }
    }

    init(_ error: SchemaError) {
        switch error {
        case .postgres(let error): self.init(error)
        case .newer, .differs, .encoding, .oldServer: self.init(.schema, error.description, .unavailable)
        }
    }

    private static let fullWords = ["too many clients", "remaining connection slots", "too many connections"]
}
