import CypherSyntax
import CypherValues
import PropertyGraph

/// Every row with every walk of so many relationships, none of them twice; all walks of a batch go one hop further at a time.
final class ExpandPathOperator: SingleInputOperator {
    private let walk: Walk
    private let minimum: Int
    private let maximum: Int
    private let innerNodes: Int?
    private let isReversed: Bool

    /// A walk under way.
    private struct Trail {
        var row: Int
        var relationships: [RelationshipValue]
        var nodes: [NodeValue]
    }

    private enum State {
        case input
        /// Whether the nodes that walks start from pass as their ends is asked, for walks without a relationship.
        case startsAsked
        case hopAsked
        case emitting
    }

    private var state = State.input
    private var batch: RowBatch?
    private var trails: [Trail] = []
    private var nextTrails: [Trail] = []
    private var expansion: Expansion?
    private var depth = 0
    private var ready: [Trail] = []
    private var tests: [PropertyTest] = []
    private var farTests: [PropertyTest] = []
    private var bytes = 0

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, _ walk: Walk, minimum: Int,
        maximum: Int?, innerNodes: Int?, isReversed: Bool
    ) {
        self.walk = walk
        self.minimum = minimum
        self.maximum = maximum ?? Int.max
        self.innerNodes = innerNodes
        self.isReversed = isReversed
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        while true {
            switch state {
            case .input:
                let step = try input.next()
                guard case .rows(let batch) = step else { return step }
                guard try begin(batch) else { continue }
                if minimum == 0 {
                    state = .startsAsked
                    return ask(.load(EntityLoad(nodes: trails.map { $0.nodes[0].handle }, fetchNodes: .entity)))
                }
                state = .emitting
            case .startsAsked:
                guard case .load(let loaded) = takeAnswer() else { preconditionFailure("a load is answered by entities") }
                for index in trails.indices where passes(loaded.nodes.nodes[index]) {
                    var trail = trails[index]
                    trail.nodes = [loaded.nodes.nodes[index]]
                    finish(trail)
                }
                state = .emitting
            case .hopAsked:
                guard case .expand(let page) = takeAnswer() else {
                    preconditionFailure("an expansion is answered by a page")
                }
                try extend(page)
                expansion?.after = page.next
                if page.next == nil {
                    trails = nextTrails
                    nextTrails = []
                    depth += 1
                    expansion = nil
                }
                state = .emitting
            case .emitting:
                if !ready.isEmpty { return .rows(emit()) }
                if let expansion {
                    state = .hopAsked
                    return ask(.expand(expansion))
                }
                guard depth < maximum, !trails.isEmpty else {
                    try context.keep(-bytes)
                    bytes = 0
                    state = .input
                    continue
                }
                state = .hopAsked
                let hop = Expansion(
                    trails.map { $0.nodes[$0.nodes.count - 1].handle }, walk.direction, types: walk.types, tests: tests,
                    fetchRelationship: walk.relationshipFetch, fetchFar: needsFarEntity ? .entity : .handle,
                    limit: context.budget.batchRowsMax * 4)
                expansion = hop
                return ask(.expand(hop))
            }
        }
    }

    /// The far node is tested here, as nodes on the way may be anything.
    private var needsFarEntity: Bool {
        innerNodes != nil || walk.farFetch != .handle || !walk.far.labels.isEmpty || !walk.far.tests.isEmpty
    }

    private func begin(_ batch: RowBatch) throws(CypherError) -> Bool {
        guard let tests = try walk.relationshipTests.resolved(in: context), let far = try walk.far.resolved(in: context)
        else { return false }
        (self.tests, farTests) = (tests, far)
        trails = []
        for row in 0..<batch.count {
            guard let node = try Walk.node(batch, walk.from, row) else { continue }
            trails.append(Trail(row: row, relationships: [], nodes: [node]))
        }
        self.batch = batch
        depth = 0
        expansion = nil
        return !trails.isEmpty
    }

    private func passes(_ node: NodeValue) -> Bool {
        walk.far.labels.allSatisfy { node.labels.contains($0) } && farTests.allSatisfy { $0.passes(node.properties[$0.key]) }
    }

    private func extend(_ page: ExpansionPage) throws(CypherError) {
        guard let batch else { preconditionFailure("an answer without rows") }
        for pair in page.inputs.indices {
            let trail = trails[Int(page.inputs[pair])]
            let handle = page.relationships.handles[pair]
            if trail.relationships.contains(where: { $0.handle == handle }) || walk.isTaken(handle, batch, trail.row) {
                continue
            }
            let near = trail.nodes[trail.nodes.count - 1].handle
            let node = needsFarEntity ? page.far.nodes[pair] : NodeValue(handle: page.far.handles[pair])
            var longer = trail
            longer.relationships.append(walk.relationship(page, pair, near: near))
            if innerNodes != nil { longer.nodes.append(node) } else { longer.nodes = [node] }
            if depth + 1 >= minimum, passes(node) { finish(longer) }
            guard depth + 1 < maximum else { continue }
            let size = 96 + longer.relationships.count * 16
            bytes += size
            try context.keep(size)
            nextTrails.append(longer)
        }
    }

    /// The walk is long enough, and its end passes.
    private func finish(_ trail: Trail) {
        if walk.isInto {
            guard case .node(let bound)? = batch?.value(walk.to, trail.row),
                bound.handle == trail.nodes[trail.nodes.count - 1].handle
            else { return }
        }
        ready.append(trail)
    }

    private func emit() -> RowBatch {
        guard let batch else { preconditionFailure("walks without rows") }
        var made = batch.rows(at: ready.map(\.row))
        made.columns[walk.relationship] = ready.map { trail in
            .list((isReversed ? trail.relationships.reversed() : trail.relationships).map { .relationship($0) })
        }
        if !walk.isInto { made.columns[walk.to] = ready.map { .node($0.nodes[$0.nodes.count - 1]) } }
        if let innerNodes {
            made.columns[innerNodes] = ready.map { trail in
                .list((isReversed ? trail.nodes.reversed() : trail.nodes).map { .node($0) })
            }
        }
        ready = []
        return made
    }

    override func reset() {
        super.reset()
        state = .input
        (trails, nextTrails, ready, expansion) = ([], [], [], nil)
    }
}
