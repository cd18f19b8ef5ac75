/// Cuts a query's text into tokens. Works on UTF-8 bytes; whitespace and comments are passed over.
struct Lexer {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// All tokens, ended by one of kind `endOfText`.
    static func tokens(of bytes: [UInt8]) throws(CypherError) -> [Token] {
        var lexer = Lexer(bytes)
        var tokens: [Token] = []
        tokens.reserveCapacity(bytes.count / 4)
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .endOfText { return tokens }
        }
    }

    private func peek(_ ahead: Int = 0) -> UInt8 {
        index + ahead < bytes.count ? bytes[index + ahead] : 0
    }

    private mutating func next() throws(CypherError) -> Token {
        try skipBlanks()
        guard index < bytes.count else { return Token(.endOfText, offset: bytes.count, length: 0) }
        let byte = bytes[index]
        switch byte {
        case UInt8(ascii: "`"): return try quotedName()
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return try string(endedBy: byte)
        case UInt8(ascii: "$"): return try parameter()
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: ".") where peek(1).isDecimalDigit: return try number()
        default:
            if byte.startsName || byte >= 0x80 { return try word() }
            return try sign()
        }
    }

    // MARK: Blanks

    private mutating func skipBlanks() throws(CypherError) {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09...0x0d, 0x1c...0x1f: index += 1
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"):
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n"), bytes[index] != UInt8(ascii: "\r") {
                    index += 1
                }
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"):
                let start = index
                index += 2
                while !(peek() == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/")) {
                    guard index < bytes.count else {
                        throw .syntax(
                            .unexpectedSyntax, "A comment that begins with /* does not end",
                            at: Span(offset: start, length: 2))
                    }
                    index += 1
                }
                index += 2
            case 0x80...:
                guard let (scalar, length) = scalar(at: index), scalar.properties.isWhitespace else { return }
                index += length
            default: return
            }
        }
    }

    /// The Unicode scalar whose first byte is there; nil when the bytes are no UTF-8.
    private func scalar(at position: Int) -> (Unicode.Scalar, length: Int)? {
        var iterator = bytes[position..<min(position + 4, bytes.count)].makeIterator()
        var decoder = UTF8()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
        return (scalar, UTF8.width(scalar))
    }

    // MARK: Names

    private mutating func word() throws(CypherError) -> Token {
        let start = index
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x80 {
                guard byte.continuesName else { break }
                index += 1
            } else {
                guard let (scalar, length) = scalar(at: index) else { throw invalidCharacter(at: index, length: 1) }
                let properties = scalar.properties
                guard index == start ? properties.isXIDStart || properties.isXIDContinue : properties.isXIDContinue else {
                    guard index > start else { throw invalidCharacter(at: index, length: length) }
                    break
                }
                index += length
            }
        }
        return Token(
            .word, offset: start, length: index - start, keyword: Keyword(spelled: bytes[start..<index]))
    }

    private func invalidCharacter(at offset: Int, length: Int) -> CypherError {
        .syntax(
            .invalidUnicodeCharacter, "This character has no meaning here", at: Span(offset: offset, length: length))
    }

    private mutating func quotedName() throws(CypherError) -> Token {
        let start = index
        index += 1
        while true {
            guard index < bytes.count else {
                throw .syntax(
                    .unexpectedSyntax, "A name that begins with a backtick does not end",
                    at: Span(offset: start, length: 1))
            }
            if bytes[index] == UInt8(ascii: "`") {
                guard peek(1) == UInt8(ascii: "`") else { break }
                index += 1
            }
            index += 1
        }
        index += 1
        return Token(.quotedName, offset: start, length: index - start)
    }

    private mutating func parameter() throws(CypherError) -> Token {
        let start = index
        index += 1
        if peek() == UInt8(ascii: "`") {
            _ = try quotedName()
        } else {
            while peek().continuesName { index += 1 }
            if peek() >= 0x80 { _ = try word() }
        }
        guard index > start + 1 else {
            throw .syntax(
                .unexpectedSyntax, "A parameter's name is missing after $", at: Span(offset: start, length: 1))
        }
        return Token(.parameter, offset: start, length: index - start)
    }

    // MARK: Literals

    private mutating func string(endedBy quote: UInt8) throws(CypherError) -> Token {
        let start = index
        index += 1
        while index < bytes.count, bytes[index] != quote {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard index < bytes.count else {
            throw .syntax(.unexpectedSyntax, "A text in quotes does not end", at: Span(offset: start, length: 1))
        }
        index += 1
        return Token(.string, offset: start, length: index - start)
    }

    /// `1`, `0x1F`, `0o17`, `1.5`, `.5`, `1e9`; a dot belongs to it only when a digit follows, as `1..3` is a range.
    private mutating func number() throws(CypherError) -> Token {
        let start = index
        var kind = Token.Kind.integer
        if peek() == UInt8(ascii: "0"), [UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "o")].contains(peek(1)) {
            index += 2
        } else {
            while peek().isDecimalDigit || peek() == UInt8(ascii: "_") { index += 1 }
            if peek() == UInt8(ascii: "."), peek(1).isDecimalDigit {
                kind = .float
                index += 1
                while peek().isDecimalDigit || peek() == UInt8(ascii: "_") { index += 1 }
            }
            if peek() | 0x20 == UInt8(ascii: "e") {
                let sign = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-") ? 1 : 0
                if peek(1 + sign).isDecimalDigit {
                    kind = .float
                    index += 1 + sign
                    while peek().isDecimalDigit { index += 1 }
                }
            }
        }
        // What is left over, as in 0x1G or 12abc, makes the whole an invalid number; the parser decodes it and says so.
        while peek().continuesName { index += 1 }
        return Token(kind, offset: start, length: index - start)
    }

    // MARK: Signs

    private mutating func sign() throws(CypherError) -> Token {
        let next = peek(1)
        let (kind, length): (Token.Kind, Int) =
            switch bytes[index] {
            case UInt8(ascii: "("): (.openParenthesis, 1)
            case UInt8(ascii: ")"): (.closeParenthesis, 1)
            case UInt8(ascii: "["): (.openBracket, 1)
            case UInt8(ascii: "]"): (.closeBracket, 1)
            case UInt8(ascii: "{"): (.openBrace, 1)
            case UInt8(ascii: "}"): (.closeBrace, 1)
            case UInt8(ascii: ","): (.comma, 1)
            case UInt8(ascii: "."): next == UInt8(ascii: ".") ? (.dotDot, 2) : (.dot, 1)
            case UInt8(ascii: ":"): (.colon, 1)
            case UInt8(ascii: ";"): (.semicolon, 1)
            case UInt8(ascii: "|"): (.pipe, 1)
            case UInt8(ascii: "&"): (.ampersand, 1)
            case UInt8(ascii: "!"): next == UInt8(ascii: "=") ? (.notEqual, 2) : (.exclamation, 1)
            case UInt8(ascii: "+"): next == UInt8(ascii: "=") ? (.plusEqual, 2) : (.plus, 1)
            case UInt8(ascii: "-"): (.minus, 1)
            case UInt8(ascii: "*"): (.star, 1)
            case UInt8(ascii: "/"): (.slash, 1)
            case UInt8(ascii: "%"): (.percent, 1)
            case UInt8(ascii: "^"): (.caret, 1)
            case UInt8(ascii: "="): next == UInt8(ascii: "~") ? (.equalTilde, 2) : (.equal, 1)
            case UInt8(ascii: "<"):
                next == UInt8(ascii: ">") ? (.notEqual, 2) : next == UInt8(ascii: "=") ? (.lessOrEqual, 2) : (.less, 1)
            case UInt8(ascii: ">"): next == UInt8(ascii: "=") ? (.greaterOrEqual, 2) : (.greater, 1)
            default:
                throw .syntax(
                    .unexpectedSyntax, "This character has no meaning here", at: Span(offset: index, length: 1))
            }
        defer { index += length }
        return Token(kind, offset: index, length: length)
    }
}

extension UInt8 {
    var isDecimalDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    fileprivate var startsName: Bool {
        (self | 0x20 >= UInt8(ascii: "a") && self | 0x20 <= UInt8(ascii: "z")) || self == UInt8(ascii: "_")
    }

    fileprivate var continuesName: Bool { startsName || isDecimalDigit }
}
