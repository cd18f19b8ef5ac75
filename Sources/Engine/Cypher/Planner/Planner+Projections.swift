import CypherSyntax

extension Planner {
    /// `WITH` and `RETURN`: aggregation, DISTINCT, ORDER BY, SKIP, LIMIT, WHERE, in this order.
    mutating func plan(_ projection: Projection, _ input: LogicalPlan) throws(CypherError) -> LogicalPlan {
        var plan = input
        let slots = projection.items.map { Int($0.variable.slot) }
        var substitutes: [Expression: Variable] = [:]
        let aggregates = projection.items.contains { $0.expression.containsAggregation }
        if aggregates {
            plan = try planAggregation(projection, plan, &substitutes)
        } else {
            var columns: [SlotExpression] = []
            for item in projection.items where item.expression.variableSlot != Int(item.variable.slot) {
                let expression = try prepare(item.expression, &plan)
                columns.append(SlotExpression(slot: Int(item.variable.slot), expression: expression))
            }
            if !columns.isEmpty { plan = .extend(plan, columns) }
            bound.formUnion(slots)
        }
        if projection.distinct {
            plan = .distinct(plan, slots: slots, argument: argument)
            setBound(slots)
        }
        var order = projection.orderBy
        for index in order.indices {
            order[index].expression = try prepare(order[index].expression.substituting(substitutes), &plan)
        }
        let drains = hasWritten
        if !order.isEmpty {
            let isTop = projection.limit != nil && !drains
            let limit = isTop ? [projection.skip, projection.limit].compactMap(\.self) : []
            plan = .sort(plan, order, limit: limit, argument: argument)
        }
        if let skip = projection.skip { plan = .skip(plan, skip, argument: argument) }
        if let limit = projection.limit { plan = .limit(plan, limit, argument: argument, drains: drains) }
        if let predicate = projection.predicate { plan = try filter(plan, predicate.substituting(substitutes)) }
        setBound(slots)
        return .keep(plan, slots: bound)
    }

    /// `count(DISTINCT b)` of all that is reached: the graph counts.
    private func reachCount(_ plan: LogicalPlan, _ item: AggregateStep.Item) -> LogicalPlan? {
        guard case .reach(let input, let step) = plan, item.aggregation.function == .count, item.aggregation.distinct,
            item.aggregation.arguments.first?.variableSlot == step.expand.to
        else { return nil }
        return .reachCount(input, step, slot: item.slot)
    }

    private mutating func setBound(_ slots: [Int]) {
        bound = argumentColumns.union(slots)
        if let argument { bound.insert(argument) }
    }

    private mutating func planAggregation(
        _ projection: Projection, _ input: LogicalPlan, _ substitutes: inout [Expression: Variable]
    ) throws(CypherError) -> LogicalPlan {
        var plan = input
        var keys: [SlotExpression] = []
        for item in projection.items where !item.expression.containsAggregation {
            keys.append(
                SlotExpression(slot: Int(item.variable.slot), expression: try prepare(item.expression, &plan)))
            substitutes[item.expression] = item.variable
        }
        var items: [AggregateStep.Item] = []
        for expression in projection.expressions {
            for aggregation in expression.aggregations where substitutes[aggregation] == nil {
                guard case .aggregation(var it) = aggregation.kind else { continue }
                it.arguments = try prepare(it.arguments, &plan)
                let variable = temporary()
                substitutes[aggregation] = variable
                items.append(.init(slot: Int(variable.slot), aggregation: it))
            }
        }
        if keys.isEmpty, argument == nil, items.count == 1, let counted = reachCount(plan, items[0]) {
            plan = counted
        } else {
            plan = .aggregate(plan, AggregateStep(keys: keys, items: items, argument: argument))
        }
        setBound(keys.map(\.slot) + items.map(\.slot))
        var columns: [SlotExpression] = []
        for item in projection.items where item.expression.containsAggregation {
            let expression = try prepare(item.expression.substituting(substitutes), &plan)
            columns.append(SlotExpression(slot: Int(item.variable.slot), expression: expression))
            bound.insert(Int(item.variable.slot))
        }
        return .extend(plan, columns)
    }
}

extension Expression {
    /// Its aggregations, each as it stands.
    fileprivate var aggregations: [Expression] {
        if case .aggregation = kind { return [self] }
        return children.flatMap(\.aggregations)
    }

    /// The expression with parts replaced by variables that hold their values, the greatest parts first.
    func substituting(_ substitutes: [Expression: Variable]) -> Expression {
        guard !substitutes.isEmpty else { return self }
        if let variable = substitutes[self] { return Expression(.variable(variable), span) }
        // Replacing throws nothing.
        return (try? mappingChildren { $0.substituting(substitutes) }) ?? self
    }
}
