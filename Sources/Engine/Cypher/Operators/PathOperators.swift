import CypherSyntax
import CypherValues
import PropertyGraph

/// Makes paths of the nodes and relationships of each row.
final class PathOperator: BatchOperator {
    private let step: PathStep

    init(_ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, _ step: PathStep) {
        self.step = step
        super.init(context, description, input)
    }

    override func transform(_ batch: RowBatch) throws(CypherError) -> RowBatch {
        var made = batch
        made.columns[step.slot] = (0..<batch.count).map { step.path(batch, $0) }
        return made
    }
}

extension PathStep {
    /// The row's path; null where a part of it is.
    func path(_ batch: RowBatch, _ row: Int) -> CypherValue {
        var nodes: [NodeValue] = []
        var relationships: [RelationshipValue] = []
        for element in elements {
            switch element {
            case .node(let slot):
                guard case .node(let node) = batch.value(slot, row) else { return .null }
                // A list of relationships brought its last node along.
                if nodes.count == relationships.count { nodes.append(node) }
            case .relationship(let slot):
                guard case .relationship(let relationship) = batch.value(slot, row) else { return .null }
                relationships.append(relationship)
            case .relationships(let slot, let inner):
                guard case .list(let between) = batch.value(inner, row) else { return .null }
                switch batch.value(slot, row) {
                case .list(let list):
                    relationships += list.compactMap { if case .relationship(let one) = $0 { one } else { nil } }
                case .relationship(let one): relationships.append(one)
                default: return .null
                }
                nodes += between.dropFirst().compactMap { if case .node(let node) = $0 { node } else { nil } }
            }
        }
        guard nodes.count == relationships.count + 1 else { return .null }
        return .path(PathValue(nodes: nodes, relationships: relationships))
    }
}

/// Loads the ends of relationships that expressions are going to ask for: what `startNode(r)` gives comes from the graph.
final class LoadEndsOperator: SingleInputOperator {
    private let expressions: [CompiledExpression]
    private var batch: RowBatch?
    private var asked: [NodeHandle] = []

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator,
        _ expressions: [CompiledExpression]
    ) {
        self.expressions = expressions
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        if !asked.isEmpty {
            guard case .load(let loaded) = takeAnswer() else { preconditionFailure("a load is answered by entities") }
            for node in loaded.nodes.nodes { context.entities.load(node) }
            asked = []
        }
        while true {
            if batch == nil {
                let step = try input.next()
                guard case .rows(let rows) = step else { return step }
                batch = rows
            }
            guard let batch else { preconditionFailure("a batch that was just taken") }
            try evaluate(batch)
            let missing = context.evaluation.missing.filter { context.entities.node($0) == nil }
            context.evaluation.missing = []
            guard !missing.isEmpty else {
                self.batch = nil
                return .rows(batch)
            }
            asked = missing.sorted()
            return ask(.load(EntityLoad(nodes: asked)))
        }
    }

    /// Finds out what is missing. An error may come of what is missing; if not, it comes again where the value is wanted.
    private func evaluate(_ batch: RowBatch) throws(CypherError) {
        let frame = context.frame(batch)
        for expression in expressions {
            for row in 0..<batch.count {
                frame.row = row
                _ = try? expression.evaluate(frame)
            }
        }
    }

    override func reset() {
        super.reset()
        batch = nil
    }
}

/// A pattern whose relationship, or list of them, is bound: its nodes are the relationship's ends.
final class BoundRelationshipOperator: SingleInputOperator {
    private let step: BoundRelationshipStep

    private struct Match {
        var row: Int
        /// One more than relationships.
        var nodes: [NodeHandle]
    }

    private var batch: RowBatch?
    private var matches: [Match] = []

    init(_ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, _ step: BoundRelationshipStep) {
        self.step = step
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        if let batch {
            guard case .load(let loaded) = takeAnswer() else { preconditionFailure("a load is answered by entities") }
            self.batch = nil
            return .rows(rows(batch, loaded))
        }
        while true {
            let step = try input.next()
            guard case .rows(let rows) = step else { return step }
            matches = []
            for row in 0..<rows.count { match(rows, row) }
            guard !matches.isEmpty else { continue }
            batch = rows
            return ask(.load(EntityLoad(nodes: matches.flatMap(\.nodes))))
        }
    }

    private func match(_ batch: RowBatch, _ row: Int) {
        let relationships: [RelationshipValue]
        switch batch.value(step.relationship, row) {
        case .relationship(let one) where !step.isList: relationships = [one]
        case .list(let list) where step.isList:
            relationships = list.compactMap { if case .relationship(let one) = $0 { one } else { nil } }
            guard relationships.count == list.count else { return }
        default: return
        }
        guard relationships.count >= step.minimum, relationships.count <= step.maximum ?? Int.max,
            relationships.allSatisfy({ step.types.isEmpty || step.types.contains($0.type) })
        else { return }
        guard let first = relationships.first else {
            if case .node(let node) = batch.value(step.fromIsBound ? step.from : step.to, row) {
                add([node.handle], batch, row)
            }
            return
        }
        if step.direction != .incoming { follow(relationships, from: first.start, batch, row) }
        if step.direction == .incoming || step.direction == .either && first.start != first.end {
            follow(relationships, from: first.end, batch, row)
        }
    }

    /// Walks the relationships one after the other, as long as each begins where the one before it ended.
    private func follow(_ relationships: [RelationshipValue], from start: NodeHandle, _ batch: RowBatch, _ row: Int) {
        var nodes = [start]
        for relationship in relationships {
            let here = nodes[nodes.count - 1]
            if step.direction != .incoming, relationship.start == here {
                nodes.append(relationship.end)
            } else if step.direction != .outgoing, relationship.end == here {
                nodes.append(relationship.start)
            } else {
                return
            }
        }
        add(nodes, batch, row)
    }

    private func add(_ nodes: [NodeHandle], _ batch: RowBatch, _ row: Int) {
        func agrees(_ slot: Int, _ handle: NodeHandle) -> Bool {
            if case .node(let node) = batch.value(slot, row) { node.handle == handle } else { false }
        }
        let last = nodes[nodes.count - 1]
        if step.fromIsBound, !agrees(step.from, nodes[0]) { return }
        if step.from == step.to {
            guard nodes[0] == last else { return }
        } else if step.toIsBound, !agrees(step.to, last) {
            return
        }
        matches.append(Match(row: row, nodes: nodes))
    }

    private func rows(_ batch: RowBatch, _ loaded: LoadedEntities) -> RowBatch {
        var made = batch.rows(at: matches.map(\.row))
        var position = 0
        var (froms, tos, inner): ([CypherValue], [CypherValue], [CypherValue]) = ([], [], [])
        for match in matches {
            let nodes = loaded.nodes.nodes[position..<position + match.nodes.count]
            position += match.nodes.count
            froms.append(nodes.first.map { .node($0) } ?? .null)
            tos.append(nodes.last.map { .node($0) } ?? .null)
            inner.append(.list(nodes.map { .node($0) }))
        }
        if !step.fromIsBound { made.columns[step.from] = froms }
        if !step.toIsBound { made.columns[step.to] = tos }
        if let slot = step.innerNodes { made.columns[slot] = inner }
        return made
    }

    override func reset() {
        super.reset()
        batch = nil
    }
}
