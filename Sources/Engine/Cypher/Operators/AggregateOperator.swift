import CypherSyntax
import CypherValues
import PropertyGraph

/// Groups all rows by their keys and aggregates each group; without keys there is one group, even of no rows.
final class AggregateOperator: SingleInputOperator {
    struct Item {
        var slot: Int
        var aggregation: Aggregation
        var arguments: [CompiledExpression]
    }

    private let keys: [(slot: Int, expression: CompiledExpression)]
    private let items: [Item]
    private let argument: Int?
    private var groups: [[CypherValue]: Int] = [:]
    private var groupKeys: [[CypherValue]] = []
    private var aggregators: [[Aggregator]] = []
    private var bytes = 0
    private var isFull = false
    private var position = 0

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator,
        keys: [(slot: Int, expression: CompiledExpression)], items: [Item], argument: Int?
    ) {
        self.keys = keys
        self.items = items
        self.argument = argument
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        while !isFull {
            let step = try input.next()
            switch step {
            case .rows(let batch): try take(batch)
            case .finished: try fill()
            case .ask, .paused: return step
            }
        }
        guard position < groupKeys.count else {
            try context.keep(-bytes)
            bytes = 0
            return .finished
        }
        let end = min(groupKeys.count, position + context.budget.batchRowsMax)
        defer { position = end }
        return .rows(try result(position..<end))
    }

    /// Groups that are there although no row belongs to them.
    private func fill() throws(CypherError) {
        isFull = true
        guard keys.isEmpty else { return }
        if let argument {
            for row in 0..<(context.arguments[argument]?.count ?? 0) { _ = try group([.integer(Int64(row))]) }
        } else {
            _ = try group([])
        }
    }

    private func group(_ key: [CypherValue]) throws(CypherError) -> Int {
        if let known = groups[key] { return known }
        groups[key] = groupKeys.count
        groupKeys.append(key)
        aggregators.append(items.map { Aggregator($0.aggregation.function, distinct: $0.aggregation.distinct) })
        let size = key.reduce(96) { $0 + $1.footprintBytes } + items.count * 96
        bytes += size
        try context.keep(size)
        return groupKeys.count - 1
    }

    private func take(_ batch: RowBatch) throws(CypherError) {
        let frame = context.frame(batch)
        var keyColumns: [[CypherValue]] = []
        if let argument { keyColumns.append(batch.columns[argument]) }
        for key in keys { keyColumns.append(try key.expression.evaluateAll(frame)) }
        var argumentColumns: [[[CypherValue]]] = []
        for item in items {
            var columns: [[CypherValue]] = []
            for argument in item.arguments { columns.append(try argument.evaluateAll(frame)) }
            argumentColumns.append(columns)
        }
        for row in 0..<batch.count {
            let group = try self.group(keyColumns.map { $0[row] })
            for index in items.indices {
                let columns = argumentColumns[index]
                guard !columns.isEmpty else {
                    aggregators[group][index].addRow()
                    continue
                }
                let before = aggregators[group][index].footprintBytes
                try aggregators[group][index].add(
                    columns[0][row], argument: columns.count > 1 ? columns[1][row] : .null,
                    limits: context.evaluation.limits)
                let grown = aggregators[group][index].footprintBytes - before
                if grown != 0 {
                    bytes += grown
                    try context.keep(grown)
                }
            }
        }
    }

    private func result(_ range: Range<Int>) throws(CypherError) -> RowBatch {
        var made = RowBatch(slots: context.slotCount)
        made.count = range.count
        let slots = [argument].compactMap(\.self) + keys.map(\.slot)
        for (index, slot) in slots.enumerated() { made.columns[slot] = range.map { groupKeys[$0][index] } }
        for (index, item) in items.enumerated() {
            var column: [CypherValue] = []
            for group in range { column.append(try aggregators[group][index].result()) }
            made.columns[item.slot] = column
        }
        return context.restoringOuterColumns(of: made, argument)
    }

    override func reset() {
        super.reset()
        (groups, groupKeys, aggregators) = ([:], [], [])
        (position, isFull) = (0, false)
    }
}
