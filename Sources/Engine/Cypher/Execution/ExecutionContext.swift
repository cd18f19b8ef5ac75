import CypherSyntax
import CypherValues
import PropertyGraph

/// What all operators of one run share. Used by one thread at a time.
final class ExecutionContext {
    let evaluation: EvaluationContext
    let slotCount: Int
    let budget: QueryBudget
    let procedures: any ProcedureProvider
    /// What this query wrote, and nodes that were loaded for their relationships' sake.
    let entities = WrittenEntities()
    /// The graph's answer to the request that was given out last, until the operator that asked takes it.
    var answer: GraphResponse?
    var counts = MutationCounts()
    var schema: GraphSchema
    /// By the slot that tells them apart: the rows that applies hand to their inner plans.
    var arguments: [Int: RowBatch] = [:]
    private(set) var rows = 0
    private(set) var memoryBytes = 0
    private(set) var requests = 0
    private var rowsLeftInSlice = 0

    init(
        evaluation: EvaluationContext, slotCount: Int, budget: QueryBudget, procedures: any ProcedureProvider,
        schema: GraphSchema
    ) {
        self.evaluation = evaluation
        self.slotCount = slotCount
        self.budget = budget
        self.procedures = procedures
        self.schema = schema
        evaluation.entities = entities
    }

    // MARK: Budgets

    func beginSlice(rows: Int) { rowsLeftInSlice = rows }

    /// Whether the slice is used up: operators that make rows from nothing return `.paused` then.
    var isSliceOver: Bool { rowsLeftInSlice <= 0 }

    /// Counts rows that an operator made.
    func made(_ count: Int) throws(CypherError) {
        rows += count
        rowsLeftInSlice -= max(count, 1)
        // Operators below an aggregation or a sort make many batches in one step.
        try evaluation.interruption?()
        guard rows <= budget.rowsMax else {
            throw .limit(
                .rows, "The query made more than \(budget.rowsMax) rows on its way; narrow it down, or raise its row budget")
        }
    }

    /// Counts bytes that an operator keeps; less than zero when it lets them go.
    func keep(_ bytes: Int) throws(CypherError) {
        memoryBytes += bytes
        guard memoryBytes <= budget.memoryBytesMax else {
            throw .limit(
                .memory,
                "The query keeps more than \(budget.memoryBytesMax) bytes; narrow it down, or raise its memory budget")
        }
    }

    func noteRequest() { requests += 1 }

    // MARK: Evaluation

    func frame(_ batch: RowBatch) -> EvaluationFrame { EvaluationFrame(context: evaluation, batch: batch) }

    /// The value of an expression that no row decides.
    func constant(_ expression: CompiledExpression) throws(CypherError) -> CypherValue {
        let frame = frame(RowBatch(columns: Array(repeating: [], count: slotCount), count: 1))
        return try expression.evaluate(frame)
    }
}

/// The entities that a query wrote, as they are now, and nodes that were loaded beside the rows.
final class WrittenEntities: EntityLookup {
    private(set) var nodes: [NodeHandle: NodeValue] = [:]
    private(set) var relationships: [RelationshipHandle: RelationshipValue] = [:]
    private var loaded: [NodeHandle: NodeValue] = [:]

    var isEmpty: Bool { nodes.isEmpty && relationships.isEmpty }

    func node(_ handle: NodeHandle) -> NodeValue? { nodes[handle] ?? loaded[handle] }
    func changed(_ node: NodeHandle) -> NodeValue? { nodes[node] }
    func changed(_ relationship: RelationshipHandle) -> RelationshipValue? { relationships[relationship] }

    func note(_ node: NodeValue) { nodes[node.handle] = node }
    func note(_ relationship: RelationshipValue) { relationships[relationship.handle] = relationship }
    func load(_ node: NodeValue) { loaded[node.handle] = node }

    func newest(_ node: NodeValue) -> NodeValue { nodes[node.handle] ?? node }
    func newest(_ relationship: RelationshipValue) -> RelationshipValue {
        relationships[relationship.handle] ?? relationship
    }

    /// The value with every entity in it as it is now.
    func newest(_ value: CypherValue) -> CypherValue {
        switch value {
        case .node(let node): .node(newest(node))
        case .relationship(let relationship): .relationship(newest(relationship))
        case .path(let path):
            .path(PathValue(nodes: path.nodes.map(newest), relationships: path.relationships.map(newest)))
        case .list(let members): .list(members.map(newest))
        case .map(let map): .map(CypherMap(map.map { ($0.0, newest($0.1)) }))
        default: value
        }
    }
}
