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
        try transaction { (graph) throws(GraphError) in
            let node = try graph.node(of: resource.id)
            try graph.label(node, as: resource.labels)
            do throws(GraphError) {
                _ = try graph.mutate([.replaceProperties(.node(node), resource.properties)])
            } catch {
                guard case .full = error else { throw error }
                _ = try graph.mutate([.replaceProperties(.node(node), resource.fixedProperties)])
            }
            try graph.link(node, resource.links)
        }
    }

    /// Many rows in one transaction: some hundred at a time cost a fraction of as many alone, as each transaction copies the pages
    /// that it is the first to touch. What `changes` throws undoes all of them.
    package mutating func batch(_ changes: (inout InventoryGraph) throws(GraphError) -> Void) throws(GraphError) {
        precondition(!graph.isInTransaction, "a batch in a batch")
        graph.begin()
        do throws(GraphError) { try changes(&self) } catch {
            graph.rollback()
            throw error
        }
        try graph.commit()
    }

    /// The row is gone. What relates to the resource still does.
    package mutating func remove(_ id: ResourceID) throws(GraphError) {
        guard let node = graph.node(elementId: id.description, placement: id.slot.number) else { return }
        try transaction { (graph) throws(GraphError) in
            try graph.label(node, as: [Self.unobserved])
            _ = try graph.mutate([.replaceProperties(.node(node), CypherMap())])
            try graph.link(node, [])
            try graph.sweep(node)
        }
    }

    /// A transaction of its own, or the batch's.
    private mutating func transaction(_ body: (inout LocalGraph) throws(GraphError) -> Void) throws(GraphError) {
        guard !graph.isInTransaction else { return try body(&graph) }
        graph.begin()
        do throws(GraphError) { try body(&graph) } catch {
            graph.rollback()
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

    fileprivate mutating func node(of shared: ResourceNode.Shared) throws(GraphError) -> NodeHandle {
        let placement = UInt16(truncatingIfNeeded: StableHash.hash(shared.elementId))
        if let node = node(elementId: shared.elementId, placement: placement) { return node }
        return try mutate([
            .createNode(
                labels: shared.labels, properties: shared.properties, elementId: shared.elementId, placement: placement)
        ]).nodes[0]
    }

    fileprivate mutating func label(_ node: NodeHandle, as labels: [String]) throws(GraphError) {
        guard case .load(let loaded) = try read(.load(EntityLoad(nodes: [node]))) else { return }
        let old = loaded.nodes.nodes[0].labels
        _ = try mutate([
            .removeLabels(node, old.filter { !labels.contains($0) }),
            .addLabels(node, labels.filter { !old.contains($0) }),
        ])
    }

    /// Leaves the node with these links of its own: its outgoing relationships, and the one from its account.
    fileprivate mutating func link(_ node: NodeHandle, _ links: [ResourceNode.Link]) throws(GraphError) {
        struct Wanted: Hashable {
            let type: String
            let far: NodeHandle
            let incoming: Bool
        }
        var wanted: [Wanted] = []
        for link in links {
            switch link {
            case .resource(let type, let target):
                wanted.append(Wanted(type: type, far: try self.node(of: target), incoming: false))
            case .to(let type, let shared):
                wanted.append(Wanted(type: type, far: try self.node(of: shared), incoming: false))
            case .from(let type, let shared):
                wanted.append(Wanted(type: type, far: try self.node(of: shared), incoming: true))
            }
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
            _ = try mutate([
                .createRelationship(
                    type: link.type, from: .existing(start), to: .existing(end), properties: CypherMap())
            ])
        }
        for far in left { try sweep(far) }
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
    fileprivate mutating func sweep(_ node: NodeHandle) throws(GraphError) {
        guard exists(node), case .degrees(let degrees) = try read(.degrees(DegreeRequest([node], .either))), degrees[0] == 0,
            case .load(let loaded) = try read(.load(EntityLoad(nodes: [node]))),
            !loaded.nodes.nodes[0].labels.contains(ResourceLabels.resource)
        else { return }
        _ = try mutate([.deleteNode(node, detach: false)])
    }
}
