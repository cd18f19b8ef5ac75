extension CypherValue {
    /// The value as a query would write it: strings in single quotes, nodes as `(:Label {key: 1})`, relationships as `[:TYPE]`, paths
    /// as `<(:A)-[:T]->(:B)>`, times as strings.
    package var text: String {
        switch self {
        case .null: return "null"
        case .boolean(let value): return String(value)
        case .integer(let value): return String(value)
        case .float(let value): return value.cypherText
        case .string(let value): return Self.quoted(value)
        case .list(let members): return "[" + members.map(\.text).joined(separator: ", ") + "]"
        case .map(let map): return map.text
        case .node(let node): return node.text
        case .relationship(let relationship): return relationship.text
        case .path(let path): return path.text
        case .date, .time, .localTime, .dateTime, .localDateTime, .duration: return "'\(temporalText ?? "")'"
        }
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "'"
        for scalar in text.unicodeScalars {
            switch scalar {
            case "'": quoted += "\\'"
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "'"
    }
}

extension CypherValue: CustomStringConvertible {
    package var description: String { text }
}

extension CypherMap {
    fileprivate var text: String { "{" + map { "\($0.0): \($0.1.text)" }.joined(separator: ", ") + "}" }
}

extension NodeValue {
    fileprivate var text: String {
        var parts: [String] = []
        if !labels.isEmpty { parts.append(labels.map { ":\($0)" }.joined()) }
        if !properties.isEmpty { parts.append(properties.text) }
        return "(" + parts.joined(separator: " ") + ")"
    }
}

extension RelationshipValue {
    fileprivate var text: String { "[:\(type)" + (properties.isEmpty ? "" : " \(properties.text)") + "]" }
}

extension PathValue {
    fileprivate var text: String {
        var text = "<" + nodes[0].text
        for (position, relationship) in relationships.enumerated() {
            let isForward = relationship.start == nodes[position].handle
            text += (isForward ? "-" : "<-") + relationship.text + (isForward ? "->" : "-")
            text += nodes[position + 1].text
        }
        return text + ">"
    }
}
