import CypherSyntax
import PropertyGraph

/// Makes the logical plan of an analysed query: clauses become operators, patterns are matched in the order that the graph's
/// counts make look cheapest.
struct Planner {
    let schema: GraphSchema
    let needs: FetchNeeds
    var slotCount: Int
    /// The columns that are there where the planner is.
    var bound: Set<Int> = []
    /// Within an apply: the column that tells the outer row, and the outer columns that stay visible.
    var argument: Int?
    var argumentColumns: Set<Int> = []
    /// Whether the plan so far reads the graph, or wrote to it, in a way that what follows could disturb or see.
    var hasRead = false
    var hasWritten = false
    /// The variables that expressions of the query mention.
    private let mentioned: Set<Int>
    /// What is planned feeds a projection that does not tell one row from two of the same.
    var duplicatesDoNotMatter = false

    private init(_ query: Query, of statement: AnalysedStatement, schema: GraphSchema) {
        self.schema = schema
        needs = FetchNeeds(query, writes: statement.writes)
        slotCount = statement.slotCount
        var mentioned: Set<Int> = []
        query.walk { part in
            if let slot = part.variableSlot { mentioned.insert(slot) }
        }
        self.mentioned = mentioned
    }

    func isMentioned(_ slot: Int) -> Bool { mentioned.contains(slot) }

    /// The plan of the query, and how many slots its rows have.
    static func plan(
        _ query: Query, of statement: AnalysedStatement, schema: GraphSchema
    ) throws(CypherError) -> (plan: LogicalPlan, slotCount: Int) {
        var planner = Planner(query, of: statement, schema: schema)
        let plan = try planner.plan(query, from: .argument(slot: nil))
        return (plan, planner.slotCount)
    }

    mutating func newSlot() -> Int {
        defer { slotCount += 1 }
        return slotCount
    }

    mutating func temporary() -> Variable {
        let slot = newSlot()
        return Variable("  \(slot)", slot: Int32(slot))
    }

    // MARK: Queries

    mutating func plan(_ query: Query, from leaf: LogicalPlan) throws(CypherError) -> LogicalPlan {
        let start = bound
        var plans: [LogicalPlan] = []
        var columns: [[Int]] = []
        for part in query.parts {
            bound = start
            plans.append(try plan(part, from: leaf))
            columns.append(part.columns)
        }
        guard plans.count > 1 else { return plans[0] }
        let into = columns[0]
        bound = start.union(into)
        let union = LogicalPlan.union(plans, columns: columns, into: into)
        return query.keepsDuplicates ? union : .distinct(union, slots: into, argument: argument)
    }

    private mutating func plan(_ query: SingleQuery, from leaf: LogicalPlan) throws(CypherError) -> LogicalPlan {
        var plan = leaf
        for index in query.clauses.indices {
            let isLast = index == query.clauses.count - 1
            duplicatesDoNotMatter = !isLast && query.clauses[index + 1].ignoresDuplicates
            plan = try self.plan(query.clauses[index], plan, isLast: isLast)
            duplicatesDoNotMatter = false
        }
        return plan
    }

    // MARK: Clauses

    private mutating func plan(_ clause: Clause, _ input: LogicalPlan, isLast: Bool) throws(CypherError) -> LogicalPlan {
        switch clause.kind {
        case .match(let match): return try plan(match, afterWrites(input))
        case .unwind(let list, let variable):
            var plan = input
            let list = try prepare(list, &plan)
            bound.insert(Int(variable.slot))
            return .unwind(plan, list, slot: Int(variable.slot))
        case .with(let projection): return try plan(projection, input)
        case .returns(let projection): return try plan(projection, input)
        case .call(let call): return try plan(call, afterWrites(input))
        case .subquery(let call): return try plan(call, afterWrites(input))
        default: return try planWriting(clause, input, isLast: isLast)
        }
    }

    /// What reads sees all that the clauses before it wrote.
    private mutating func afterWrites(_ input: LogicalPlan) -> LogicalPlan {
        guard hasWritten else { return input }
        hasWritten = false
        return .eager(input)
    }

    private mutating func plan(_ match: MatchClause, _ input: LogicalPlan) throws(CypherError) -> LogicalPlan {
        hasRead = true
        guard match.optional else { return try planMatch(match.patterns, match.predicate, from: input) }
        let before = bound
        let (inner, slot) = try applied { planner, leaf throws(CypherError) in
            try planner.planMatch(match.patterns, match.predicate, from: leaf)
        }
        let introduced = Set(match.patterns.flatMap { $0.variables.map { Int($0.slot) } }).subtracting(before)
        bound.formUnion(introduced)
        return .apply(
            input, inner: inner,
            ApplyStep(kind: .optional, argument: slot, introduced: introduced.sorted(), rowByRow: false))
    }

    /// Plans what is applied to the rows of the plan so far. What the inner plan binds is not bound afterwards.
    mutating func applied(
        _ body: (inout Planner, LogicalPlan) throws(CypherError) -> LogicalPlan
    ) throws(CypherError) -> (LogicalPlan, argument: Int) {
        let saved = (bound, argument, argumentColumns)
        let slot = newSlot()
        (argument, argumentColumns) = (slot, bound)
        bound.insert(slot)
        let inner = try body(&self, .argument(slot: slot))
        (bound, argument, argumentColumns) = saved
        return (inner, slot)
    }

    private mutating func plan(_ call: SubqueryCall, _ input: LogicalPlan) throws(CypherError) -> LogicalPlan {
        let writes = call.query.parts.contains { $0.clauses.write }
        let plan = writes ? beforeWrites(input) : input
        let (inner, slot) = try applied { planner, leaf throws(CypherError) in try planner.plan(call.query, from: leaf) }
        let columns = call.query.parts[0].columns
        bound.formUnion(columns)
        if writes { hasWritten = true } else { hasRead = true }
        let returns = call.query.parts[0].returns
        return .apply(
            plan, inner: inner,
            ApplyStep(kind: returns ? .join : .sideEffects, argument: slot, introduced: columns, rowByRow: writes))
    }

    private mutating func plan(_ call: ProcedureCall, _ input: LogicalPlan) throws(CypherError) -> LogicalPlan {
        var plan = input
        let arguments = try prepare(call.arguments ?? [], &plan)
        let yields = (call.yields ?? []).map { (column: $0.column, slot: Int($0.variable.slot)) }
        bound.formUnion(yields.map(\.slot))
        plan = .procedure(
            plan,
            ProcedureStep(name: call.name, arguments: arguments, yields: yields, givesColumns: !yields.isEmpty))
        guard let predicate = call.predicate else { return plan }
        return try filter(plan, predicate)
    }

    // MARK: Writing

    /// All rows are read before the first of them changes what others would have found.
    mutating func beforeWrites(_ input: LogicalPlan) -> LogicalPlan {
        guard hasRead || hasWritten else { return input }
        hasRead = false
        hasWritten = false
        return .eager(input)
    }

    private mutating func planWriting(_ clause: Clause, _ input: LogicalPlan, isLast: Bool) throws(CypherError)
        -> LogicalPlan
    {
        var plan = beforeWrites(input)
        switch clause.kind {
        case .create(let patterns):
            plan = try create(patterns, plan)
        case .merge(let merge): plan = try self.plan(merge, plan)
        case .set(let items): plan = .write(plan, .set(try prepare(items, &plan)))
        case .remove(let items): plan = .write(plan, .remove(items))
        case .delete(let targets, let detach): plan = .write(plan, .delete(try prepare(targets, &plan), detach: detach))
        case .forEach(let loop): plan = try self.plan(loop, plan)
        default: preconditionFailure("not a clause that writes: \(clause.kind)")
        }
        hasWritten = true
        // Later rows may change what earlier ones show.
        if case .create = clause.kind { return plan }
        return isLast ? plan : .eager(plan)
    }

    private mutating func plan(_ loop: ForEachClause, _ input: LogicalPlan) throws(CypherError) -> LogicalPlan {
        var plan = input
        let list = try prepare(loop.list, &plan)
        let (inner, slot) = try applied { planner, leaf throws(CypherError) in
            var inner = LogicalPlan.unwind(leaf, list, slot: Int(loop.variable.slot))
            planner.bound.insert(Int(loop.variable.slot))
            for clause in loop.clauses { inner = try planner.planWriting(clause, inner, isLast: false) }
            return inner
        }
        return .apply(
            plan, inner: inner, ApplyStep(kind: .sideEffects, argument: slot, introduced: [], rowByRow: false))
    }

    /// Patterns are made together, up to one whose properties are worked out from what another makes.
    private mutating func create(_ patterns: [PathPattern], _ input: LogicalPlan) throws(CypherError) -> LogicalPlan {
        var plan = input
        var together: [CreatedPattern] = []
        var made: Set<Int> = []
        for pattern in patterns {
            let mentioned = pattern.expressions.reduce(into: Set<Int>()) { $0.formUnion($1.mentionedSlots) }
            if !mentioned.isDisjoint(with: made) {
                plan = .write(plan, .create(together))
                together = []
            }
            made.formUnion(Set(pattern.variables.map { Int($0.slot) }).subtracting(bound))
            together.append(try created(pattern, &plan))
        }
        return .write(plan, .create(together))
    }

    /// The pattern as something to make; its nodes and relationships are bound afterwards.
    mutating func created(_ pattern: PathPattern, _ plan: inout LogicalPlan) throws(CypherError) -> CreatedPattern {
        var made = CreatedPattern(nodes: [], relationships: [], path: nil)
        var positions: [Int: Int] = [:]
        for node in pattern.nodes {
            let slot = Int((node.variable ?? temporary()).slot)
            positions[slot] = made.nodes.count
            let isNew = bound.insert(slot).inserted
            made.nodes.append(
                .init(
                    slot: slot, isNew: isNew, labels: node.labels?.conjunction ?? [],
                    properties: try prepare(node.properties, &plan)))
        }
        for (index, step) in pattern.steps.enumerated() {
            let slot = Int((step.relationship.variable ?? temporary()).slot)
            let isIncoming = step.relationship.direction == .incoming
            let ends = (made.nodes[index].slot, made.nodes[index + 1].slot)
            bound.insert(slot)
            made.relationships.append(
                .init(
                    slot: slot, type: step.relationship.types[0],
                    properties: try prepare(step.relationship.properties, &plan),
                    from: isIncoming ? index + 1 : index, to: isIncoming ? index : index + 1))
            precondition(positions[ends.0] != nil && positions[ends.1] != nil, "a relationship without its ends")
        }
        if let variable = pattern.variable {
            made.path = PathStep(slot: Int(variable.slot), elements: pattern.pathElements { _ in nil })
            bound.insert(Int(variable.slot))
        }
        return made
    }

    private mutating func plan(_ merge: MergeClause, _ input: LogicalPlan) throws(CypherError) -> LogicalPlan {
        var plan = input
        let before = bound
        let onCreate = merge.onCreate
        let onMatch = merge.onMatch
        let (inner, slot) = try applied { planner, leaf throws(CypherError) in
            try planner.planMatch([merge.pattern], nil, from: leaf)
        }
        let pattern = try created(merge.pattern, &plan)
        hasRead = false
        return .merge(
            plan, inner: inner,
            MergeStep(
                pattern: pattern, onCreate: try prepare(onCreate, &plan), onMatch: try prepare(onMatch, &plan),
                argument: slot, introduced: bound.subtracting(before).sorted(),
                isBatched: merge.rowsAreIndependent,
                isUndirected: merge.pattern.steps.contains { $0.relationship.direction == .either }))
    }

    private mutating func prepare(_ items: [SetItem], _ plan: inout LogicalPlan) throws(CypherError) -> [SetItem] {
        var prepared: [SetItem] = []
        for item in items {
            switch item {
            case .property(let subject, let key, let value):
                prepared.append(.property(try prepare(subject, &plan), key: key, value: try prepare(value, &plan)))
            case .dynamicProperty(let subject, let key, let value):
                prepared.append(
                    .dynamicProperty(
                        try prepare(subject, &plan), key: try prepare(key, &plan), value: try prepare(value, &plan)))
            case .replace(let variable, let value, let span):
                prepared.append(.replace(variable, try prepare(value, &plan), span))
            case .merge(let variable, let value, let span):
                prepared.append(.merge(variable, try prepare(value, &plan), span))
            case .labels: prepared.append(item)
            }
        }
        return prepared
    }
}

extension MergeClause {
    /// Whether what one row makes is found by another exactly when both ask for the same: then all rows are looked up at once.
    fileprivate var rowsAreIndependent: Bool {
        guard pattern.steps.count <= 1 else { return false }
        let keys = Set(
            pattern.expressions.flatMap { expression -> [String] in
                if case .map(let entries) = expression.kind { entries.map(\.key) } else { [] }
            })
        return (onCreate + onMatch).allSatisfy { item in
            if case .property(_, let key, _) = item { !keys.contains(key) } else { false }
        }
    }
}

extension Clause {
    /// Whether it is a projection that gives the same for two equal rows as for one.
    fileprivate var ignoresDuplicates: Bool {
        let projection: Projection
        switch kind {
        case .with(let it), .returns(let it): projection = it
        default: return false
        }
        let hasAggregation = projection.items.contains { $0.expression.containsAggregation }
        guard hasAggregation else { return projection.distinct }
        return !projection.expressions.contains { expression in
            expression.contains { part in
                guard case .aggregation(let it) = part.kind else { return false }
                return !(it.distinct || it.function == .minimum || it.function == .maximum)
            }
        }
    }
}

extension SingleQuery {
    var returns: Bool { if case .returns? = clauses.last?.kind { true } else { false } }

    /// The slots of what it returns.
    var columns: [Int] {
        switch clauses.last?.kind {
        case .returns(let projection): projection.items.map { Int($0.variable.slot) }
        case .call(let call) where clauses.count == 1: (call.yields ?? []).map { Int($0.variable.slot) }
        default: []
        }
    }
}

extension PathPattern {
    /// What a path of this pattern consists of; `innerNodes` tells where the nodes within a list of relationships are.
    func pathElements(innerNodes: (Int) -> Int?) -> [PathStep.Element] {
        var elements: [PathStep.Element] = []
        if let variable = start.variable { elements.append(.node(Int(variable.slot))) }
        for step in steps {
            guard let relationship = step.relationship.variable, let node = step.node.variable else { continue }
            let slot = Int(relationship.slot)
            if step.relationship.length != nil || selection != .every {
                elements.append(.relationships(slot, nodes: innerNodes(slot) ?? slot))
            } else {
                elements.append(.relationship(slot))
            }
            elements.append(.node(Int(node.slot)))
        }
        return elements
    }
}
