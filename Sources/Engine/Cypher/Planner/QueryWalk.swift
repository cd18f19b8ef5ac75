import CypherSyntax

extension Expression {
    /// Calls the body with this expression and all below it, those inside of patterns and subqueries included.
    func walk(_ body: (Expression) -> Void) {
        body(self)
        switch kind {
        case .exists(let subquery), .count(let subquery), .collect(let subquery): subquery.query.walk(body)
        default: for child in children { child.walk(body) }
        }
    }

    /// The slots of all variables that it mentions anywhere, bound outside of it or within.
    var mentionedSlots: Set<Int> {
        var slots: Set<Int> = []
        walk { part in
            switch part.kind {
            case .variable(let variable): slots.insert(Int(variable.slot))
            case .patternPredicate(let pattern): slots.formUnion(pattern.variables.map { Int($0.slot) })
            case .patternComprehension(let it): slots.formUnion(it.pattern.variables.map { Int($0.slot) })
            case .exists(let subquery), .count(let subquery), .collect(let subquery):
                subquery.query.forEachPattern { slots.formUnion($0.variables.map { Int($0.slot) }) }
            default: break
            }
        }
        return slots
    }

    /// Patterns and subqueries are worked out by operators, not from a row.
    var needsGraph: Bool {
        switch kind {
        case .patternPredicate, .patternComprehension, .exists, .count, .collect: true
        default: false
        }
    }

    var asksForEnds: Bool {
        if case .function(let function, _) = kind { function == .startNode || function == .endNode } else { false }
    }

    /// The terms that all have to hold.
    var conjuncts: [Expression] {
        if case .and(let terms) = kind { terms.flatMap(\.conjuncts) } else { [self] }
    }
}

extension Query {
    func walk(_ body: (Expression) -> Void) { for part in parts { part.clauses.walk(body) } }

    func forEachPattern(_ body: (PathPattern) -> Void) { for part in parts { part.clauses.forEachPattern(body) } }
}

extension [Clause] {
    func walk(_ body: (Expression) -> Void) {
        for clause in self {
            for expression in clause.expressions { expression.walk(body) }
            switch clause.kind {
            case .forEach(let loop): loop.clauses.walk(body)
            case .subquery(let call): call.query.walk(body)
            default: break
            }
        }
    }

    func forEachPattern(_ body: (PathPattern) -> Void) {
        for clause in self {
            switch clause.kind {
            case .match(let match): match.patterns.forEach(body)
            case .create(let patterns): patterns.forEach(body)
            case .merge(let merge): body(merge.pattern)
            case .forEach(let loop): loop.clauses.forEachPattern(body)
            case .subquery(let call): call.query.forEachPattern(body)
            default: break
            }
        }
    }

    var write: Bool {
        contains { clause in
            switch clause.kind {
            case .create, .merge, .set, .remove, .delete, .forEach: true
            case .subquery(let call): call.query.parts.contains { $0.clauses.write }
            default: false
            }
        }
    }
}

extension Clause {
    /// The expressions of the clause itself, without those of clauses and queries within.
    var expressions: [Expression] {
        switch kind {
        case .match(let match): match.patterns.flatMap(\.expressions) + [match.predicate].compactMap(\.self)
        case .unwind(let list, _): [list]
        case .with(let projection), .returns(let projection): projection.expressions
        case .create(let patterns): patterns.flatMap(\.expressions)
        case .merge(let merge):
            merge.pattern.expressions + (merge.onCreate + merge.onMatch).flatMap(\.expressions)
        case .set(let items): items.flatMap(\.expressions)
        case .remove(let items): items.flatMap(\.expressions)
        case .delete(let targets, _): targets
        case .forEach(let loop): [loop.list]
        case .call(let call): (call.arguments ?? []) + [call.predicate].compactMap(\.self)
        case .subquery: []
        }
    }
}

extension Projection {
    var expressions: [Expression] {
        items.map(\.expression) + orderBy.map(\.expression) + [skip, limit, predicate].compactMap(\.self)
    }
}

extension SetItem {
    var expressions: [Expression] {
        switch self {
        case .property(let subject, _, let value): [subject, value]
        case .dynamicProperty(let subject, let key, let value): [subject, key, value]
        case .replace(let variable, let value, let span), .merge(let variable, let value, let span):
            [Expression(.variable(variable), span), value]
        case .labels(let variable, _, let span): [Expression(.variable(variable), span)]
        }
    }
}

extension RemoveItem {
    var expressions: [Expression] {
        switch self {
        case .property(let subject, _): [subject]
        case .labels(let variable, _, let span): [Expression(.variable(variable), span)]
        }
    }
}
