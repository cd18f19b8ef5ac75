import Model
package import PostgresClient

/// The tables that results are kept in, and how a database gets them: steps that are carried out once each, in order, and
/// never taken back.
package enum Schema {
    /// A step. One that was ever released is never changed: what it got wrong, a later one puts right.
    struct Step: Sendable {
        let name: StaticString
        let script: StaticString

        /// Tells a changed script from the one that was carried out.
        var hash: Int64 {
            Int64(
                bitPattern: StableHash.hash(
                    bytes: UnsafeBufferPointer(start: script.utf8Start, count: script.utf8CodeUnitCount)))
        }
    }

    /// Their versions are their places, from 1.
    static let steps = [
        Step(name: "tables", script: tables),
        Step(name: "partitions of the audit trail", script: auditPartitions),
        Step(name: "views and the role that reads", script: views),
        Step(name: "comments", script: comments),
        Step(name: "fences of the sink", script: sinkFences),
        Step(name: "stored forms, to restore from", script: records),
        Step(name: "views of costs, violations and spellings", script: moneyViews),
        Step(name: "until when all was there", script: confirmed),
        Step(name: "epochs of the sink", script: sinkEpochs),
    ]

    /// The version that this software knows.
    package static var version: Int { steps.count }

    /// Whoever migrates holds this advisory lock: "VTAG" and a number of ours.
    static let lockKey: Int64 = 0x5654_4147_0000_0001
}

/// Why a schema cannot be used or brought forward. Nothing was changed.
package enum SchemaError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A newer version of this software was here.
    case newer(found: Int, known: Int)
    /// The database has another step of that version, or lacks one before it.
    case differs(version: Int)
    /// The database stores text in another encoding than UTF-8.
    case encoding(String)
    /// A server older than PostgreSQL 15.
    case oldServer(Int)
    case postgres(PostgresError)

    package var description: String {
        switch self {
        case .newer(let found, let known):
            "the schema is of version \(found), this software knows \(known): use the newer software that made it; nothing was "
                + "changed"
        case .differs(let version):
            "step \(version) of the schema in this database is not the one that this software knows: it was made by another "
                + "build; use that one, or an empty database"
        case .encoding(let encoding): "the database stores text as \(encoding): make one with ENCODING 'UTF8'"
        case .oldServer(let version): "the server is PostgreSQL \(version / 10_000): version 15 or later is needed"
        case .postgres(let error): error.description
        }
    }
}
