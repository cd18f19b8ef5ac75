import Conditions
import Cypher
import CypherSyntax
import CypherValues
import HTTPTransport
import JSON
import NodeRuntime
import PropertyGraph

/// `POST /db/{name}/query/v2`: as Neo4j's Query API, for its drivers and tools.
enum QueryAPIEndpoint {
    static let typed = [
        "application/vnd.neo4j.query", "application/vnd.neo4j.query.v1.0", "application/vnd.neo4j.query.v1.1",
    ]
    static let produces = ["application/json"] + typed
    static let accepts = produces
    /// What clients of Neo4j call the database; here the inventory's graph. Other names are named graphs'.
    static let databaseName = "neo4j"

    static let query: Route.Handler = { call in
        do {
            return try await answer(call)
        } catch let error as QueryAPIError {
            return call.json(error.status) { error.write(to: &$0) }
        } catch let error as AnsweredByPrimary {
            throw error
        } catch {
            let problem = call.api.problem(for: error, call)
            // What the transport and the token are refused for is told as everywhere.
            guard (400..<500).contains(problem.status), ![401, 403, 408, 413].contains(problem.status) else { throw error }
            return call.json(problem.status) { QueryAPIError(problem).write(to: &$0) }
        }
    }

    private static func answer(_ call: Call) async throws -> HTTPResponse {
        let name = call.parameters.first ?? ""
        let buffer = try await call.body(upTo: GraphEndpoints.bodyBytesMax)
        let value = try Call.parse(buffer) { JSONValue($0) }
        var errors = ValidationErrors()
        // Members that other versions of the API know are no reason to refuse.
        guard let statement = value["statement"]?.string, !statement.isEmpty else {
            throw QueryAPIError(400, "Neo.ClientError.Request.Invalid", "\"statement\" is missing: the query, as text")
        }
        let isTyped = Call.mediaType(of: call.request.head).map(typed.contains) ?? false
        guard let parameters = GraphEndpoints.parameters(value["parameters"], isTyped: isTyped, call, into: &errors) else {
            throw QueryAPIError(400, "Neo.ClientError.Request.Invalid", Problem(errors).detail)
        }
        let run = try await GraphRun(
            statement, of: name == databaseName ? nil : name, parameters: parameters, GraphQueryLimits(), call, body: buffer)
        let accept = call.request.head.headers.values(of: "accept")
        let type = ContentNegotiation.choose(accept: accept, offered: produces) ?? produces[0]
        let (rows, end) = try await run.collected(typed.contains(type) ? .typed : .plain)
        var json = JSONWriter(reserving: rows.count + 512)
        json.beginObject()
        json.key("data")
        json.beginObject()
        json.key("fields")
        json.texts(run.query.columns)
        json.key("values")
        json.beginArray()
        if !rows.isEmpty { json.raw(rows) }
        json.endArray()
        json.endObject()
        if value["includeCounters"]?.bool == true {
            json.key("counters")
            json.counters(end.counts)
        }
        if let plan = end.plan {
            json.key(run.query.mode == .profile ? "profiledQueryPlan" : "queryPlan")
            json.plan(plan)
        }
        json.key("bookmarks")
        json.beginArray()
        json.endArray()
        json.endObject()
        return call.bytes(202, contentType: type, json.bytes)
    }
}

/// An error as the Query API tells it.
struct QueryAPIError: Error {
    let status: Int
    let code: String
    let message: String
    var opencypher: JSONValue?

    init(_ status: Int, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    init(_ problem: Problem) {
        let opencypher = problem.members.first { $0.name == "opencypher" }?.value
        let name = opencypher?["class"]?.string ?? ""
        let code =
            switch name {
            case "SyntaxError", "SemanticError": "Statement.SyntaxError"
            case "TypeError": "Statement.TypeError"
            case "ArgumentError": "Statement.ArgumentError"
            case "ArithmeticError": "Statement.ArithmeticError"
            case "EntityNotFound": "Statement.EntityNotFound"
            case "ParameterMissing": "Statement.ParameterMissing"
            case "ProcedureError": "Procedure.ProcedureNotFound"
            case "ConstraintVerificationFailed", "ConstraintValidationFailed": "Schema.ConstraintValidationFailed"
            case "LimitExceeded": "Statement.ExecutionFailed"
            default:
                switch "\(problem.kind)" {
                case "graph-is-read-only": "Statement.AccessMode"
                case "no-graph": "Database.DatabaseNotFound"
                default: "Request.Invalid"
                }
            }
        self.init(problem.status, "Neo.ClientError.\(code)", problem.detail)
        self.opencypher = opencypher
    }

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.key("errors")
        json.beginArray()
        json.beginObject()
        json.member("code", code)
        json.member("message", message)
        if let opencypher {
            json.key("opencypher")
            json.value(opencypher)
        }
        json.endObject()
        json.endArray()
        json.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func counters(_ counts: MutationCounts) {
        beginObject()
        key("containsUpdates")
        bool(counts != MutationCounts())
        for (name, count) in [
            ("nodesCreated", counts.nodesCreated), ("nodesDeleted", counts.nodesDeleted),
            ("propertiesSet", counts.propertiesSet), ("relationshipsCreated", counts.relationshipsCreated),
            ("relationshipsDeleted", counts.relationshipsDeleted), ("labelsAdded", counts.labelsAdded),
            ("labelsRemoved", counts.labelsRemoved), ("indexesAdded", counts.indexesAdded),
            ("indexesRemoved", counts.indexesRemoved), ("constraintsAdded", 0), ("constraintsRemoved", 0),
            ("systemUpdates", 0),
        ] {
            key(name)
            int(count)
        }
        key("containsSystemUpdates")
        bool(false)
        endObject()
    }

    fileprivate mutating func plan(_ plan: PlanDescription) {
        beginObject()
        member("operatorType", plan.name)
        key("arguments")
        beginObject()
        member("Details", plan.details)
        if let rows = plan.rows {
            key("Rows")
            int(rows)
        }
        if let requests = plan.requests {
            key("Requests")
            int(requests)
        }
        endObject()
        key("children")
        beginArray()
        for input in plan.inputs { self.plan(input) }
        endArray()
        endObject()
    }
}
