extension CypherValue: Hashable {
    package static func == (a: CypherValue, b: CypherValue) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.boolean(let a), .boolean(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.float(let a), .float(let b)): a == b || (a.isNaN && b.isNaN)
        case (.integer(let a), .float(let b)), (.float(let b), .integer(let a)): NumberOrder.compare(a, b) == .same
        case (.string(let a), .string(let b)): a == b
        case (.list(let a), .list(let b)): a == b
        case (.map(let a), .map(let b)): a == b
        case (.node(let a), .node(let b)): a == b
        case (.relationship(let a), .relationship(let b)): a == b
        case (.path(let a), .path(let b)): a == b
        case (.date(let a), .date(let b)): a == b
        case (.localTime(let a), .localTime(let b)): a == b
        case (.time(let a), .time(let b)): a == b
        case (.localDateTime(let a), .localDateTime(let b)): a == b
        case (.dateTime(let a), .dateTime(let b)): a == b
        case (.duration(let a), .duration(let b)): a == b
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .boolean(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .float(let value):
            // A float that is an integer is equivalent to it, and so must hash as it does.
            if let whole = Int64(exactly: value) {
                hasher.combine(whole)
            } else {
                hasher.combine(value.isNaN ? .nan : value)
            }
        case .string(let value): hasher.combine(value)
        case .list(let members): hasher.combine(members)
        case .map(let map): hasher.combine(map)
        case .node(let node): hasher.combine(node)
        case .relationship(let relationship): hasher.combine(relationship)
        case .path(let path): hasher.combine(path)
        case .date(let value): hasher.combine(value)
        case .localTime(let value): hasher.combine(value)
        case .time(let value): hasher.combine(value)
        case .localDateTime(let value): hasher.combine(value)
        case .dateTime(let value): hasher.combine(value)
        case .duration(let value): hasher.combine(value)
        }
    }
}
