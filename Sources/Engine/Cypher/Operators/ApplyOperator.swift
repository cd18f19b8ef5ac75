import CypherSyntax
import CypherValues
import PropertyGraph

/// Runs an inner plan over the rows of the outer one, a batch at a time, and brings their rows together.
final class ApplyOperator: SingleInputOperator {
    private let inner: Operator
    private let step: ApplyStep
    private var pending: RowBatch?
    private var outer: RowBatch?
    /// By outer row: how many inner rows it has, and what they have in the column that is collected.
    private var counts: [Int] = []
    private var lists: [[CypherValue]] = []

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, inner: Operator,
        _ step: ApplyStep
    ) {
        self.inner = inner
        self.step = step
        super.init(context, description, input)
    }

    override var inputs: [Operator] { [input, inner] }

    override func advance() throws(CypherError) -> OperatorStep {
        while true {
            guard let outer else {
                if try beginNext() { continue }
                let step = try input.next()
                guard case .rows(let batch) = step else { return step }
                pending = batch.count > 0 ? batch : nil
                continue
            }
            let answer = try inner.next()
            switch answer {
            case .ask, .paused: return answer
            case .rows(let batch):
                let made = take(batch, outer)
                if made.count > 0 { return .rows(made) }
            case .finished:
                self.outer = nil
                let made = end(outer)
                if made.count > 0 { return .rows(made) }
            }
        }
    }

    /// Hands the next outer rows to the inner plan.
    private func beginNext() throws(CypherError) -> Bool {
        guard let batch = pending else { return false }
        let rows = step.rowByRow ? batch.row(0) : batch
        pending = step.rowByRow && batch.count > 1 ? batch.rows(1..<batch.count) : nil
        var handed = rows
        handed.columns[step.argument] = (0..<rows.count).map { .integer(Int64($0)) }
        context.arguments[step.argument] = handed
        inner.reset()
        outer = rows
        counts = Array(repeating: 0, count: rows.count)
        if case .collect = step.kind { lists = Array(repeating: [], count: rows.count) }
        return true
    }

    private func take(_ batch: RowBatch, _ outer: RowBatch) -> RowBatch {
        let positions = batch.positions(step.argument)
        for position in positions { counts[position] += 1 }
        switch step.kind {
        case .join, .optional:
            var made = outer.rows(at: positions)
            for slot in step.introduced {
                made.columns[slot] =
                    batch.columns[slot].isEmpty ? Array(repeating: .null, count: batch.count) : batch.columns[slot]
            }
            return made
        case .collect(_, let from):
            for (row, position) in positions.enumerated() { lists[position].append(batch.value(from, row)) }
        case .exists, .count, .sideEffects: break
        }
        return RowBatch(slots: context.slotCount)
    }

    private func end(_ outer: RowBatch) -> RowBatch {
        var made = outer
        switch step.kind {
        case .join: return RowBatch(slots: context.slotCount)
        case .optional:
            made = outer.rows(at: counts.indices.filter { counts[$0] == 0 })
            for slot in step.introduced { made.columns[slot] = Array(repeating: .null, count: made.count) }
        case .exists(let slot): made.columns[slot] = counts.map { .boolean($0 > 0) }
        case .count(let slot): made.columns[slot] = counts.map { .integer(Int64($0)) }
        case .collect(let slot, _): made.columns[slot] = lists.map { .list($0) }
        case .sideEffects: break
        }
        return made
    }

    override func reset() {
        input.reset()
        (pending, outer) = (nil, nil)
    }
}
