internal import CypherSyntax

extension FunctionCall {
    /// `toInteger` and its kin: text that is no such value makes null; other types are refused, or null for those that end in `OrNull`.
    func conversion() throws(CypherError) -> CypherValue {
        switch function {
        case .toBoolean: return try converted(first, Self.boolean, "a boolean, an integer or a string")
        case .toInteger: return try converted(first, Self.integer, "a number, a boolean or a string")
        case .toFloat: return try converted(first, Self.float, "a number or a string")
        case .toString: return try converted(first, Self.text, "a number, a boolean, a string or a time")
        case .toBooleanOrNull: return Self.boolean(first) ?? .null
        case .toIntegerOrNull: return Self.integer(first) ?? .null
        case .toFloatOrNull: return Self.float(first) ?? .null
        case .toStringOrNull: return Self.text(first) ?? .null
        case .toBooleanList: return try list(Self.boolean)
        case .toIntegerList: return try list(Self.integer)
        case .toFloatList: return try list(Self.float)
        case .toStringList: return try list(Self.text)
        default: preconditionFailure("\(name) converts nothing")
        }
    }

    private func converted(
        _ value: CypherValue, _ convert: (CypherValue) -> CypherValue?, _ wanted: String
    ) throws(CypherError) -> CypherValue {
        guard let made = convert(value) else { throw .wrongValue("\(name) wants \(wanted), not \(value.described)") }
        return made
    }

    private func list(_ convert: (CypherValue) -> CypherValue?) throws(CypherError) -> CypherValue {
        guard case .list(let members) = first else { throw wants("a list") }
        return .list(members.map { convert($0) ?? .null })
    }

    // Nil: not of a type that converts at all.

    private static func boolean(_ value: CypherValue) -> CypherValue? {
        switch value {
        case .boolean: value
        case .integer(let number): .boolean(number != 0)
        case .string(let text):
            switch text.trimmedOfSpace.lowercased() {
            case "true": .boolean(true)
            case "false": .boolean(false)
            default: .null
            }
        default: nil
        }
    }

    private static func integer(_ value: CypherValue) -> CypherValue? {
        switch value {
        case .integer: return value
        case .boolean(let truth): return .integer(truth ? 1 : 0)
        case .float(let number): return whole(number)
        case .string(let text):
            let trimmed = text.trimmedOfSpace
            if let number = Int64(trimmed) { return .integer(number) }
            return number(trimmed).map(whole) ?? .null
        default: return nil
        }
    }

    /// Cut off towards zero; null when no integer is that large.
    private static func whole(_ number: Double) -> CypherValue {
        Int64(exactly: number.rounded(.towardZero)).map(CypherValue.integer) ?? .null
    }

    private static func float(_ value: CypherValue) -> CypherValue? {
        switch value {
        case .float: value
        case .integer(let number): .float(Double(number))
        case .string(let text): number(text.trimmedOfSpace).map(CypherValue.float) ?? .null
        default: nil
        }
    }

    /// A decimal number as a query writes one; Swift itself would take hexadecimal ones and names, too.
    private static func number(_ text: String) -> Double? {
        let isDecimal = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                true
            default: false
            }
        }
        guard isDecimal else { return ["NaN": .nan, "Infinity": .infinity, "-Infinity": -.infinity][text] }
        return Double(text)
    }

    private static func text(_ value: CypherValue) -> CypherValue? {
        switch value {
        case .string: value
        case .boolean(let truth): .string(String(truth))
        case .integer(let number): .string(String(number))
        case .float(let number): .string(number.cypherText)
        default: value.temporalText.map(CypherValue.string)
        }
    }
}

extension String {
    fileprivate var trimmedOfSpace: String {
        var rest = Substring(self).unicodeScalars.drop { $0.properties.isWhitespace }
        while let scalar = rest.last, scalar.properties.isWhitespace { rest.removeLast() }
        return String(Substring(rest))
    }
}

extension Double {
    /// As a query writes it: `1.0`, `1.0E20`, `NaN`.
    var cypherText: String {
        if isNaN { return "NaN" }
        if isInfinite { return self < 0 ? "-Infinity" : "Infinity" }
        let text = description
        guard let mark = text.firstIndex(of: "e") else { return text }
        let mantissa = text[..<mark]
        let exponent = text[text.index(after: mark)...].drop { $0 == "+" }
        return (mantissa.contains(".") ? mantissa : mantissa + ".0") + "E" + exponent
    }
}
