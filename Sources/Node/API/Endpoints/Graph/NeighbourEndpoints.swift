import CypherSyntax
import CypherValues
import HTTPTransport
import InventoryGraph
import JSON
import Model
import NodeRuntime
import PropertyGraph

/// `GET /resources/{id}/neighbors` and `GET /resources/{id}/impact`: what lies around a resource, and what depends on it.
enum NeighbourEndpoints {
    /// Longest list of types, in characters.
    private static let typesCharactersMax = 1_024

    private static let bounds = [QueryParameter("depth"), QueryParameter("limit")]
    static let neighboursQuery =
        bounds + [QueryParameter("direction"), QueryParameter("types", charactersMax: typesCharactersMax)]
    static let impactQuery = bounds

    private enum Direction: String, CaseIterable {
        case out, `in`, any

        var ofGraph: GraphDirection {
            switch self {
            case .out: .outgoing
            case .in: .incoming
            case .any: .either
            }
        }
    }

    static let neighbours: Route.Handler = { call in
        let direction = try call.query.value("direction", as: Direction.self) ?? .any
        let step = NeighbourhoodWalk.Step(direction.ofGraph, types: try types(call.query["types"]))
        return try await answer(call, [step], depth: 1)
    }

    static let impact: Route.Handler = { call in
        try await answer(call, NeighbourhoodWalk.Step.dependents, depth: NeighbourhoodWalk.depthMax)
    }

    /// Names of types, with commas between; without any, those between resources.
    private static func types(_ text: String?) throws(Problem) -> [String] {
        guard let text else { return RelationshipNames.betweenResources }
        var types: [String] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let names = RelationshipNames.names(spelt: String(word)) else {
                let known =
                    RelationshipType.allCases.map(\.name) + [
                        RelationshipNames.account, RelationshipNames.region, RelationshipNames.tag,
                    ]
                throw .badParameter(
                    "types", "holds \"\(word.prefix(64))\", which is no type; these are: \(known.joined(separator: ", "))")
            }
            types += names
        }
        return types
    }

    private static func answer(_ call: Call, _ steps: [NeighbourhoodWalk.Step], depth: Int) async throws -> HTTPResponse {
        let id = ResourceID(try call.id("resource"))
        let limit = try call.limit()
        let depth = try call.query.integer("depth", in: 1...NeighbourhoodWalk.depthMax) ?? depth
        let walk: NeighbourhoodWalk
        do {
            walk = try await call.api.node.neighbourhood(
                NeighbourhoodWalk(id, steps, depth: depth, limit: limit), of: call.principal.scope, call.consistency,
                in: call.graphWalk)
        } catch let error as CypherError {
            throw Problem.unavailable("The graph did not answer in time: \(error.message). Ask for less.")
        }
        guard walk.start != nil else { throw Problem.notFound("There is no resource with this id.") }
        var names = [NodeHandle: String]()
        for node in [walk.start].compactMap({ $0 }) + walk.neighbours.map(\.node) { names[node.handle] = node.elementId }
        return call.json { json in
            json.beginObject()
            json.key("items")
            json.beginArray()
            for neighbour in walk.neighbours { json.neighbour(neighbour, from: names[neighbour.from] ?? "") }
            json.endArray()
            json.key("truncated")
            json.bool(walk.isTruncated)
            json.endObject()
        }
    }
}

extension JSONWriter {
    /// What it is, in short: the resource itself tells the rest.
    fileprivate mutating func neighbour(_ neighbour: NeighbourhoodWalk.Neighbour, from near: String) {
        let node = neighbour.node
        beginObject()
        member("id", node.elementId)
        key("labels")
        texts(node.labels)
        for name in ["provider", "resource_id", "resource_type", "name", "account_id", "region", "key", "value"] {
            guard case .string(let text)? = node.properties[name] else { continue }
            key(name)
            string(text)
        }
        key("distance")
        int(neighbour.distance)
        key("via")
        beginObject()
        member("type", neighbour.type)
        member("direction", neighbour.isOutgoing ? "out" : "in")
        member("from", near)
        endObject()
        endObject()
    }
}
