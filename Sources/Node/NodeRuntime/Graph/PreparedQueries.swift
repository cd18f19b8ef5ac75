package import Cypher
package import CypherSyntax
import Synchronization

/// Queries that were read and checked, by their text: programs ask the same ones again and again, with other parameters.
///
/// Two generations of bounded size: what is asked for moves to the young one, and once that is full the old one is forgotten. Queries
/// that are refused are read anew each time.
package final class PreparedQueries: Sendable {
    /// Queries of one generation.
    static let queriesMax = 256
    /// Longer texts are not kept, in bytes of UTF-8.
    static let textBytesMax = 4_096

    private struct Generations {
        var young: [String: CypherQuery] = [:]
        var old: [String: CypherQuery] = [:]

        mutating func find(_ text: String) -> CypherQuery? {
            if let query = young[text] { return query }
            guard let query = old[text] else { return nil }
            keep(query)
            return query
        }

        mutating func keep(_ query: CypherQuery) {
            if young.count >= queriesMax {
                old = young
                young = [:]
            }
            young[query.text] = query
        }
    }

    private let procedures: any ProcedureProvider
    private let generations = Mutex(Generations())

    package init(procedures: any ProcedureProvider) { self.procedures = procedures }

    /// Throws the standard's compile-time errors.
    package func query(_ text: String) throws(CypherError) -> CypherQuery {
        if let known = generations.withLock({ $0.find(text) }) { return known }
        let query = try CypherQuery(text, procedures: procedures)
        if text.utf8.count <= Self.textBytesMax { generations.withLock { $0.keep(query) } }
        return query
    }
}
