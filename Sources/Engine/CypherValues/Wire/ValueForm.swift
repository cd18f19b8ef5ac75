package import JSON

/// How answers to queries spell values in JSON.
package enum ValueForm: Sendable {
    /// Ours: entities as `{"$type": "node", "id", "labels", "properties"}`, `{"$type": "relationship", "id", "type", "start", "end",
    /// "properties"}` and `{"$type": "path", "nodes", "relationships"}`; times as text of ISO 8601.
    case own
    /// Neo4j's Query API, plain JSON: entities with `elementId`, a path as the list of its nodes and relationships by turns.
    case plain
    /// Neo4j's Query API, `application/vnd.neo4j.query`: every value as `{"$type", "_value"}`.
    case typed
}

extension JSONWriter {
    /// Writes a value of a query. A float stays one (`2.0`); NaN and the infinities, which JSON does not have, are texts.
    package mutating func value(_ value: CypherValue, as form: ValueForm) {
        switch form {
        case .own, .plain: plain(value, form)
        case .typed: typed(value)
        }
    }

    // MARK: Plain forms

    private mutating func plain(_ value: CypherValue, _ form: ValueForm) {
        switch value {
        case .null: null()
        case .boolean(let value): bool(value)
        case .integer(let value): int(value)
        case .float(let value):
            if value.isFinite { raw(value.description.utf8) } else { string(value.cypherText) }
        case .string(let text): string(text)
        case .list(let members):
            beginArray()
            for member in members { plain(member, form) }
            endArray()
        case .map(let map): plain(map, form)
        case .node(let node): form == .own ? own(node) : plain(node)
        case .relationship(let relationship): form == .own ? own(relationship) : plain(relationship)
        case .path(let path): form == .own ? own(path) : plain(path)
        case .date, .localTime, .time, .localDateTime, .dateTime, .duration: string(value.temporalText ?? "")
        }
    }

    private mutating func plain(_ map: CypherMap, _ form: ValueForm) {
        beginObject()
        for (name, member) in map {
            key(name)
            plain(member, form)
        }
        endObject()
    }

    private mutating func plain(_ node: NodeValue) {
        beginObject()
        key("elementId")
        string(node.elementId)
        key("labels")
        texts(node.labels)
        key("properties")
        plain(node.properties, .plain)
        endObject()
    }

    private mutating func plain(_ relationship: RelationshipValue) {
        beginObject()
        key("elementId")
        string(relationship.elementId)
        key("startNodeElementId")
        string(relationship.startElementId)
        key("endNodeElementId")
        string(relationship.endElementId)
        key("type")
        string(relationship.type)
        key("properties")
        plain(relationship.properties, .plain)
        endObject()
    }

    private mutating func plain(_ path: PathValue) {
        beginArray()
        plain(path.nodes[0])
        for (relationship, node) in zip(path.relationships, path.nodes.dropFirst()) {
            plain(relationship)
            plain(node)
        }
        endArray()
    }

    // MARK: Our own

    private mutating func own(_ node: NodeValue) {
        beginObject()
        key("$type")
        string("node")
        key("id")
        string(node.elementId)
        key("labels")
        texts(node.labels)
        key("properties")
        plain(node.properties, .own)
        endObject()
    }

    private mutating func own(_ relationship: RelationshipValue) {
        beginObject()
        key("$type")
        string("relationship")
        key("id")
        string(relationship.elementId)
        key("type")
        string(relationship.type)
        key("start")
        string(relationship.startElementId)
        key("end")
        string(relationship.endElementId)
        key("properties")
        plain(relationship.properties, .own)
        endObject()
    }

    private mutating func own(_ path: PathValue) {
        beginObject()
        key("$type")
        string("path")
        key("nodes")
        beginArray()
        for node in path.nodes { own(node) }
        endArray()
        key("relationships")
        beginArray()
        for relationship in path.relationships { own(relationship) }
        endArray()
        endObject()
    }

    // MARK: With types

    private mutating func typed(_ value: CypherValue) {
        beginObject()
        key("$type")
        string(value.wireType)
        key("_value")
        switch value {
        case .null: null()
        case .boolean(let value): bool(value)
        // As text: JSON's numbers lose digits in many readers.
        case .integer(let value): string(String(value))
        case .float(let value): string(value.isFinite ? value.description : value.cypherText)
        case .string(let text): string(text)
        case .list(let members):
            beginArray()
            for member in members { typed(member) }
            endArray()
        case .map(let map): typed(map)
        case .node(let node): typed(node)
        case .relationship(let relationship): typed(relationship)
        case .path(let path): typed(path)
        case .date, .localTime, .time, .localDateTime, .dateTime, .duration: string(value.temporalText ?? "")
        }
        endObject()
    }

    private mutating func typed(_ map: CypherMap) {
        beginObject()
        for (name, member) in map {
            key(name)
            typed(member)
        }
        endObject()
    }

    private mutating func typed(_ node: NodeValue) {
        beginObject()
        key("_element_id")
        string(node.elementId)
        key("_labels")
        texts(node.labels)
        key("_properties")
        typed(node.properties)
        endObject()
    }

    private mutating func typed(_ relationship: RelationshipValue) {
        beginObject()
        key("_element_id")
        string(relationship.elementId)
        key("_start_node_element_id")
        string(relationship.startElementId)
        key("_end_node_element_id")
        string(relationship.endElementId)
        key("_type")
        string(relationship.type)
        key("_properties")
        typed(relationship.properties)
        endObject()
    }

    private mutating func typed(_ path: PathValue) {
        beginArray()
        typed(.node(path.nodes[0]))
        for (relationship, node) in zip(path.relationships, path.nodes.dropFirst()) {
            typed(.relationship(relationship))
            typed(.node(node))
        }
        endArray()
    }

    private mutating func texts(_ texts: [String]) {
        beginArray()
        for text in texts { string(text) }
        endArray()
    }
}

extension CypherValue {
    /// The type's name in the Query API.
    fileprivate var wireType: String {
        switch self {
        case .dateTime(let value): value.zone == nil ? "OffsetDateTime" : "ZonedDateTime"
        default: typeName
        }
    }
}
