import CypherSyntax
import CypherValues
import PropertyGraph

/// What the operators that walk relationships have in common.
struct Walk {
    let from: Int
    let direction: GraphDirection
    let types: [String]
    let relationship: Int
    let relationshipTests: CompiledTests
    let relationshipFetch: EntityFetch
    let to: Int
    let isInto: Bool
    let far: CompiledTests
    let farFetch: EntityFetch
    let distinctFrom: [Int]

    /// The relationship between a node and the one at its far end.
    func relationship(_ page: ExpansionPage, _ pair: Int, near: NodeHandle) -> RelationshipValue {
        let far = page.far.handles[pair]
        return direction == .incoming
            ? page.relationships.value(pair, relationshipFetch, from: far, to: near)
            : page.relationships.value(pair, relationshipFetch, from: near, to: far)
    }

    /// Whether the row has the relationship already, where each is to be matched once.
    func isTaken(_ handle: RelationshipHandle, _ batch: RowBatch, _ row: Int) -> Bool {
        distinctFrom.contains { slot in
            switch batch.value(slot, row) {
            case .relationship(let other): other.handle == handle
            case .list(let others):
                others.contains { if case .relationship(let other) = $0 { other.handle == handle } else { false } }
            default: false
            }
        }
    }

    /// The node that a row starts from; nil where there is none.
    static func node(_ batch: RowBatch, _ slot: Int, _ row: Int) throws(CypherError) -> NodeValue? {
        switch batch.value(slot, row) {
        case .node(let node): return node
        case .null: return nil
        case let other: throw .type(.invalidArgumentType, "A pattern starts at a node, not at a \(other.typeName)")
        }
    }
}

/// Every row with every relationship of its node, and the node at the far end.
final class ExpandOperator: SingleInputOperator {
    private let walk: Walk

    private enum State {
        case input
        case waiting
        /// The page's rows are given out, and there is another page.
        case goingOn
    }

    private var state = State.input
    private var batch: RowBatch?
    private var expansion: Expansion?
    /// The row of each node that is asked about.
    private var rows: [Int] = []

    init(_ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, _ walk: Walk) {
        self.walk = walk
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        while true {
            switch state {
            case .input:
                let step = try input.next()
                guard case .rows(let batch) = step else { return step }
                guard let expansion = try self.expansion(for: batch) else { continue }
                self.batch = batch
                self.expansion = expansion
                state = .waiting
                return ask(.expand(expansion))
            case .waiting:
                guard case .expand(let page) = takeAnswer() else {
                    preconditionFailure("an expansion is answered by a page")
                }
                let made = rows(of: page)
                expansion?.after = page.next
                guard let expansion, page.next != nil else {
                    state = .input
                    if made.count > 0 { return .rows(made) }
                    continue
                }
                if made.count > 0 {
                    state = .goingOn
                    return .rows(made)
                }
                return ask(.expand(expansion))
            case .goingOn:
                guard let expansion else { preconditionFailure("nothing to go on with") }
                state = .waiting
                return ask(.expand(expansion))
            }
        }
    }

    private func expansion(for batch: RowBatch) throws(CypherError) -> Expansion? {
        guard let tests = try walk.relationshipTests.resolved(in: context), let far = try walk.far.resolved(in: context)
        else { return nil }
        var nodes: [NodeHandle] = []
        rows = []
        for row in 0..<batch.count {
            guard let node = try Walk.node(batch, walk.from, row) else { continue }
            nodes.append(node.handle)
            rows.append(row)
        }
        guard !nodes.isEmpty else { return nil }
        return Expansion(
            nodes, walk.direction, types: walk.types, tests: tests, far: .init(labels: walk.far.labels, tests: far),
            fetchRelationship: walk.relationshipFetch, fetchFar: walk.isInto ? .handle : walk.farFetch,
            limit: context.budget.batchRowsMax * 4)
    }

    private func rows(of page: ExpansionPage) -> RowBatch {
        guard let batch, let expansion else { preconditionFailure("an answer without rows") }
        var positions: [Int] = []
        var pairs: [Int] = []
        var relationships: [CypherValue] = []
        for pair in page.inputs.indices {
            let input = Int(page.inputs[pair])
            let row = rows[input]
            if walk.isTaken(page.relationships.handles[pair], batch, row) { continue }
            if walk.isInto {
                guard case .node(let bound) = batch.value(walk.to, row), bound.handle == page.far.handles[pair] else {
                    continue
                }
            }
            positions.append(row)
            pairs.append(pair)
            relationships.append(.relationship(walk.relationship(page, pair, near: expansion.nodes[input])))
        }
        var made = batch.rows(at: positions)
        made.columns[walk.relationship] = relationships
        if !walk.isInto {
            let far = page.far.values(walk.farFetch)
            made.columns[walk.to] = pairs.count == far.count ? far : pairs.map { far[$0] }
        }
        return made
    }

    override func reset() {
        super.reset()
        state = .input
    }
}
