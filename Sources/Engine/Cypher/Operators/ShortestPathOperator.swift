import CypherSyntax
import CypherValues
import PropertyGraph

/// Every row with a shortest walk between its two nodes, or all of them: breadth first from the first node, all rows of a batch
/// one hop further at a time.
final class ShortestPathOperator: SingleInputOperator {
    private let walk: Walk
    private let minimum: Int
    private let maximum: Int
    private let isSingle: Bool
    private let all: Bool
    private let innerNodes: Int?
    private let isReversed: Bool

    /// The search of one row.
    private struct Search {
        var row: Int
        var start: NodeValue
        var target: NodeHandle
        var frontier: [NodeHandle]
        /// How each node was reached first: the nodes before it, and the relationships from there.
        var parents: [NodeHandle: [(node: NodeHandle, relationship: RelationshipValue)]] = [:]
        var depths: [NodeHandle: Int]
        var nodes: [NodeHandle: NodeValue]
    }

    private enum State {
        case input
        case hopAsked
        case searching
    }

    private var state = State.input
    private var batch: RowBatch?
    private var searches: [Search] = []
    private var sources: [(search: Int, node: NodeHandle)] = []
    private var expansion: Expansion?
    private var depth = 0
    private var found: [(row: Int, relationships: [RelationshipValue], nodes: [NodeValue])] = []
    private var bytes = 0

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, _ walk: Walk, minimum: Int,
        maximum: Int?, isSingle: Bool, all: Bool, innerNodes: Int?, isReversed: Bool
    ) {
        self.walk = walk
        self.minimum = minimum
        self.maximum = maximum ?? Int.max
        self.isSingle = isSingle
        self.all = all
        self.innerNodes = innerNodes
        self.isReversed = isReversed
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        while true {
            switch state {
            case .input:
                let step = try input.next()
                guard case .rows(let batch) = step else { return step }
                try begin(batch)
                state = .searching
            case .hopAsked:
                guard case .expand(let page) = takeAnswer() else {
                    preconditionFailure("an expansion is answered by a page")
                }
                try extend(page)
                expansion?.after = page.next
                if let expansion, page.next != nil { return ask(.expand(expansion)) }
                endHop()
                state = .searching
            case .searching:
                if let hop = try nextHop() {
                    expansion = hop
                    state = .hopAsked
                    return ask(.expand(hop))
                }
                try context.keep(-bytes)
                bytes = 0
                state = .input
                if !found.isEmpty { return .rows(emit()) }
            }
        }
    }

    private func begin(_ batch: RowBatch) throws(CypherError) {
        self.batch = batch
        (searches, found, depth) = ([], [], 0)
        for row in 0..<batch.count {
            guard let start = try Walk.node(batch, walk.from, row), let target = try Walk.node(batch, walk.to, row) else {
                continue
            }
            if start.handle == target.handle {
                if minimum == 0 { found.append((row, [], [start])) }
                continue
            }
            searches.append(
                Search(
                    row: row, start: start, target: target.handle, frontier: [start.handle], depths: [start.handle: 0],
                    nodes: [start.handle: start, target.handle: target]))
        }
    }

    private func nextHop() throws(CypherError) -> Expansion? {
        guard depth < maximum, let tests = try walk.relationshipTests.resolved(in: context) else { return nil }
        sources = searches.indices.flatMap { index in searches[index].frontier.map { (index, $0) } }
        guard !sources.isEmpty else { return nil }
        for index in searches.indices { searches[index].frontier = [] }
        return Expansion(
            sources.map(\.node), walk.direction, types: walk.types, tests: tests,
            fetchRelationship: walk.relationshipFetch, fetchFar: innerNodes == nil ? .handle : .entity,
            limit: context.budget.batchRowsMax * 4)
    }

    private func extend(_ page: ExpansionPage) throws(CypherError) {
        for pair in page.inputs.indices {
            let (index, near) = sources[Int(page.inputs[pair])]
            let far = page.far.handles[pair]
            let isNew = searches[index].depths[far] == nil
            guard isNew || all && searches[index].depths[far] == depth + 1 else { continue }
            searches[index].parents[far, default: []].append((near, walk.relationship(page, pair, near: near)))
            bytes += 128
            try context.keep(128)
            guard isNew else { continue }
            searches[index].depths[far] = depth + 1
            searches[index].frontier.append(far)
            if innerNodes != nil, searches[index].nodes[far] == nil { searches[index].nodes[far] = page.far.nodes[pair] }
        }
    }

    /// Rows whose second node was reached are done.
    private func endHop() {
        depth += 1
        expansion = nil
        for search in searches where search.depths[search.target] != nil { collect(search) }
        searches.removeAll { $0.depths[$0.target] != nil }
    }

    private func collect(_ search: Search) {
        guard depth >= minimum else { return }
        // Walks from the target backwards, each as far as it goes.
        var partial: [(node: NodeHandle, relationships: [RelationshipValue], nodes: [NodeHandle])] = [
            (search.target, [], [search.target])
        ]
        while let last = partial.popLast() {
            if last.node == search.start.handle {
                found.append(
                    (
                        search.row, last.relationships.reversed(),
                        last.nodes.reversed().map { search.nodes[$0] ?? NodeValue(handle: $0) }
                    ))
                if !all { return }
                continue
            }
            for parent in search.parents[last.node] ?? [] {
                partial.append((parent.node, last.relationships + [parent.relationship], last.nodes + [parent.node]))
            }
        }
    }

    private func emit() -> RowBatch {
        guard let batch else { preconditionFailure("paths without rows") }
        var made = batch.rows(at: found.map(\.row))
        made.columns[walk.relationship] = found.map { path in
            let list = isReversed ? path.relationships.reversed() : path.relationships
            return isSingle ? list.first.map { .relationship($0) } ?? .null : .list(list.map { .relationship($0) })
        }
        if let innerNodes {
            made.columns[innerNodes] = found.map { path in
                .list((isReversed ? path.nodes.reversed() : path.nodes).map { .node($0) })
            }
        }
        found = []
        return made
    }

    override func reset() {
        super.reset()
        state = .input
        (searches, found, expansion) = ([], [], nil)
    }
}
