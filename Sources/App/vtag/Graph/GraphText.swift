import JSON

/// Values of a graph query as people write them in Cypher: `(:Instance {name: "web"})`, `[:USES]`, `(a)-[:USES]->(b)`.
enum GraphText {
    /// The cell of a table: a text stands without quotes where it is all there is.
    static func cell(_ value: JSONValue) -> String { value.string ?? text(value) }

    static func text(_ value: JSONValue) -> String {
        if let node = GraphNode(value) { return text(node) }
        if let relationship = GraphRelationship(value) { return "[\(text(relationship))]" }
        if let path = GraphPath(value) { return text(path) }
        return switch value {
        case .array(let elements): "[\(elements.map(text).joined(separator: ", "))]"
        case .object(let members): "{\(text(members))}"
        case .null, .bool, .int, .double, .string: String(decoding: value.serialised, as: UTF8.self)
        }
    }

    private static func text(_ node: GraphNode) -> String {
        let labels = node.labels.map { ":\(name($0))" }.joined()
        return "(\([labels, properties(node.properties)].filter { !$0.isEmpty }.joined(separator: " ")))"
    }

    private static func text(_ relationship: GraphRelationship) -> String {
        let properties = properties(relationship.properties)
        return ":\(name(relationship.type))" + (properties.isEmpty ? "" : " \(properties)")
    }

    private static func text(_ path: GraphPath) -> String {
        var text = path.nodes.first.map(text) ?? ""
        for (step, relationship) in path.relationships.enumerated() {
            let isForward = relationship.start == path.nodes[step].id
            text += "\(isForward ? "-" : "<-")[\(Self.text(relationship))]\(isForward ? "->" : "-")"
            text += Self.text(path.nodes[step + 1])
        }
        return text
    }

    private static func properties(_ members: [JSONValue.Member]) -> String {
        members.isEmpty ? "" : "{\(text(members))}"
    }

    private static func text(_ members: [JSONValue.Member]) -> String {
        members.map { "\(name($0.name)): \(text($0.value))" }.joined(separator: ", ")
    }

    /// In backticks where it is no plain word.
    private static func name(_ name: String) -> String {
        let isPlain = name.utf8.enumerated().allSatisfy { offset, byte in
            switch byte {
            case 0x61...0x7A, 0x41...0x5A, 0x5F: true
            case 0x30...0x39: offset > 0
            default: false
            }
        }
        return isPlain && !name.isEmpty ? name : "`\(name.replacing("`", with: "``"))`"
    }
}
