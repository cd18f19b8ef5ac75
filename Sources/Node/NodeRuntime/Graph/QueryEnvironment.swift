package import Cypher
package import CypherValues

/// What queries find around them.
package struct QueryEnvironment: Sendable {
    /// Where the names of time zones are looked up.
    package var zones: any TimeZoneSource = SystemTimeZones()
    /// What `CALL` may name.
    package var procedures: any ProcedureProvider = SchemaProcedures()

    package init() {}
}
