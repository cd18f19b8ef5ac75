import CypherSyntax

extension Planner {
    // MARK: Expressions that ask the graph

    /// The expression with its patterns and subqueries replaced by columns; operators that fill these are added to the plan.
    mutating func prepare(_ expression: Expression, _ plan: inout LogicalPlan) throws(CypherError) -> Expression {
        let prepared = try extract(expression, &plan)
        if prepared.contains(where: \.asksForEnds) { plan = .loadEnds(plan, [prepared]) }
        return prepared
    }

    mutating func prepare(_ expression: Expression?, _ plan: inout LogicalPlan) throws(CypherError) -> Expression? {
        guard let expression else { return nil }
        return try prepare(expression, &plan) as Expression
    }

    mutating func prepare(_ expressions: [Expression], _ plan: inout LogicalPlan) throws(CypherError) -> [Expression] {
        var prepared: [Expression] = []
        for expression in expressions { prepared.append(try prepare(expression, &plan)) }
        return prepared
    }

    private mutating func extract(_ expression: Expression, _ plan: inout LogicalPlan) throws(CypherError) -> Expression {
        guard expression.contains(where: { $0.needsGraph }) else { return expression }
        let span = expression.span
        switch expression.kind {
        case .patternPredicate(let pattern):
            return try applied(to: &plan, { .exists($0) }, span) { planner, leaf throws(CypherError) in
                (try planner.planMatch([pattern], nil, from: leaf), nil)
            }
        case .exists(let subquery):
            return try applied(to: &plan, { .exists($0) }, span) { planner, leaf throws(CypherError) in
                (try planner.plan(subquery.query, from: leaf), nil)
            }
        case .count(let subquery):
            return try applied(to: &plan, { .count($0) }, span) { planner, leaf throws(CypherError) in
                (try planner.plan(subquery.query, from: leaf), nil)
            }
        case .collect(let subquery):
            return try applied(to: &plan, nil, span) { planner, leaf throws(CypherError) in
                (try planner.plan(subquery.query, from: leaf), subquery.query.parts[0].columns.first)
            }
        case .patternComprehension(let it):
            return try applied(to: &plan, nil, span) { planner, leaf throws(CypherError) in
                var inner = try planner.planMatch([it.pattern], it.predicate, from: leaf)
                let column = planner.newSlot()
                let result = try planner.prepare(it.result, &inner)
                return (.extend(inner, [SlotExpression(slot: column, expression: result)]), column)
            }
        case .listComprehension(let it) where it.asksWithin: return try extract(it, span, &plan)
        case .quantifier(let quantifier, let it) where it.predicate.contains(where: \.needsGraph):
            let list = try extract(it.list, &plan)
            let answers = try collected(it.variable, list, nil, it.predicate, span, &plan)
            let answer = temporary()
            let test = Expression(.variable(answer), span)
            let quantified = Expression(
                .quantifier(quantifier, ListPredicate(variable: answer, list: answers, predicate: test)), span)
            return nullUnless(list, quantified, span)
        case .reduce(let it) where it.step.contains(where: \.needsGraph):
            throw .syntax(.unexpectedSyntax, "A reduction's step cannot hold patterns and subqueries", at: span)
        default:
            var planner = self
            var extended = plan
            let mapped = try expression.mappingChildren { child throws(CypherError) in
                try planner.extract(child, &extended)
            }
            self = planner
            plan = extended
            return mapped
        }
    }

    /// The column that comes of an inner plan that is applied to each row. Without a kind, it is collected.
    private mutating func applied(
        to plan: inout LogicalPlan, _ kind: ((Int) -> ApplyStep.Kind)?, _ span: Span,
        _ body: (inout Planner, LogicalPlan) throws(CypherError) -> (LogicalPlan, column: Int?)
    ) throws(CypherError) -> Expression {
        let result = temporary()
        var column: Int?
        let (inner, slot) = try applied { planner, leaf throws(CypherError) in
            let (inner, from) = try body(&planner, leaf)
            column = from
            return inner
        }
        let into = Int(result.slot)
        let step = ApplyStep(
            kind: kind?(into) ?? .collect(into, from: column ?? into), argument: slot, introduced: [into],
            rowByRow: false)
        plan = .apply(plan, inner: inner, step)
        bound.insert(into)
        hasRead = true
        return Expression(.variable(result), span)
    }

    /// A comprehension whose predicate or result asks the graph: its list is taken apart into rows and collected again.
    private mutating func extract(
        _ it: ListComprehension, _ span: Span, _ plan: inout LogicalPlan
    ) throws(CypherError) -> Expression {
        let list = try extract(it.list, &plan)
        let result = it.result ?? Expression(.variable(it.variable), span)
        return nullUnless(list, try collected(it.variable, list, it.predicate, result, span, &plan), span)
    }

    private mutating func collected(
        _ variable: Variable, _ list: Expression, _ predicate: Expression?, _ result: Expression, _ span: Span,
        _ plan: inout LogicalPlan
    ) throws(CypherError) -> Expression {
        try applied(to: &plan, nil, span) { planner, leaf throws(CypherError) in
            var inner = LogicalPlan.unwind(leaf, list, slot: Int(variable.slot))
            planner.bound.insert(Int(variable.slot))
            if let predicate { inner = try planner.filter(inner, predicate) }
            let column = planner.newSlot()
            let result = try planner.prepare(result, &inner)
            return (.extend(inner, [SlotExpression(slot: column, expression: result)]), column)
        }
    }

    private func nullUnless(_ list: Expression, _ result: Expression, _ span: Span) -> Expression {
        let isNull = Expression(.isNull(list), span)
        return Expression(
            .caseOf(
                CaseExpression(
                    subject: nil, alternatives: [.init(when: isNull, then: Expression(.null, span))], otherwise: result)),
            span)
    }

    mutating func filter(_ input: LogicalPlan, _ predicate: Expression) throws(CypherError) -> LogicalPlan {
        var plan = input
        let predicate = try prepare(predicate, &plan)
        return .filter(plan, predicate)
    }
}

extension ListComprehension {
    fileprivate var asksWithin: Bool {
        predicate?.contains(where: \.needsGraph) == true || result?.contains(where: \.needsGraph) == true
    }
}
