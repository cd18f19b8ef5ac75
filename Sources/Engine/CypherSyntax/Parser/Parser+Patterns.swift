extension Parser {
    mutating func patterns() throws(CypherError) -> [PathPattern] {
        var patterns: [PathPattern] = []
        repeat {
            patterns.append(try pathPattern())
        } while take(.comma)
        return patterns
    }

    /// `p = (a)-[r]->(b)`, `shortestPath((a)-[*]->(b))`, or either in parentheses.
    mutating func pathPattern() throws(CypherError) -> PathPattern {
        let start = index
        var variable: Variable?
        if atVariable, token(1).kind == .equal {
            variable = try self.variable()
            advance()
        }
        var pattern = try anonymousPath()
        pattern.variable = variable
        pattern.span = span(from: start)
        return pattern
    }

    private mutating func anonymousPath() throws(CypherError) -> PathPattern {
        if at(.shortestPath) || at(.allShortestPaths), token(1).kind == .openParenthesis { return try shortestPath() }
        if at(.openParenthesis), token(1).kind == .openParenthesis {
            // Parentheses about a whole path.
            advance()
            let pattern = try nested { parser throws(CypherError) in try parser.anonymousPath() }
            try expect(.closeParenthesis, ")", to: "end the pattern")
            return pattern
        }
        return try chain()
    }

    mutating func shortestPath() throws(CypherError) -> PathPattern {
        let start = index
        let selection: PathPattern.Selection = at(.shortestPath) ? .shortest : .allShortest
        advance()
        try expect(.openParenthesis, "(", to: "begin the pattern")
        var pattern = try chain()
        try expect(.closeParenthesis, ")", to: "end the pattern")
        pattern.selection = selection
        pattern.span = span(from: start)
        guard pattern.steps.count == 1 else {
            throw .syntax(
                .unexpectedSyntax, "A shortest path is asked for between two nodes, by one relationship pattern",
                at: pattern.span)
        }
        return pattern
    }

    private mutating func chain() throws(CypherError) -> PathPattern {
        let start = index
        let first = try nodePattern()
        var steps: [PathPattern.Step] = []
        while atRelationship {
            let relationship = try relationshipPattern()
            steps.append(.init(relationship: relationship, node: try nodePattern()))
        }
        return PathPattern(variable: nil, start: first, steps: steps, span: span(from: start))
    }

    /// `-` or `<-` where a pattern goes on.
    private var atRelationship: Bool { at(.minus) || at(.less) && token(1).kind == .minus }

    // MARK: Nodes

    mutating func nodePattern() throws(CypherError) -> NodePattern {
        let start = index
        try expect(.openParenthesis, "(", to: "begin a node")
        var node = NodePattern(variable: nil, labels: nil, properties: nil, predicate: nil, span: .none)
        if atVariable { node.variable = try variable() }
        if take(.colon) || take(.is) {
            node.labels = try labelExpression()
            // `:A:B`, the older way to ask for both.
            while take(.colon) {
                let more = try labelExpression()
                node.labels = node.labels.map { .all([$0, more]) }
            }
        }
        node.properties = try patternProperties()
        node.predicate = try predicate()
        try expect(.closeParenthesis, ")", to: "end the node")
        node.span = span(from: start)
        return node
    }

    /// A map or a parameter, if one is there.
    private mutating func patternProperties() throws(CypherError) -> Expression? {
        guard at(.openBrace) || at(.parameter) else { return nil }
        return try atom()
    }

    mutating func labelExpression() throws(CypherError) -> LabelExpression {
        try nested { parser throws(CypherError) in
            var alternatives = [try parser.labelConjunction()]
            while parser.take(.pipe) {
                _ = parser.take(.colon)
                alternatives.append(try parser.labelConjunction())
            }
            return alternatives.count == 1 ? alternatives[0] : .any(alternatives)
        }
    }

    private mutating func labelConjunction() throws(CypherError) -> LabelExpression {
        var parts = [try labelFactor()]
        while take(.ampersand) { parts.append(try labelFactor()) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func labelFactor() throws(CypherError) -> LabelExpression {
        if take(.exclamation) {
            return try nested { parser throws(CypherError) in .not(try parser.labelFactor()) }
        }
        if take(.percent) { return .wildcard }
        if take(.openParenthesis) {
            let inner = try labelExpression()
            try expect(.closeParenthesis, ")", to: "end the labels")
            return inner
        }
        return .label(try schemaName("a label"))
    }

    /// `:A:B&!C` after an expression, where `|` would be taken for what follows.
    mutating func labelPredicate() throws(CypherError) -> LabelExpression {
        var parts: [LabelExpression] = []
        while take(.colon) { parts.append(try labelConjunction()) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    // MARK: Relationships

    private mutating func relationshipPattern() throws(CypherError) -> RelationshipPattern {
        let start = index
        let leftArrow = take(.less)
        try expect(.minus, "-", to: "begin a relationship")
        var pattern = RelationshipPattern(
            variable: nil, direction: .either, types: [], length: nil, properties: nil, predicate: nil, span: .none)
        if take(.openBracket) {
            try relationshipDetail(&pattern)
            try expect(.closeBracket, "]", to: "end the relationship")
        }
        try expect(.minus, "-", to: "end the relationship")
        let rightArrow = take(.greater)
        if leftArrow != rightArrow { pattern.direction = leftArrow ? .incoming : .outgoing }
        pattern.span = span(from: start)
        return pattern
    }

    private mutating func relationshipDetail(_ pattern: inout RelationshipPattern) throws(CypherError) {
        if atVariable { pattern.variable = try variable() }
        if take(.colon) {
            repeat {
                _ = take(.colon)
                pattern.types.append(try schemaName("a relationship's type"))
            } while take(.pipe)
        }
        if take(.star) { pattern.length = try length() }
        if at(.parameter) {
            throw .syntax(
                .invalidParameterUse,
                "A relationship's properties cannot be one parameter; name them, as in {key: $map.key}", at: current.span)
        }
        pattern.properties = try patternProperties()
        pattern.predicate = try predicate()
    }

    /// What follows the star: nothing, `2`, `1..3`, `1..`, `..3` or `..`.
    private mutating func length() throws(CypherError) -> RelationshipPattern.Length {
        let minimum = try bound()
        guard take(.dotDot) else {
            return minimum.map { .init(minimum: $0, maximum: $0) } ?? .init(minimum: 1, maximum: nil)
        }
        return .init(minimum: minimum ?? 1, maximum: try bound())
    }

    private mutating func bound() throws(CypherError) -> Int? {
        if at(.minus), token(1).kind == .integer {
            throw .syntax(.invalidRelationshipPattern, "A path's length is not negative", at: current.span)
        }
        guard at(.integer) else { return nil }
        defer { advance() }
        return Int(try Literals.integer(bytes[Int(current.offset)..<current.end], negative: false, at: current.span))
    }

    // MARK: Patterns in expressions

    /// Whether the parenthesis that opens here belongs to a node with a relationship behind it, and not to an expression.
    var atPattern: Bool {
        guard at(.openParenthesis), let close = closingParenthesis else { return false }
        let inside = token(1)
        var looksLikeNode = inside.kind == .closeParenthesis || inside.kind == .colon || inside.kind == .openBrace
        if inside.kind == .quotedName || inside.kind == .word && inside.keyword?.isReserved != true {
            let second = token(2)
            looksLikeNode =
                second.kind == .closeParenthesis || second.kind == .colon || second.kind == .openBrace
                || second.keyword == .where
        }
        guard looksLikeNode else { return false }
        func kind(_ offset: Int) -> Token.Kind { tokens[min(close + offset, tokens.count - 1)].kind }
        if kind(1) == .less { return kind(2) == .minus && (kind(3) == .minus || kind(3) == .openBracket) }
        guard kind(1) == .minus else { return false }
        if kind(2) == .openBracket { return true }
        return kind(2) == .minus && (kind(3) == .openParenthesis || kind(3) == .greater)
    }

    /// The position of the token that closes the parenthesis opening here. Looks a bounded way ahead, as each nested
    /// parenthesis asks again.
    private var closingParenthesis: Int? {
        var open = 0
        for position in index..<min(tokens.count, index + Self.nodeTokensMax) {
            switch tokens[position].kind {
            case .openParenthesis: open += 1
            case .closeParenthesis:
                open -= 1
                if open == 0 { return position }
            default: break
            }
        }
        return nil
    }

    /// Most tokens of a node in a pattern that is part of an expression.
    private static let nodeTokensMax = 1_000
}
