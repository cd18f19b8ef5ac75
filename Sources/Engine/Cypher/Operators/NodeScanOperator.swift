import CypherSyntax
import CypherValues
import PropertyGraph

/// Every row with every node that passes the tests; with a join, only with the nodes whose property equals the row's value.
final class NodeScanOperator: SingleInputOperator {
    private let slot: Int
    private let tests: CompiledTests
    private let fetch: EntityFetch
    private let join: (key: String, value: CompiledExpression)?
    private let usesIndex: Bool

    /// How many values the graph compares with a property where no index finds the nodes.
    private static let valuesTestedMax = 8

    private enum State {
        case input
        /// A page is asked for.
        case waiting
        /// Nodes of a page meet the batch's rows.
        case pairing
    }

    private var state = State.input
    private var batch: RowBatch?
    private var scan: NodeScan?
    private var rowsByValue: [CypherValue: [Int]] = [:]
    private var nodes: [CypherValue] = []
    /// For each node of the page the rows that it goes with; nil for all.
    private var partners: [[Int]]?
    private var node = 0
    private var partner = 0

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, slot: Int,
        tests: CompiledTests, fetch: EntityFetch, join: (key: String, value: CompiledExpression)?, usesIndex: Bool
    ) {
        self.slot = slot
        self.tests = tests
        self.fetch = fetch
        self.join = join
        self.usesIndex = usesIndex
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        while true {
            switch state {
            case .input:
                let step = try input.next()
                guard case .rows(let batch) = step else { return step }
                guard let scan = try self.scan(for: batch) else { continue }
                self.batch = batch
                self.scan = scan
                state = .waiting
                return ask(.scan(scan))
            case .waiting:
                guard case .scan(let page) = takeAnswer() else { preconditionFailure("a scan is answered by a page") }
                take(page)
                state = .pairing
            case .pairing:
                if context.isSliceOver { return .paused }
                let made = pairs()
                if made.count > 0 { return .rows(made) }
                if let scan, scan.after != nil {
                    state = .waiting
                    return ask(.scan(scan))
                }
                state = .input
            }
        }
    }

    private func scan(for batch: RowBatch) throws(CypherError) -> NodeScan? {
        guard batch.count > 0, var tests = try tests.resolved(in: context) else { return nil }
        var fetch = fetch
        if let join {
            rowsByValue = [:]
            for (row, value) in try join.value.evaluateAll(context.frame(batch)).enumerated() where !value.isNull {
                rowsByValue[value, default: []].append(row)
            }
            guard !rowsByValue.isEmpty else { return nil }
            // Without an index every node is looked at, and finding its rows here is quicker than asking each for many values.
            if usesIndex || rowsByValue.count <= Self.valuesTestedMax {
                tests.append(PropertyTest(join.key, .oneOf(Array(rowsByValue.keys))))
            } else {
                tests.append(PropertyTest(join.key, .exists))
            }
            switch fetch {
            case .handle: fetch = .properties([join.key])
            case .properties(let keys): fetch = .properties(Set(keys + [join.key]).sorted())
            case .entity: break
            }
        }
        return NodeScan(.init(labels: self.tests.labels, tests: tests), fetch: fetch, limit: context.budget.batchRowsMax)
    }

    private func take(_ page: NodePage) {
        nodes = page.nodes.values(scan?.fetch ?? fetch)
        scan?.after = page.next
        (node, partner) = (0, 0)
        partners = join.map { join in
            nodes.map { value in
                guard case .node(let node) = value, let key = node.properties[join.key] else { return [] }
                return rowsByValue[key] ?? []
            }
        }
    }

    /// The next pairs of a node and a row.
    private func pairs() -> RowBatch {
        guard let batch else { preconditionFailure("nodes without rows") }
        var positions: [Int] = []
        var column: [CypherValue] = []
        while node < nodes.count, column.count < context.budget.batchRowsMax {
            let count = partners.map { $0[node].count } ?? batch.count
            let end = min(count, partner + context.budget.batchRowsMax - column.count)
            for index in partner..<max(end, partner) {
                positions.append(partners.map { $0[node][index] } ?? index)
                column.append(nodes[node])
            }
            partner = end
            if partner >= count { (node, partner) = (node + 1, 0) }
        }
        guard !column.isEmpty else { return RowBatch(slots: context.slotCount) }
        var made = batch.rows(at: positions)
        made.columns[slot] = column
        return made
    }

    override func reset() {
        super.reset()
        state = .input
        (batch, scan, nodes) = (nil, nil, [])
    }
}
