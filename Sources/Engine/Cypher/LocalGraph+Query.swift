package import CypherSyntax
package import CypherValues
package import PropertyGraph

/// What a query gave, all at once.
package struct QueryResult: Sendable {
    package var columns: [String] = []
    package var rows: [[CypherValue]] = []
    package var counts = MutationCounts()
    package var plan: PlanDescription?

    package init() {}
}

extension LocalGraph {
    /// Runs a query to its end in a transaction of its own, which an error rolls back.
    package mutating func run(
        _ query: CypherQuery, in evaluation: EvaluationContext = EvaluationContext(), budget: QueryBudget = QueryBudget()
    ) throws(CypherError) -> QueryResult {
        let execution = try QueryExecution(query, evaluation: evaluation, budget: budget)
        var result = QueryResult()
        result.columns = query.columns
        if query.writes { begin() }
        do throws(CypherError) {
            steps: while true {
                switch try execution.step() {
                case .rows(let rows): result.rows += rows
                case .asks(let request): execution.answer(try answered(request))
                case .paused: continue
                case .finished: break steps
                }
            }
        } catch {
            if isInTransaction { rollback() }
            throw error
        }
        if query.writes {
            do throws(GraphError) { try commit() } catch { throw CypherError(error) }
        }
        result.counts = execution.counts
        result.plan = execution.planDescription
        return result
    }

    private mutating func answered(_ request: GraphRequest) throws(CypherError) -> GraphResponse {
        do throws(GraphError) { return try answer(request) } catch { throw CypherError(error) }
    }
}
