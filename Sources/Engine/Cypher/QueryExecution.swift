package import CypherSyntax
package import CypherValues
package import PropertyGraph

/// A query that is ready to run, any number of times: its text read, bound to slots and checked.
package struct CypherQuery: Sendable {
    package let text: String
    let analysed: AnalysedStatement
    let procedures: any ProcedureProvider
    private let parameterNames: [(name: String, span: Span)]

    /// Throws the standard's compile-time errors.
    package init(_ text: String, procedures: any ProcedureProvider = SchemaProcedures()) throws(CypherError) {
        self.text = text
        self.procedures = procedures
        let signatures = Dictionary(procedures.signatures.map { ($0.name.lowercased(), $0) }) { first, _ in first }
        analysed = try AnalysedStatement(Parser.parse(text), procedures: signatures)
        var names: [(name: String, span: Span)] = []
        if case .query(let query) = analysed.statement.body {
            query.walk { if case .parameter(let name) = $0.kind { names.append((name, $0.span)) } }
        }
        parameterNames = names
    }

    /// The result's columns, in their order.
    package var columns: [String] { analysed.columns.map(\.name) }

    /// Whether it may change the graph: then it runs in a transaction of its own.
    package var writes: Bool { analysed.writes && analysed.statement.mode != .explain }

    package var mode: Statement.Mode { analysed.statement.mode }

    /// Throws `ParameterMissing` when the query names a parameter that is not given.
    func checkParameters(_ parameters: CypherMap) throws(CypherError) {
        for (name, span) in parameterNames where parameters[name] == nil {
            throw CypherError(
                .parameterMissing, .compileTime, .missingParameter, "The parameter $\(name) is not given", at: span)
        }
    }
}

/// One run of a query, as a state machine: it gives rows, asks the graph, pauses, and ends.
///
/// Whoever runs it calls `step`, answers what it asks by `answer`, and commits or rolls back the transaction afterwards: an error
/// of `step` is to undo all that the run wrote. One thread at a time.
package final class QueryExecution {
    package enum Step {
        /// Rows of the result, each with a value for every column.
        case rows([[CypherValue]])
        /// The graph is asked; `answer` before the next step.
        case asks(GraphRequest)
        /// The slice is over; the next step goes on.
        case paused
        case finished
    }

    private enum State {
        case begin
        case schemaAsked
        case running(Operator)
        case finished
    }

    private let query: CypherQuery
    private let evaluation: EvaluationContext
    private let budget: QueryBudget
    private var state = State.begin
    private var context: ExecutionContext?
    private var answer: GraphResponse?
    private var columns: [Int] = []
    private var plan: PlanDescription?

    /// Throws `ParameterMissing` when the query names a parameter that `evaluation` does not have.
    package init(
        _ query: CypherQuery, evaluation: EvaluationContext, budget: QueryBudget = QueryBudget()
    ) throws(CypherError) {
        try query.checkParameters(evaluation.parameters)
        self.query = query
        self.evaluation = evaluation
        self.budget = budget
    }

    /// What the graph says to the request that the last step gave.
    package func answer(_ response: GraphResponse) { answer = response }

    /// Goes on until there are rows, the graph is asked, or about so many rows went through operators.
    package func step(sliceRows: Int = 100_000) throws(CypherError) -> Step {
        switch state {
        case .begin:
            state = .schemaAsked
            return .asks(.schema)
        case .schemaAsked:
            guard case .schema(let schema)? = answer else { preconditionFailure("a schema is answered by a schema") }
            answer = nil
            let root = try build(schema)
            state = query.mode == .explain ? .finished : .running(root)
            if query.mode == .explain {
                plan = PlanDescription(root, profiled: false)
                return .finished
            }
            return .paused
        case .running(let root): return try run(root, sliceRows: sliceRows)
        case .finished: return .finished
        }
    }

    private func build(_ schema: GraphSchema) throws(CypherError) -> Operator {
        let slotCount: Int
        let plan: LogicalPlan
        switch query.analysed.statement.body {
        case .schema(let command): (plan, slotCount) = (.schema(command), 0)
        case .query(let query):
            (plan, slotCount) = try Planner.plan(query, of: self.query.analysed, schema: schema)
        }
        let context = ExecutionContext(
            evaluation: evaluation, slotCount: slotCount, budget: budget, procedures: query.procedures, schema: schema)
        self.context = context
        columns = query.analysed.columns.map { Int($0.slot) }
        let signatures = Dictionary(query.procedures.signatures.map { ($0.name.lowercased(), $0) }) { first, _ in first }
        return try OperatorBuilder(context, signatures: signatures).build(plan)
    }

    private func run(_ root: Operator, sliceRows: Int) throws(CypherError) -> Step {
        guard let context else { preconditionFailure("a query that runs has a context") }
        context.answer = answer
        answer = nil
        context.beginSlice(rows: sliceRows)
        while true {
            switch try root.next() {
            case .rows(let batch):
                if !columns.isEmpty { return .rows(rows(batch, context)) }
                if context.isSliceOver { return .paused }
            case .ask(let request): return .asks(request)
            case .paused: return .paused
            case .finished:
                state = .finished
                if query.mode == .profile { plan = PlanDescription(root, profiled: true) }
                return .finished
            }
        }
    }

    private func rows(_ batch: RowBatch, _ context: ExecutionContext) -> [[CypherValue]] {
        let entities = context.entities
        return (0..<batch.count).map { row in
            columns.map { slot in
                let value = batch.value(slot, row)
                return entities.isEmpty ? value : entities.newest(value)
            }
        }
    }

    // MARK: Afterwards

    /// What the run changed so far.
    package var counts: MutationCounts { context?.counts ?? MutationCounts() }

    /// The plan: of `EXPLAIN`, and of `PROFILE` once it has finished.
    package var planDescription: PlanDescription? { plan }
}

/// A plan as people read it.
package struct PlanDescription: Sendable {
    package let name: String
    package let details: String
    /// What the operator made and asked, of a query that ran.
    package let rows: Int?
    package let requests: Int?
    package let inputs: [PlanDescription]

    package init(name: String, details: String, rows: Int?, requests: Int?, inputs: [PlanDescription]) {
        self.name = name
        self.details = details
        self.rows = rows
        self.requests = requests
        self.inputs = inputs
    }

    init(_ root: Operator, profiled: Bool) {
        name = root.description.name
        details = root.description.details
        rows = profiled ? root.rowsMade : nil
        requests = profiled ? root.requestsMade : nil
        inputs = root.inputs.map { PlanDescription($0, profiled: profiled) }
    }

    /// One line for each operator, inputs indented below what they feed.
    package var lines: [String] { lines(depth: 0) }

    private func lines(depth: Int) -> [String] {
        var line = String(repeating: "  ", count: depth) + name
        if !details.isEmpty { line += " " + details }
        if let rows, let requests { line += " (rows \(rows), requests \(requests))" }
        // A pipeline reads downwards without a step to the side; only further inputs are indented.
        let rest = inputs.dropFirst().flatMap { $0.lines(depth: depth + 1) }
        return [line] + rest + (inputs.first?.lines(depth: depth) ?? [])
    }
}

extension CypherError {
    /// The graph's refusal in the standard's terms.
    package init(_ error: GraphError) {
        switch error {
        case .nodeNotFound, .relationshipNotFound:
            self.init(.entityNotFound, .runtime, .deletedEntityAccess, "What the query names is not there any more")
        case .deletedNodeHasRelationships(_, let count):
            self.init(
                .constraintVerificationFailed, .runtime, .deleteConnectedNode,
                "A node that still has \(count) relationships cannot be deleted; see DETACH DELETE")
        case .notStorable(let key, let typeName):
            self.init(
                .typeError, .runtime, .invalidPropertyType, "The property `\(key)` cannot hold a \(typeName) of this kind")
        case .elementIdTaken(let id):
            self.init(
                .constraintValidationFailed, .runtime, .invalidArgumentValue, "The element id `\(id)` is taken")
        case .indexExists(let name):
            self.init(
                .constraintValidationFailed, .runtime, .indexAlreadyExists, "There is an index called `\(name)` already")
        case .indexNotFound(let name):
            self.init(.argumentError, .runtime, .indexNotFound, "There is no index called `\(name)`")
        case .full(let what, let limit):
            self.init(.limitExceeded, .runtime, .memory, "The graph holds at most \(limit) \(what)")
        }
    }
}
