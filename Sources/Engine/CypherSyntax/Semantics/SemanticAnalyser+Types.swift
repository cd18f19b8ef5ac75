extension SemanticAnalyser {
    // MARK: Operators

    func check(
        _ operation: BinaryOperator, _ left: Expression, _ leftType: StaticType, _ right: Expression,
        _ rightType: StaticType
    ) throws(CypherError) {
        let name = operation.rawValue
        switch operation {
        case .subtract, .multiply, .divide:
            try demand(leftType, left.span, name, .number, .temporal)
            try demand(rightType, right.span, name, .number, .temporal)
        case .modulo, .power:
            try demand(leftType, left.span, name, .number)
            try demand(rightType, right.span, name, .number)
        case .isIn: try demand(rightType, right.span, name, .list(.any))
        case .add, .startsWith, .endsWith, .contains, .matches: break
        }
    }

    func type(of operation: BinaryOperator, _ left: StaticType, _ right: StaticType) -> StaticType {
        switch operation {
        case .isIn, .startsWith, .endsWith, .contains, .matches: return .boolean
        case .power: return .float
        case .add, .subtract, .multiply, .divide, .modulo:
            switch (left, right) {
            case (.integer, .integer): return .integer
            case (.float, .float), (.float, .integer), (.integer, .float): return .float
            case (.string, .string), (.string, .integer), (.string, .float), (.integer, .string), (.float, .string):
                return .string
            case (.list(let element), .list(let other)): return .list(element.joined(other))
            case (.list(let element), let other) where other != .any: return .list(element.joined(other))
            case (let other, .list(let element)) where other != .any: return .list(element.joined(other))
            default: return .any
            }
        }
    }

    // MARK: Functions

    func checkArguments(
        of function: CypherFunction, _ arguments: [Expression], _ types: [StaticType]
    ) throws(CypherError) {
        guard let argument = arguments.first, let type = types.first else { return }
        let name = function.rawValue
        switch function {
        case .length, .nodes, .relationships: try demand(type, argument.span, name, .path)
        case .size: try demand(type, argument.span, name, .list(.any), .string, .map)
        case .type, .startNode, .endNode: try demand(type, argument.span, name, .relationship)
        case .labels: try demand(type, argument.span, name, .node)
        case .id, .elementID: try demand(type, argument.span, name, .node, .relationship)
        case .properties: try demand(type, argument.span, name, .map, .node, .relationship)
        case .keys: try demand(type, argument.span, name, .map, .node, .relationship)
        case .head, .last, .tail: try demand(type, argument.span, name, .list(.any))
        default: break
        }
    }

    func resultType(of function: CypherFunction, _ types: [StaticType]) -> StaticType {
        switch function {
        case .size, .length, .id, .toInteger, .toIntegerOrNull, .timestamp, .sign, .charLength, .characterLength:
            .integer
        case .toFloat, .toFloatOrNull, .random, .e, .pi, .sqrt, .sin, .cos, .tan, .log, .log10, .exp: .float
        case .toString, .toStringOrNull, .elementID, .type, .toUpper, .toLower, .upper, .lower, .trim, .btrim, .ltrim,
            .rtrim, .substring, .left, .right, .replace, .randomUUID, .valueType:
            .string
        case .toBoolean, .toBooleanOrNull, .exists, .isEmpty, .isNaN: .boolean
        case .nodes: .list(.node)
        case .relationships: .list(.relationship)
        case .labels, .keys, .split: .list(.string)
        case .range: .list(.integer)
        case .startNode, .endNode: .node
        case .properties: .map
        case .head, .last: types.first?.element ?? .any
        case .tail: types.first ?? .any
        case .coalesce:
            types.dropFirst().reduce(types.first ?? .any) { $0 == $1 ? $0 : $0 == .null ? $1 : .any }
        case .date, .dateTruncate, .time, .timeTruncate, .localTime, .localTimeTruncate, .dateTime, .dateTimeTruncate,
            .localDateTime, .localDateTimeTruncate, .duration, .durationBetween:
            .temporal
        default: .any
        }
    }
}
