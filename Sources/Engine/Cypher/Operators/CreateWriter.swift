import CypherSyntax
import CypherValues
import PropertyGraph

/// Makes the patterns of `CREATE`, and of `MERGE` where nothing matches.
final class CreateWriter: Writer {
    struct Pattern {
        var pattern: CreatedPattern
        /// By position among the pattern's nodes and relationships.
        var nodeProperties: [CompiledExpression?]
        var relationshipProperties: [CompiledExpression?]
    }

    private let patterns: [Pattern]
    /// A null among a pattern's properties cannot be merged, as nothing would ever match it.
    private let refusesNulls: Bool
    /// What each row makes, in the order of the mutations.
    private var madeNodes: [(row: Int, slot: Int, labels: [String], properties: CypherMap)] = []
    private var madeRelationships: [(row: Int, slot: Int, type: String, from: End, to: End, properties: CypherMap)] = []

    fileprivate enum End {
        case existing(NodeHandle)
        case made(Int)
    }

    init(_ patterns: [Pattern], refusesNulls: Bool = false) {
        self.patterns = patterns
        self.refusesNulls = refusesNulls
    }

    func mutations(for batch: RowBatch, _ context: ExecutionContext) throws(CypherError) -> [GraphMutation] {
        (madeNodes, madeRelationships) = ([], [])
        var mutations: [GraphMutation] = []
        let frame = context.frame(batch)
        for row in 0..<batch.count {
            frame.row = row
            var bound: [Int: End] = [:]
            for pattern in patterns { try create(pattern, row, frame, &bound, context, &mutations) }
        }
        return mutations
    }

    private func create(
        _ pattern: Pattern, _ row: Int, _ frame: EvaluationFrame, _ bound: inout [Int: End], _ context: ExecutionContext,
        _ mutations: inout [GraphMutation]
    ) throws(CypherError) {
        for (index, node) in pattern.pattern.nodes.enumerated() where node.isNew {
            let properties = try self.properties(pattern.nodeProperties[index], frame, context)
            bound[node.slot] = .made(madeNodes.count)
            madeNodes.append((row, node.slot, node.labels.unique, properties))
            mutations.append(.createNode(labels: node.labels.unique, properties: properties))
        }
        for (index, relationship) in pattern.pattern.relationships.enumerated() {
            let properties = try self.properties(pattern.relationshipProperties[index], frame, context)
            let from = try end(pattern.pattern.nodes[relationship.from], row, frame.batch, bound, context)
            let to = try end(pattern.pattern.nodes[relationship.to], row, frame.batch, bound, context)
            madeRelationships.append((row, relationship.slot, relationship.type, from, to, properties))
            mutations.append(
                .createRelationship(
                    type: relationship.type, from: from.reference, to: to.reference, properties: properties))
        }
    }

    private func end(
        _ node: CreatedPattern.Node, _ row: Int, _ batch: RowBatch, _ bound: [Int: End], _ context: ExecutionContext
    ) throws(CypherError) -> End {
        if let made = bound[node.slot] { return made }
        switch batch.value(node.slot, row) {
        case .node(let existing):
            guard context.entities.newest(existing).isDeleted == false else {
                throw CypherError(
                    .entityNotFound, .runtime, .deletedEntityAccess,
                    "A relationship cannot be made at a node that this query deleted")
            }
            return .existing(existing.handle)
        case let other:
            throw .type(.invalidArgumentType, "A relationship joins nodes; one end is a \(other.typeName)")
        }
    }

    private func properties(
        _ expression: CompiledExpression?, _ frame: EvaluationFrame, _ context: ExecutionContext
    ) throws(CypherError) -> CypherMap {
        guard let expression else { return CypherMap() }
        let map = try PropertyWriter.properties(try expression.evaluate(frame), context, at: .none)
        for (key, value) in map {
            if refusesNulls, value.isNull {
                throw CypherError(
                    .semanticError, .runtime, .mergeReadOwnWrites,
                    "MERGE cannot be asked for the property `\(key)` with null, as nothing would ever match")
            }
            try PropertyWriter.checkStorable(value, key, at: .none)
        }
        return map.withoutNulls
    }

    func rows(_ batch: RowBatch, _ outcome: MutationOutcome, _ context: ExecutionContext) -> RowBatch {
        var made = batch
        func set(_ slot: Int, _ row: Int, _ value: CypherValue) {
            if made.columns[slot].isEmpty { made.columns[slot] = Array(repeating: .null, count: made.count) }
            made.columns[slot][row] = value
        }
        for (index, node) in madeNodes.enumerated() {
            let value = NodeValue(handle: outcome.nodes[index], labels: node.labels, properties: node.properties)
            set(node.slot, node.row, .node(value))
        }
        for (index, one) in madeRelationships.enumerated() {
            let value = RelationshipValue(
                handle: outcome.relationships[index], type: one.type, start: one.from.handle(outcome),
                end: one.to.handle(outcome), properties: one.properties)
            set(one.slot, one.row, .relationship(value))
        }
        for pattern in patterns {
            guard let path = pattern.pattern.path else { continue }
            made.columns[path.slot] = (0..<made.count).map { path.path(made, $0) }
        }
        return made
    }
}

extension CreateWriter.End {
    fileprivate var reference: NodeReference {
        switch self {
        case .existing(let handle): .existing(handle)
        case .made(let position): .created(position)
        }
    }

    fileprivate func handle(_ outcome: MutationOutcome) -> NodeHandle {
        switch self {
        case .existing(let handle): handle
        case .made(let position): outcome.nodes[position]
        }
    }
}

extension [String] {
    /// Each once, in the order of their first places.
    fileprivate var unique: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
