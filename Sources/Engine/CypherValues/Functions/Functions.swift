internal import CypherSyntax

/// What the functions compute. Semantic analysis has seen to it that a call has as many arguments as the function takes.
enum Functions {
    /// Throws what is wrong with the arguments.
    static func call(
        _ function: CypherFunction, _ arguments: [CypherValue], _ context: EvaluationContext
    ) throws(CypherError) -> CypherValue {
        precondition(
            function.arity.contains(arguments.count),
            "\(function.rawValue) was called with \(arguments.count) arguments")
        if let value = try ofNothing(function, arguments, context) { return value }
        // From here on a null among the arguments makes null.
        if arguments.contains(where: \.isNull) { return .null }
        let call = FunctionCall(function: function, arguments: arguments, context: context)
        switch function {
        case .id, .elementID, .labels, .type, .keys, .properties, .startNode, .endNode, .nodes, .relationships, .length:
            return try call.ofGraph()
        case .size, .head, .last, .tail, .range, .reverse, .isEmpty: return try call.ofList()
        case .toBoolean, .toBooleanOrNull, .toBooleanList, .toInteger, .toIntegerOrNull, .toIntegerList, .toFloat,
            .toFloatOrNull, .toFloatList, .toString, .toStringOrNull, .toStringList:
            return try call.conversion()
        case .abs, .ceil, .floor, .round, .sign, .isNaN, .exp, .log, .log10, .sqrt, .sin, .cos, .tan, .cot, .asin,
            .acos, .atan, .atan2, .degrees, .radians, .haversin:
            return try call.ofNumbers()
        case .left, .right, .substring, .replace, .split, .toUpper, .toLower, .upper, .lower, .trim, .btrim, .ltrim,
            .rtrim, .charLength, .characterLength:
            return try call.ofStrings()
        default: return try call.temporal()
        }
    }

    /// The functions without arguments, and those that say something of a null.
    private static func ofNothing(
        _ function: CypherFunction, _ arguments: [CypherValue], _ context: EvaluationContext
    ) throws(CypherError) -> CypherValue? {
        switch function {
        case .e: return .float(2.718281828459045)
        case .pi: return .float(.pi)
        case .random: return .float(Double(context.nextRandom() >> 11) * 0x1p-53)
        case .randomUUID: return .string(uuid(context))
        case .timestamp:
            let now = context.statementTime
            return .integer(now.epochSeconds * 1000 + Int64(now.nanosecond) / 1_000_000)
        case .exists: return .boolean(!arguments[0].isNull)
        case .coalesce: return arguments.first { !$0.isNull } ?? .null
        case .nullIf: return arguments[0].equals(arguments[1]) == true ? .null : arguments[0]
        case .valueType: return .string(arguments[0].declaredType)
        default: return nil
        }
    }

    /// A random (version 4) UUID from the query's seed.
    private static func uuid(_ context: EvaluationContext) -> String {
        let high = context.nextRandom() & ~0xF000 | 0x4000
        let low = context.nextRandom() & ~(0b11 << 62) | 0b10 << 62
        var digits: [UInt8] = []
        for position in 0..<32 {
            if [8, 12, 16, 20].contains(position) { digits.append(UInt8(ascii: "-")) }
            let half = position < 16 ? high : low
            let digit = UInt8(half >> (60 - UInt64(position % 16) * 4) & 0xF)
            digits.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
        return String(decoding: digits, as: UTF8.self)
    }
}

/// One call, for the groups of functions in the other files. No argument is null.
struct FunctionCall {
    let function: CypherFunction
    let arguments: [CypherValue]
    let context: EvaluationContext

    var first: CypherValue { arguments[0] }
    var name: String { "\(function.rawValue)()" }

    func wants(_ wanted: String) -> CypherError { .wants(wanted, name, got: first) }

    /// The argument at a position, which must be a string.
    func string(_ position: Int) throws(CypherError) -> String {
        guard case .string(let text) = arguments[position] else {
            throw .wants("a string", name, got: arguments[position])
        }
        return text
    }

    func integer(_ position: Int) throws(CypherError) -> Int64 {
        guard case .integer(let value) = arguments[position] else {
            throw .wants("an integer", name, got: arguments[position])
        }
        return value
    }

    func float(_ position: Int) throws(CypherError) -> Double {
        guard let value = Arithmetic.float(arguments[position]) else {
            throw .wants("a number", name, got: arguments[position])
        }
        return value
    }
}

extension CypherValue {
    /// The type as `valueType()` tells it.
    var declaredType: String {
        switch self {
        case .null: "NULL"
        case .list: "LIST<ANY>"
        case .dateTime: "ZONED DATETIME NOT NULL"
        case .time: "ZONED TIME NOT NULL"
        case .localTime: "LOCAL TIME NOT NULL"
        case .localDateTime: "LOCAL DATETIME NOT NULL"
        default: "\(typeName.uppercased()) NOT NULL"
        }
    }
}
