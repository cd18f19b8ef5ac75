extension SemanticAnalyser {
    // MARK: Variables

    func undefined(_ variable: Variable, at span: Span) -> CypherError {
        let meant = Suggestion.closest(to: variable.name, among: scope.names)
        return .syntax(
            .undefinedVariable,
            "`\(variable.name.prefix(60))` is not defined" + (meant.map { "; did you mean `\($0)`?" } ?? ""), at: span)
    }

    func resolve(_ variable: Variable, at span: Span) throws(CypherError) -> Scope.Binding {
        guard let bound = scope[variable.name] else { throw undefined(variable, at: span) }
        return bound
    }

    // MARK: Predicates

    /// A condition: patterns may stand for whether they match, and the whole has to be able to be a boolean.
    mutating func analysePredicate(_ predicate: inout Expression?) throws(CypherError) {
        guard var expression = predicate else { return }
        try analyseCondition(&expression)
        predicate = expression
    }

    mutating func analyseCondition(_ expression: inout Expression) throws(CypherError) {
        let saved = allowsPatterns
        allowsPatterns = true
        defer { allowsPatterns = saved }
        try demand(try analyse(&expression), expression.span, "A condition", .boolean)
    }

    func demand(_ type: StaticType, _ span: Span, _ what: String, _ wanted: StaticType...) throws(CypherError) {
        guard !wanted.contains(where: { type.mayBe($0) }) else { return }
        let names = wanted.map(\.name).joined(separator: " or ")
        throw .syntax(.invalidArgumentType, "\(what) takes a \(names), not a \(type.name)", at: span)
    }

    // MARK: Expressions

    /// Binds the expression's variables, checks it, and tells its type.
    mutating func analyse(_ expression: inout Expression) throws(CypherError) -> StaticType {
        let patternsAllowed = allowsPatterns
        defer { allowsPatterns = patternsAllowed }
        switch expression.kind {
        case .and(var terms):
            try analyseLogic(&terms, "AND")
            expression.kind = .and(terms)
            return .boolean
        case .or(var terms):
            try analyseLogic(&terms, "OR")
            expression.kind = .or(terms)
            return .boolean
        case .xor(var terms):
            try analyseLogic(&terms, "XOR")
            expression.kind = .xor(terms)
            return .boolean
        case .unary(.not, var operand):
            try demand(try analyse(&operand), operand.span, "NOT", .boolean)
            expression.kind = .unary(.not, operand)
            return .boolean
        case .patternPredicate(var pattern):
            guard patternsAllowed else {
                throw .syntax(
                    .unexpectedSyntax, "A pattern stands for whether it matches only in a condition; see EXISTS { }",
                    at: expression.span)
            }
            try analysePatternPredicate(&pattern)
            expression.kind = .patternPredicate(pattern)
            return .boolean
        default:
            allowsPatterns = false
            return try analyseOther(&expression)
        }
    }

    private mutating func analyseLogic(_ terms: inout [Expression], _ name: String) throws(CypherError) {
        for index in terms.indices {
            try demand(try analyse(&terms[index]), terms[index].span, name, .boolean)
        }
    }

    private mutating func analyseOther(_ expression: inout Expression) throws(CypherError) -> StaticType {
        switch expression.kind {
        case .null: return .null
        case .boolean: return .boolean
        case .integer: return .integer
        case .float: return .float
        case .string: return .string
        case .parameter: return .any
        case .variable(let variable):
            let bound = try resolve(variable, at: expression.span)
            expression.kind = .variable(Variable(variable.name, slot: bound.slot))
            return bound.type
        case .list(var elements):
            var type: StaticType = .null
            for index in elements.indices { type = type.joined(try analyse(&elements[index])) }
            expression.kind = .list(elements)
            return .list(type)
        case .map(var entries):
            for index in entries.indices { _ = try analyse(&entries[index].value) }
            expression.kind = .map(entries)
            return .map
        case .mapProjection: return try analyseChildren(&expression, as: .map)
        case .property, .element, .slice, .hasLabels: return try analyseAccess(&expression)
        case .binary(let operation, var left, var right):
            let types = (try analyse(&left), try analyse(&right))
            try check(operation, left, types.0, right, types.1)
            expression.kind = .binary(operation, left, right)
            return type(of: operation, types.0, types.1)
        case .unary(let sign, var operand):
            let type = try analyse(&operand)
            try demand(type, operand.span, "A sign", .number, .temporal)
            expression.kind = .unary(sign, operand)
            return type
        case .comparison, .isNull, .isNotNull: return try analyseChildren(&expression, as: .boolean)
        case .caseOf(let it): return try analyse(it, &expression)
        case .function(let function, var arguments):
            var types: [StaticType] = []
            for index in arguments.indices { types.append(try analyse(&arguments[index])) }
            try checkArguments(of: function, arguments, types)
            expression.kind = .function(function, arguments)
            return resultType(of: function, types)
        case .aggregation(let it): return try analyse(it, &expression)
        default: return try analyseScoped(&expression)
        }
    }

    private mutating func analyseChildren(
        _ expression: inout Expression, as type: StaticType
    ) throws(CypherError) -> StaticType {
        var analyser = self
        expression = try expression.mappingChildren { child throws(CypherError) in
            var child = child
            _ = try analyser.analyse(&child)
            return child
        }
        slotCount = analyser.slotCount
        return type
    }

    private mutating func analyse(_ it: CaseExpression, _ expression: inout Expression) throws(CypherError) -> StaticType {
        var it = it
        if var subject = it.subject {
            _ = try analyse(&subject)
            it.subject = subject
        }
        var type: StaticType = .null
        for index in it.alternatives.indices {
            if it.subject == nil {
                try analyseCondition(&it.alternatives[index].when)
            } else {
                _ = try analyse(&it.alternatives[index].when)
            }
            type = type.joined(try analyse(&it.alternatives[index].then))
        }
        if var otherwise = it.otherwise {
            type = type.joined(try analyse(&otherwise))
            it.otherwise = otherwise
        }
        expression.kind = .caseOf(it)
        return type
    }

    // MARK: Access

    private mutating func analyseAccess(_ expression: inout Expression) throws(CypherError) -> StaticType {
        switch expression.kind {
        case .property(var subject, let key):
            let type = try analyse(&subject)
            guard type.mayBe(.map, .node, .relationship, .temporal) else {
                throw CypherError(
                    .typeError, .compileTime, .invalidArgumentType, "A \(type.name) has no properties", at: subject.span)
            }
            expression.kind = .property(subject, key: key)
            return .any
        case .element(var subject, var index):
            let type = try analyse(&subject)
            _ = try analyse(&index)
            guard type.mayBe(.map, .node, .relationship, .list(.any)) else {
                throw CypherError(
                    .typeError, .compileTime, .invalidArgumentType, "A \(type.name) has no elements", at: subject.span)
            }
            expression.kind = .element(subject, index: index)
            return type.element
        case .slice(var subject, var from, var to):
            let type = try analyse(&subject)
            try demand(type, subject.span, "A slice", .list(.any))
            if var bound = from {
                _ = try analyse(&bound)
                from = bound
            }
            if var bound = to {
                _ = try analyse(&bound)
                to = bound
            }
            expression.kind = .slice(subject, from: from, to: to)
            return type
        case .hasLabels(var subject, let labels):
            try demand(try analyse(&subject), subject.span, "A test of labels", .node, .relationship)
            expression.kind = .hasLabels(subject, labels)
            return .boolean
        default: preconditionFailure("reaches into nothing: \(expression.kind)")
        }
    }

    // MARK: What binds variables of its own

    private mutating func analyseScoped(_ expression: inout Expression) throws(CypherError) -> StaticType {
        switch expression.kind {
        case .listComprehension(var it):
            let list = try analyse(&it.list)
            let type = try analyse(&it, over: list, at: it.list.span)
            expression.kind = .listComprehension(it)
            return type
        case .quantifier(let quantifier, var it):
            let list = try analyse(&it.list)
            try demand(list, it.list.span, quantifier.rawValue, .list(.any))
            try inner { analyser throws(CypherError) in
                analyser.declare(&it.variable, list.element)
                try analyser.analyseCondition(&it.predicate)
            }
            expression.kind = .quantifier(quantifier, it)
            return .boolean
        case .reduce(var it):
            let initial = try analyse(&it.initial)
            let list = try analyse(&it.list)
            try inner { analyser throws(CypherError) in
                analyser.declare(&it.accumulator, .any)
                analyser.declare(&it.variable, list.element)
                _ = try analyser.analyse(&it.step)
            }
            expression.kind = .reduce(it)
            return initial == .string ? .string : .any
        case .patternComprehension(var it):
            var type = StaticType.any
            try inner { analyser throws(CypherError) in type = try analyser.analyse(&it) }
            expression.kind = .patternComprehension(it)
            return type
        case .exists(var subquery):
            try analyse(&subquery, as: .test, at: expression.span)
            expression.kind = .exists(subquery)
            return .boolean
        case .count(var subquery):
            try analyse(&subquery, as: .test, at: expression.span)
            expression.kind = .count(subquery)
            return .integer
        case .collect(var subquery):
            try analyse(&subquery, as: .collection, at: expression.span)
            expression.kind = .collect(subquery)
            return .list(.any)
        default: preconditionFailure("binds no variable: \(expression.kind)")
        }
    }

    private mutating func analyse(
        _ it: inout ListComprehension, over list: StaticType, at span: Span
    ) throws(CypherError) -> StaticType {
        try demand(list, span, "A list comprehension", .list(.any))
        let saved = (scope, aggregation)
        defer { (scope, aggregation) = saved }
        if aggregation == .allowed { aggregation = .refused }
        declare(&it.variable, list.element)
        if it.predicate != nil { try analysePredicate(&it.predicate) }
        guard var result = it.result else { return list }
        let type = try analyse(&result)
        it.result = result
        return .list(type)
    }

    /// Runs the body with a scope of its own, in which nothing is aggregated.
    private mutating func inner(_ body: (inout SemanticAnalyser) throws(CypherError) -> Void) throws(CypherError) {
        let saved = (scope, aggregation)
        if aggregation == .allowed { aggregation = .refused }
        defer { (scope, aggregation) = saved }
        try body(&self)
    }

    // MARK: Aggregations

    private mutating func analyse(_ it: Aggregation, _ expression: inout Expression) throws(CypherError) -> StaticType {
        switch aggregation {
        case .allowed: break
        case .refused:
            throw .syntax(
                .invalidAggregation, "An aggregation stands in RETURN or WITH only, and not in a condition",
                at: expression.span)
        case .inside:
            throw .syntax(.nestedAggregation, "An aggregation cannot be of aggregations", at: expression.span)
        }
        var it = it
        aggregation = .inside
        defer { aggregation = .allowed }
        var type = StaticType.any
        for index in it.arguments.indices {
            if it.arguments[index].contains(where: \.isVolatileCall) {
                throw .syntax(
                    .nonConstantExpression, "An aggregation cannot be of random values", at: it.arguments[index].span)
            }
            let argument = try analyse(&it.arguments[index])
            if index == 0 { type = argument }
        }
        expression.kind = .aggregation(it)
        switch it.function {
        case .count: return .integer
        case .collect: return .list(type)
        default: return .any
        }
    }
}

extension Expression {
    /// A call whose value differs from one time to the next.
    fileprivate var isVolatileCall: Bool {
        if case .function(let function, _) = kind { function.isVolatile } else { false }
    }
}
