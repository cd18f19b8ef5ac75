import JSON

/// The nodes and relationships that an answer to a graph query holds, each once, in the order of their first appearance.
struct GraphPicture {
    /// More are no picture.
    static let nodesMax = 1_000

    private(set) var nodes: [GraphNode] = []
    /// Those whose two ends are there.
    private(set) var edges: [Edge] = []
    private var positions: [String: Int] = [:]
    private var relationships: [GraphRelationship] = []
    private var known: Set<String> = []

    struct Edge: Hashable {
        let relationship: GraphRelationship
        /// Positions in `nodes`.
        let start: Int
        let end: Int
    }

    /// Throws where there is nothing to draw, or too much.
    init(rows: [[JSONValue]]) throws {
        for row in rows { for value in row { try collect(value) } }
        guard !nodes.isEmpty else {
            throw Failure.usage("the result holds no nodes to draw; RETURN nodes, relationships or paths")
        }
        for relationship in relationships {
            guard let start = positions[relationship.start], let end = positions[relationship.end] else { continue }
            edges.append(Edge(relationship: relationship, start: start, end: end))
        }
    }

    private mutating func collect(_ value: JSONValue) throws {
        if let node = GraphNode(value) { return try add(node) }
        if let relationship = GraphRelationship(value) { return add(relationship) }
        if let path = GraphPath(value) {
            for node in path.nodes { try add(node) }
            for relationship in path.relationships { add(relationship) }
            return
        }
        for element in value.array ?? value.members?.map(\.value) ?? [] { try collect(element) }
    }

    private mutating func add(_ node: GraphNode) throws {
        guard positions[node.id] == nil else { return }
        guard nodes.count < Self.nodesMax else {
            throw Failure.usage("the result holds more than \(Self.nodesMax) nodes; narrow the query, or add a LIMIT")
        }
        positions[node.id] = nodes.count
        nodes.append(node)
    }

    private mutating func add(_ relationship: GraphRelationship) {
        if known.insert(relationship.id).inserted { relationships.append(relationship) }
    }
}
