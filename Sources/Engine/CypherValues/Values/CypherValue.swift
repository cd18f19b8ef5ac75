/// A value that a query computes with.
///
/// `==` and `hash(into:)` are the standard's *equivalence*, by which DISTINCT and grouping go: null is equivalent to null, NaN to
/// NaN, 1 to 1.0, and texts that Unicode holds for the same to one another. What `=` means in a query is `equals(_:)`, which knows three answers; ORDER BY goes by `precedes(_:)`.
package enum CypherValue: Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case float(Double)
    case string(String)
    case list([CypherValue])
    case map(CypherMap)
    case node(NodeValue)
    case relationship(RelationshipValue)
    case path(PathValue)
    case date(CypherDate)
    case localTime(CypherLocalTime)
    case time(CypherTime)
    case localDateTime(CypherLocalDateTime)
    case dateTime(CypherDateTime)
    case duration(CypherDuration)
}

extension CypherValue {
    package var isNull: Bool { if case .null = self { true } else { false } }

    /// The type's name as error messages spell it.
    package var typeName: String {
        switch self {
        case .null: "Null"
        case .boolean: "Boolean"
        case .integer: "Integer"
        case .float: "Float"
        case .string: "String"
        case .list: "List"
        case .map: "Map"
        case .node: "Node"
        case .relationship: "Relationship"
        case .path: "Path"
        case .date: "Date"
        case .localTime: "LocalTime"
        case .time: "Time"
        case .localDateTime: "LocalDateTime"
        case .dateTime: "DateTime"
        case .duration: "Duration"
        }
    }

    /// True for what a property may hold: anything but null, maps, entities, paths, and lists whose members are not all plain
    /// values of one kind (integers and floats are one kind here).
    package var isStorable: Bool {
        switch self {
        case .null, .map, .node, .relationship, .path: return false
        case .list(let members):
            guard let first = members.first else { return true }
            return members.allSatisfy { $0.isPlain && $0.storageKind == first.storageKind }
        default: return true
        }
    }

    private var isPlain: Bool {
        switch self {
        case .null, .map, .node, .relationship, .path, .list: false
        default: true
        }
    }

    private var storageKind: String {
        switch self {
        case .integer, .float: "Number"
        default: typeName
        }
    }
}

extension CypherValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .float(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: CypherValue...) { self = .list(elements) }
    package init(dictionaryLiteral elements: (String, CypherValue)...) { self = .map(CypherMap(elements)) }
}
