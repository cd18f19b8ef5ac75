import CypherValues

/// The relationships of nodes, a page at a time.
extension LocalGraph {
    func expand(_ request: Expansion) -> ExpansionPage {
        precondition((1...Expansion.limitMax).contains(request.limit), "a page of \(request.limit) relationships")
        var walk = ExpansionWalk(self, request)
        var input = request.after?.input ?? 0
        while input < request.nodes.count {
            guard walk.walk(input) else { return walk.page }
            input += 1
        }
        return walk.page
    }
}

/// One page in the making.
private struct ExpansionWalk {
    let graph: LocalGraph
    let request: Expansion
    /// By partition: the request's names as its numbers.
    let types: [[UInt16]]
    let tests: [ResolvedTests]
    let patterns: [ResolvedPattern]
    let relationshipFetches: [ResolvedFetch]
    let farFetches: [ResolvedFetch]
    var page = ExpansionPage()
    /// How many more relationships this page may look at.
    var left = GraphPartition.lookedAtMax

    init(_ graph: LocalGraph, _ request: Expansion) {
        self.graph = graph
        self.request = request
        types = graph.partitions.map { $0.resolve(types: request.types) }
        tests = graph.partitions.map { $0.resolve(request.tests) }
        patterns = graph.partitions.map { $0.resolve(request.far) }
        relationshipFetches = graph.partitions.map { $0.resolve(request.fetchRelationship) }
        farFetches = graph.partitions.map { $0.resolve(request.fetchFar) }
    }

    /// Adds the relationships of one input node. False when the page is full; it then knows where it goes on.
    mutating func walk(_ input: Int) -> Bool {
        let node = request.nodes[input]
        guard graph.exists(node) else { return true }
        let resumed = request.after.flatMap { $0.input == input ? $0 : nil }
        if request.direction != .incoming, resumed?.incoming != true {
            guard walk(input, node, incoming: false, after: resumed?.after) else { return false }
        }
        guard request.direction != .outgoing else { return true }
        return walk(input, node, incoming: true, after: resumed?.incoming == true ? resumed?.after : nil)
    }

    private mutating func walk(_ input: Int, _ node: NodeHandle, incoming: Bool, after: AdjacencyKey?) -> Bool {
        // The adjacency alone: a partition is some thirty references to count.
        let adjacency = graph.lend(Int(node.partition)) { incoming ? $0.pointee.incoming : $0.pointee.outgoing }
        guard !request.types.isEmpty else {
            let first = after ?? AdjacencyKey(node: node.local, type: 0, farPartition: 0, farNode: 0, relationship: 0)
            return walk(input, adjacency, from: first, after: after, only: nil, incoming)
        }
        for type in types[Int(node.partition)] where type >= after?.type ?? 0 {
            let start = after.flatMap { $0.type == type ? $0 : nil }
            let first = start ?? AdjacencyKey(node: node.local, type: type, farPartition: 0, farNode: 0, relationship: 0)
            guard walk(input, adjacency, from: first, after: start, only: type, incoming) else { return false }
        }
        return true
    }

    private mutating func walk(
        _ input: Int, _ adjacency: Adjacency, from first: AdjacencyKey, after: AdjacencyKey?, only type: UInt16?,
        _ incoming: Bool
    ) -> Bool {
        var isFull = false
        _ = adjacency.walk(from: first) { key in
            if key == after { return true }
            if let type, key.type != type { return false }
            look(input, key, incoming)
            left -= 1
            guard left > 0, page.inputs.count < request.limit else {
                page.next = ExpansionPosition(input: input, incoming: incoming, after: key)
                isFull = true
                return false
            }
            return true
        }
        return !isFull
    }

    private mutating func look(_ input: Int, _ key: AdjacencyKey, _ incoming: Bool) {
        let near = request.nodes[input]
        let far = key.far
        // A loop was met on the outgoing side.
        if incoming, request.direction == .either, far == near { return }
        let owner = incoming ? Int(far.partition) : Int(near.partition)
        let farPartition = Int(far.partition)
        let pattern = patterns[farPartition]
        guard graph.lend(farPartition, { $0.pointee.matches(far.local, pattern) }) else { return }
        if !tests[owner].tests.isEmpty {
            let row = graph.lend(owner) { $0.pointee.properties(of: $0.pointee.relationships[Int(key.relationship)]) }
            guard tests[owner].hold(for: row) else { return }
        }
        page.inputs.append(Int32(input))
        graph.lend(owner) {
            $0.pointee.append(key.relationship, relationshipFetches[owner], to: &page.relationships)
        }
        graph.nameFarEnd(&page.relationships)
        graph.lend(farPartition) { $0.pointee.append(far.local, farFetches[farPartition], to: &page.far) }
    }
}
