import HTTPTransport
import JSON
import NodeRuntime
import Shard

/// `/graphs`: graphs of users' own, beside the inventory's. They are asked and changed by `POST /graph/query`.
enum NamedGraphEndpoints {
    /// What stands for the inventory's graph, or is what Neo4j keeps for itself.
    private static let reservedNames: Set = [GraphEndpoints.inventoryName, QueryAPIEndpoint.databaseName, "system"]

    // MARK: GET /graphs

    static let listQuery = QueryParameter.paging

    static let list: Route.Handler = { call in
        let limit = try call.limit()
        let after = try call.cursorPosition().map { String(decoding: $0, as: UTF8.self) }
        let graphs = try await call.api.node.namedGraphs(call.consistency).filter { graph in
            after.map { $0 < graph.name } ?? true
        }
        let page = graphs.prefix(limit)
        let next = graphs.count > limit ? page.last.map { call.cursor(at: Array($0.name.utf8)) } : nil
        return call.json { $0.page(page, next: next) { $0.graph($1) } }
    }

    // MARK: /graphs/{name}

    static let get: Route.Handler = { call in
        let graph = try await find(call, call.consistency)
        return call.entity(tag: EntityTag(index: graph.version)) { $0.graph(graph) }
    }

    /// Makes it; does nothing where it is there.
    static let put: Route.Handler = { call in
        let name = call.parameters.first ?? ""
        guard NamedGraphLimits.isName(name), !reservedNames.contains(name.lowercased()) else {
            throw Problem.invalid([
                .init(
                    "",
                    "a graph's name has 1 to \(NamedGraphLimits.nameBytesMax) letters, digits, \"-\", \"_\" and \".\", begins with a letter or digit, and is none of \(reservedNames.sorted().joined(separator: ", "))"
                )
            ])
        }
        let context = try await call.stamp(body: nil).context()
        let isNew: Bool
        do {
            isNew = try await call.api.node.createGraph(name, by: context)
        } catch let error as NamedGraphError {
            throw Problem(error)
        }
        let graph = try await find(call, .linearizable)
        return call.entity(isNew ? 201 : 200, tag: EntityTag(index: graph.version)) { $0.graph(graph) }
    }

    static let delete: Route.Handler = { call in
        let name = call.parameters.first ?? ""
        guard NamedGraphLimits.isName(name) else { throw Problem.noGraph(name) }
        let precondition = try ConditionalRequest.precondition(of: call.request.head)
        let context = try await call.stamp(body: nil).context()
        let outcome = try await call.api.node.dropGraph(name, precondition, by: context)
        if outcome == .notFound { throw Problem.noGraph(name) }
        if let problem = Problem(outcome, noun: "graph") { throw problem }
        return call.empty(204)
    }

    private static func find(_ call: Call, _ consistency: ReadConsistency) async throws -> NamedGraphSummary {
        let name = call.parameters.first ?? ""
        guard NamedGraphLimits.isName(name), let graph = try await call.api.node.namedGraph(name, consistency) else {
            throw Problem.noGraph(name)
        }
        return graph
    }
}

extension JSONWriter {
    fileprivate mutating func graph(_ graph: NamedGraphSummary) {
        beginObject()
        member("name", graph.name)
        key("nodes")
        int(graph.nodes)
        key("relationships")
        int(graph.relationships)
        key("memory_bytes")
        int(graph.bytes)
        endObject()
    }
}
