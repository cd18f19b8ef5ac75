internal import CypherSyntax

extension CypherError {
    static func wrongType(_ message: String) -> CypherError { .type(.invalidArgumentType, message) }

    /// The value is of a wrong kind inside: a node in a list of numbers.
    static func wrongValue(_ message: String) -> CypherError { .type(.invalidArgumentValue, message) }

    static func outOfRange(_ message: String) -> CypherError { .argument(.numberOutOfRange, message) }

    /// The argument is of the right type, but means nothing: a month 13.
    static func badArgument(_ message: String) -> CypherError { .argument(.invalidArgumentValue, message) }

    static func overflow(_ what: String) -> CypherError {
        CypherError(
            .arithmeticError, .runtime, .integerOverflow,
            "\(what) does not fit in an integer (-9223372036854775808 to 9223372036854775807); floats reach further")
    }

    static func wants(_ wanted: String, _ what: String, got value: CypherValue) -> CypherError {
        wrongType("\(what) wants \(wanted), not \(value.described)")
    }
}

extension CypherValue {
    /// The type and, where it is short, the value, for messages.
    var described: String {
        switch self {
        case .null: "null"
        case .boolean(let value): "the boolean \(value)"
        case .integer(let value): "the integer \(value)"
        case .float(let value): "the float \(value)"
        case .string(let value):
            value.utf8.count <= 40 ? "the string '\(value)'" : "a string of \(value.utf8.count) bytes"
        case .list(let members): "a list of \(members.count)"
        case .map: "a map"
        default: "a \(typeName)"
        }
    }
}
