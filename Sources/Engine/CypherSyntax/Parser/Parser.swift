/// Reads a query's text into its syntax tree, by recursive descent; errors say what was expected, and where.
///
/// Size and depth are bounded, so that no text can use up the stack of the thread that reads it.
package struct Parser {
    /// Longest query in bytes.
    package static let queryBytesMax = 1 << 20
    /// How deep expressions, patterns and subqueries may nest.
    package static let depthMax = 128
    /// Operators of two operands that one expression may chain, as each is a level of the tree.
    package static let chainedOperatorsMax = 1_000
    /// Clauses of one query, its subqueries included.
    package static let clausesMax = 1_000

    let bytes: [UInt8]
    let tokens: [Token]
    var index = 0
    var depth = 0
    var chainedOperators = 0
    var clauseCount = 0

    /// The statement that the text holds. Throws `SyntaxError`s at compile time.
    package static func parse(_ text: String) throws(CypherError) -> Statement {
        guard text.utf8.count <= queryBytesMax else {
            throw .limit(.queryTooLong, "A query has at most \(queryBytesMax) bytes; pass large values as parameters")
        }
        let bytes = Array(text.utf8)
        var parser = Parser(bytes: bytes, tokens: try Lexer.tokens(of: bytes))
        return try parser.statement()
    }

    private init(bytes: [UInt8], tokens: [Token]) {
        self.bytes = bytes
        self.tokens = tokens
    }

    // MARK: Tokens

    var current: Token { tokens[index] }

    func token(_ ahead: Int) -> Token { tokens[min(index + ahead, tokens.count - 1)] }

    mutating func advance() { if index < tokens.count - 1 { index += 1 } }

    func at(_ kind: Token.Kind) -> Bool { current.kind == kind }

    func at(_ keyword: Keyword) -> Bool { current.keyword == keyword }

    func at(_ first: Keyword, _ second: Keyword) -> Bool { at(first) && token(1).keyword == second }

    mutating func take(_ kind: Token.Kind) -> Bool {
        guard at(kind) else { return false }
        advance()
        return true
    }

    mutating func take(_ keyword: Keyword) -> Bool {
        guard at(keyword) else { return false }
        advance()
        return true
    }

    mutating func expect(_ kind: Token.Kind, _ sign: String, to purpose: String) throws(CypherError) {
        guard take(kind) else { throw unexpected("`\(sign)` to \(purpose)") }
    }

    mutating func expect(_ keyword: Keyword) throws(CypherError) {
        guard take(keyword) else { throw unexpected(keyword.rawValue.uppercased(), suggesting: [keyword]) }
    }

    func text(of token: Token) -> String {
        String(decoding: bytes[Int(token.offset)..<token.end], as: UTF8.self)
    }

    /// Everything from where the token at `start` begins to where the last token read ends.
    func text(from start: Int) -> String {
        String(
            decoding: bytes[Int(tokens[start].offset)..<max(tokens[index - 1].end, Int(tokens[start].offset))], as: UTF8.self
        )
    }

    func span(from start: Int) -> Span { tokens[start].span.through(tokens[max(index - 1, start)].span) }

    // MARK: Errors

    func unexpected(_ expected: String, suggesting keywords: [Keyword] = []) -> CypherError {
        guard current.kind != .endOfText else {
            return .syntax(.unexpectedSyntax, "The query ends where \(expected) is expected", at: current.span)
        }
        let found = String(text(of: current).prefix(40))
        var message = "`\(found)` stands where \(expected) is expected"
        if at(.word), let meant = Suggestion.closest(to: found, among: keywords.map(\.rawValue)) {
            message += "; did you mean \(meant.uppercased())?"
        }
        return .syntax(.unexpectedSyntax, message, at: current.span)
    }

    // MARK: Depth

    /// Runs the body one level deeper.
    mutating func nested<Result>(
        _ body: (inout Parser) throws(CypherError) -> Result
    ) throws(CypherError) -> Result {
        guard depth < Self.depthMax else {
            throw CypherError(
                .syntaxError, .compileTime, .queryTooComplex,
                "Expressions and subqueries nest at most \(Self.depthMax) deep", at: current.span)
        }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    mutating func countChainedOperator() throws(CypherError) {
        chainedOperators += 1
        guard chainedOperators <= Self.chainedOperatorsMax else {
            throw CypherError(
                .syntaxError, .compileTime, .queryTooComplex,
                "An expression chains at most \(Self.chainedOperatorsMax) operators", at: current.span)
        }
    }

    // MARK: Names

    /// A name of the schema (label, type, key), where keywords are names too.
    mutating func schemaName(_ what: String) throws(CypherError) -> String {
        switch current.kind {
        case .word:
            defer { advance() }
            return text(of: current)
        case .quotedName:
            defer { advance() }
            return Literals.quotedName(bytes[Int(current.offset)..<current.end])
        default: throw unexpected(what)
        }
    }

    var atVariable: Bool { at(.quotedName) || at(.word) && current.keyword?.isReserved != true }

    mutating func variable() throws(CypherError) -> Variable {
        guard atVariable else { throw unexpected("a variable") }
        return Variable(try schemaName("a variable"))
    }

    // MARK: Statements

    private mutating func statement() throws(CypherError) -> Statement {
        var mode = Statement.Mode.execute
        if take(.explain) { mode = .explain } else if take(.profile) { mode = .profile }
        let body: Statement.Body
        if let command = try schemaCommand() { body = .schema(command) } else { body = .query(try query()) }
        _ = take(.semicolon)
        guard at(.endOfText) else { throw unexpected("a clause or the end of the query", suggesting: Keyword.clauseStarts) }
        return Statement(mode: mode, body: body)
    }

    /// `CREATE INDEX …` and `DROP INDEX …`
    private mutating func schemaCommand() throws(CypherError) -> SchemaCommand? {
        if at(.create, .index) {
            advance()
            advance()
            return try createIndex()
        }
        guard at(.drop, .index) else { return nil }
        advance()
        advance()
        let name = try schemaName("the index's name")
        var ifPresent = false
        if take(.if) {
            try expect(.exists)
            ifPresent = true
        }
        return .dropIndex(name: name, ifPresent: ifPresent)
    }

    private mutating func createIndex() throws(CypherError) -> SchemaCommand {
        var name: String?
        if at(.on), token(1).kind == .colon {
            advance()
            advance()
            let label = try schemaName("a label")
            return .createIndex(name: nil, label: label, keys: try indexKeys(of: nil), ifAbsent: false)
        }
        if !at(.for), !at(.if) { name = try schemaName("the index's name") }
        var ifAbsent = false
        if take(.if) {
            try expect(.not)
            try expect(.exists)
            ifAbsent = true
        }
        try expect(.for)
        try expect(.openParenthesis, "(", to: "begin a node")
        let subject = try variable()
        try expect(.colon, ":", to: "begin a label")
        let label = try schemaName("a label")
        try expect(.closeParenthesis, ")", to: "end the node")
        try expect(.on)
        return .createIndex(name: name, label: label, keys: try indexKeys(of: subject), ifAbsent: ifAbsent)
    }

    private mutating func indexKeys(of subject: Variable?) throws(CypherError) -> [String] {
        try expect(.openParenthesis, "(", to: "begin the keys")
        var keys: [String] = []
        repeat {
            if let subject {
                guard try variable() == subject else {
                    throw .syntax(
                        .undefinedVariable, "The index is on properties of `\(subject.name)`", at: span(from: index - 1))
                }
                try expect(.dot, ".", to: "name a property")
            }
            keys.append(try schemaName("a property's name"))
        } while take(.comma)
        try expect(.closeParenthesis, ")", to: "end the keys")
        return keys
    }
}
