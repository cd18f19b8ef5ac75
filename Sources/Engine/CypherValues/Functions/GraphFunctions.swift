internal import CypherSyntax

extension FunctionCall {
    /// Of nodes, relationships and paths.
    func ofGraph() throws(CypherError) -> CypherValue {
        switch function {
        case .id, .elementID: return try identity()
        case .labels:
            guard case .node(let node) = first else { throw unfit("a node") }
            return .list(try context.current(node).labels.map(CypherValue.string))
        case .type:
            guard case .relationship(let relationship) = first else { throw unfit("a relationship") }
            return .string(relationship.type)
        case .keys: return .list(try properties().keys.map(CypherValue.string))
        case .properties: return .map(try properties())
        case .startNode:
            guard case .relationship(let relationship) = first else { throw unfit("a relationship") }
            return .node(context.end(relationship.start))
        case .endNode:
            guard case .relationship(let relationship) = first else { throw unfit("a relationship") }
            return .node(context.end(relationship.end))
        case .nodes:
            guard case .path(let path) = first else { throw unfit("a path") }
            return .list(path.nodes.map(CypherValue.node))
        case .relationships:
            guard case .path(let path) = first else { throw unfit("a path") }
            return .list(path.relationships.map(CypherValue.relationship))
        case .length:
            guard case .path(let path) = first else { throw unfit("a path") }
            return .integer(Int64(path.relationships.count))
        default: preconditionFailure("\(name) asks nothing of the graph")
        }
    }

    /// What the kit calls an argument value, as a list may hold anything.
    private func unfit(_ wanted: String) -> CypherError { .wrongValue("\(name) wants \(wanted), not \(first.described)") }

    private func identity() throws(CypherError) -> CypherValue {
        switch (first, function) {
        case (.node(let node), .id): .integer(Int64(bitPattern: node.handle.rawValue))
        case (.relationship(let relationship), .id): .integer(Int64(bitPattern: relationship.handle.rawValue))
        case (.node(let node), _): .string(node.elementId)
        case (.relationship(let relationship), _): .string(relationship.elementId)
        default: throw unfit("a node or a relationship")
        }
    }

    private func properties() throws(CypherError) -> CypherMap {
        switch first {
        case .map(let map): map
        case .node(let node): try context.current(node).properties
        case .relationship(let relationship): try context.current(relationship).properties
        default: throw wants("a map, a node or a relationship")
        }
    }
}
