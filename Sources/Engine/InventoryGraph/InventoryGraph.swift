import CypherValues
package import Model
package import PropertyGraph

/// The inventory as a graph, kept up with the rows of shards.
///
/// A row that comes again, or comes in another order than before, leaves the same graph. A resource that others relate
/// to and that no
/// row describes is a node with the label `Unobserved` and without properties, and is there as long as a relationship
/// is.
/// A value: a copy is a snapshot for queries, as with `LocalGraph`.
package struct InventoryGraph: Sendable {
    package private(set) var graph: LocalGraph
    /// The nodes that resources share, by what they are.
    private var shared: [ResourceNode.Shared: NodeHandle] = [:]

    /// The label of nodes that stand for resources without a row.
    package static let unobserved = "Unobserved"

    package init(partitions: Int = 1) {
        graph = LocalGraph(partitions: partitions)
        for key in Self.indexed {
            let index = IndexDefinition(name: "resource_\(key)", label: ResourceLabels.resource, key: key)
            do throws(GraphError) { _ = try graph.answer(.mutate([.createIndex(index)])) } catch {
                preconditionFailure("a graph without nodes takes no index: \(error)")
            }
        }
    }

    /// Properties that single resources are found by.
    private static let indexed = ["id", "resource_id"]

    /// Background work, as `LocalGraph.seal(budget:)`.
    package mutating func seal(budget: Int) -> Bool { graph.seal(budget: budget) }

    /// Takes a row in the place of the one before. Throws when the storage is full; outside `batch` the graph is then as it was.
    ///
    /// There is room for 65,535 different keys of properties. A resource whose tags or metadata would be more than that has none of
    /// these as properties; its tags are still nodes.
    package mutating func put(_ record: ResourceRecord) throws(GraphError) {
        let resource = ResourceNode(record)
        try transaction { (graph, shared) throws(GraphError) in
            let (name, placement) = (resource.id.description, resource.id.slot.number)
            let (node, isNew): (NodeHandle, Bool)
            do throws(GraphError) {
                (node, isNew) = try graph.putNode(
                    name, placement: placement, labels: resource.labels, properties: resource.properties)
            } catch {
                guard case .full = error else { throw error }
                (node, isNew) = try graph.putNode(
                    name, placement: placement, labels: resource.labels, properties: resource.fixedProperties)
            }
            if isNew || !graph.hasLinks(node) {
                try graph.addLinks(resource.links, to: node, &shared)
            } else {
                try graph.link(node, resource.links, &shared)
            }
        }
    }

    /// Many rows in one transaction: some hundred at a time cost a fraction of as many alone, as each transaction copies the pages
    /// that it is the first to touch. What `changes` throws undoes all of them.
    package mutating func batch(_ changes: (inout InventoryGraph) throws(GraphError) -> Void) throws(GraphError) {
        precondition(!graph.isInTransaction, "a batch in a batch")
        graph.begin()
        do throws(GraphError) { try changes(&self) } catch {
            graph.rollback()
            shared = [:]
            throw error
        }
        try graph.commit()
    }

    /// As `batch`, for a graph that nobody else has yet: several times as quick, but where it throws, the graph is of no more use.
    package mutating func fill(_ changes: (inout InventoryGraph) throws(GraphError) -> Void) throws(GraphError) {
        graph.beginFilling()
        try changes(&self)
        try graph.commit()
    }

    /// The row is gone. What relates to the resource still does.
    package mutating func remove(_ id: ResourceID) throws(GraphError) {
        guard let node = graph.node(elementId: id.description, placement: id.slot.number) else { return }
        try transaction { (graph, shared) throws(GraphError) in
            _ = try graph.putNode(
                id.description, placement: id.slot.number, labels: [Self.unobserved], properties: CypherMap())
            try graph.link(node, [], &shared)
            try graph.sweep(node, &shared)
        }
    }

    /// A transaction of its own, or the batch's.
    private mutating func transaction(
        _ body: (inout LocalGraph, inout [ResourceNode.Shared: NodeHandle]) throws(GraphError) -> Void
    ) throws(GraphError) {
        guard !graph.isInTransaction else { return try body(&graph, &shared) }
        graph.begin()
        do throws(GraphError) { try body(&graph, &shared) } catch {
            graph.rollback()
            shared = [:]
            throw error
        }
        try graph.commit()
    }
}

extension LocalGraph {
    /// Nodes of a resource's neighbourhood that one page holds.
    private static var pageMax: Int { 1_024 }

    fileprivate mutating func mutate(_ mutations: [GraphMutation]) throws(GraphError) -> MutationOutcome {
        guard case .mutate(let outcome) = try answer(.mutate(mutations)) else {
            preconditionFailure("a mutation was answered as something else")
        }
        return outcome
    }

    /// The node of a resource, made without a row's content when it is not there.
    fileprivate mutating func node(of id: ResourceID) throws(GraphError) -> NodeHandle {
        let (text, placement) = (id.description, id.slot.number)
        if let node = node(elementId: text, placement: placement) { return node }
        return try mutate([
            .createNode(
                labels: [InventoryGraph.unobserved], properties: CypherMap(), elementId: text, placement: placement)
        ]).nodes[0]
    }

    fileprivate mutating func node(
        of shared: ResourceNode.Shared, _ known: inout [ResourceNode.Shared: NodeHandle]
    ) throws(GraphError) -> NodeHandle {
        if let node = known[shared] { return node }
        let name = shared.elementId
        let placement = UInt16(truncatingIfNeeded: StableHash.hash(name))
        let node = try putNode(name, placement: placement, labels: shared.labels, properties: shared.properties).node
        known[shared] = node
        return node
    }

    /// Whether the node has links of its own: what others have to it aside.
    fileprivate func hasLinks(_ node: NodeHandle) -> Bool {
        for request in [
            DegreeRequest([node], .outgoing), DegreeRequest([node], .incoming, types: [RelationshipNames.account]),
        ] {
            guard case .degrees(let degrees)? = try? read(.degrees(request)), degrees == [0] else { return true }
        }
        return false
    }

    fileprivate mutating func far(
        of link: ResourceNode.Link, _ shared: inout [ResourceNode.Shared: NodeHandle]
    ) throws(GraphError) -> (type: String, far: NodeHandle, isIncoming: Bool) {
        switch link {
        case .resource(let type, let target): (type, try node(of: target), false)
        case .to(let type, let far): (type, try node(of: far, &shared), false)
        case .from(let type, let far): (type, try node(of: far, &shared), true)
        }
    }

    /// Gives these links to a node that has none of its own.
    fileprivate mutating func addLinks(
        _ links: [ResourceNode.Link], to node: NodeHandle, _ shared: inout [ResourceNode.Shared: NodeHandle]
    ) throws(GraphError) {
        for link in links {
            let (type, far, isIncoming) = try self.far(of: link, &shared)
            if isIncoming { try relate(type, from: far, to: node) } else { try relate(type, from: node, to: far) }
        }
    }

    /// Leaves the node with these links of its own: its outgoing relationships, and the one from its account.
    fileprivate mutating func link(
        _ node: NodeHandle, _ links: [ResourceNode.Link], _ shared: inout [ResourceNode.Shared: NodeHandle]
    ) throws(GraphError) {
        struct Wanted: Hashable {
            let type: String
            let far: NodeHandle
            let incoming: Bool
        }
        var wanted: [Wanted] = []
        for link in links {
            let (type, far, isIncoming) = try self.far(of: link, &shared)
            wanted.append(Wanted(type: type, far: far, incoming: isIncoming))
        }
        var missing = Set(wanted)
        var left: [NodeHandle] = []
        for (direction, types) in [(GraphDirection.outgoing, []), (.incoming, [RelationshipNames.account])] {
            for (relationship, far) in try relationships(of: node, direction, types) {
                let found = Wanted(type: relationship.type, far: far, incoming: direction == .incoming)
                guard missing.remove(found) == nil else { continue }
                _ = try mutate([.deleteRelationship(relationship.handle)])
                left.append(far)
            }
        }
        for link in wanted where missing.remove(link) != nil {
            let (start, end) = link.incoming ? (link.far, node) : (node, link.far)
            try relate(link.type, from: start, to: end)
        }
        for far in left { try sweep(far, &shared) }
    }

    private func relationships(
        of node: NodeHandle, _ direction: GraphDirection, _ types: [String]
    ) throws(GraphError) -> [(RelationshipValue, NodeHandle)] {
        var found: [(RelationshipValue, NodeHandle)] = []
        var expansion = Expansion([node], direction, types: types, fetchRelationship: .entity, limit: Self.pageMax)
        repeat {
            guard case .expand(let page) = try read(.expand(expansion)) else { return found }
            found += zip(page.relationships.relationships, page.far.handles)
            expansion.after = page.next
        } while expansion.after != nil
        return found
    }

    /// Deletes a node that nothing relates to any more, unless it is a resource with a row.
    fileprivate mutating func sweep(
        _ node: NodeHandle, _ shared: inout [ResourceNode.Shared: NodeHandle]
    ) throws(GraphError) {
        guard exists(node), case .degrees(let degrees) = try read(.degrees(DegreeRequest([node], .either))), degrees[0] == 0,
            case .load(let loaded) = try read(.load(EntityLoad(nodes: [node]))),
            !loaded.nodes.nodes[0].labels.contains(ResourceLabels.resource)
        else { return }
        // Its number may soon be another node's.
        if !loaded.nodes.nodes[0].labels.contains(InventoryGraph.unobserved) { shared = [:] }
        _ = try mutate([.deleteNode(node, detach: false)])
    }
}
