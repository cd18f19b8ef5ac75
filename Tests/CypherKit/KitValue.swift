import CypherValues

/// A value as the kit writes it down. Dates, times and durations are strings there.
package indirect enum KitValue: Hashable, Sendable {
    package struct Node: Hashable, Sendable {
        var labels: Set<String>
        var properties: [String: KitValue]

        package init(labels: Set<String>, properties: [String: KitValue]) {
            self.labels = labels
            self.properties = properties
        }
    }

    package struct Relationship: Hashable, Sendable {
        var type: String
        var properties: [String: KitValue]

        package init(type: String, properties: [String: KitValue]) {
            self.type = type
            self.properties = properties
        }
    }

    package struct PathStep: Hashable, Sendable {
        var relationship: Relationship
        var isForward: Bool
        var node: Node

        package init(relationship: Relationship, isForward: Bool, node: Node) {
            self.relationship = relationship
            self.isForward = isForward
            self.node = node
        }
    }

    case null
    case boolean(Bool)
    case integer(Int64)
    case float(Double)
    case notANumber
    case string(String)
    case list([KitValue])
    case map([String: KitValue])
    case node(Node)
    case relationship(Relationship)
    case path(Node, [PathStep])
}

extension KitValue {
    /// The same with lists as bags: their members sorted by their text.
    var withoutOrder: KitValue {
        switch self {
        case .list(let members): .list(members.map(\.withoutOrder).sorted { $0.text < $1.text })
        case .map(let map): .map(map.mapValues(\.withoutOrder))
        default: self
        }
    }

    var text: String {
        switch self {
        case .null: "null"
        case .boolean(let value): String(value)
        case .integer(let value): String(value)
        case .float(let value): value.description
        case .notANumber: "NaN"
        case .string(let value): "'\(value)'"
        case .list(let members): "[" + members.map(\.text).joined(separator: ", ") + "]"
        case .map(let map): Self.text(map)
        case .node(let node): Self.text(node)
        case .relationship(let relationship): Self.text(relationship)
        case .path(let start, let steps):
            "<" + Self.text(start) + steps.map(Self.text).joined() + ">"
        }
    }

    private static func text(_ step: PathStep) -> String {
        let relationship = text(step.relationship)
        return (step.isForward ? "-\(relationship)->" : "<-\(relationship)-") + text(step.node)
    }

    private static func text(_ map: [String: KitValue]) -> String {
        "{" + map.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.text)" }.joined(separator: ", ") + "}"
    }

    private static func text(_ node: Node) -> String {
        let labels = node.labels.sorted().map { ":\($0)" }.joined()
        let properties = node.properties.isEmpty ? "" : text(node.properties)
        return "(" + labels + (labels.isEmpty || properties.isEmpty ? "" : " ") + properties + ")"
    }

    private static func text(_ relationship: Relationship) -> String {
        "[:\(relationship.type)" + (relationship.properties.isEmpty ? "" : " \(text(relationship.properties))") + "]"
    }
}

// MARK: From and to the engine's values

extension KitValue {
    init(_ value: CypherValue) {
        switch value {
        case .null: self = .null
        case .boolean(let value): self = .boolean(value)
        case .integer(let value): self = .integer(value)
        case .float(let value): self = value.isNaN ? .notANumber : .float(value)
        case .string(let value): self = .string(value)
        case .list(let members): self = .list(members.map(KitValue.init))
        case .map(let map): self = .map(Self.map(map))
        case .node(let node): self = .node(Node(node))
        case .relationship(let relationship): self = .relationship(Relationship(relationship))
        case .path(let path):
            let steps = path.relationships.enumerated().map { position, relationship in
                PathStep(
                    relationship: Relationship(relationship),
                    isForward: relationship.start == path.nodes[position].handle,
                    node: Node(path.nodes[position + 1]))
            }
            self = .path(Node(path.nodes[0]), steps)
        case .date, .time, .localTime, .dateTime, .localDateTime, .duration: self = .string(value.temporalText ?? "")
        }
    }

    fileprivate static func map(_ map: CypherMap) -> [String: KitValue] {
        Dictionary(uniqueKeysWithValues: map.map { ($0, KitValue($1)) })
    }

    /// As a parameter; nil for entities, which the kit never passes.
    var cypherValue: CypherValue? {
        switch self {
        case .null: return .null
        case .boolean(let value): return .boolean(value)
        case .integer(let value): return .integer(value)
        case .float(let value): return .float(value)
        case .notANumber: return .float(.nan)
        case .string(let value): return .string(value)
        case .list(let members):
            let values = members.compactMap(\.cypherValue)
            return values.count == members.count ? .list(values) : nil
        case .map(let map):
            let values = map.sorted { $0.key < $1.key }.compactMap { key, value in value.cypherValue.map { (key, $0) } }
            return values.count == map.count ? .map(CypherMap(values)) : nil
        case .node, .relationship, .path: return nil
        }
    }
}

extension KitValue.Node {
    fileprivate init(_ node: NodeValue) {
        self.init(labels: Set(node.labels), properties: KitValue.map(node.properties))
    }
}

extension KitValue.Relationship {
    fileprivate init(_ relationship: RelationshipValue) {
        self.init(type: relationship.type, properties: KitValue.map(relationship.properties))
    }
}
