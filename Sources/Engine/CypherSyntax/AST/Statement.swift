/// What one text asks for.
package struct Statement: Sendable, Hashable {
    package enum Mode: Sendable, Hashable {
        case execute
        /// Only the plan is wanted.
        case explain
        /// The result, and the plan with what each operator did.
        case profile
    }

    package enum Body: Sendable, Hashable {
        case query(Query)
        case schema(SchemaCommand)
    }

    package var mode: Mode
    package var body: Body

    package init(mode: Mode, body: Body) {
        self.mode = mode
        self.body = body
    }
}

/// Single queries joined by `UNION`: all of them by `UNION ALL`, or none.
package struct Query: Sendable, Hashable {
    package var parts: [SingleQuery]
    package var keepsDuplicates: Bool

    package init(parts: [SingleQuery], keepsDuplicates: Bool) {
        self.parts = parts
        self.keepsDuplicates = keepsDuplicates
    }
}

package struct SingleQuery: Sendable, Hashable {
    package var clauses: [Clause]

    package init(clauses: [Clause]) { self.clauses = clauses }
}

package enum SchemaCommand: Sendable, Hashable {
    /// `CREATE INDEX name IF NOT EXISTS FOR (n:Label) ON (n.key)`
    case createIndex(name: String?, label: String, keys: [String], ifAbsent: Bool)
    /// `DROP INDEX name IF EXISTS`
    case dropIndex(name: String, ifPresent: Bool)
}
