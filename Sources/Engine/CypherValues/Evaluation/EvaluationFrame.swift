/// Rows as columns: one column for each slot of the query's variables, empty where no variable is bound.
package struct RowBatch: Sendable {
    /// By slot. A column that is not empty has `count` values.
    package var columns: [[CypherValue]]
    package var count: Int

    package init(slots: Int) {
        columns = Array(repeating: [], count: slots)
        count = 0
    }

    package init(columns: [[CypherValue]], count: Int) {
        self.columns = columns
        self.count = count
    }
}

/// Where an expression finds the values of its variables: a batch, the row that is looked at, and what comprehensions bind.
package final class EvaluationFrame {
    package let context: EvaluationContext
    package var batch: RowBatch
    package var row = 0
    /// By slot: the variables of comprehensions, quantifiers and reductions that are under way.
    var locals: [CypherValue]

    package init(context: EvaluationContext, batch: RowBatch) {
        self.context = context
        self.batch = batch
        locals = Array(repeating: .null, count: batch.columns.count)
    }

    func bind(_ slot: Int, _ value: CypherValue) {
        if slot >= locals.count {
            locals.append(contentsOf: repeatElement(.null, count: slot + 1 - locals.count))
        }
        locals[slot] = value
    }
}
