/// One clause of a query, and where it stands in the text.
package struct Clause: Sendable {
    package var kind: Kind
    package var span: Span

    package init(_ kind: Kind, _ span: Span) {
        self.kind = kind
        self.span = span
    }

    package indirect enum Kind: Sendable, Hashable {
        case match(MatchClause)
        case unwind(Expression, as: Variable)
        case with(Projection)
        case returns(Projection)
        case create([PathPattern])
        case merge(MergeClause)
        case set([SetItem])
        case remove([RemoveItem])
        case delete([Expression], detach: Bool)
        case forEach(ForEachClause)
        case call(ProcedureCall)
        case subquery(SubqueryCall)
    }
}

extension Clause: Hashable {
    package static func == (left: Clause, right: Clause) -> Bool { left.kind == right.kind }

    package func hash(into hasher: inout Hasher) { hasher.combine(kind) }
}

package struct MatchClause: Sendable, Hashable {
    package var optional: Bool
    package var patterns: [PathPattern]
    package var predicate: Expression?

    package init(optional: Bool, patterns: [PathPattern], predicate: Expression?) {
        self.optional = optional
        self.patterns = patterns
        self.predicate = predicate
    }
}

/// What `WITH` and `RETURN` have in common.
package struct Projection: Sendable, Hashable {
    package var distinct: Bool
    /// `*`: semantic analysis puts the variables in scope in front of the items.
    package var includesAll: Bool
    package var items: [ProjectionItem]
    package var orderBy: [SortItem]
    package var skip: Expression?
    package var limit: Expression?
    /// Only of `WITH`.
    package var predicate: Expression?

    package init(
        distinct: Bool, includesAll: Bool, items: [ProjectionItem], orderBy: [SortItem], skip: Expression?,
        limit: Expression?, predicate: Expression?
    ) {
        self.distinct = distinct
        self.includesAll = includesAll
        self.items = items
        self.orderBy = orderBy
        self.skip = skip
        self.limit = limit
        self.predicate = predicate
    }
}

package struct ProjectionItem: Sendable, Hashable {
    package var expression: Expression
    /// What the column is called afterwards: the alias, or the expression as the query spells it.
    package var variable: Variable
    package var hasAlias: Bool

    package init(expression: Expression, variable: Variable, hasAlias: Bool) {
        self.expression = expression
        self.variable = variable
        self.hasAlias = hasAlias
    }
}

package struct SortItem: Sendable, Hashable {
    package var expression: Expression
    package var descending: Bool

    package init(expression: Expression, descending: Bool) {
        self.expression = expression
        self.descending = descending
    }
}

package struct MergeClause: Sendable, Hashable {
    package var pattern: PathPattern
    package var onCreate: [SetItem]
    package var onMatch: [SetItem]

    package init(pattern: PathPattern, onCreate: [SetItem], onMatch: [SetItem]) {
        self.pattern = pattern
        self.onCreate = onCreate
        self.onMatch = onMatch
    }
}

package enum SetItem: Sendable, Hashable {
    /// `subject.key = value`
    case property(Expression, key: String, value: Expression)
    /// `subject[key] = value`
    case dynamicProperty(Expression, key: Expression, value: Expression)
    /// `n = map`
    case replace(Variable, Expression, Span)
    /// `n += map`
    case merge(Variable, Expression, Span)
    /// `n:A:B`
    case labels(Variable, [String], Span)
}

package enum RemoveItem: Sendable, Hashable {
    case property(Expression, key: String)
    case labels(Variable, [String], Span)
}

package struct ForEachClause: Sendable, Hashable {
    package var variable: Variable
    package var list: Expression
    package var clauses: [Clause]

    package init(variable: Variable, list: Expression, clauses: [Clause]) {
        self.variable = variable
        self.list = list
        self.clauses = clauses
    }
}

package struct ProcedureCall: Sendable, Hashable {
    package struct Yield: Sendable, Hashable {
        package var column: String
        package var variable: Variable

        package init(column: String, variable: Variable) {
            self.column = column
            self.variable = variable
        }
    }

    package var name: String
    /// Nil: taken from the parameters of the arguments' names, which only a call that stands alone may do.
    package var arguments: [Expression]?
    /// Nil without `YIELD`; semantic analysis fills it in for `YIELD *` and for calls that stand alone.
    package var yields: [Yield]?
    package var yieldsAll: Bool
    package var predicate: Expression?

    package init(name: String, arguments: [Expression]?, yields: [Yield]?, yieldsAll: Bool, predicate: Expression?) {
        self.name = name
        self.arguments = arguments
        self.yields = yields
        self.yieldsAll = yieldsAll
        self.predicate = predicate
    }
}

/// `CALL { … }` and `CALL (x, y) { … }`
package struct SubqueryCall: Sendable, Hashable {
    package enum Imports: Sendable, Hashable {
        /// As the first `WITH` in the braces says.
        case leadingWith
        case all
        case variables([Variable])
    }

    package var imports: Imports
    package var query: Query

    package init(imports: Imports, query: Query) {
        self.imports = imports
        self.query = query
    }
}
