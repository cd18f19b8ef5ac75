extension Parser {
    /// An expression, by the precedence of openCypher: OR, XOR, AND, NOT, comparisons, tests, sums, products, powers, signs,
    /// and what is attached to an atom.
    mutating func expression() throws(CypherError) -> Expression {
        let chainedBefore = chainedOperators
        defer { if depth == 0 { chainedOperators = chainedBefore } }
        return try nested { parser throws(CypherError) in try parser.disjunction() }
    }

    mutating func expressions(until end: Token.Kind) throws(CypherError) -> [Expression] {
        guard !at(end) else { return [] }
        return try siblings(separatedBy: { $0.take(.comma) }) { parser throws(CypherError) in try parser.expression() }
    }

    // MARK: Logic

    private mutating func disjunction() throws(CypherError) -> Expression {
        let terms = try siblings(separatedBy: { $0.take(.or) }) { parser throws(CypherError) in
            try parser.exclusiveDisjunction()
        }
        return flat(terms) { .or($0) }
    }

    private mutating func exclusiveDisjunction() throws(CypherError) -> Expression {
        let terms = try siblings(separatedBy: { $0.take(.xor) }) { parser throws(CypherError) in try parser.conjunction() }
        return flat(terms) { .xor($0) }
    }

    private mutating func conjunction() throws(CypherError) -> Expression {
        let terms = try siblings(separatedBy: { $0.take(.and) }) { parser throws(CypherError) in try parser.negation() }
        return flat(terms) { .and($0) }
    }

    /// Expressions beside one another: what they chain adds up along one of them, and not over all.
    private mutating func siblings(
        separatedBy separator: (inout Parser) -> Bool, _ parse: (inout Parser) throws(CypherError) -> Expression
    ) throws(CypherError) -> [Expression] {
        let before = chainedOperators
        var most = before
        var expressions: [Expression] = []
        repeat {
            chainedOperators = before
            expressions.append(try parse(&self))
            most = max(most, chainedOperators)
        } while separator(&self)
        chainedOperators = most
        return expressions
    }

    private func flat(_ terms: [Expression], _ kind: ([Expression]) -> Expression.Kind) -> Expression {
        guard terms.count > 1 else { return terms[0] }
        return Expression(kind(terms), terms[0].span.through(terms[terms.count - 1].span))
    }

    private mutating func negation() throws(CypherError) -> Expression {
        let start = index
        guard take(.not) else { return try comparison() }
        let operand = try nested { parser throws(CypherError) in try parser.negation() }
        return Expression(.unary(.not, operand), span(from: start))
    }

    // MARK: Comparisons

    private mutating func comparison() throws(CypherError) -> Expression {
        let first = try test()
        var links: [ComparisonLink] = []
        while let comparison = comparisonOperator {
            advance()
            links.append(ComparisonLink(comparison, try test()))
        }
        guard let last = links.last else { return first }
        return Expression(.comparison(first, links), first.span.through(last.right.span))
    }

    private var comparisonOperator: ComparisonOperator? {
        switch current.kind {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        default: nil
        }
    }

    /// `IN`, `STARTS WITH`, `ENDS WITH`, `CONTAINS`, `=~`, `IS NULL`, one after the other.
    private mutating func test() throws(CypherError) -> Expression {
        var left = try sum()
        while true {
            let operation: BinaryOperator
            switch (current.kind, current.keyword) {
            case (.equalTilde, _): operation = .matches
            case (_, .in): operation = .isIn
            case (_, .contains): operation = .contains
            case (_, .starts) where token(1).keyword == .with:
                operation = .startsWith
                advance()
            case (_, .ends) where token(1).keyword == .with:
                operation = .endsWith
                advance()
            case (_, .is):
                advance()
                let negated = take(.not)
                try expect(.null)
                try countChainedOperator()
                left = Expression(
                    negated ? .isNotNull(left) : .isNull(left), left.span.through(tokens[index - 1].span))
                continue
            default: return left
            }
            advance()
            left = try binary(operation, left, try sum())
        }
    }

    private mutating func binary(
        _ operation: BinaryOperator, _ left: Expression, _ right: Expression
    ) throws(CypherError) -> Expression {
        try countChainedOperator()
        return Expression(.binary(operation, left, right), left.span.through(right.span))
    }

    // MARK: Arithmetic

    private mutating func sum() throws(CypherError) -> Expression {
        var left = try product()
        while at(.plus) || at(.minus) {
            let operation: BinaryOperator = at(.plus) ? .add : .subtract
            advance()
            left = try binary(operation, left, try product())
        }
        return left
    }

    private mutating func product() throws(CypherError) -> Expression {
        var left = try power()
        while true {
            let operation: BinaryOperator
            switch current.kind {
            case .star: operation = .multiply
            case .slash: operation = .divide
            case .percent: operation = .modulo
            default: return left
            }
            advance()
            left = try binary(operation, left, try power())
        }
    }

    private mutating func power() throws(CypherError) -> Expression {
        var left = try signed()
        while take(.caret) { left = try binary(.power, left, try signed()) }
        return left
    }

    private mutating func signed() throws(CypherError) -> Expression {
        let start = index
        if take(.plus) {
            let operand = try nested { parser throws(CypherError) in try parser.signed() }
            return Expression(.unary(.plus, operand), span(from: start))
        }
        guard take(.minus) else { return try postfixExpression() }
        if at(.integer) {
            // The least integer has no positive counterpart: the sign is part of the literal.
            let literal = current
            advance()
            let place = span(from: start)
            let value = try Literals.integer(bytes[Int(literal.offset)..<literal.end], negative: true, at: place)
            return try attachments(to: Expression(.integer(value), place), start: start)
        }
        let operand = try nested { parser throws(CypherError) in try parser.signed() }
        return Expression(.unary(.minus, operand), span(from: start))
    }

    // MARK: What is attached to an atom

    mutating func postfixExpression() throws(CypherError) -> Expression {
        let start = index
        return try attachments(to: try atom(), start: start)
    }

    /// Properties, elements, slices and labels.
    private mutating func attachments(to atom: Expression, start: Int) throws(CypherError) -> Expression {
        var subject = atom
        while true {
            switch current.kind {
            case .dot:
                advance()
                let key = try schemaName("a property's name")
                subject = Expression(.property(subject, key: key), span(from: start))
            case .openBracket:
                advance()
                subject = try elementOrSlice(of: subject, start: start)
            case .colon
            where token(1).kind == .word || token(1).kind == .quotedName || token(1).kind == .exclamation
                || token(1).kind == .openParenthesis || token(1).kind == .percent:
                let labels = try labelPredicate()
                return Expression(.hasLabels(subject, labels), span(from: start))
            default: return subject
            }
            try countChainedOperator()
        }
    }

    private mutating func elementOrSlice(of subject: Expression, start: Int) throws(CypherError) -> Expression {
        let kind: Expression.Kind
        if take(.dotDot) {
            kind = .slice(subject, from: nil, to: at(.closeBracket) ? nil : try expression())
        } else {
            let from = try expression()
            if take(.dotDot) {
                kind = .slice(subject, from: from, to: at(.closeBracket) ? nil : try expression())
            } else {
                kind = .element(subject, index: from)
            }
        }
        try expect(.closeBracket, "]", to: "end the index")
        return Expression(kind, span(from: start))
    }
}
