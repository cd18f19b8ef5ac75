internal import CypherSyntax

/// `+ - * / % ^`. A null on either side makes null; integers stay integers, and one that does not fit is an error.
enum Arithmetic {
    static func add(_ a: CypherValue, _ b: CypherValue, _ context: EvaluationContext) throws(CypherError) -> CypherValue {
        switch (a, b) {
        case (.integer(let a), .integer(let b)):
            let (sum, overflow) = a.addingReportingOverflow(b)
            guard !overflow else { throw .overflow("\(a) + \(b)") }
            return .integer(sum)
        case (.null, _), (_, .null): return .null
        case (.list(let a), .list(let b)): return try concatenate(a, b, context)
        case (.list(let a), _): return try concatenate(a, [b], context)
        case (_, .list(let b)): return try concatenate([a], b, context)
        case (.string(let a), .string(let b)): return try concatenate(a, b, context)
        case (.string(let a), .integer(let b)): return try concatenate(a, String(b), context)
        case (.string(let a), .float(let b)): return try concatenate(a, b.cypherText, context)
        case (.integer(let a), .string(let b)): return try concatenate(String(a), b, context)
        case (.float(let a), .string(let b)): return try concatenate(a.cypherText, b, context)
        case (.string(let a), .boolean(let b)): return try concatenate(a, String(b), context)
        case (.boolean(let a), .string(let b)): return try concatenate(String(a), b, context)
        case (.duration(let a), .duration(let b)): return .duration(try a.adding(b))
        case (_, .duration(let b)) where a.isTemporal: return try a.adding(b, sign: 1, context)
        case (.duration(let a), _) where b.isTemporal: return try b.adding(a, sign: 1, context)
        default: break
        }
        guard let (a, b) = floats(a, b) else { throw unfit("+", a, b) }
        return .float(a + b)
    }

    private static func concatenate(
        _ a: [CypherValue], _ b: [CypherValue], _ context: EvaluationContext
    ) throws(CypherError) -> CypherValue {
        let limits = context.limits
        try limits.admitList(count: a.count + b.count, as: "the list")
        let joined = CypherValue.list(a + b)
        if a.contains(where: \.isContainer) || b.contains(where: \.isContainer) { try limits.admit(joined) }
        return joined
    }

    private static func concatenate(
        _ a: String, _ b: String, _ context: EvaluationContext
    ) throws(CypherError) -> CypherValue {
        try context.limits.admitString(bytes: a.utf8.count + b.utf8.count, as: "the string")
        return .string(a + b)
    }

    static func subtract(
        _ a: CypherValue, _ b: CypherValue, _ context: EvaluationContext
    ) throws(CypherError) -> CypherValue {
        switch (a, b) {
        case (.integer(let a), .integer(let b)):
            let (difference, overflow) = a.subtractingReportingOverflow(b)
            guard !overflow else { throw .overflow("\(a) - \(b)") }
            return .integer(difference)
        case (.null, _), (_, .null): return .null
        case (.duration(let a), .duration(let b)): return .duration(try a.adding(try b.negated()))
        case (_, .duration(let b)) where a.isTemporal: return try a.adding(b, sign: -1, context)
        default: break
        }
        guard let (a, b) = floats(a, b) else { throw unfit("-", a, b) }
        return .float(a - b)
    }

    static func multiply(_ a: CypherValue, _ b: CypherValue) throws(CypherError) -> CypherValue {
        switch (a, b) {
        case (.integer(let a), .integer(let b)):
            let (product, overflow) = a.multipliedReportingOverflow(by: b)
            guard !overflow else { throw .overflow("\(a) * \(b)") }
            return .integer(product)
        case (.null, _), (_, .null): return .null
        case (.duration(let a), _):
            guard let factor = float(b) else { break }
            return .duration(try a.multiplied(by: factor))
        case (_, .duration(let b)):
            guard let factor = float(a) else { break }
            return .duration(try b.multiplied(by: factor))
        default: break
        }
        guard let (a, b) = floats(a, b) else { throw unfit("*", a, b) }
        return .float(a * b)
    }

    /// Integers divide to an integer, cut off towards zero.
    static func divide(_ a: CypherValue, _ b: CypherValue) throws(CypherError) -> CypherValue {
        switch (a, b) {
        case (.integer(let a), .integer(let b)):
            guard b != 0 else { throw divisionByZero("\(a) / 0") }
            let (quotient, overflow) = a.dividedReportingOverflow(by: b)
            guard !overflow else { throw .overflow("\(a) / \(b)") }
            return .integer(quotient)
        case (.null, _), (_, .null): return .null
        case (.duration(let a), _):
            guard let divisor = float(b) else { break }
            guard divisor != 0 else { throw divisionByZero("a duration / 0") }
            return .duration(try a.multiplied(by: 1 / divisor))
        default: break
        }
        guard let (a, b) = floats(a, b) else { throw unfit("/", a, b) }
        return .float(a / b)
    }

    /// The remainder has the sign of the dividend.
    static func modulo(_ a: CypherValue, _ b: CypherValue) throws(CypherError) -> CypherValue {
        switch (a, b) {
        case (.integer(let a), .integer(let b)):
            guard b != 0 else { throw divisionByZero("\(a) % 0") }
            return .integer(b == -1 ? 0 : a % b)
        case (.null, _), (_, .null): return .null
        default: break
        }
        guard let (a, b) = floats(a, b) else { throw unfit("%", a, b) }
        return .float(Mathematics.remainder(a, b))
    }

    /// Always a float.
    static func power(_ a: CypherValue, _ b: CypherValue) throws(CypherError) -> CypherValue {
        if a.isNull || b.isNull { return .null }
        guard let (a, b) = floats(a, b) else { throw unfit("^", a, b) }
        return .float(Mathematics.power(a, b))
    }

    static func negate(_ value: CypherValue) throws(CypherError) -> CypherValue {
        switch value {
        case .null: return .null
        case .integer(let value):
            guard value != .min else { throw .overflow("-(\(value))") }
            return .integer(-value)
        case .float(let value): return .float(-value)
        case .duration(let value): return .duration(try value.negated())
        default: throw .wants("a number", "-", got: value)
        }
    }

    static func affirm(_ value: CypherValue) throws(CypherError) -> CypherValue {
        switch value {
        case .null, .integer, .float, .duration: return value
        default: throw .wants("a number", "+", got: value)
        }
    }

    static func float(_ value: CypherValue) -> Double? {
        switch value {
        case .integer(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }

    private static func floats(_ a: CypherValue, _ b: CypherValue) -> (Double, Double)? {
        guard let a = float(a), let b = float(b) else { return nil }
        return (a, b)
    }

    private static func unfit(_ sign: String, _ a: CypherValue, _ b: CypherValue) -> CypherError {
        .wrongType("\(sign) cannot join \(a.described) and \(b.described)")
    }

    private static func divisionByZero(_ what: String) -> CypherError {
        CypherError(.arithmeticError, .runtime, .divisionByZero, "\(what): an integer cannot be divided by zero")
    }
}
