import CypherSyntax
import PropertyGraph

extension Planner {
    /// Operators that extend each row of the input by each of its matches of the patterns.
    mutating func planMatch(
        _ patterns: [PathPattern], _ predicate: Expression?, from input: LogicalPlan
    ) throws(CypherError) -> LogicalPlan {
        var match = MatchPlanner(patterns, predicate, bound: bound)
        return try match.plan(from: input, with: &self)
    }
}

/// Orders one `MATCH`: it starts where the fewest nodes are to be looked at, and goes on along the relationship that makes the
/// fewest rows, testing each condition as soon as what it speaks of is there.
struct MatchPlanner {
    /// A relationship of the pattern graph.
    struct Edge {
        var pattern: RelationshipPattern
        var slot: Int
        var from: Int
        var to: Int
        var selection: PathPattern.Selection
        var innerNodes: Int?
        var isSolved = false
    }

    struct Node {
        var labels: [String] = []
        var tests: [ConstantTest] = []
        /// The node's property that equals an expression over the row.
        var joins: [(key: String, value: Expression)] = []
    }

    struct Condition {
        var expression: Expression
        var slots: Set<Int>
    }

    var nodes: [Int: Node] = [:]
    var nodeOrder: [Int] = []
    var edges: [Edge] = []
    var conditions: [Condition] = []
    var paths: [PathStep] = []
    /// What the patterns mention: a condition waits for those of its variables that are among them.
    private var slots: Set<Int> = []
    private let boundBefore: Set<Int>
    private var innerNodes: [Int: Int] = [:]
    /// The patterns that have a name.
    private let named: [PathPattern]

    init(_ patterns: [PathPattern], _ predicate: Expression?, bound: Set<Int>) {
        boundBefore = bound
        named = patterns.filter { $0.variable != nil }
        for pattern in patterns { slots.formUnion(pattern.variables.map { Int($0.slot) }) }
        for pattern in patterns { add(pattern) }
        for conjunct in predicate?.conjuncts ?? [] { add(conjunct) }
    }

    // MARK: The pattern graph

    private mutating func add(_ pattern: PathPattern) {
        for node in pattern.nodes { add(node) }
        for (index, step) in pattern.steps.enumerated() {
            guard let variable = step.relationship.variable, let from = pattern.nodes[index].variable,
                let to = step.node.variable
            else { preconditionFailure("a pattern that was not analysed") }
            let slot = Int(variable.slot)
            edges.append(
                Edge(
                    pattern: step.relationship, slot: slot, from: Int(from.slot), to: Int(to.slot),
                    selection: pattern.selection))
            addProperties(of: step.relationship, variable)
            for conjunct in step.relationship.predicate?.conjuncts ?? [] { add(conjunct) }
        }
    }

    private mutating func add(_ node: CypherSyntax.NodePattern) {
        guard let variable = node.variable else { preconditionFailure("a pattern that was not analysed") }
        let slot = Int(variable.slot)
        if nodes[slot] == nil {
            nodes[slot] = Node()
            nodeOrder.append(slot)
        }
        if let labels = node.labels {
            if let names = labels.conjunction, !boundBefore.contains(slot) {
                for name in names where nodes[slot]?.labels.contains(name) == false { nodes[slot]?.labels.append(name) }
            } else {
                let subject = Expression(.variable(variable), node.span)
                add(Expression(.hasLabels(subject, labels), node.span))
            }
        }
        if case .map(let entries)? = node.properties?.kind {
            for entry in entries {
                let property = Expression(.property(Expression(.variable(variable), node.span), key: entry.key), node.span)
                add(Expression(.comparison(property, [ComparisonLink(.equal, entry.value)]), entry.value.span))
            }
        }
        for conjunct in node.predicate?.conjuncts ?? [] { add(conjunct) }
    }

    private mutating func addProperties(of relationship: RelationshipPattern, _ variable: Variable) {
        guard case .map(let entries)? = relationship.properties?.kind, relationship.length == nil else { return }
        for entry in entries {
            let subject = Expression(.variable(variable), relationship.span)
            let property = Expression(.property(subject, key: entry.key), relationship.span)
            add(Expression(.comparison(property, [ComparisonLink(.equal, entry.value)]), entry.value.span))
        }
    }

    /// Files a condition: what the graph can test goes with its node, the rest waits for its variables.
    private mutating func add(_ expression: Expression) {
        let mentioned = expression.mentionedSlots.intersection(slots)
        if let (slot, key, value) = expression.propertyEquality(of: { nodes[$0] != nil && !boundBefore.contains($0) }) {
            if value.isRowConstant {
                nodes[slot]?.tests.append(ConstantTest(key: key, test: .equal(value)))
                return
            }
            if value.mentionedSlots.isDisjoint(with: slots), !value.contains(where: { $0.needsGraph || $0.asksForEnds }) {
                nodes[slot]?.joins.append((key, value))
            }
        } else if let (slot, test) = expression.propertyTest, nodes[slot] != nil, !boundBefore.contains(slot) {
            nodes[slot]?.tests.append(test)
            return
        }
        conditions.append(Condition(expression: expression, slots: mentioned))
    }

    // MARK: The order

    mutating func plan(from input: LogicalPlan, with planner: inout Planner) throws(CypherError) -> LogicalPlan {
        var plan = input
        preparePaths(&planner)
        plan = try applyReadyConditions(plan, &planner)
        for (index, edge) in edges.enumerated() where boundBefore.contains(edge.slot) {
            plan = try walkBound(index, plan, &planner)
        }
        while true {
            if let index = nextEdge(planner) {
                plan = try expand(index, plan, &planner)
            } else if let start = nextStart(planner) {
                plan = try scan(start, plan, &planner)
            } else {
                break
            }
        }
        for path in paths {
            plan = .path(plan, path)
            planner.bound.insert(path.slot)
        }
        plan = try applyReadyConditions(plan, &planner)
        precondition(conditions.isEmpty, "a condition waits for what nothing binds")
        return plan
    }

    /// Named paths need the nodes within their lists of relationships.
    private mutating func preparePaths(_ planner: inout Planner) {
        for pattern in named {
            for step in pattern.steps {
                guard let variable = step.relationship.variable,
                    step.relationship.length != nil || pattern.selection != .every
                else { continue }
                let slot = Int(variable.slot)
                innerNodes[slot] = planner.newSlot()
                for index in edges.indices where edges[index].slot == slot {
                    edges[index].innerNodes = innerNodes[slot]
                }
            }
            guard let variable = pattern.variable else { continue }
            let inner = innerNodes
            paths.append(PathStep(slot: Int(variable.slot), elements: pattern.pathElements { inner[$0] }))
        }
    }

    private mutating func applyReadyConditions(
        _ input: LogicalPlan, _ planner: inout Planner
    ) throws(CypherError) -> LogicalPlan {
        var plan = input
        var waiting: [Condition] = []
        for condition in conditions {
            if condition.slots.isSubset(of: planner.bound) {
                plan = try planner.filter(plan, condition.expression)
            } else {
                waiting.append(condition)
            }
        }
        conditions = waiting
        return plan
    }

    /// The cheapest relationship that can be walked from what is bound.
    private func nextEdge(_ planner: Planner) -> Int? {
        var best: (index: Int, cost: Double)?
        for (index, edge) in edges.enumerated() where !edge.isSolved {
            let hasFrom = planner.bound.contains(edge.from)
            let hasTo = planner.bound.contains(edge.to)
            guard hasFrom || hasTo, edge.selection == .every || hasFrom && hasTo else { continue }
            let cost = hasFrom && hasTo ? 0 : fanOut(of: edge, forwards: hasFrom, planner.schema)
            if cost < best?.cost ?? .infinity { best = (index, cost) }
        }
        return best?.index
    }

    /// How many rows one row becomes, by the counts of types and labels.
    private func fanOut(of edge: Edge, forwards: Bool, _ schema: GraphSchema) -> Double {
        let relationships =
            edge.pattern.types.isEmpty
            ? Double(schema.relationships) : edge.pattern.types.reduce(0) { $0 + Double(schema.types[$1] ?? 0) }
        let all = Double(max(schema.nodes, 1))
        let near = nodes[forwards ? edge.from : edge.to]
        let far = nodes[forwards ? edge.to : edge.from]
        let sources = Double(near?.labels.compactMap { schema.labels[$0] }.min() ?? schema.nodes)
        var fan = relationships / max(min(sources, all), 1)
        if edge.pattern.direction == .either { fan *= 2 }
        if edge.pattern.length != nil { fan = fan * fan + fan + 1 }
        return fan * selectivity(of: far, all, schema)
    }

    private func selectivity(of node: Node?, _ all: Double, _ schema: GraphSchema) -> Double {
        guard let node else { return 1 }
        let labelled = node.labels.map { Double(schema.labels[$0] ?? 0) / all }.min() ?? 1
        return max(labelled, 1 / all)
            * node.tests.reduce(1) { product, test in
                if case .equal = test.test { product * 0.1 } else { product * 0.3 }
            }
    }

    /// The node from which the fewest rows come; nil when all nodes are bound.
    private func nextStart(_ planner: Planner) -> Int? {
        var best: (slot: Int, cost: Double)?
        for slot in nodeOrder where !planner.bound.contains(slot) {
            let cost = scanCost(of: slot, planner.schema).rows
            if cost < best?.cost ?? .infinity { best = (slot, cost) }
        }
        return best?.slot
    }

    /// How many nodes a scan gives, and the index that makes it cheap.
    private func scanCost(of slot: Int, _ schema: GraphSchema) -> (rows: Double, index: String?) {
        guard let node = nodes[slot] else { return (Double(schema.nodes), nil) }
        let all = Double(max(schema.nodes, 1))
        var best = (rows: all * selectivity(of: node, all, schema), index: String?.none)
        if !node.joins.isEmpty { best.rows *= 0.1 }
        for index in schema.indexes where node.labels.contains(index.definition.label) {
            let matches = Double(index.entries) / Double(max(index.distinctValues, 1))
            let isJoined = node.joins.contains { $0.key == index.definition.key }
            for test in node.tests where test.key == index.definition.key {
                let rows = if case .equal = test.test { matches } else { Double(index.entries) * 0.3 }
                if best.index == nil || rows < best.rows { best = (min(rows, best.rows), index.definition.name) }
            }
            if isJoined, best.index == nil { best = (min(matches, best.rows), index.definition.name) }
        }
        return best
    }

    // MARK: The operators

    private mutating func scan(
        _ slot: Int, _ input: LogicalPlan, _ planner: inout Planner
    ) throws(CypherError) -> LogicalPlan {
        let node = nodes[slot] ?? Node()
        planner.bound.insert(slot)
        let step = NodeScanStep(
            slot: slot, test: NodeTest(labels: node.labels, tests: node.tests), fetch: planner.needs.fetch(slot),
            index: scanCost(of: slot, planner.schema).index, join: node.joins.first)
        return try applyReadyConditions(.nodeScan(input, step), &planner)
    }

    private mutating func expand(
        _ index: Int, _ input: LogicalPlan, _ planner: inout Planner
    ) throws(CypherError) -> LogicalPlan {
        edges[index].isSolved = true
        let edge = edges[index]
        let forwards = planner.bound.contains(edge.from)
        let (from, to) = forwards ? (edge.from, edge.to) : (edge.to, edge.from)
        let isInto = planner.bound.contains(to)
        let node = isInto ? Node() : nodes[to] ?? Node()
        let isPath = edge.pattern.length != nil || edge.selection != .every
        var fetch = planner.needs.fetch(edge.slot)
        if isPath, case .properties = fetch { fetch = .entity }
        let step = ExpandStep(
            from: from, direction: GraphDirection(edge.pattern.direction, forwards: forwards), types: edge.pattern.types,
            relationship: edge.slot, relationshipTests: [], relationshipFetch: fetch, to: to, isInto: isInto,
            test: NodeTest(labels: node.labels, tests: node.tests), nodeFetch: planner.needs.fetch(to),
            distinctFrom: edges.indices.filter { $0 != index && edges[$0].isSolved }.map { edges[$0].slot })
        planner.bound.formUnion([edge.slot, to])
        if let inner = edge.innerNodes { planner.bound.insert(inner) }
        guard isPath else { return try applyReadyConditions(.expand(input, step), &planner) }
        return try expandPath(edge, step, forwards: forwards, input, &planner)
    }

    private mutating func expandPath(
        _ edge: Edge, _ step: ExpandStep, forwards: Bool, _ input: LogicalPlan, _ planner: inout Planner
    ) throws(CypherError) -> LogicalPlan {
        var step = step
        var plan = input
        if case .map(let entries)? = edge.pattern.properties?.kind {
            // Every relationship on the way has the properties: tested where the data is if no row decides, else afterwards.
            for entry in entries where entry.value.isRowConstant {
                step.relationshipTests.append(ConstantTest(key: entry.key, test: .equal(entry.value)))
            }
            for entry in entries where !entry.value.isRowConstant {
                step.relationshipFetch = .entity
                let each = planner.temporary()
                let property = Expression(.property(Expression(.variable(each), .none), key: entry.key), .none)
                let equal = Expression(.comparison(property, [ComparisonLink(.equal, entry.value)]), .none)
                let list = Expression(.variable(Variable("", slot: Int32(edge.slot))), .none)
                let all = Expression(
                    .quantifier(.all, ListPredicate(variable: each, list: list, predicate: equal)), .none)
                conditions.append(Condition(expression: all, slots: all.mentionedSlots.intersection(slots)))
            }
        }
        let isSingle = edge.pattern.length == nil
        let path = ExpandPathStep(
            expand: step, minimum: edge.pattern.length?.minimum ?? 1,
            maximum: isSingle ? 1 : edge.pattern.length?.maximum, innerNodes: edge.innerNodes, isReversed: !forwards,
            isSingle: isSingle)
        if isOnlyReached(edge, path, planner) {
            return try applyReadyConditions(.reach(plan, path), &planner)
        }
        plan =
            edge.selection == .every
            ? .expandPath(plan, path)
            : .shortestPath(plan, ShortestPathStep(expand: path, all: edge.selection == .allShortest))
        return try applyReadyConditions(plan, &planner)
    }

    /// Whether nothing asks which walks lead to the far node, and how many: then each is found once.
    private func isOnlyReached(_ edge: Edge, _ path: ExpandPathStep, _ planner: Planner) -> Bool {
        guard planner.duplicatesDoNotMatter, edges.count == 1, edge.selection == .every, !path.expand.isInto else {
            return false
        }
        guard edge.pattern.properties == nil, edge.innerNodes == nil, !planner.isMentioned(edge.slot),
            let maximum = path.maximum
        else { return false }
        // There and back again over one relationship is no walk, but it is within reach.
        guard path.expand.direction != .either || path.minimum == 0 else { return false }
        return path.minimum <= 1 && path.minimum <= maximum && maximum <= Reach.hopsMax
    }

    /// A relationship, or a list of them, that was bound before the clause: its ends are what it says.
    private mutating func walkBound(
        _ index: Int, _ input: LogicalPlan, _ planner: inout Planner
    ) throws(CypherError) -> LogicalPlan {
        edges[index].isSolved = true
        let edge = edges[index]
        var plan = LogicalPlan.boundRelationship(
            input,
            BoundRelationshipStep(
                relationship: edge.slot, isList: edge.pattern.length != nil,
                direction: GraphDirection(edge.pattern.direction, forwards: true), types: edge.pattern.types,
                from: edge.from, fromIsBound: planner.bound.contains(edge.from), to: edge.to,
                toIsBound: planner.bound.contains(edge.to) || edge.from == edge.to,
                minimum: edge.pattern.length?.minimum ?? 1,
                maximum: edge.pattern.length.map { $0.maximum } ?? 1,
                distinctFrom: edges.indices.filter { $0 != index && edges[$0].isSolved }.map { edges[$0].slot },
                innerNodes: edge.innerNodes))
        // Its nodes come whole, and are tested here.
        for slot in [edge.from, edge.to] where !planner.bound.contains(slot) {
            planner.bound.insert(slot)
            guard let node = nodes[slot] else { continue }
            for test in node.conditions(on: slot) { plan = .filter(plan, test) }
        }
        if let inner = edge.innerNodes { planner.bound.insert(inner) }
        return try applyReadyConditions(plan, &planner)
    }
}

extension GraphDirection {
    init(_ direction: PatternDirection, forwards: Bool) {
        let along: GraphDirection =
            switch direction {
            case .outgoing: .outgoing
            case .incoming: .incoming
            case .either: .either
            }
        self = forwards ? along : along.reversed
    }
}
