import Cypher
import CypherSyntax
import CypherValues
import Foundation
import PropertyGraph

/// A door to a graph in this process, of a few partitions.
final class LocalDoor: GraphDoor {
    private var graph = LocalGraph(partitions: 3)
    private var procedures = KitProcedures()
    private let zones: SystemZones

    init(zones: SystemZones) { self.zones = zones }

    func provide(_ procedure: KitProcedure) async throws { procedures.mocks.append(procedure) }

    func run(_ query: String, parameters: [String: KitValue]) async throws -> KitResult {
        do throws(CypherError) {
            return try answer(query, CypherMap(parameters.compactMap { key, value in value.cypherValue.map { (key, $0) } }))
        } catch {
            throw KitError(
                class: error.class.rawValue, phase: error.phase.rawValue, detail: error.detail.rawValue,
                message: error.message)
        }
    }

    private func answer(_ text: String, _ parameters: CypherMap) throws(CypherError) -> KitResult {
        let query = try CypherQuery(text, procedures: procedures)
        let evaluation = EvaluationContext(
            parameters: parameters, statementTime: Instant(epochSeconds: 1_700_000_000), seed: 1, zones: zones)
        let execution = try QueryExecution(query, evaluation: evaluation)
        graph.begin()
        do throws(CypherError) {
            let rows = try rows(of: execution)
            let result = KitResult(columns: query.columns, rows: rows.map { $0.map(KitValue.init) })
            do throws(GraphError) { try graph.commit() } catch { throw CypherError(error) }
            return result
        } catch {
            if graph.isInTransaction { graph.rollback() }
            throw error
        }
    }

    private func rows(of execution: QueryExecution) throws(CypherError) -> [[CypherValue]] {
        var rows: [[CypherValue]] = []
        while true {
            switch try execution.step() {
            case .rows(let more): rows += more
            case .paused: break
            case .finished: return rows
            case .asks(let request):
                do throws(GraphError) {
                    execution.answer(try graph.answer(request))
                } catch {
                    throw CypherError(error)
                }
            }
        }
    }
}

/// The procedures that a scenario brings, and the built-in ones.
private struct KitProcedures: ProcedureProvider {
    var mocks: [KitProcedure] = []
    private let builtIn = SchemaProcedures()

    var signatures: [ProcedureSignature] {
        mocks.map { mock in
            ProcedureSignature(
                name: mock.name, arguments: mock.inputs.map(Self.field), results: mock.outputs.map(Self.field))
        } + builtIn.signatures
    }

    private static func field(_ field: KitProcedure.Field) -> ProcedureSignature.Field {
        let type = field.type.prefix { $0 != "?" }
        return ProcedureSignature.Field(field.name, ProcedureSignature.ValueType(rawValue: String(type)) ?? .any)
    }

    func call(
        _ name: String, _ arguments: [CypherValue], schema: GraphSchema
    ) throws(CypherError) -> [[CypherValue]] {
        guard let mock = mocks.first(where: { $0.name.lowercased() == name.lowercased() }) else {
            return try builtIn.call(name, arguments, schema: schema)
        }
        let values = mock.rows.map { $0.map { $0.cypherValue ?? .null } }
        return values.filter { zip($0, arguments).allSatisfy(==) }.map { Array($0.dropFirst(arguments.count)) }
    }
}

/// The machine's time zones.
struct SystemZones: TimeZoneSource {
    private let rules: [String: TimeZoneRules]

    init() {
        var rules: [String: TimeZoneRules] = [:]
        // Those that the kit names.
        for name in ["Europe/Stockholm", "Europe/London", "Pacific/Honolulu", "Australia/Eucla", "America/New_York"] {
            let file = URL(fileURLWithPath: "/usr/share/zoneinfo").appending(path: name)
            if let bytes = try? Data(contentsOf: file) { rules[name] = TimeZoneRules(tzif: Array(bytes)) }
        }
        self.rules = rules
    }

    func rules(named name: String) -> TimeZoneRules? { rules[name] }
}
