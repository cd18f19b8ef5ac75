import Conditions
import Cypher
import CypherSyntax
import CypherValues
import HTTPTransport
import JSON
import NIOCore
import NodeRuntime
import PropertyGraph
import Shard
import Synchronization

/// `POST /graph/query`: openCypher over the inventory's graph, or a named one.
enum GraphEndpoints {
    static let produces = ["application/json", "application/x-ndjson"]
    /// Longest accepted body: a query and its parameters.
    static let bodyBytesMax = 8 << 20
    static let timeoutSeconds = 1...120
    static let memoryMiB = 1...1_024
    static let inventoryName = "inventory"

    static let query: Route.Handler = { call in
        let (value, body) = try await call.document()
        var errors = ValidationErrors()
        let accepted = ["query", "parameters", "graph", "timeout_seconds", "memory_mib"]
        let reader = ObjectReader(value, at: .root, accepting: accepted, into: &errors)
        let text = reader?.requiredText("query", bytes: 1...bodyBytesMax, into: &errors)
        let graph = reader?.text("graph", bytes: 1...255, into: &errors)
        var limits = GraphQueryLimits()
        if let seconds = reader?.int("timeout_seconds", in: timeoutSeconds, into: &errors) {
            limits.milliseconds = Int64(seconds) * 1_000
        }
        if let size = reader?.int("memory_mib", in: memoryMiB, into: &errors) { limits.budget.memoryBytesMax = size << 20 }
        let parameters = Self.parameters(reader?.value("parameters"), isTyped: false, call, into: &errors)
        guard let text, let parameters, errors.isEmpty else { throw Problem(errors) }
        let run = try await GraphRun(
            text, of: graph == inventoryName ? nil : graph, parameters: parameters, limits, call, body: body)
        let accept = call.request.head.headers.values(of: "accept")
        if ContentNegotiation.choose(accept: accept, offered: produces) == produces[1] { return run.streamed() }
        let (rows, end) = try await run.collected(.own)
        return call.json { json in
            json.beginObject()
            json.key("columns")
            json.texts(run.query.columns)
            json.key("rows")
            json.beginArray()
            if !rows.isEmpty { json.raw(rows) }
            json.endArray()
            json.key("stats")
            json.statistics(end, of: run.query)
            if let plan = end.plan {
                json.key("plan")
                json.texts(plan.lines)
            }
            json.endObject()
        }
    }

    /// Nil where they are not to be had; why is noted.
    static func parameters(
        _ value: JSONValue?, isTyped: Bool, _ call: Call, into errors: inout ValidationErrors
    ) -> CypherMap? {
        switch value {
        case nil, .null: return CypherMap()
        case .object(let members):
            do throws(ParameterFault) {
                return try ParameterReader(isTyped: isTyped, zones: call.api.node.timeZones).parameters(members)
            } catch {
                errors.add("\(error.message), at \(error.pointer)", at: .root.appending("parameters"))
                return nil
            }
        default:
            errors.add("must be an object", at: .root.appending("parameters"))
            return nil
        }
    }
}

extension Call {
    /// Its turn among those who ask the graph.
    var graphWalk: Walk { Walk(api.node.graphQueries, for: principal.subject, isLimited: false) }
}

/// A query that was read and checked, ready to run for one request.
struct GraphRun: Sendable {
    /// The least role that may write to a named graph.
    static let writerRole = Role.tagger

    let query: CypherQuery
    /// Nil: the inventory's.
    private let graph: String?
    private let parameters: CypherMap
    private let limits: GraphQueryLimits
    private let call: Call
    private let context: WriteContext

    /// Throws the problem where it cannot be run.
    ///
    /// - Parameter body: what an idempotency key stands for, where the query writes.
    init(
        _ text: String, of graph: String?, parameters: CypherMap, _ limits: GraphQueryLimits, _ call: Call, body: ByteBuffer
    ) async throws {
        do throws(CypherError) {
            query = try call.api.node.preparedQueries.query(text)
        } catch {
            throw Problem(error, in: text)
        }
        if let graph {
            // They are not in the database that regions follow.
            if call.api.region != nil { throw AnsweredByPrimary(body: body) }
            guard call.principal.scope == nil else { throw Problem.beyondScope }
            guard NamedGraphLimits.isName(graph) else { throw Problem.noGraph(graph) }
            guard !query.writes || call.principal.role >= Self.writerRole else {
                throw Problem.forbidden(needs: Self.writerRole, has: call.principal.role)
            }
        } else if query.writes {
            throw Problem.graphIsReadOnly
        }
        context =
            query.writes
            ? try await call.stamp(body: body).context()
            : WriteContext(actor: call.principal.subject, requestID: call.requestID)
        self.graph = graph
        self.parameters = parameters
        self.limits = limits
        self.call = call
    }

    private func run(
        _ form: ValueForm, _ rows: NamedGraphRequest.Rows, _ take: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> GraphQueryEnd {
        let (node, walk) = (call.api.node, call.graphWalk)
        do {
            guard let graph else {
                return try await node.query(
                    query, parameters: parameters, of: call.principal.scope, call.consistency, within: limits, in: walk
                ) { values in
                    try await take(GraphRows.bytes(of: values, form, separator: rows.separator))
                }
            }
            let request = NamedGraphRequest(
                graph: graph, text: query.text, parameters: parameters, form: form, rows: rows, limits: limits,
                consistency: call.consistency, context: context)
            return try await node.query(request, query, in: walk, take)
        } catch let error as CypherError {
            throw Problem(error, in: query.text)
        } catch let error as NamedGraphError {
            throw Problem(error)
        }
    }

    /// All rows as the members of a JSON array, without its brackets.
    func collected(_ form: ValueForm) async throws -> (rows: [UInt8], end: GraphQueryEnd) {
        let bytes = Mutex<[UInt8]>([])
        let end = try await run(form, .array) { text in
            guard !text.isEmpty else { return }
            try bytes.withLock { bytes in
                guard bytes.count + text.count < GraphRows.answerBytesMax else { throw Problem.graphAnswerTooLarge }
                if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
                bytes += text
            }
        }
        return (bytes.withLock { $0 }, end)
    }

    /// A line for the columns, one for each row, one for the statistics; a query that fails on its way ends with a line that says so.
    func streamed() -> HTTPResponse {
        var fields = ResponseHeaders.standard
        fields.append("x-request-id", call.requestID)
        return .stream(200, contentType: GraphEndpoints.produces[1], headers: fields) { writer in
            try await writer.line { json in
                json.beginObject()
                json.key("columns")
                json.texts(query.columns)
                json.endObject()
            }
            do {
                let end = try await run(.own, .lines) { text in
                    guard !text.isEmpty else { return }
                    try await writer.write(ByteBuffer(bytes: text + [UInt8(ascii: "\n")]))
                }
                try await writer.line { json in
                    json.beginObject()
                    json.key("stats")
                    json.statistics(end, of: query)
                    if let plan = end.plan {
                        json.key("plan")
                        json.texts(plan.lines)
                    }
                    json.endObject()
                }
            } catch let error where !(error is CancellationError) && !(error is HTTPWriteError) {
                let problem = call.api.problem(for: error, call)
                try await writer.line { json in
                    json.beginObject()
                    json.key("error")
                    json.raw(problem.serialised(requestID: call.requestID))
                    json.endObject()
                }
            }
        }
    }
}

extension HTTPBodyWriter {
    fileprivate func line(_ write: (inout JSONWriter) -> Void) async throws {
        var json = JSONWriter()
        write(&json)
        try await self.write(ByteBuffer(bytes: json.bytes + [UInt8(ascii: "\n")]))
    }
}

extension JSONWriter {
    mutating func texts(_ texts: [String]) {
        beginArray()
        for text in texts { string(text) }
        endArray()
    }

    /// What changed only of a query that changes something.
    fileprivate mutating func statistics(_ end: GraphQueryEnd, of query: CypherQuery) {
        beginObject()
        key("rows")
        int(end.rows)
        key("milliseconds")
        int(end.milliseconds)
        if query.writes {
            for (name, field) in MutationCounts.fields {
                key(name)
                int(end.counts[keyPath: field])
            }
        }
        endObject()
    }
}
