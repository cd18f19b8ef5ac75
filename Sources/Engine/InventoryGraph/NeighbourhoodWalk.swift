package import CypherValues
package import Model
package import PropertyGraph

/// What lies around a resource, nearest first: a state machine that asks the graph, one hop after the other.
///
/// Each node comes once, by a shortest way. One thread at a time.
package struct NeighbourhoodWalk: Sendable {
    /// The most hops.
    package static let depthMax = 4
    /// The most nodes that may be asked for.
    package static let nodesMax = 1_000
    /// Relationships that are looked at, whether they lead anywhere new or not; beyond, the answer is cut off.
    package static let relationshipsMax = 1_000_000

    /// Which relationships are followed, and in which direction.
    package struct Step: Sendable, Hashable {
        package let direction: GraphDirection
        package let types: [String]

        package init(_ direction: GraphDirection, types: [String]) {
            self.direction = direction
            self.types = types
        }

        /// To what cannot do without the resource.
        package static let dependents = [
            Step(.incoming, types: RelationshipNames.dependents.ofEnd),
            Step(.outgoing, types: RelationshipNames.dependents.ofStart),
        ]
    }

    package struct Neighbour: Sendable {
        package let node: NodeValue
        /// Hops from the resource.
        package let distance: Int
        /// The relationship that led here, from a node that is one hop nearer.
        package let type: String
        package let isOutgoing: Bool
        package let from: NodeHandle
    }

    package enum Progress: Sendable {
        /// To be answered by `answer` before the next step.
        case asks(GraphRequest)
        case finished
    }

    private enum State {
        case begin
        case startAsked
        /// A page without it, and not the last one.
        case startGoesOn(ScanPosition)
        case hop(depth: Int, step: Int, Expansion)
        case finished
    }

    private let id: ResourceID
    private let steps: [Step]
    private let depth: Int
    private let limit: Int
    private var state = State.begin
    private var seen: Set<NodeHandle> = []
    private var frontier: [NodeHandle] = []
    private var nextFrontier: [NodeHandle] = []
    private var looked = 0

    /// The resource's own node; nil: the graph has none with a row.
    package private(set) var start: NodeValue?
    /// By distance.
    package private(set) var neighbours: [Neighbour] = []
    /// There is more than was asked for, or than may be looked at.
    package private(set) var isTruncated = false

    /// - Parameters:
    ///   - depth: 1 to `depthMax`.
    ///   - limit: of nodes; 1 to `nodesMax`.
    package init(_ id: ResourceID, _ steps: [Step], depth: Int, limit: Int) {
        precondition((1...Self.depthMax).contains(depth) && (1...Self.nodesMax).contains(limit), "\(depth), \(limit)")
        self.id = id
        self.steps = steps
        self.depth = depth
        self.limit = limit
    }

    package mutating func next() -> Progress {
        switch state {
        case .begin: return find(after: nil)
        case .startGoesOn(let position): return find(after: position)
        case .startAsked: preconditionFailure("the graph was not answered")
        case .hop(_, _, let expansion): return .asks(.expand(expansion))
        case .finished: return .finished
        }
    }

    /// What the graph said to the last request.
    package mutating func answer(_ response: GraphResponse) {
        switch (state, response) {
        case (.startAsked, .scan(let page)):
            if let node = page.nodes.nodes.first {
                start = node
                seen = [node.handle]
                frontier = [node.handle]
                begin(depth: 1, step: 0)
            } else if let next = page.next {
                state = .startGoesOn(next)
            } else {
                state = .finished
            }
        case (.hop(let depth, let step, let expansion), .expand(let page)):
            take(page, of: expansion, steps[step].direction, depth)
            guard !isTruncated else {
                state = .finished
                return
            }
            guard let next = page.next else { return end(depth: depth, step: step) }
            var rest = expansion
            rest.after = next
            state = .hop(depth: depth, step: step, rest)
        default: preconditionFailure("the graph answered something else")
        }
    }

    private mutating func find(after position: ScanPosition?) -> Progress {
        state = .startAsked
        let pattern = NodePattern(
            labels: [ResourceLabels.resource], tests: [PropertyTest("id", .equal(.string(id.description)))])
        return .asks(.scan(NodeScan(pattern, fetch: .entity, after: position)))
    }

    private mutating func begin(depth: Int, step: Int) {
        let types = steps[step].types
        state = .hop(
            depth: depth, step: step,
            Expansion(
                frontier, steps[step].direction, types: types, fetchRelationship: .entity, fetchFar: .entity,
                limit: Self.nodesMax))
    }

    private mutating func end(depth: Int, step: Int) {
        if step + 1 < steps.count { return begin(depth: depth, step: step + 1) }
        frontier = nextFrontier
        nextFrontier = []
        guard depth < self.depth, !frontier.isEmpty else {
            state = .finished
            return
        }
        begin(depth: depth + 1, step: 0)
    }

    private mutating func take(_ page: ExpansionPage, of expansion: Expansion, _ direction: GraphDirection, _ depth: Int) {
        for pair in page.inputs.indices {
            let far = page.far.nodes[pair]
            guard seen.insert(far.handle).inserted else { continue }
            guard neighbours.count < limit else {
                isTruncated = true
                return
            }
            let near = expansion.nodes[Int(page.inputs[pair])]
            let relationship = page.relationships.relationships[pair]
            neighbours.append(
                Neighbour(
                    node: far, distance: depth, type: relationship.type, isOutgoing: relationship.start == near,
                    from: near))
            nextFrontier.append(far.handle)
        }
        looked += page.inputs.count
        if looked > Self.relationshipsMax { isTruncated = true }
    }
}
