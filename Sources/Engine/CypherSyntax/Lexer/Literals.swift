/// What the bytes of a literal's token mean.
enum Literals {
    // MARK: Numbers

    /// The integer that the token spells, in decimal, hexadecimal (`0x`) or octal (`0o`), with the minus sign that stood
    /// before it. Throws `InvalidNumberLiteral` and `IntegerOverflow`.
    static func integer(_ bytes: ArraySlice<UInt8>, negative: Bool, at span: Span) throws(CypherError) -> Int64 {
        var radix: UInt64 = 10
        var digits = bytes
        if bytes.first == UInt8(ascii: "0"), let mark = bytes.dropFirst().first, !mark.isDecimalDigit,
            mark != UInt8(ascii: "_")
        {
            radix = mark == UInt8(ascii: "o") ? 8 : 16
            guard mark | 0x20 == UInt8(ascii: "x") || mark == UInt8(ascii: "o") else { throw invalidNumber(bytes, span) }
            digits = bytes.dropFirst(2)
        }
        guard digits.first != nil, digits.last != UInt8(ascii: "_") else { throw invalidNumber(bytes, span) }
        var magnitude: UInt64 = 0
        var overflow = false
        for byte in digits where byte != UInt8(ascii: "_") {
            guard let digit = digitValue(byte), digit < radix else { throw invalidNumber(bytes, span) }
            let (product, tooGreat) = magnitude.multipliedReportingOverflow(by: radix)
            let (sum, tooGreatBySum) = product.addingReportingOverflow(digit)
            overflow = overflow || tooGreat || tooGreatBySum
            magnitude = sum
        }
        let limit = UInt64(Int64.max) + (negative ? 1 : 0)
        guard !overflow, magnitude <= limit else {
            throw .syntax(.integerOverflow, "The integer does not fit into 64 bits", at: span)
        }
        return negative ? Int64(truncatingIfNeeded: 0 &- magnitude) : Int64(magnitude)
    }

    /// The float that the token spells. Throws `InvalidNumberLiteral` and `FloatingPointOverflow`.
    static func float(_ bytes: ArraySlice<UInt8>, at span: Span) throws(CypherError) -> Double {
        let text = String(decoding: bytes.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        guard let value = Double(text.first == "." ? "0" + text : text) else { throw invalidNumber(bytes, span) }
        guard value.isFinite else {
            throw .syntax(.floatingPointOverflow, "The number is greater than a float can be", at: span)
        }
        return value
    }

    private static func digitValue(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    private static func invalidNumber(_ bytes: ArraySlice<UInt8>, _ span: Span) -> CypherError {
        .syntax(
            .invalidNumberLiteral, "`\(String(decoding: bytes.prefix(40), as: UTF8.self))` is not a number", at: span)
    }

    // MARK: Texts and names

    /// The text between the quotes, its escapes resolved. Throws `InvalidUnicodeLiteral` and `UnexpectedSyntax`.
    static func string(_ token: ArraySlice<UInt8>, at span: Span) throws(CypherError) -> String {
        let inner = token.dropFirst().dropLast()
        guard inner.contains(UInt8(ascii: "\\")) else { return String(decoding: inner, as: UTF8.self) }
        var text: [UInt8] = []
        text.reserveCapacity(inner.count)
        var index = inner.startIndex
        while index < inner.endIndex {
            guard inner[index] == UInt8(ascii: "\\") else {
                text.append(inner[index])
                index += 1
                continue
            }
            let place = Span(offset: Int(span.offset) + index - token.startIndex, length: 2)
            index += 1
            guard index < inner.endIndex else {
                throw .syntax(.unexpectedSyntax, "A text must not end with a single backslash", at: place)
            }
            let escape = inner[index]
            index += 1
            switch escape {
            case UInt8(ascii: "n"): text.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "t"): text.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "r"): text.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0c)
            case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): text.append(escape)
            case UInt8(ascii: "u"), UInt8(ascii: "U"):
                let scalar = try unicodeEscape(inner, &index, digits: escape == UInt8(ascii: "u") ? 4 : 8, at: place)
                text.append(contentsOf: Array(String(Character(scalar)).utf8))
            default:
                throw .syntax(
                    .unexpectedSyntax, "A backslash in a text is followed by one of \\ ' \" ` b f n r t u U", at: place)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The scalar of `\uXXXX` (two of them for a surrogate pair) or `\UXXXXXXXX`.
    private static func unicodeEscape(
        _ bytes: ArraySlice<UInt8>, _ index: inout Int, digits: Int, at place: Span
    ) throws(CypherError) -> Unicode.Scalar {
        var value = try hexadecimal(bytes, &index, digits: digits, at: place)
        if 0xd800..<0xdc00 ~= value, bytes[index...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
            index += 2
            let low = try hexadecimal(bytes, &index, digits: 4, at: place)
            guard 0xdc00..<0xe000 ~= low else { throw invalidUnicode(place) }
            value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw invalidUnicode(place) }
        return scalar
    }

    private static func hexadecimal(
        _ bytes: ArraySlice<UInt8>, _ index: inout Int, digits: Int, at place: Span
    ) throws(CypherError) -> UInt32 {
        guard index + digits <= bytes.endIndex else { throw invalidUnicode(place) }
        var value: UInt64 = 0
        for byte in bytes[index..<index + digits] {
            guard let digit = digitValue(byte) else { throw invalidUnicode(place) }
            value = value << 4 | digit
        }
        index += digits
        return UInt32(truncatingIfNeeded: value)
    }

    private static func invalidUnicode(_ place: Span) -> CypherError {
        .syntax(.invalidUnicodeLiteral, "\\u is followed by four hexadecimal digits, \\U by eight", at: place)
    }

    /// The name between the backticks; two of them stand for one.
    static func quotedName(_ token: ArraySlice<UInt8>) -> String {
        let text = String(decoding: token.dropFirst().dropLast(), as: UTF8.self)
        guard text.utf8.contains(UInt8(ascii: "`")) else { return text }
        var name = ""
        var skipped = false
        for scalar in text.unicodeScalars {
            skipped = scalar == "`" && !skipped
            if !skipped { name.unicodeScalars.append(scalar) }
        }
        return name
    }
}
