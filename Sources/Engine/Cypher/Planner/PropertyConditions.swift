import CypherSyntax

extension Expression {
    /// Whether it has one value for the whole query: it mentions no variable, asks no graph, and rolls no dice.
    var isRowConstant: Bool {
        !contains { part in
            switch part.kind {
            case .variable: true
            case .function(let function, _): function.isVolatile
            default: part.needsGraph
            }
        }
    }

    /// `n.key = value`, either way round, of a variable that is wanted.
    func propertyEquality(of isWanted: (Int) -> Bool) -> (slot: Int, key: String, value: Expression)? {
        guard case .comparison(let left, let links) = kind, links.count == 1, links[0].comparison == .equal else {
            return nil
        }
        let right = links[0].right
        if let (slot, key) = left.propertyOfVariable, isWanted(slot) { return (slot, key, right) }
        if let (slot, key) = right.propertyOfVariable, isWanted(slot) { return (slot, key, left) }
        return nil
    }

    var propertyOfVariable: (slot: Int, key: String)? {
        guard case .property(let subject, let key) = kind, let slot = subject.variableSlot else { return nil }
        return (slot, key)
    }

    /// A test of one property that the graph can carry out: comparisons with a constant, `IN`, `STARTS WITH`, `IS NOT NULL`.
    var propertyTest: (slot: Int, test: ConstantTest)? {
        switch kind {
        case .isNotNull(let subject):
            guard let (slot, key) = subject.propertyOfVariable else { return nil }
            return (slot, ConstantTest(key: key, test: .exists))
        case .binary(.isIn, let subject, let list):
            guard let (slot, key) = subject.propertyOfVariable, list.isRowConstant else { return nil }
            return (slot, ConstantTest(key: key, test: .oneOf(list)))
        case .binary(.startsWith, let subject, let prefix):
            guard let (slot, key) = subject.propertyOfVariable, prefix.isRowConstant else { return nil }
            return (slot, ConstantTest(key: key, test: .prefix(prefix)))
        case .comparison(let left, let links) where links.count == 1:
            let (comparison, right) = (links[0].comparison, links[0].right)
            if let (slot, key) = left.propertyOfVariable, right.isRowConstant {
                return Self.range(key, comparison, right).map { (slot, $0) }
            }
            if let (slot, key) = right.propertyOfVariable, left.isRowConstant {
                return Self.range(key, comparison.mirrored, left).map { (slot, $0) }
            }
            return nil
        default: return nil
        }
    }

    private static func range(_ key: String, _ comparison: ComparisonOperator, _ bound: Expression) -> ConstantTest? {
        let test: ConstantTest.Test
        switch comparison {
        case .less, .lessOrEqual:
            test = .range(lower: nil, lowerInclusive: false, upper: bound, upperInclusive: comparison == .lessOrEqual)
        case .greater, .greaterOrEqual:
            test = .range(lower: bound, lowerInclusive: comparison == .greaterOrEqual, upper: nil, upperInclusive: false)
        case .equal, .notEqual: return nil
        }
        return ConstantTest(key: key, test: test)
    }
}

extension ComparisonOperator {
    /// What it is with its sides swapped.
    fileprivate var mirrored: ComparisonOperator {
        switch self {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }
}

extension MatchPlanner.Node {
    /// The node's tests as expressions, for nodes that the graph does not test.
    func conditions(on slot: Int) -> [Expression] {
        let subject = Expression(.variable(Variable("", slot: Int32(slot))), .none)
        var conditions = labels.map { Expression(.hasLabels(subject, .label($0)), .none) }
        for test in tests {
            let property = Expression(.property(subject, key: test.key), .none)
            func compare(_ comparison: ComparisonOperator, _ value: Expression) {
                conditions.append(Expression(.comparison(property, [ComparisonLink(comparison, value)]), .none))
            }
            switch test.test {
            case .equal(let value): compare(.equal, value)
            case .oneOf(let list): conditions.append(Expression(.binary(.isIn, property, list), .none))
            case .prefix(let prefix): conditions.append(Expression(.binary(.startsWith, property, prefix), .none))
            case .exists: conditions.append(Expression(.isNotNull(property), .none))
            case .range(let lower, let lowerInclusive, let upper, let upperInclusive):
                if let lower { compare(lowerInclusive ? .greaterOrEqual : .greater, lower) }
                if let upper { compare(upperInclusive ? .lessOrEqual : .less, upper) }
            }
        }
        return conditions
    }
}
