import JSON

/// A node in an answer to a graph query.
struct GraphNode: Hashable {
    let id: String
    let labels: [String]
    let properties: [JSONValue.Member]

    /// Nil where the value is something else.
    init?(_ value: JSONValue) {
        guard value["$type"]?.string == "node", let id = value["id"]?.string else { return nil }
        self.id = id
        labels = (value["labels"]?.array ?? []).compactMap(\.string)
        properties = value["properties"]?.members ?? []
    }
}

/// A relationship in an answer to a graph query.
struct GraphRelationship: Hashable {
    let id: String
    let type: String
    /// The ids of the nodes that it leads from and to.
    let start: String
    let end: String
    let properties: [JSONValue.Member]

    /// Nil where the value is something else.
    init?(_ value: JSONValue) {
        guard value["$type"]?.string == "relationship", let id = value["id"]?.string, let type = value["type"]?.string,
            let start = value["start"]?.string, let end = value["end"]?.string
        else { return nil }
        self.id = id
        self.type = type
        self.start = start
        self.end = end
        properties = value["properties"]?.members ?? []
    }
}

/// A path in an answer to a graph query: one node more than relationships.
struct GraphPath: Hashable {
    let nodes: [GraphNode]
    let relationships: [GraphRelationship]

    /// Nil where the value is something else.
    init?(_ value: JSONValue) {
        guard value["$type"]?.string == "path" else { return nil }
        nodes = (value["nodes"]?.array ?? []).compactMap(GraphNode.init)
        relationships = (value["relationships"]?.array ?? []).compactMap(GraphRelationship.init)
        guard nodes.count == relationships.count + 1 else { return nil }
    }
}
