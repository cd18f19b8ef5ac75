extension SemanticAnalyser {
    /// Analyses what `WITH` or `RETURN` projects; the scope afterwards is what is projected.
    mutating func analyse(_ projection: inout Projection, isWith: Bool, at span: Span) throws(CypherError) {
        let before = scope
        if projection.includesAll { try spellOutAll(&projection, isWith: isWith, at: span) }
        var types: [StaticType] = []
        for index in projection.items.indices {
            aggregation = .allowed
            defer { aggregation = .refused }
            types.append(try analyse(&projection.items[index].expression))
        }
        let aggregates = projection.items.contains { $0.expression.containsAggregation }
        if aggregates { try checkGrouping(projection.items) }
        var projected = Scope()
        for index in projection.items.indices {
            try project(&projection.items[index], types[index], &projected)
        }
        let afterwards = ProjectionScope(
            items: projection.items, isClosed: aggregates || projection.distinct, aggregates: aggregates, before: before,
            projected: projected)
        for index in projection.orderBy.indices {
            try analyse(&projection.orderBy[index].expression, over: afterwards, isSort: true)
        }
        if var predicate = projection.predicate {
            allowsPatterns = true
            defer { allowsPatterns = false }
            let type = try analyse(&predicate, over: afterwards, isSort: false)
            try demand(type, predicate.span, "WHERE", .boolean)
            projection.predicate = predicate
        }
        if isWith, let item = projection.items.first(where: { !$0.hasAlias && !$0.expression.isVariable }) {
            throw .syntax(
                .noExpressionAlias, "An expression in WITH needs a name: add AS and one", at: item.expression.span)
        }
        scope = projected
        scope.inherit(outer)
        try checkCount(&projection.skip, "SKIP")
        try checkCount(&projection.limit, "LIMIT")
    }

    private func spellOutAll(_ projection: inout Projection, isWith: Bool, at span: Span) throws(CypherError) {
        guard isWith || !scope.isEmpty else {
            throw .syntax(.noVariablesInScope, "`*` stands for all variables, and there are none", at: span)
        }
        let all = scope.names.sorted().map { name in
            ProjectionItem(
                expression: Expression(.variable(Variable(name)), span), variable: Variable(name), hasAlias: false)
        }
        projection.items = all + projection.items
    }

    private mutating func project(
        _ item: inout ProjectionItem, _ type: StaticType, _ projected: inout Scope
    ) throws(CypherError) {
        let name = item.variable.name
        let span = item.expression.span
        guard projected[name] == nil else {
            throw .syntax(.columnNameConflict, "Two columns are called `\(name.prefix(60))`", at: span)
        }
        if case .variable(let variable) = item.expression.kind, variable.name == name {
            item.variable.slot = variable.slot
        } else {
            item.variable.slot = newSlot()
        }
        projected.declare(name, .init(slot: item.variable.slot, type: type))
    }

    // MARK: Grouping

    /// In an item with an aggregation, what is not aggregated has to be the same for the whole group: constants, and what is
    /// projected beside it.
    private func checkGrouping(_ items: [ProjectionItem]) throws(CypherError) {
        let keys = Set(items.map(\.expression).filter { !$0.containsAggregation && $0.isSimpleAccess })
        for item in items where item.expression.containsAggregation {
            try checkGrouped(item.expression, keys, locals: item.expression.localSlots)
        }
    }

    private func checkGrouped(
        _ expression: Expression, _ keys: Set<Expression>, locals: Set<Int32>
    ) throws(CypherError) {
        if case .aggregation = expression.kind { return }
        if keys.contains(expression) { return }
        if case .variable(let variable) = expression.kind, !locals.contains(variable.slot),
            outer[variable.name]?.slot != variable.slot
        {
            throw .syntax(
                .ambiguousAggregationExpression,
                "`\(variable.name)` is neither aggregated nor a column of its own, so it has no one value for a group",
                at: expression.span)
        }
        for child in expression.children { try checkGrouped(child, keys, locals: locals) }
    }

    // MARK: ORDER BY and WHERE

    /// What `ORDER BY` and the `WHERE` of `WITH` see.
    private struct ProjectionScope {
        let items: [ProjectionItem]
        /// Only columns are there afterwards, as rows were grouped or made distinct.
        let isClosed: Bool
        let aggregates: Bool
        let before: Scope
        let projected: Scope
    }

    @discardableResult
    private mutating func analyse(
        _ expression: inout Expression, over projection: ProjectionScope, isSort: Bool
    ) throws(CypherError) -> StaticType {
        let saved = (scope, aggregation)
        defer { (scope, aggregation) = saved }
        aggregation = isSort && projection.aggregates ? .allowed : .refused
        // The very expression that a column has means the column, even if the column's name hides a variable of it.
        if isSort {
            scope = projection.before
            var copy = expression
            if (try? analyse(&copy)) != nil, let item = projection.items.first(where: { $0.expression == copy }) {
                expression = Expression(.variable(item.variable), expression.span)
                return projection.projected[item.variable.name]?.type ?? .any
            }
        }
        scope = projection.projected
        scope.inherit(projection.before)
        let type = try analyse(&expression)
        guard projection.isClosed else { return type }
        expression = try closed(
            expression, over: projection, hasAggregation: expression.containsAggregation, locals: expression.localSlots)
        return type
    }

    /// The expression in terms of the columns alone.
    private func closed(
        _ expression: Expression, over projection: ProjectionScope, hasAggregation: Bool, locals: Set<Int32>
    ) throws(CypherError) -> Expression {
        if let item = projection.items.first(where: { $0.expression == expression }) {
            guard
                !hasAggregation || expression.isSimpleAccess || expression.containsAggregation || expression.children.isEmpty
            else {
                throw .syntax(
                    .ambiguousAggregationExpression,
                    "Beside an aggregation, columns that are more than a variable or a property are named by their alias",
                    at: expression.span)
            }
            return Expression(.variable(item.variable), expression.span)
        }
        switch expression.kind {
        case .variable(let variable):
            let isColumn = projection.items.contains { $0.variable.slot == variable.slot }
            guard isColumn || locals.contains(variable.slot) || outer[variable.name]?.slot == variable.slot else {
                throw .syntax(
                    .undefinedVariable, "`\(variable.name)` is not there any more: only the columns are",
                    at: expression.span)
            }
            return expression
        case .aggregation(let it):
            // One that is part of a column has its value already.
            if projection.items.contains(where: { $0.expression.contains { $0 == expression } }) { return expression }
            for argument in it.arguments {
                _ = try closed(argument, over: projection, hasAggregation: true, locals: locals)
            }
            throw .syntax(
                .invalidAggregation, "Rows are sorted by an aggregation only if it is part of a column",
                at: expression.span)
        default:
            return try expression.mappingChildren { child throws(CypherError) in
                try closed(child, over: projection, hasAggregation: hasAggregation, locals: locals)
            }
        }
    }

    // MARK: SKIP and LIMIT

    private mutating func checkCount(_ count: inout Expression?, _ name: String) throws(CypherError) {
        guard var expression = count else { return }
        let span = expression.span
        guard !expression.contains(where: \.dependsOnRow) else {
            throw .syntax(.nonConstantExpression, "\(name) takes a number that no row decides", at: span)
        }
        let type = try analyse(&expression)
        if case .integer(let value) = expression.kind, value < 0 {
            throw .syntax(.negativeIntegerArgument, "\(name) takes a number from 0 on, not \(value)", at: span)
        }
        try demand(type, span, name, .integer)
        guard type != .float else {
            throw .syntax(.invalidArgumentType, "\(name) takes an integer, not a float", at: span)
        }
        count = expression
    }
}

extension Expression {
    /// A variable, or a property of one.
    var isSimpleAccess: Bool {
        switch kind {
        case .variable: true
        case .property(let subject, _): subject.isSimpleAccess
        default: false
        }
    }

    package var isVariable: Bool { if case .variable = kind { true } else { false } }

    /// The slots that comprehensions, quantifiers and reductions within it bind.
    package var localSlots: Set<Int32> {
        var slots: Set<Int32> = []
        switch kind {
        case .listComprehension(let it): slots.insert(it.variable.slot)
        case .quantifier(_, let it): slots.insert(it.variable.slot)
        case .reduce(let it): slots.formUnion([it.accumulator.slot, it.variable.slot])
        case .patternComprehension(let it):
            slots.formUnion(it.pattern.variables.map(\.slot))
        case .patternPredicate(let pattern): slots.formUnion(pattern.variables.map(\.slot))
        default: break
        }
        return children.reduce(into: slots) { $0.formUnion($1.localSlots) }
    }

    fileprivate var dependsOnRow: Bool {
        switch kind {
        case .variable, .patternPredicate, .patternComprehension, .exists, .count, .collect: true
        default: false
        }
    }
}

extension PathPattern {
    /// All that it binds or uses, its own name included.
    package var variables: [Variable] {
        let parts = nodes.map(\.variable) + steps.map(\.relationship.variable) + [variable]
        return parts.compactMap(\.self)
    }
}
