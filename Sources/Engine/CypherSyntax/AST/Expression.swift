/// An expression, and where it stands in the text. Two are equal when they say the same, wherever they stand.
package struct Expression: Sendable {
    package var kind: Kind
    package var span: Span

    package init(_ kind: Kind, _ span: Span = .none) {
        self.kind = kind
        self.span = span
    }

    package indirect enum Kind: Sendable, Hashable {
        case null
        case boolean(Bool)
        case integer(Int64)
        case float(Double)
        case string(String)
        case list([Expression])
        case map([MapEntry])
        case parameter(String)
        case variable(Variable)
        /// `subject.key`
        case property(Expression, key: String)
        /// `subject[index]`: an element of a list, or a property by its computed key.
        case element(Expression, index: Expression)
        /// `subject[from..to]`
        case slice(Expression, from: Expression?, to: Expression?)
        /// `subject:A:B`; of a relationship, its type.
        case hasLabels(Expression, LabelExpression)
        case isNull(Expression)
        case isNotNull(Expression)
        case unary(UnaryOperator, Expression)
        case binary(BinaryOperator, Expression, Expression)
        /// Two terms or more, flat: a thousand alternatives are no thousand levels.
        case and([Expression])
        case or([Expression])
        case xor([Expression])
        /// `a < b <= c`: each link compares the term before it with its own.
        case comparison(Expression, [ComparisonLink])
        case caseOf(CaseExpression)
        case function(CypherFunction, [Expression])
        case aggregation(Aggregation)
        case listComprehension(ListComprehension)
        case quantifier(Quantifier, ListPredicate)
        case reduce(Reduction)
        case mapProjection(MapProjection)
        /// A pattern that stands for whether there is a match.
        case patternPredicate(PathPattern)
        case patternComprehension(PatternComprehension)
        case exists(Subquery)
        case count(Subquery)
        case collect(Subquery)
    }
}

extension Expression: Hashable {
    package static func == (left: Expression, right: Expression) -> Bool { left.kind == right.kind }

    package func hash(into hasher: inout Hasher) { hasher.combine(kind) }
}

package struct MapEntry: Sendable, Hashable {
    package var key: String
    package var value: Expression

    package init(key: String, value: Expression) {
        self.key = key
        self.value = value
    }
}

package enum UnaryOperator: Sendable, Hashable {
    case not
    case plus
    case minus
}

/// Operators of two operands; the comparisons that chain are `ComparisonOperator`s.
package enum BinaryOperator: String, Sendable, Hashable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"
    case power = "^"
    case isIn = "IN"
    case startsWith = "STARTS WITH"
    case endsWith = "ENDS WITH"
    case contains = "CONTAINS"
    case matches = "=~"
}

package enum ComparisonOperator: String, Sendable, Hashable {
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
}

package struct ComparisonLink: Sendable, Hashable {
    package var comparison: ComparisonOperator
    package var right: Expression

    package init(_ comparison: ComparisonOperator, _ right: Expression) {
        self.comparison = comparison
        self.right = right
    }
}

/// `CASE WHEN p THEN x … ELSE y END`, or with a subject, `CASE s WHEN v THEN x …`.
package struct CaseExpression: Sendable, Hashable {
    package struct Alternative: Sendable, Hashable {
        package var when: Expression
        package var then: Expression

        package init(when: Expression, then: Expression) {
            self.when = when
            self.then = then
        }
    }

    package var subject: Expression?
    package var alternatives: [Alternative]
    package var otherwise: Expression?

    package init(subject: Expression?, alternatives: [Alternative], otherwise: Expression?) {
        self.subject = subject
        self.alternatives = alternatives
        self.otherwise = otherwise
    }
}

/// `count(*)` (no arguments), `sum(DISTINCT x)`, `percentileCont(x, 0.5)`.
package struct Aggregation: Sendable, Hashable {
    package var function: AggregateFunction
    package var distinct: Bool
    package var arguments: [Expression]

    package init(function: AggregateFunction, distinct: Bool, arguments: [Expression]) {
        self.function = function
        self.distinct = distinct
        self.arguments = arguments
    }
}

/// `[x IN list WHERE predicate | result]`
package struct ListComprehension: Sendable, Hashable {
    package var variable: Variable
    package var list: Expression
    package var predicate: Expression?
    package var result: Expression?

    package init(variable: Variable, list: Expression, predicate: Expression?, result: Expression?) {
        self.variable = variable
        self.list = list
        self.predicate = predicate
        self.result = result
    }
}

package enum Quantifier: String, Sendable, Hashable {
    case all
    case any
    case none
    case single
}

/// `x IN list WHERE predicate`, as quantifiers have it.
package struct ListPredicate: Sendable, Hashable {
    package var variable: Variable
    package var list: Expression
    package var predicate: Expression

    package init(variable: Variable, list: Expression, predicate: Expression) {
        self.variable = variable
        self.list = list
        self.predicate = predicate
    }
}

/// `reduce(total = 0, x IN list | total + x)`
package struct Reduction: Sendable, Hashable {
    package var accumulator: Variable
    package var initial: Expression
    package var variable: Variable
    package var list: Expression
    package var step: Expression

    package init(
        accumulator: Variable, initial: Expression, variable: Variable, list: Expression, step: Expression
    ) {
        self.accumulator = accumulator
        self.initial = initial
        self.variable = variable
        self.list = list
        self.step = step
    }
}

/// `n {.name, .*, count: 3, other}`
package struct MapProjection: Sendable, Hashable {
    package enum Item: Sendable, Hashable {
        case property(String)
        case allProperties
        case entry(MapEntry)
    }

    package var subject: Expression
    package var items: [Item]

    package init(subject: Expression, items: [Item]) {
        self.subject = subject
        self.items = items
    }
}

/// `[p = (a)-->(b) WHERE predicate | result]`
package struct PatternComprehension: Sendable, Hashable {
    package var pattern: PathPattern
    package var predicate: Expression?
    package var result: Expression

    package init(pattern: PathPattern, predicate: Expression?, result: Expression) {
        self.pattern = pattern
        self.predicate = predicate
        self.result = result
    }
}

/// What stands in the braces of `EXISTS`, `COUNT` and `COLLECT`; a bare pattern becomes a `MATCH` without `RETURN`.
package struct Subquery: Sendable, Hashable {
    package var query: Query

    package init(query: Query) { self.query = query }
}
