import CypherValues
import PropertyGraph
import Testing

@Suite("Transactions and refusals")
struct TransactionTests {
    private func pair() throws -> (graph: LocalGraph, nodes: [NodeHandle], relationship: RelationshipHandle) {
        var graph = LocalGraph(partitions: 2)
        let made = try graph.answer(
            .mutate([
                .createNode(labels: ["A"], properties: ["p": 1], elementId: "one"),
                .createNode(labels: [], properties: [:]),
                .createRelationship(type: "T", from: .created(0), to: .created(1), properties: ["w": 2]),
            ]))
        guard case .mutate(let outcome) = made else { throw WrongAnswer() }
        return (graph, outcome.nodes, outcome.relationships[0])
    }

    @Test("A node that still has relationships makes the commit fail, and all is as it was")
    func connectedNode() throws {
        var (graph, nodes, _) = try pair()
        graph.begin()
        _ = try graph.answer(.mutate([.deleteNode(nodes[0], detach: false)]))
        #expect(throws: GraphError.deletedNodeHasRelationships(nodes[0], count: 1)) { try graph.commit() }
        #expect(!graph.isInTransaction)
        #expect(graph.exists(nodes[0]))
        #expect(graph.node(elementId: "one") == nodes[0])
    }

    @Test("A node may be deleted before its relationships, within one transaction")
    func nodeThenRelationship() throws {
        var (graph, nodes, relationship) = try pair()
        graph.begin()
        _ = try graph.answer(.mutate([.deleteNode(nodes[0], detach: false)]))
        _ = try graph.answer(.mutate([.deleteRelationship(relationship)]))
        try graph.commit()
        #expect(!graph.exists(nodes[0]))
        #expect(!graph.exists(relationship))
        #expect(graph.node(elementId: "one") == nil)
    }

    @Test("A batch with an error changes nothing")
    func failedBatch() throws {
        var (graph, nodes, _) = try pair()
        #expect(throws: GraphError.notStorable(key: "m", typeName: "Map")) {
            try graph.answer(
                .mutate([
                    .setProperty(.node(nodes[0]), key: "p", 7), .setProperty(.node(nodes[0]), key: "m", .map(["a": 1])),
                ]))
        }
        guard case .load(let loaded) = try graph.read(.load(EntityLoad(nodes: nodes))) else { throw WrongAnswer() }
        #expect(loaded.nodes.nodes[0].properties == ["p": 1])
        #expect(loaded.nodes.nodes[0].elementId == "one")
        #expect(loaded.nodes.nodes[0].labels == ["A"])
    }

    @Test("What is gone is told from what lacks a property")
    func loadOfTheDeleted() throws {
        var (graph, nodes, relationship) = try pair()
        _ = try graph.answer(.mutate([.deleteNode(nodes[0], detach: true)]))
        let load = EntityLoad(
            nodes: nodes, relationships: [relationship], fetchNodes: .entity, fetchRelationships: .properties(["w"]))
        guard case .load(let loaded) = try graph.read(.load(load)) else { throw WrongAnswer() }
        #expect(loaded.missingNodes == [0])
        #expect(loaded.missingRelationships == [0])
        #expect(loaded.nodes.nodes.map(\.isDeleted) == [true, false])
        #expect(loaded.relationships.properties == [[.null]])
        #expect(throws: GraphError.nodeNotFound(nodes[0])) {
            try graph.answer(.mutate([.addLabels(nodes[0], ["B"])]))
        }
    }

    @Test("Numbers that a transaction frees are given again only after its commit")
    func reuse() throws {
        var (graph, nodes, _) = try pair()
        graph.begin()
        _ = try graph.answer(.mutate([.deleteNode(nodes[0], detach: true)]))
        guard
            case .mutate(let within) = try graph.answer(
                .mutate([.createNode(labels: [], properties: [:], placement: UInt16(nodes[0].partition))]))
        else { throw WrongAnswer() }
        #expect(within.nodes[0] != nodes[0])
        try graph.commit()
        guard
            case .mutate(let after) = try graph.answer(
                .mutate([.createNode(labels: [], properties: [:], placement: UInt16(nodes[0].partition))]))
        else { throw WrongAnswer() }
        #expect(after.nodes[0] == nodes[0])
    }

    @Test("Names of indexes and element ids are given once")
    func taken() throws {
        var (graph, _, _) = try pair()
        _ = try graph.answer(.mutate([.createIndex(IndexDefinition(name: "i", label: "A", key: "p"))]))
        #expect(throws: GraphError.indexExists(name: "i")) {
            try graph.answer(.mutate([.createIndex(IndexDefinition(name: "i", label: "B", key: "p"))]))
        }
        #expect(throws: GraphError.indexNotFound(name: "j")) { try graph.answer(.mutate([.dropIndex("j")])) }
        #expect(throws: GraphError.elementIdTaken("one")) {
            try graph.answer(.mutate([.createNode(labels: [], properties: [:], elementId: "one")]))
        }
        guard case .schema(let schema) = try graph.read(.schema) else { throw WrongAnswer() }
        #expect(schema.indexes.map(\.entries) == [1])
        #expect(schema.indexes.map(\.distinctValues) == [1])
    }
}
