/// A node as a query fetched it. Two are the same node when their handles are.
package final class NodeValue: Sendable {
    package let handle: NodeHandle
    /// What users may name it by: for the inventory's nodes the resource's id.
    package var elementId: String { givenElementId ?? handle.description }
    /// Made of the handle only when somebody asks, as few do.
    private let givenElementId: String?
    package let labels: [String]
    /// Those that were fetched: all of them, unless the query only needs some.
    package let properties: CypherMap
    /// Deleted by this query: its properties and labels may not be asked for any more.
    package let isDeleted: Bool

    package init(
        handle: NodeHandle, elementId: String? = nil, labels: [String] = [], properties: CypherMap = CypherMap(),
        isDeleted: Bool = false
    ) {
        self.handle = handle
        givenElementId = elementId
        self.labels = labels
        self.properties = properties
        self.isDeleted = isDeleted
    }
}

/// A relationship as a query fetched it. Two are the same when their handles are.
package final class RelationshipValue: Sendable {
    package let handle: RelationshipHandle
    package var elementId: String { givenElementId ?? handle.description }
    /// Made of the handle only when somebody asks, as few do.
    private let givenElementId: String?
    package let type: String
    package let start: NodeHandle
    package let end: NodeHandle
    package var startElementId: String { givenStartElementId ?? start.description }
    private let givenStartElementId: String?
    package var endElementId: String { givenEndElementId ?? end.description }
    private let givenEndElementId: String?
    package let properties: CypherMap
    package let isDeleted: Bool

    package init(
        handle: RelationshipHandle, elementId: String? = nil, type: String, start: NodeHandle, end: NodeHandle,
        startElementId: String? = nil, endElementId: String? = nil, properties: CypherMap = CypherMap(),
        isDeleted: Bool = false
    ) {
        self.handle = handle
        givenElementId = elementId
        self.type = type
        self.start = start
        self.end = end
        givenStartElementId = startElementId
        givenEndElementId = endElementId
        self.properties = properties
        self.isDeleted = isDeleted
    }

    /// The same, with what its end was named by.
    package func withEnd(named elementId: String) -> RelationshipValue {
        RelationshipValue(
            handle: handle, elementId: givenElementId, type: type, start: start, end: end,
            startElementId: givenStartElementId, endElementId: elementId, properties: properties, isDeleted: isDeleted)
    }
}

/// A walk through the graph: one node more than relationships; each relationship joins the nodes beside it, in either direction.
package final class PathValue: Sendable {
    package let nodes: [NodeValue]
    package let relationships: [RelationshipValue]

    package init(nodes: [NodeValue], relationships: [RelationshipValue]) {
        precondition(
            nodes.count == relationships.count + 1,
            "a path of \(relationships.count) relationships has \(nodes.count) nodes")
        self.nodes = nodes
        self.relationships = relationships
    }
}

extension NodeValue: Hashable {
    package static func == (a: NodeValue, b: NodeValue) -> Bool { a.handle == b.handle }
    package func hash(into hasher: inout Hasher) { hasher.combine(handle) }
}

extension RelationshipValue: Hashable {
    package static func == (a: RelationshipValue, b: RelationshipValue) -> Bool { a.handle == b.handle }
    package func hash(into hasher: inout Hasher) { hasher.combine(handle) }
}

extension PathValue: Hashable {
    package static func == (a: PathValue, b: PathValue) -> Bool {
        a.nodes == b.nodes && a.relationships == b.relationships
    }
    package func hash(into hasher: inout Hasher) {
        hasher.combine(nodes)
        hasher.combine(relationships)
    }
}
