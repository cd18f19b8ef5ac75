extension Parser {
    /// What operators join: literals, parameters, variables, calls, and everything in brackets of some kind.
    mutating func atom() throws(CypherError) -> Expression {
        let start = index
        let token = current
        let raw = bytes[Int(token.offset)..<token.end]
        switch token.kind {
        case .integer:
            advance()
            return Expression(.integer(try Literals.integer(raw, negative: false, at: token.span)), token.span)
        case .float:
            advance()
            return Expression(.float(try Literals.float(raw, at: token.span)), token.span)
        case .string:
            advance()
            return Expression(.string(try Literals.string(raw, at: token.span)), token.span)
        case .parameter:
            advance()
            let name = raw.dropFirst()
            let isQuoted = name.first == UInt8(ascii: "`")
            return Expression(
                .parameter(isQuoted ? Literals.quotedName(name) : String(decoding: name, as: UTF8.self)), token.span)
        case .openBrace: return try mapLiteral()
        case .openBracket: return try listOrComprehension()
        case .openParenthesis:
            if atPattern {
                let pattern = try pathPattern()
                return Expression(.patternPredicate(pattern), pattern.span)
            }
            advance()
            var inner = try expression()
            try expect(.closeParenthesis, ")", to: "end the expression")
            inner.span = span(from: start)
            return inner
        case .word, .quotedName: return try wordAtom()
        default: throw unexpected("an expression")
        }
    }

    // MARK: Words

    private mutating func wordAtom() throws(CypherError) -> Expression {
        let start = index
        switch current.keyword {
        case .null:
            advance()
            return Expression(.null, span(from: start))
        case .true, .false:
            defer { advance() }
            return Expression(.boolean(at(.true)), current.span)
        case .case: return try caseExpression()
        case .exists where token(1).kind == .openBrace, .count where token(1).kind == .openBrace,
            .collect where token(1).kind == .openBrace:
            return try subqueryExpression()
        case .exists where token(1).kind == .openParenthesis:
            advance()
            advance()
            let kind: Expression.Kind
            if atPattern {
                let pattern = try pathPattern()
                let match = MatchClause(optional: false, patterns: [pattern], predicate: nil)
                let single = SingleQuery(clauses: [Clause(.match(match), pattern.span)])
                kind = .exists(Subquery(query: Query(parts: [single], keepsDuplicates: false)))
            } else {
                kind = .function(.exists, [try expression()])
            }
            try expect(.closeParenthesis, ")", to: "end the call")
            return Expression(kind, span(from: start))
        case .all, .any, .noneOf, .single:
            if token(1).kind == .openParenthesis { return try quantifier() }
        case .reduce where token(1).kind == .openParenthesis: return try reduction()
        case .shortestPath where token(1).kind == .openParenthesis,
            .allShortestPaths where token(1).kind == .openParenthesis:
            let pattern = try shortestPath()
            return Expression(.patternPredicate(pattern), pattern.span)
        default: break
        }
        if atCall { return try call() }
        guard atVariable else { throw unexpected("an expression") }
        let variable = try variable()
        if at(.openBrace) { return try mapProjection(of: Expression(.variable(variable), span(from: start)), start: start) }
        return Expression(.variable(variable), span(from: start))
    }

    private mutating func caseExpression() throws(CypherError) -> Expression {
        let start = index
        advance()
        var result = CaseExpression(
            subject: at(.when) ? nil : try expression(), alternatives: [], otherwise: nil)
        while take(.when) {
            let when = try expression()
            try expect(.then)
            result.alternatives.append(.init(when: when, then: try expression()))
        }
        guard !result.alternatives.isEmpty else { throw unexpected("WHEN", suggesting: [.when]) }
        if take(.else) { result.otherwise = try expression() }
        try expect(.end)
        return Expression(.caseOf(result), span(from: start))
    }

    private mutating func subqueryExpression() throws(CypherError) -> Expression {
        let start = index
        let keyword = current.keyword
        advance()
        let query: Query
        if let first = token(1).keyword, Keyword.clauseStarts.contains(first) {
            query = try bracedQuery()
        } else {
            query = try bracedPattern()
        }
        let subquery = Subquery(query: query)
        switch keyword {
        case .count: return Expression(.count(subquery), span(from: start))
        case .collect: return Expression(.collect(subquery), span(from: start))
        default: return Expression(.exists(subquery), span(from: start))
        }
    }

    /// `{ (a)-->(b) WHERE … }`: a `MATCH` that goes without saying.
    private mutating func bracedPattern() throws(CypherError) -> Query {
        advance()
        let start = index
        let match = try nested { parser throws(CypherError) in
            let patterns = try parser.patterns()
            return MatchClause(optional: false, patterns: patterns, predicate: try parser.predicate())
        }
        let clause = Clause(.match(match), span(from: start))
        try expect(.closeBrace, "}", to: "end the subquery")
        return Query(parts: [SingleQuery(clauses: [clause])], keepsDuplicates: false)
    }

    // MARK: Calls

    /// Whether a name, dotted or not, is followed by an opening parenthesis.
    private var atCall: Bool {
        var ahead = 1
        while token(ahead).kind == .dot {
            guard token(ahead + 1).kind == .word || token(ahead + 1).kind == .quotedName else { return false }
            ahead += 2
        }
        return token(ahead).kind == .openParenthesis
    }

    private mutating func call() throws(CypherError) -> Expression {
        let start = index
        var name = try schemaName("a function's name")
        while take(.dot) { name += "." + (try schemaName("a function's name")) }
        let nameSpan = span(from: start)
        advance()
        let lower = name.lowercased()
        if let function = AggregateFunction(rawValue: lower) { return try aggregation(function, start: start) }
        let distinct = take(.distinct)
        let arguments = try expressions(until: .closeParenthesis)
        try expect(.closeParenthesis, ")", to: "end the arguments")
        guard let function = CypherFunction(rawValue: lower) else { throw unknownFunction(name, at: nameSpan) }
        guard !distinct else {
            throw .syntax(.invalidAggregation, "DISTINCT is for aggregations, and `\(name)` is none", at: nameSpan)
        }
        guard function.arity.contains(arguments.count) else {
            throw wrongCount(name, arguments.count, function.arity, at: nameSpan)
        }
        return Expression(.function(function, arguments), span(from: start))
    }

    private mutating func aggregation(_ function: AggregateFunction, start: Int) throws(CypherError) -> Expression {
        var aggregation = Aggregation(function: function, distinct: take(.distinct), arguments: [])
        if function == .count, !aggregation.distinct, take(.star) {
            try expect(.closeParenthesis, ")", to: "end the call")
            return Expression(.aggregation(aggregation), span(from: start))
        }
        aggregation.arguments = try expressions(until: .closeParenthesis)
        try expect(.closeParenthesis, ")", to: "end the arguments")
        guard aggregation.arguments.count == function.arity else {
            throw wrongCount(
                function.rawValue, aggregation.arguments.count, function.arity...function.arity, at: span(from: start))
        }
        return Expression(.aggregation(aggregation), span(from: start))
    }

    private func unknownFunction(_ name: String, at span: Span) -> CypherError {
        let known = CypherFunction.allCases.map(\.rawValue) + AggregateFunction.allCases.map(\.rawValue)
        let hint = Suggestion.closest(to: name, among: known).map { "; did you mean `\($0)`?" } ?? ""
        return .syntax(.unknownFunction, "There is no function `\(name.prefix(60))`\(hint)", at: span)
    }

    private func wrongCount(_ name: String, _ count: Int, _ arity: ClosedRange<Int>, at span: Span) -> CypherError {
        let wanted = arity.count == 1 ? "\(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
        return .syntax(
            .invalidNumberOfArguments, "`\(name)` takes \(wanted) arguments, not \(count)", at: span)
    }

    private mutating func quantifier() throws(CypherError) -> Expression {
        let start = index
        let quantifier: Quantifier =
            switch current.keyword {
            case .all: .all
            case .any: .any
            case .noneOf: .none
            default: .single
            }
        advance()
        advance()
        let variable = try variable()
        try expect(.in)
        let list = try expression()
        guard let predicate = try predicate() else { throw unexpected("WHERE", suggesting: [.where]) }
        try expect(.closeParenthesis, ")", to: "end the quantifier")
        return Expression(
            .quantifier(quantifier, ListPredicate(variable: variable, list: list, predicate: predicate)),
            span(from: start))
    }

    private mutating func reduction() throws(CypherError) -> Expression {
        let start = index
        advance()
        advance()
        let accumulator = try variable()
        try expect(.equal, "=", to: "give the first value")
        let initial = try expression()
        try expect(.comma, ",", to: "name the list")
        let variable = try variable()
        try expect(.in)
        let list = try expression()
        try expect(.pipe, "|", to: "begin the step")
        let step = try expression()
        try expect(.closeParenthesis, ")", to: "end the reduction")
        return Expression(
            .reduce(
                Reduction(accumulator: accumulator, initial: initial, variable: variable, list: list, step: step)),
            span(from: start))
    }

    // MARK: Maps and lists

    private mutating func mapLiteral() throws(CypherError) -> Expression {
        let start = index
        advance()
        var entries: [MapEntry] = []
        if !at(.closeBrace) {
            repeat {
                let key = try schemaName("a key")
                try expect(.colon, ":", to: "give the key's value")
                entries.append(MapEntry(key: key, value: try expression()))
            } while take(.comma)
        }
        try expect(.closeBrace, "}", to: "end the map")
        return Expression(.map(entries), span(from: start))
    }

    private mutating func mapProjection(of subject: Expression, start: Int) throws(CypherError) -> Expression {
        advance()
        var items: [MapProjection.Item] = []
        if !at(.closeBrace) {
            repeat {
                if take(.dot) {
                    items.append(take(.star) ? .allProperties : .property(try schemaName("a property's name")))
                    continue
                }
                let place = index
                let name = try schemaName("a key")
                let value =
                    take(.colon) ? try expression() : Expression(.variable(Variable(name)), tokens[place].span)
                items.append(.entry(MapEntry(key: name, value: value)))
            } while take(.comma)
        }
        try expect(.closeBrace, "}", to: "end the map")
        return Expression(.mapProjection(MapProjection(subject: subject, items: items)), span(from: start))
    }

    private mutating func listOrComprehension() throws(CypherError) -> Expression {
        let start = index
        advance()
        if atVariable, token(1).keyword == .in { return try listComprehension(start: start) }
        if let comprehension = try patternComprehension(start: start) { return comprehension }
        let elements = try expressions(until: .closeBracket)
        try expect(.closeBracket, "]", to: "end the list")
        return Expression(.list(elements), span(from: start))
    }

    private mutating func listComprehension(start: Int) throws(CypherError) -> Expression {
        let variable = try variable()
        try expect(.in)
        let list = try expression()
        let predicate = try predicate()
        let result = take(.pipe) ? try expression() : nil
        try expect(.closeBracket, "]", to: "end the list")
        return Expression(
            .listComprehension(
                ListComprehension(variable: variable, list: list, predicate: predicate, result: result)),
            span(from: start))
    }

    private mutating func patternComprehension(start: Int) throws(CypherError) -> Expression? {
        let first = index
        if atVariable, token(1).kind == .equal {
            index += 2
            let isPattern = atPattern
            index = first
            guard isPattern else { return nil }
        } else if !atPattern {
            return nil
        }
        let pattern = try pathPattern()
        let predicate = try predicate()
        try expect(.pipe, "|", to: "begin the comprehension's result")
        let result = try expression()
        try expect(.closeBracket, "]", to: "end the list")
        return Expression(
            .patternComprehension(PatternComprehension(pattern: pattern, predicate: predicate, result: result)),
            span(from: start))
    }
}
