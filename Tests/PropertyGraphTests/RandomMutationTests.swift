import CypherValues
import PropertyGraph
import Testing

@Suite("A graph against a naive one")
struct RandomMutationTests {
    static let seeds: [UInt64] = [1, 2, 3, 4]

    @Test(
        "Random changes leave the same graph as in a naive model, however many partitions there are", arguments: seeds,
        [1, 3, 16])
    func randomChanges(seed: UInt64, partitions: Int) throws {
        print("random changes: seed \(seed), \(partitions) partitions")
        var random = SeededGenerator(seed: seed)
        var driven = DrivenGraph(partitions: partitions)
        for round in 0..<6 {
            for _ in 0..<60 { try driven.change(&random) }
            // The first rounds have no index, the next ones two, and the last one of them again.
            if round == 1 {
                _ = try driven.mutate([
                    .createIndex(IndexDefinition(name: "a", label: "A", key: "p")),
                    .createIndex(IndexDefinition(name: "b", label: "B", key: "p")),
                ])
            }
            if round == 4 { _ = try driven.mutate([.dropIndex("a")]) }
            try driven.check()
            if round.isMultiple(of: 2) { while driven.graph.seal(budget: 100) {} }
            try driven.check()
        }
    }

    @Test("What a transaction changed is gone after its rollback, and a copy never sees what came later", arguments: seeds)
    func rollbackAndSnapshot(seed: UInt64) throws {
        print("rollback and snapshot: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var driven = DrivenGraph(partitions: 3)
        for _ in 0..<200 { try driven.change(&random) }
        for _ in 0..<5 {
            let before = driven
            driven.graph.begin()
            for _ in 0..<50 { try driven.change(&random) }
            try driven.check()
            try before.check()
            driven.graph.rollback()
            let rolledBack = driven.graph
            driven = before
            driven.graph = rolledBack
            try driven.check()
            for _ in 0..<20 { try driven.change(&random) }
            try before.check()
        }
        try driven.check()
    }

    @Test("Thousands of relationships at one node are split over leaves, found, paged through and deleted in slices")
    func hub() throws {
        var graph = LocalGraph(partitions: 2)
        let count = 30_000
        let made = try graph.answer(
            .mutate(
                [.createNode(labels: ["Hub"], properties: [:])]
                    + (0..<count).map { _ in .createNode(labels: ["Leaf"], properties: [:]) }
                    + (1...count).map {
                        .createRelationship(
                            type: $0.isMultiple(of: 3) ? "X" : "Y", from: .created(0), to: .created($0), properties: [:])
                    }))
        guard case .mutate(let outcome) = made else { throw WrongAnswer() }
        let hub = outcome.nodes[0]
        func degree(_ types: [String]) throws -> Int {
            guard case .degrees(let degrees) = try graph.read(.degrees(DegreeRequest([hub], .outgoing, types: types))) else {
                throw WrongAnswer()
            }
            return degrees[0]
        }
        #expect(try degree([]) == count)
        #expect(try degree(["X"]) == count / 3)
        while graph.seal(budget: 1_000) {}
        #expect(try degree(["X", "Y"]) == count)
        var far: Set<NodeHandle> = []
        var expansion = Expansion([hub], .outgoing, types: ["Y"], limit: 999)
        repeat {
            guard case .expand(let page) = try graph.read(.expand(expansion)) else { throw WrongAnswer() }
            far.formUnion(page.far.handles)
            expansion.after = page.next
        } while expansion.after != nil
        #expect(far.count == count - count / 3)
        var slices = 0
        var deleted = 0
        repeat {
            guard case .mutate(let slice) = try graph.answer(.mutate([.deleteRelationships(of: hub, limit: 1_000)])) else {
                throw WrongAnswer()
            }
            slices += 1
            deleted += slice.counts.relationshipsDeleted
            guard slice.counts.relationshipsDeleted == 1_000 else { break }
        } while true
        #expect(deleted == count)
        #expect(slices == count / 1_000 + 1)
        _ = try graph.answer(.mutate([.deleteNode(hub, detach: false)]))
        guard case .schema(let schema) = try graph.read(.schema) else { throw WrongAnswer() }
        #expect(schema.relationships == 0)
        #expect(schema.nodes == count)
    }
}
