/// What is known of a value's type before the query runs.
package indirect enum StaticType: Sendable, Hashable {
    /// Nothing.
    case any
    case null
    case boolean
    case integer
    case float
    /// An integer or a float.
    case number
    case string
    case map
    case node
    case relationship
    case path
    /// A date, a time, a moment or a duration.
    case temporal
    case list(StaticType)

    /// Whether a value of this type may be of one of the others. Null may stand for anything.
    func mayBe(_ others: StaticType...) -> Bool {
        if self == .any || self == .null { return true }
        return others.contains { other in
            switch (self, other) {
            case (_, .any): true
            case (.list, .list): true
            case (.integer, .number), (.float, .number), (.number, .integer), (.number, .float): true
            default: self == other
            }
        }
    }

    /// The type of values of which some have this type and some the other.
    func joined(_ other: StaticType) -> StaticType {
        if self == other || other == .null { return self }
        if self == .null { return other }
        if mayBe(.number), other.mayBe(.number), self != .any, other != .any { return .number }
        if case (.list(let mine), .list(let theirs)) = (self, other) { return .list(mine.joined(theirs)) }
        return .any
    }

    var element: StaticType {
        if case .list(let element) = self { return element }
        return self == .null ? .null : .any
    }

    /// As messages call it.
    var name: String {
        switch self {
        case .any: "Any"
        case .null: "Null"
        case .boolean: "Boolean"
        case .integer: "Integer"
        case .float: "Float"
        case .number: "Number"
        case .string: "String"
        case .map: "Map"
        case .node: "Node"
        case .relationship: "Relationship"
        case .path: "Path"
        case .temporal: "Temporal"
        case .list(let element): element == .any ? "List" : "List of \(element.name)"
        }
    }
}
