import CypherSyntax
import CypherValues
import PropertyGraph

/// Each row with what matches its pattern; where nothing does, the pattern is made, once for all rows that ask for the same.
final class MergeOperator: SingleInputOperator {
    private let inner: Operator
    private let step: MergeStep
    private let creator: CreateWriter
    private let keys: [CompiledExpression]
    private let onCreate: PropertyWriter
    private let onMatch: PropertyWriter

    private enum State {
        case input
        case matching
        /// What no row matches is being made.
        case creating
        /// ON CREATE and ON MATCH are being carried out.
        case setting
        /// The rows are ready.
        case settled
    }

    private var state = State.input
    private var pending: RowBatch?
    private var outer = RowBatch(slots: 0)
    private var matched = RowBatch(slots: 0)
    /// The first of the outer rows that ask for the same, and for each outer row without a match which of these is its own.
    private var makers: [Int] = []
    private var followers: [(row: Int, maker: Int)] = []
    private var made = RowBatch(slots: 0)
    private var result = RowBatch(slots: 0)

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, inner: Operator,
        _ step: MergeStep, creator: CreateWriter, keys: [CompiledExpression], onCreate: PropertyWriter,
        onMatch: PropertyWriter
    ) {
        self.inner = inner
        self.step = step
        self.creator = creator
        self.keys = keys
        self.onCreate = onCreate
        self.onMatch = onMatch
        super.init(context, description, input)
    }

    override var inputs: [Operator] { [input, inner] }

    override func advance() throws(CypherError) -> OperatorStep {
        while true {
            switch state {
            case .input:
                if pending == nil {
                    let step = try input.next()
                    guard case .rows(let batch) = step else { return step }
                    pending = batch.count > 0 ? batch : nil
                }
                beginNext()
            case .matching:
                let step = try inner.next()
                switch step {
                case .rows(let batch): matched.append(batch)
                case .finished:
                    if let request = try create() { return ask(request) }
                case .ask, .paused: return step
                }
            case .creating:
                guard case .mutate(let outcome) = takeAnswer() else {
                    preconditionFailure("a mutation is answered by its outcome")
                }
                context.counts += outcome.counts
                made = creator.rows(outer.rows(at: makers), outcome, context)
                if let request = try settle() { return ask(request) }
            case .setting:
                guard case .mutate(let outcome) = takeAnswer() else {
                    preconditionFailure("a mutation is answered by its outcome")
                }
                context.counts += outcome.counts
                state = .settled
            case .settled:
                state = .input
                return .rows(result)
            }
        }
    }

    private func beginNext() {
        guard let batch = pending else { return }
        outer = step.isBatched ? batch : batch.row(0)
        pending = step.isBatched || batch.count == 1 ? nil : batch.rows(1..<batch.count)
        var handed = outer
        handed.columns[step.argument] = (0..<outer.count).map { .integer(Int64($0)) }
        context.arguments[step.argument] = handed
        inner.reset()
        matched = RowBatch(slots: context.slotCount)
        matched.columns[step.argument] = []
        state = .matching
    }

    /// The request that makes what rows without a match ask for; nil when every row has one.
    private func create() throws(CypherError) -> GraphRequest? {
        let positions = matched.count == 0 ? [] : matched.positions(step.argument)
        let found = Set(positions)
        (makers, followers) = ([], [])
        made = RowBatch(slots: context.slotCount)
        let frame = context.frame(outer)
        var known: [[CypherValue]: Int] = [:]
        for row in 0..<outer.count where !found.contains(row) {
            frame.row = row
            let key = try self.key(frame)
            if let maker = known[key] {
                followers.append((row, maker))
            } else {
                known[key] = makers.count
                makers.append(row)
            }
        }
        if !makers.isEmpty {
            let mutations = try creator.mutations(for: outer.rows(at: makers), context)
            if !mutations.isEmpty {
                state = .creating
                return .mutate(mutations)
            }
        }
        return try settle()
    }

    /// What the row asks for: the nodes that are bound and the properties.
    private func key(_ frame: EvaluationFrame) throws(CypherError) -> [CypherValue] {
        var key: [CypherValue] = []
        for expression in keys { key.append(try expression.evaluate(frame)) }
        var ends = step.pattern.nodes.filter { !$0.isNew }.map { frame.batch.value($0.slot, frame.row) }
        if step.isUndirected { ends.sort { $0.precedes($1) } }
        return key + ends
    }

    /// Puts the rows together, and gives the changes of ON CREATE and ON MATCH.
    private func settle() throws(CypherError) -> GraphRequest? {
        var mutations: [GraphMutation] = []
        for row in 0..<made.count { try onCreate.write(made, row, context, &mutations) }
        let positions = matched.count == 0 ? [] : matched.positions(step.argument)
        var joined = outer.rows(at: positions)
        for slot in step.introduced where !matched.columns[slot].isEmpty { joined.columns[slot] = matched.columns[slot] }
        if !followers.isEmpty {
            var rest = outer.rows(at: followers.map(\.row))
            for slot in step.introduced where !made.columns[slot].isEmpty {
                rest.columns[slot] = followers.map { made.columns[slot][$0.maker] }
            }
            joined.append(rest)
        }
        for row in 0..<joined.count { try onMatch.write(joined, row, context, &mutations) }
        result = made
        result.append(joined)
        state = mutations.isEmpty ? .settled : .setting
        return mutations.isEmpty ? nil : .mutate(mutations)
    }

    override func reset() {
        input.reset()
        state = .input
        pending = nil
    }
}
