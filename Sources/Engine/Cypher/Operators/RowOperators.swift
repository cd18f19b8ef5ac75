import CypherSyntax
import CypherValues
import PropertyGraph

/// The leaf of a plan: one row without columns, or the rows that an apply hands in.
final class ArgumentOperator: Operator {
    private let slot: Int?
    private var isDone = false

    init(_ context: ExecutionContext, _ description: OperatorDescription, slot: Int?) {
        self.slot = slot
        super.init(context, description)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        guard !isDone else { return .finished }
        isDone = true
        guard let slot else { return .rows(.unit(slots: context.slotCount)) }
        return context.arguments[slot].map { .rows($0) } ?? .finished
    }

    override func reset() { isDone = false }
}

/// An operator of one input.
class SingleInputOperator: Operator {
    let input: Operator

    init(_ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator) {
        self.input = input
        super.init(context, description)
    }

    override var inputs: [Operator] { [input] }
}

/// An operator that makes of each batch another one, without asking the graph.
class BatchOperator: SingleInputOperator {
    final override func advance() throws(CypherError) -> OperatorStep {
        while true {
            let step = try input.next()
            guard case .rows(let batch) = step else { return step }
            let made = try transform(batch)
            if made.count > 0 { return .rows(made) }
            if context.isSliceOver { return .paused }
        }
    }

    func transform(_ batch: RowBatch) throws(CypherError) -> RowBatch {
        preconditionFailure("the operator \(Self.self) makes no rows")
    }
}

final class FilterOperator: BatchOperator {
    private let predicate: CompiledExpression

    init(_ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, _ predicate: CompiledExpression)
    {
        self.predicate = predicate
        super.init(context, description, input)
    }

    override func transform(_ batch: RowBatch) throws(CypherError) -> RowBatch {
        batch.rows(at: try predicate.rowsThatHold(context.frame(batch)))
    }
}

/// Evaluates expressions into columns.
final class ExtendOperator: BatchOperator {
    private let columns: [(slot: Int, expression: CompiledExpression)]

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator,
        _ columns: [(slot: Int, expression: CompiledExpression)]
    ) {
        self.columns = columns
        super.init(context, description, input)
    }

    override func transform(_ batch: RowBatch) throws(CypherError) -> RowBatch {
        let frame = context.frame(batch)
        var extended = batch
        for (slot, expression) in columns { extended.columns[slot] = try expression.evaluateAll(frame) }
        return extended
    }
}

/// Drops columns that nothing asks for any more.
final class KeepOperator: BatchOperator {
    private let slots: Set<Int>

    init(_ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, slots: Set<Int>) {
        self.slots = slots
        super.init(context, description, input)
    }

    override func transform(_ batch: RowBatch) throws(CypherError) -> RowBatch {
        var kept = batch
        for slot in kept.columns.indices where !slots.contains(slot) { kept.columns[slot] = [] }
        return kept
    }
}

/// The elements of a list, a row for each; null has none.
final class UnwindOperator: SingleInputOperator {
    private let list: CompiledExpression
    private let slot: Int
    private var batch: RowBatch?
    private var frame: EvaluationFrame?
    /// The row's list. One at a time: those of all rows of a batch may be more than there is memory.
    private var current: CypherValue?
    private var row = 0
    private var element = 0

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, _ list: CompiledExpression,
        slot: Int
    ) {
        self.list = list
        self.slot = slot
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        while true {
            if context.isSliceOver { return .paused }
            if let batch {
                let made = try nextRows(of: batch)
                if row >= batch.count { (self.batch, frame) = (nil, nil) }
                if made.count > 0 { return .rows(made) }
                continue
            }
            let step = try input.next()
            guard case .rows(let batch) = step else { return step }
            (self.batch, frame, current, row, element) = (batch, context.frame(batch), nil, 0, 0)
        }
    }

    private func nextRows(of batch: RowBatch) throws(CypherError) -> RowBatch {
        var positions: [Int] = []
        var values: [CypherValue] = []
        while row < batch.count, values.count < context.budget.batchRowsMax {
            switch try list(of: row) {
            case .list(let members):
                let end = min(members.count, element + context.budget.batchRowsMax - values.count)
                values.append(contentsOf: members[element..<end])
                positions.append(contentsOf: repeatElement(row, count: end - element))
                element = end
                if end < members.count { continue }
            case .null: break
            case let single:
                values.append(single)
                positions.append(row)
            }
            row += 1
            element = 0
            current = nil
        }
        var made = batch.rows(at: positions)
        made.columns[slot] = values
        return made
    }

    private func list(of row: Int) throws(CypherError) -> CypherValue {
        if let current { return current }
        guard let frame else { preconditionFailure("a batch is unwound without its frame") }
        frame.row = row
        let value = try list.evaluate(frame)
        current = value
        return value
    }

    override func reset() {
        super.reset()
        (batch, frame, current) = (nil, nil, nil)
    }
}

/// Holds all rows back until the last of them is there: what comes before is done when what comes after begins.
final class EagerOperator: SingleInputOperator {
    private var batches: [RowBatch] = []
    private var bytes = 0
    private var isFull = false
    private var position = 0

    override func advance() throws(CypherError) -> OperatorStep {
        while !isFull {
            let step = try input.next()
            switch step {
            case .rows(let batch):
                let size = batch.footprintBytes
                try context.keep(size)
                bytes += size
                batches.append(batch)
            case .finished: isFull = true
            case .ask, .paused: return step
            }
        }
        guard position < batches.count else {
            try release()
            return .finished
        }
        defer { position += 1 }
        return .rows(batches[position])
    }

    private func release() throws(CypherError) {
        try context.keep(-bytes)
        batches = []
        (bytes, position) = (0, 0)
    }

    override func reset() {
        super.reset()
        batches = []
        (position, isFull) = (0, false)
    }
}
