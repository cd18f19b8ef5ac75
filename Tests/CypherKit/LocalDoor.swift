import Cypher
package import CypherSyntax
package import CypherValues
import Foundation
package import PropertyGraph
import Synchronization

/// A door to a graph in this process.
package final class LocalDoor: GraphDoor {
    private var graph: LocalGraph
    private let budget: QueryBudget
    private let procedures = KitProcedures()
    private let zones: KitZones

    /// Few rows in a batch make queries cross its ends at many places.
    package init(zones: KitZones, partitions: Int, batchRows: Int) {
        self.zones = zones
        graph = LocalGraph(partitions: partitions)
        budget = QueryBudget(batchRowsMax: batchRows)
    }

    package func provide(_ procedure: KitProcedure) async throws { procedures.add(procedure) }
    package func close() async throws {}

    package func run(_ query: String, parameters: [String: KitValue]) async throws -> KitResult {
        let values = CypherMap(parameters.compactMap { key, value in value.cypherValue.map { (key, $0) } })
        let evaluation = EvaluationContext(
            parameters: values, statementTime: Instant(epochSeconds: 1_700_000_000), seed: 1, zones: zones)
        do throws(CypherError) {
            let query = try CypherQuery(query, procedures: procedures)
            let result = try graph.run(query, in: evaluation, budget: budget)
            return KitResult(columns: result.columns, rows: result.rows.map { $0.map(KitValue.init) })
        } catch {
            throw KitError(
                class: error.class.rawValue, phase: error.phase.rawValue, detail: error.detail.rawValue,
                message: error.rendered(in: query))
        }
    }
}

/// The procedures that a scenario brings, and the built-in ones.
package final class KitProcedures: ProcedureProvider {
    private let added = Mutex<[KitProcedure]>([])
    private var mocks: [KitProcedure] { added.withLock { $0 } }
    private let builtIn = SchemaProcedures()

    package init() {}

    package func add(_ procedure: KitProcedure) { added.withLock { $0.append(procedure) } }
    package func removeAll() { added.withLock { $0 = [] } }

    package var signatures: [ProcedureSignature] {
        mocks.map { mock in
            ProcedureSignature(
                name: mock.name, arguments: mock.inputs.map(Self.field), results: mock.outputs.map(Self.field))
        } + builtIn.signatures
    }

    private static func field(_ field: KitProcedure.Field) -> ProcedureSignature.Field {
        let type = field.type.prefix { $0 != "?" }
        return ProcedureSignature.Field(field.name, ProcedureSignature.ValueType(rawValue: String(type)) ?? .any)
    }

    package func call(
        _ name: String, _ arguments: [CypherValue], schema: GraphSchema
    ) throws(CypherError) -> [[CypherValue]] {
        guard let mock = mocks.first(where: { $0.name.lowercased() == name.lowercased() }) else {
            return try builtIn.call(name, arguments, schema: schema)
        }
        let values = mock.rows.map { $0.map { $0.cypherValue ?? .null } }
        return values.filter { zip($0, arguments).allSatisfy(==) }.map { Array($0.dropFirst(arguments.count)) }
    }
}

/// The time zones that the kit names, as the tz database's main data has them, where Stockholm's is Berlin's. They lie beside the
/// tests, as machines differ in theirs.
package struct KitZones: TimeZoneSource {
    private let rules: [String: TimeZoneRules]

    package init() throws {
        var rules: [String: TimeZoneRules] = [:]
        for name in ["Europe/Stockholm", "Europe/London", "Pacific/Honolulu", "Australia/Eucla", "America/New_York"] {
            guard let file = Bundle.module.url(forResource: "Fixtures/zoneinfo/" + name, withExtension: nil) else {
                throw KitFault(description: "no time zone \(name) among the fixtures")
            }
            rules[name] = TimeZoneRules(tzif: Array(try Data(contentsOf: file)))
        }
        self.rules = rules
    }

    package func rules(named name: String) -> TimeZoneRules? { rules[name] }
}
