package import CypherSyntax

/// Makes expressions ready for evaluation.
///
/// What needs the graph (pattern predicates and comprehensions, subqueries) and what needs all rows of a group (aggregations) is
/// worked out by operators of the plan, which put their results in columns: `column` tells which.
package struct ExpressionCompiler {
    /// The column that holds an expression's value already; nil when it is to be computed. Asked for every part of an expression
    /// that is not a variable, from outside in.
    private let column: (Expression) -> Int?
    /// The slots that comprehensions around the current place bind.
    private var bound: Set<Int> = []
    /// For folding constants: no zones and a small budget, so that what depends on them or gets large is left for the run.
    private let folding: EvaluationFrame

    private static let foldedBytesMax = 4096

    package init(column: @escaping (Expression) -> Int? = { _ in nil }) {
        self.column = column
        let limits = ValueLimits(bytesMax: Self.foldedBytesMax)
        folding = EvaluationFrame(context: EvaluationContext(limits: limits), batch: RowBatch(slots: 0))
    }

    /// Throws `SyntaxError` for a kind of expression that has no column and cannot be computed from a row alone.
    package func compile(_ expression: Expression) throws(CypherError) -> CompiledExpression {
        CompiledExpression(root: try evaluator(expression))
    }

    private func evaluator(_ expression: Expression) throws(CypherError) -> Evaluator {
        let span = expression.span
        if case .variable(let variable) = expression.kind {
            let slot = Int(variable.slot)
            precondition(slot >= 0, "the variable \(variable.name) has no slot")
            return bound.contains(slot) ? Local(slot, span) : Column(slot, span)
        }
        if let slot = column(expression) { return Column(slot, span) }
        switch expression.kind {
        case .null: return Constant(.null, span)
        case .boolean(let value): return Constant(.boolean(value), span)
        case .integer(let value): return Constant(.integer(value), span)
        case .float(let value): return Constant(.float(value), span)
        case .string(let value): return Constant(.string(value), span)
        case .parameter(let name): return Parameter(name, span)
        case .list, .map, .mapProjection: return try collection(expression)
        case .listComprehension, .quantifier, .reduce: return try scoped(expression)
        case .property, .element, .slice, .hasLabels: return try access(expression)
        default: return try operation(expression)
        }
    }

    private func evaluators(_ expressions: [Expression]) throws(CypherError) -> [Evaluator] {
        var made: [Evaluator] = []
        for expression in expressions { made.append(try evaluator(expression)) }
        return made
    }

    private func optional(_ expression: Expression?) throws(CypherError) -> Evaluator? {
        guard let expression else { return nil }
        return try evaluator(expression)
    }

    private func binding(_ variables: Variable...) -> ExpressionCompiler {
        var inner = self
        for variable in variables { inner.bound.insert(Int(variable.slot)) }
        return inner
    }

    /// The value itself in the place of what computes it from constants alone, unless computing it fails: that is for the run to tell.
    private func folded(_ evaluator: Evaluator, of parts: [Evaluator]) -> Evaluator {
        guard parts.allSatisfy(\.isConstant), let value = try? evaluator.evaluate(folding) else { return evaluator }
        return Constant(value, evaluator.span)
    }

    private func collection(_ expression: Expression) throws(CypherError) -> Evaluator {
        let span = expression.span
        switch expression.kind {
        case .list(let members):
            let parts = try evaluators(members)
            return folded(ListLiteral(parts, span), of: parts)
        case .map(let entries):
            let parts = try evaluators(entries.map(\.value))
            return folded(MapLiteral(Array(zip(entries.map(\.key), parts)), span), of: parts)
        case .mapProjection(let projection):
            let subject = try evaluator(projection.subject)
            var items: [Projected.Item] = []
            for item in projection.items {
                switch item {
                case .property(let key): items.append(.property(key))
                case .allProperties: items.append(.allProperties)
                case .entry(let entry): items.append(.entry(entry.key, try evaluator(entry.value)))
                }
            }
            return Projected(subject, items, span)
        default: preconditionFailure("not a collection: \(expression.kind)")
        }
    }

    private func scoped(_ expression: Expression) throws(CypherError) -> Evaluator {
        let span = expression.span
        switch expression.kind {
        case .listComprehension(let it):
            let inner = binding(it.variable)
            return Comprehension(
                slot: Int(it.variable.slot), list: try evaluator(it.list), predicate: try inner.optional(it.predicate),
                result: try inner.optional(it.result), span)
        case .quantifier(let quantifier, let it):
            return Quantified(
                quantifier, slot: Int(it.variable.slot), list: try evaluator(it.list),
                predicate: try binding(it.variable).evaluator(it.predicate), span)
        case .reduce(let it):
            return Reduced(
                accumulator: Int(it.accumulator.slot), initial: try evaluator(it.initial),
                slot: Int(it.variable.slot), list: try evaluator(it.list),
                step: try binding(it.accumulator, it.variable).evaluator(it.step), span)
        default: preconditionFailure("binds no variable: \(expression.kind)")
        }
    }

    private func access(_ expression: Expression) throws(CypherError) -> Evaluator {
        let span = expression.span
        switch expression.kind {
        case .property(let subject, let key):
            let part = try evaluator(subject)
            return folded(Property(part, key: key, span), of: [part])
        case .element(let subject, let index):
            let parts = (try evaluator(subject), try evaluator(index))
            return folded(Element(parts.0, index: parts.1, span), of: [parts.0, parts.1])
        case .slice(let subject, let from, let to):
            let part = try evaluator(subject)
            let (low, high) = (try optional(from), try optional(to))
            return folded(Slice(part, from: low, to: high, span), of: [part] + [low, high].compactMap(\.self))
        case .hasLabels(let subject, let labels): return LabelCheck(try evaluator(subject), labels, span)
        default: preconditionFailure("reaches into nothing: \(expression.kind)")
        }
    }

    private func operation(_ expression: Expression) throws(CypherError) -> Evaluator {
        let span = expression.span
        switch expression.kind {
        case .isNull(let subject): return NullCheck(try evaluator(subject), isNull: true, span)
        case .isNotNull(let subject): return NullCheck(try evaluator(subject), isNull: false, span)
        case .unary(let sign, let operand): return try unary(sign, operand, span)
        case .binary(let sign, let left, let right):
            let parts = (try evaluator(left), try evaluator(right))
            return folded(Binary(sign, parts.0, parts.1, span), of: [parts.0, parts.1])
        case .and(let terms):
            let parts = try evaluators(terms)
            return folded(Connective(parts, decisive: false, span), of: parts)
        case .or(let terms):
            let parts = try evaluators(terms)
            return folded(Connective(parts, decisive: true, span), of: parts)
        case .xor(let terms):
            let parts = try evaluators(terms)
            return folded(ExclusiveOr(parts, span), of: parts)
        case .comparison(let first, let links):
            let part = try evaluator(first)
            let others = try evaluators(links.map(\.right))
            let chain = ComparisonChain(part, Array(zip(links.map(\.comparison), others)), span)
            return folded(chain, of: [part] + others)
        case .caseOf(let it): return try conditional(it, span)
        case .function(let function, let arguments):
            let parts = try evaluators(arguments)
            let call = Call(function, parts, span)
            return function.isFoldable ? folded(call, of: parts) : call
        default: throw .syntax(.unexpectedSyntax, "this cannot be computed here", at: span)
        }
    }

    private func unary(_ sign: UnaryOperator, _ operand: Expression, _ span: Span) throws(CypherError) -> Evaluator {
        let part = try evaluator(operand)
        switch sign {
        case .not: return folded(Negation(part, span), of: [part])
        case .plus: return folded(Sign(part, isNegative: false, span), of: [part])
        case .minus: return folded(Sign(part, isNegative: true, span), of: [part])
        }
    }

    private func conditional(_ it: CaseExpression, _ span: Span) throws(CypherError) -> Evaluator {
        var alternatives: [(when: Evaluator, then: Evaluator)] = []
        for alternative in it.alternatives {
            alternatives.append((try evaluator(alternative.when), try evaluator(alternative.then)))
        }
        return Case(
            subject: try optional(it.subject), alternatives: alternatives,
            otherwise: try optional(it.otherwise) ?? Constant(.null, span), span)
    }
}

extension CypherFunction {
    /// Whether the value depends on the arguments alone, and not on the query's clock, zones or dice.
    var isFoldable: Bool {
        switch self {
        case .timestamp, .random, .randomUUID: false
        case .date, .time, .localTime, .dateTime, .localDateTime: false
        case .dateTransaction, .dateStatement, .dateRealtime, .timeTransaction, .timeStatement, .timeRealtime,
            .localTimeTransaction, .localTimeStatement, .localTimeRealtime, .dateTimeTransaction,
            .dateTimeStatement, .dateTimeRealtime, .localDateTimeTransaction, .localDateTimeStatement,
            .localDateTimeRealtime:
            false
        default: true
        }
    }
}
