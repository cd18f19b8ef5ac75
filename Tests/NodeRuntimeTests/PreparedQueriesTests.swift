import Cypher
import CypherSyntax
import CypherValues
import PropertyGraph
import Synchronization
import Testing

@testable import NodeRuntime

@Suite("Queries that were read before")
struct PreparedQueriesTests {
    @Test("A text is read once, and again once it was forgotten; what is refused is refused again")
    func reading() throws {
        let procedures = CountingProcedures()
        let queries = PreparedQueries(procedures: procedures)
        for _ in 0..<3 { #expect(try queries.query("RETURN 1 AS a").columns == ["a"]) }
        #expect(procedures.readings == 1)
        for _ in 0..<2 { #expect(throws: CypherError.self) { try queries.query("RETURN b") } }
        #expect(procedures.readings == 3)
        // Asked for all the while, it stays; another one goes.
        _ = try queries.query("RETURN 0")
        for number in 1...(2 * PreparedQueries.queriesMax) {
            _ = try queries.query("RETURN \(number)")
            _ = try queries.query("RETURN 1 AS a")
        }
        let before = procedures.readings
        _ = try queries.query("RETURN 1 AS a")
        #expect(procedures.readings == before)
        _ = try queries.query("RETURN 0")
        #expect(procedures.readings == before + 1)
        let long = "RETURN '\(String(repeating: "x", count: PreparedQueries.textBytesMax))' AS a"
        for _ in 0..<2 { _ = try queries.query(long) }
        #expect(procedures.readings == before + 3)
    }
}

/// Asked once for each query that is read.
private final class CountingProcedures: ProcedureProvider {
    private let count = Atomic(0)

    var readings: Int { count.load(ordering: .relaxed) }

    var signatures: [ProcedureSignature] {
        count.add(1, ordering: .relaxed)
        return []
    }

    func call(
        _ name: String, _ arguments: [CypherValue], schema: GraphSchema
    ) throws(CypherError) -> [[CypherValue]] { [] }
}
