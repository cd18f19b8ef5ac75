import CypherSyntax
import CypherValues
import PropertyGraph

/// Sorts all rows; with a limit, keeps only as many as are wanted.
final class SortOperator: SingleInputOperator {
    private let keys: [(expression: CompiledExpression, descending: Bool)]
    private let limits: [CompiledExpression]
    private let argument: Int?
    private var rows: RowBatch?
    private var keyColumns: [[CypherValue]] = []
    private var bytes = 0
    private var order: [Int]?
    private var position = 0
    private var limit: Int?

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator,
        _ keys: [(expression: CompiledExpression, descending: Bool)], limits: [CompiledExpression], argument: Int?
    ) {
        self.keys = keys
        self.limits = limits
        self.argument = argument
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        while order == nil {
            let step = try input.next()
            switch step {
            case .rows(let batch): try take(batch)
            case .finished: order = sorted()
            case .ask, .paused: return step
            }
        }
        guard let order, let rows, position < order.count else {
            try context.keep(-bytes)
            bytes = 0
            rows = nil
            return .finished
        }
        let end = min(order.count, position + context.budget.batchRowsMax)
        defer { position = end }
        return .rows(rows.rows(at: Array(order[position..<end])))
    }

    private func take(_ batch: RowBatch) throws(CypherError) {
        if rows == nil {
            rows = RowBatch(slots: context.slotCount)
            keyColumns = Array(repeating: [], count: keys.count)
            // Within an apply each outer row has its own first rows: nothing is cut there.
            if argument == nil, !limits.isEmpty {
                var sum = 0
                for expression in limits { sum += try context.count(expression, "LIMIT") }
                limit = sum
            }
        }
        let frame = context.frame(batch)
        for (index, key) in keys.enumerated() { keyColumns[index] += try key.expression.evaluateAll(frame) }
        rows?.append(batch)
        let size = batch.footprintBytes
        try context.keep(size)
        bytes += size
        if let limit, let count = rows?.count, count > max(limit * 2, context.budget.batchRowsMax) { try cut(to: limit) }
    }

    /// Lets go of all rows but the first ones, as no later row brings the others back.
    private func cut(to limit: Int) throws(CypherError) {
        let first = Array(sorted().prefix(limit))
        rows = rows?.rows(at: first)
        keyColumns = keyColumns.map { column in first.map { column[$0] } }
        let size = rows?.footprintBytes ?? 0
        try context.keep(size - bytes)
        bytes = size
    }

    private func sorted() -> [Int] {
        guard let rows else { return [] }
        let outer = argument.map { rows.positions($0) }
        return (0..<rows.count).sorted { a, b in
            if let outer, outer[a] != outer[b] { return outer[a] < outer[b] }
            for (index, key) in keys.enumerated() {
                switch keyColumns[index][a].order(keyColumns[index][b]) {
                case .before: return !key.descending
                case .after: return key.descending
                case .same, .unordered: continue
                }
            }
            return a < b
        }
    }

    override func reset() {
        super.reset()
        (rows, order, position) = (nil, nil, 0)
    }
}

extension ExecutionContext {
    /// The number of rows that `SKIP` or `LIMIT` says.
    func count(_ expression: CompiledExpression, _ name: String) throws(CypherError) -> Int {
        switch try constant(expression) {
        case .integer(let value) where value >= 0: return Int(value)
        case .integer(let value):
            throw CypherError(
                .syntaxError, .runtime, .negativeIntegerArgument, "\(name) takes a number from 0 on, not \(value)")
        case let other:
            throw CypherError(
                .syntaxError, .runtime, .invalidArgumentType, "\(name) takes an integer, not a \(other.typeName)")
        }
    }
}

/// Passes over the first rows, of each outer row where there is an apply.
final class SkipOperator: BatchOperator {
    private let expression: CompiledExpression
    private let argument: Int?
    private var count: Int?
    private var passed: [Int: Int] = [:]

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator,
        _ expression: CompiledExpression, argument: Int?
    ) {
        self.expression = expression
        self.argument = argument
        super.init(context, description, input)
    }

    override func transform(_ batch: RowBatch) throws(CypherError) -> RowBatch {
        if count == nil { count = try context.count(expression, "SKIP") }
        let count = count ?? 0
        let outer = argument.map { batch.positions($0) }
        return batch.rows(
            at: (0..<batch.count).filter { row in
                passed[outer?[row] ?? 0, default: 0] += 1
                return passed[outer?[row] ?? 0, default: 0] > count
            })
    }

    override func reset() {
        super.reset()
        passed = [:]
    }
}

/// Ends after so many rows, of each outer row where there is an apply.
final class LimitOperator: SingleInputOperator {
    private let expression: CompiledExpression
    private let argument: Int?
    /// What is before it writes, and does so for all rows whatever the limit.
    private let drains: Bool
    private var count: Int?
    private var given: [Int: Int] = [:]

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator,
        _ expression: CompiledExpression, argument: Int?, drains: Bool
    ) {
        self.expression = expression
        self.argument = argument
        self.drains = drains
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        if count == nil { count = try context.count(expression, "LIMIT") }
        let count = count ?? 0
        while true {
            if argument == nil, !drains, given[0, default: 0] >= count { return .finished }
            let step = try input.next()
            guard case .rows(let batch) = step else { return step }
            let outer = argument.map { batch.positions($0) }
            let made = batch.rows(
                at: (0..<batch.count).filter { row in
                    guard given[outer?[row] ?? 0, default: 0] < count else { return false }
                    given[outer?[row] ?? 0, default: 0] += 1
                    return true
                })
            if made.count > 0 { return .rows(made) }
            if context.isSliceOver { return .paused }
        }
    }

    override func reset() {
        super.reset()
        given = [:]
    }
}

/// Passes each combination of values once, for each outer row where there is an apply.
final class DistinctOperator: BatchOperator {
    private let slots: [Int]
    private let argument: Int?
    private var seen: Set<[CypherValue]> = []

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, slots: [Int], argument: Int?
    ) {
        self.slots = slots
        self.argument = argument
        super.init(context, description, input)
    }

    override func transform(_ batch: RowBatch) throws(CypherError) -> RowBatch {
        let keySlots = slots + [argument].compactMap(\.self)
        var positions: [Int] = []
        for row in 0..<batch.count {
            let key = keySlots.map { batch.value($0, row) }
            guard seen.insert(key).inserted else { continue }
            positions.append(row)
            try context.keep(key.reduce(48) { $0 + $1.footprintBytes })
        }
        var made = batch.rows(at: positions)
        let kept = Set(keySlots)
        for slot in made.columns.indices where !kept.contains(slot) { made.columns[slot] = [] }
        return context.restoringOuterColumns(of: made, argument)
    }

    override func reset() {
        super.reset()
        seen = []
    }
}

extension ExecutionContext {
    /// The rows with the columns of their outer rows, which grouping them has dropped.
    func restoringOuterColumns(of batch: RowBatch, _ argument: Int?) -> RowBatch {
        guard let argument, let outer = arguments[argument] else { return batch }
        var restored = batch
        let positions = batch.positions(argument)
        for slot in outer.columns.indices where restored.columns[slot].isEmpty && !outer.columns[slot].isEmpty {
            let column = outer.columns[slot]
            restored.columns[slot] = positions.map { column[$0] }
        }
        return restored
    }
}

/// The rows of all inputs, one after the other, in the columns of the first.
final class UnionOperator: Operator {
    private let parts: [Operator]
    private let columns: [[Int]]
    private let into: [Int]
    private var part = 0

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ parts: [Operator], columns: [[Int]],
        into: [Int]
    ) {
        self.parts = parts
        self.columns = columns
        self.into = into
        super.init(context, description)
    }

    override var inputs: [Operator] { parts }

    override func advance() throws(CypherError) -> OperatorStep {
        while part < parts.count {
            let step = try parts[part].next()
            switch step {
            case .finished: part += 1
            case .rows(let batch):
                var made = batch
                for (from, to) in zip(columns[part], into) {
                    made.columns[to] =
                        batch.columns[from].isEmpty
                        ? Array(repeating: .null, count: batch.count) : batch.columns[from]
                }
                return .rows(made)
            case .ask, .paused: return step
            }
        }
        return .finished
    }

    override func reset() {
        super.reset()
        part = 0
    }
}
