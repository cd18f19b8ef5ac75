extension Expression {
    /// The expressions right below this one, in the order of the text. What stands inside of subqueries is not among them;
    /// what stands inside of pattern comprehensions and pattern predicates is.
    package var children: [Expression] {
        switch kind {
        case .null, .boolean, .integer, .float, .string, .parameter, .variable, .exists, .count, .collect: []
        case .list(let elements): elements
        case .map(let entries): entries.map(\.value)
        case .property(let subject, _), .hasLabels(let subject, _), .isNull(let subject), .isNotNull(let subject),
            .unary(_, let subject):
            [subject]
        case .element(let subject, let index): [subject, index]
        case .slice(let subject, let from, let to): [subject, from, to].compactMap(\.self)
        case .binary(_, let left, let right): [left, right]
        case .and(let terms), .or(let terms), .xor(let terms): terms
        case .comparison(let first, let links): [first] + links.map(\.right)
        case .caseOf(let it):
            [it.subject].compactMap(\.self) + it.alternatives.flatMap { [$0.when, $0.then] }
                + [it.otherwise].compactMap(\.self)
        case .function(_, let arguments): arguments
        case .aggregation(let it): it.arguments
        case .listComprehension(let it): [it.list] + [it.predicate, it.result].compactMap(\.self)
        case .quantifier(_, let it): [it.list, it.predicate]
        case .reduce(let it): [it.initial, it.list, it.step]
        case .mapProjection(let it): [it.subject] + it.items.compactMap(\.value)
        case .patternPredicate(let pattern): pattern.expressions
        case .patternComprehension(let it): it.pattern.expressions + [it.predicate, it.result].compactMap(\.self)
        }
    }

    /// Whether the test holds for this expression or one below it.
    package func contains(where test: (Expression) -> Bool) -> Bool {
        test(self) || children.contains { $0.contains(where: test) }
    }

    package var containsAggregation: Bool {
        contains { if case .aggregation = $0.kind { true } else { false } }
    }

    /// This expression with what is right below it replaced. Expressions inside of subqueries and patterns stay as they are.
    package func mappingChildren(
        _ transform: (Expression) throws(CypherError) -> Expression
    ) throws(CypherError) -> Expression {
        Expression(try kind.mappingChildren(transform), span)
    }
}

extension Expression.Kind {
    fileprivate func mappingChildren(
        _ transform: (Expression) throws(CypherError) -> Expression
    ) throws(CypherError) -> Expression.Kind {
        func all(_ expressions: [Expression]) throws(CypherError) -> [Expression] {
            var mapped: [Expression] = []
            mapped.reserveCapacity(expressions.count)
            for expression in expressions { mapped.append(try transform(expression)) }
            return mapped
        }
        func optional(_ expression: Expression?) throws(CypherError) -> Expression? {
            guard let expression else { return nil }
            return try transform(expression)
        }
        switch self {
        case .null, .boolean, .integer, .float, .string, .parameter, .variable, .exists, .count, .collect,
            .patternPredicate, .patternComprehension:
            return self
        case .list(let elements): return .list(try all(elements))
        case .map(let entries):
            let values = try all(entries.map(\.value))
            return .map(zip(entries, values).map { MapEntry(key: $0.key, value: $1) })
        case .property(let subject, let key): return .property(try transform(subject), key: key)
        case .hasLabels(let subject, let labels): return .hasLabels(try transform(subject), labels)
        case .isNull(let subject): return .isNull(try transform(subject))
        case .isNotNull(let subject): return .isNotNull(try transform(subject))
        case .unary(let sign, let operand): return .unary(sign, try transform(operand))
        case .element(let subject, let index): return .element(try transform(subject), index: try transform(index))
        case .slice(let subject, let from, let to):
            return .slice(try transform(subject), from: try optional(from), to: try optional(to))
        case .binary(let sign, let left, let right): return .binary(sign, try transform(left), try transform(right))
        case .and(let terms): return .and(try all(terms))
        case .or(let terms): return .or(try all(terms))
        case .xor(let terms): return .xor(try all(terms))
        case .comparison(let first, let links):
            let left = try transform(first)
            let rights = try all(links.map(\.right))
            return .comparison(left, zip(links, rights).map { ComparisonLink($0.comparison, $1) })
        case .caseOf(var it):
            it.subject = try optional(it.subject)
            for index in it.alternatives.indices {
                it.alternatives[index].when = try transform(it.alternatives[index].when)
                it.alternatives[index].then = try transform(it.alternatives[index].then)
            }
            it.otherwise = try optional(it.otherwise)
            return .caseOf(it)
        case .function(let function, let arguments): return .function(function, try all(arguments))
        case .aggregation(var it):
            it.arguments = try all(it.arguments)
            return .aggregation(it)
        case .listComprehension(var it):
            it.list = try transform(it.list)
            it.predicate = try optional(it.predicate)
            it.result = try optional(it.result)
            return .listComprehension(it)
        case .quantifier(let quantifier, var it):
            it.list = try transform(it.list)
            it.predicate = try transform(it.predicate)
            return .quantifier(quantifier, it)
        case .reduce(var it):
            it.initial = try transform(it.initial)
            it.list = try transform(it.list)
            it.step = try transform(it.step)
            return .reduce(it)
        case .mapProjection(var it):
            it.subject = try transform(it.subject)
            for index in it.items.indices {
                guard case .entry(var entry) = it.items[index] else { continue }
                entry.value = try transform(entry.value)
                it.items[index] = .entry(entry)
            }
            return .mapProjection(it)
        }
    }
}

extension MapProjection.Item {
    package var value: Expression? { if case .entry(let entry) = self { entry.value } else { nil } }
}

extension PathPattern {
    /// The properties and predicates of its nodes and relationships.
    package var expressions: [Expression] {
        var found = [start.properties, start.predicate]
        for step in steps {
            found += [
                step.relationship.properties, step.relationship.predicate, step.node.properties, step.node.predicate,
            ]
        }
        return found.compactMap(\.self)
    }

    package var nodes: [NodePattern] { [start] + steps.map(\.node) }
}
