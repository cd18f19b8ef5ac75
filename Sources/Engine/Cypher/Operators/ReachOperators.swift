import CypherSyntax
import CypherValues
import PropertyGraph

/// Every row with each node that its node reaches, once, however many walks lead there.
final class ReachOperator: SingleInputOperator {
    private let walk: Walk
    private let minimum: Int
    private let maximum: Int
    private var batch: RowBatch?
    private var row = 0
    private var reached: [NodeHandle] = []
    private var position = 0
    private var isAsked = false

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, _ walk: Walk, minimum: Int,
        maximum: Int
    ) {
        self.walk = walk
        self.minimum = minimum
        self.maximum = maximum
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        while true {
            if isAsked, let made = take() { return .rows(made) }
            if position < reached.count {
                let handles = Array(reached[position..<min(reached.count, position + context.budget.batchRowsMax)])
                position += handles.count
                if walk.farFetch == .handle { return .rows(rows(handles.map { .node(NodeValue(handle: $0)) })) }
                isAsked = true
                return ask(.load(EntityLoad(nodes: handles, fetchNodes: .entity)))
            }
            if let batch, row + 1 < batch.count {
                row += 1
            } else {
                let step = try input.next()
                guard case .rows(let rows) = step else { return step }
                (batch, row) = (rows, 0)
            }
            if let request = try walk.reach(of: starts(), minimum, maximum, .nodes, context) {
                isAsked = true
                return ask(.reach(request))
            }
        }
    }

    /// Rows, where the answer is nodes that were loaded.
    private func take() -> RowBatch? {
        isAsked = false
        switch takeAnswer() {
        case .reach(let result):
            (reached, position) = (result.nodes, 0)
            return nil
        case .load(let loaded): return rows(loaded.nodes.values(.entity))
        default: preconditionFailure("a reach is answered by nodes")
        }
    }

    private func starts() throws(CypherError) -> [NodeHandle] {
        guard let batch, let node = try Walk.node(batch, walk.from, row) else { return [] }
        return [node.handle]
    }

    private func rows(_ nodes: [CypherValue]) -> RowBatch {
        guard let batch else { preconditionFailure("nodes without a row") }
        var made = batch.rows(at: Array(repeating: row, count: nodes.count))
        made.columns[walk.to] = nodes
        return made
    }

    override func reset() {
        super.reset()
        (batch, reached, position, isAsked) = (nil, [], 0, false)
    }
}

/// How many nodes the nodes of all rows reach: one row.
final class ReachCountOperator: SingleInputOperator {
    private let walk: Walk
    private let minimum: Int
    private let maximum: Int
    private let slot: Int
    private var starts: [NodeHandle] = []
    private var count: Int?
    private var isAsked = false
    private var isDone = false

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, _ walk: Walk, minimum: Int,
        maximum: Int, slot: Int
    ) {
        self.walk = walk
        self.minimum = minimum
        self.maximum = maximum
        self.slot = slot
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        if isDone { return .finished }
        if isAsked {
            guard case .reach(let result) = takeAnswer() else { preconditionFailure("a reach is answered by a count") }
            return finish(result.count)
        }
        while true {
            let step = try input.next()
            switch step {
            case .rows(let batch):
                for row in 0..<batch.count {
                    if let node = try Walk.node(batch, walk.from, row) { starts.append(node.handle) }
                }
                try context.keep(batch.count * MemoryLayout<NodeHandle>.stride)
            case .finished:
                guard let request = try walk.reach(of: starts, minimum, maximum, .count, context) else { return finish(0) }
                isAsked = true
                return ask(.reach(request))
            case .ask, .paused: return step
            }
        }
    }

    private func finish(_ count: Int) -> OperatorStep {
        isDone = true
        var made = RowBatch(slots: context.slotCount)
        made.count = 1
        made.columns[slot] = [.integer(Int64(count))]
        return .rows(made)
    }

    override func reset() {
        super.reset()
        (starts, isAsked, isDone) = ([], false, false)
    }
}

extension Walk {
    /// The request for what the nodes reach; nil when it can be nothing.
    fileprivate func reach(
        of nodes: [NodeHandle], _ minimum: Int, _ maximum: Int, _ wants: Reach.Wanted, _ context: ExecutionContext
    ) throws(CypherError) -> Reach? {
        guard !nodes.isEmpty, let tests = try far.resolved(in: context) else { return nil }
        return Reach(
            nodes, direction, types: types, minimum: minimum, maximum: maximum,
            far: .init(labels: far.labels, tests: tests), wants: wants)
    }
}
