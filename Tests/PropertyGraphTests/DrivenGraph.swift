import CypherValues
import PropertyGraph
import Testing

/// A real graph and a naive one that get the same changes. The property `n` tells which is which.
struct DrivenGraph {
    static let labels = ["A", "B", "C"]
    static let types = ["KNOWS", "OWNS", "USES"]

    var graph: LocalGraph
    var naive = NaiveGraph()
    var nodes: [Int: NodeHandle] = [:]
    var relationships: [Int: RelationshipHandle] = [:]
    private var nextNumber = 1

    init(partitions: Int) { graph = LocalGraph(partitions: partitions) }

    mutating func mutate(_ mutations: [GraphMutation]) throws -> MutationOutcome {
        guard case .mutate(let outcome) = try graph.answer(.mutate(mutations)) else {
            throw WrongAnswer()
        }
        return outcome
    }

    /// One random change. The draws do not depend on the number of partitions.
    mutating func change(_ random: inout SeededGenerator) throws {
        let someNode = naive.nodes.keys.sorted().randomElement(using: &random)
        let otherNode = naive.nodes.keys.sorted().randomElement(using: &random)
        let someRelationship = naive.relationships.keys.sorted().randomElement(using: &random)
        switch (Int.random(in: 0..<20, using: &random), someNode, otherNode, someRelationship) {
        case (0..<4, _, _, _), (_, nil, _, _), (_, _, nil, _): try createNode(&random)
        case (4..<12, let start?, let end?, _): try createRelationship(start, end, &random)
        case (12, let node?, _, _):
            try set(node: node, ["p", "q"].randomElement(using: &random) ?? "p", Self.value(&random))
        case (13, let node?, _, _), (14, let node?, _, _): try relabel(node, &random)
        case (15, _, _, let relationship?): try set(relationship: relationship, "w", Self.value(&random))
        case (16, _, _, let relationship?), (17, _, _, let relationship?): try delete(relationship: relationship)
        case (18, let node?, _, _): try delete(node: node)
        default: break
        }
    }

    static func value(_ random: inout SeededGenerator) -> CypherValue {
        switch Int.random(in: 0..<7, using: &random) {
        case 0: .null
        case 1: .boolean(Bool.random(using: &random))
        case 2: .float(Double(Int.random(in: 0..<20, using: &random)) / 2)
        case 3, 4: .integer(Int64.random(in: 0..<10, using: &random))
        case 5: .list([.integer(Int64.random(in: 0..<3, using: &random))])
        default: .string(["", "a", "ab", "abc", "b", "é"].randomElement(using: &random) ?? "")
        }
    }

    private mutating func createNode(_ random: inout SeededGenerator) throws {
        let number = nextNumber
        nextNumber += 1
        let labels = Self.labels.filter { _ in Bool.random(using: &random) }
        let value = Self.value(&random)
        let outcome = try mutate([
            .createNode(labels: labels, properties: ["n": .integer(Int64(number)), "p": value], elementId: "id-\(number)")
        ])
        nodes[number] = outcome.nodes[0]
        var properties: [String: CypherValue] = ["n": .integer(Int64(number))]
        if !value.isNull { properties["p"] = value }
        naive.nodes[number] = NaiveGraph.Node(labels: Set(labels), properties: properties)
    }

    private mutating func createRelationship(_ start: Int, _ end: Int, _ random: inout SeededGenerator) throws {
        let number = nextNumber
        nextNumber += 1
        let type = Self.types.randomElement(using: &random) ?? "KNOWS"
        let (from, to) = (try #require(nodes[start]), try #require(nodes[end]))
        let outcome = try mutate([
            .createRelationship(
                type: type, from: .existing(from), to: .existing(to), properties: ["n": .integer(Int64(number))])
        ])
        relationships[number] = outcome.relationships[0]
        naive.relationships[number] = NaiveGraph.Relationship(
            type: type, start: start, end: end, properties: ["n": .integer(Int64(number))])
    }

    private mutating func set(node: Int, _ key: String, _ value: CypherValue) throws {
        _ = try mutate([.setProperty(.node(try #require(nodes[node])), key: key, value)])
        if value.isNull {
            naive.nodes[node]?.properties.removeValue(forKey: key)
        } else {
            naive.nodes[node]?.properties[key] = value
        }
    }

    private mutating func set(relationship: Int, _ key: String, _ value: CypherValue) throws {
        _ = try mutate([.setProperty(.relationship(try #require(relationships[relationship])), key: key, value)])
        if value.isNull {
            naive.relationships[relationship]?.properties.removeValue(forKey: key)
        } else {
            naive.relationships[relationship]?.properties[key] = value
        }
    }

    private mutating func relabel(_ node: Int, _ random: inout SeededGenerator) throws {
        let label = Self.labels.randomElement(using: &random) ?? "A"
        let handle = try #require(nodes[node])
        if naive.nodes[node]?.labels.remove(label) != nil {
            _ = try mutate([.removeLabels(handle, [label])])
        } else {
            _ = try mutate([.addLabels(handle, [label])])
            naive.nodes[node]?.labels.insert(label)
        }
    }

    private mutating func delete(relationship: Int) throws {
        _ = try mutate([.deleteRelationship(try #require(relationships[relationship]))])
        naive.relationships[relationship] = nil
        relationships[relationship] = nil
    }

    private mutating func delete(node: Int) throws {
        _ = try mutate([.deleteNode(try #require(nodes[node]), detach: true)])
        naive.nodes[node] = nil
        nodes[node] = nil
        for (number, ends) in naive.relationships where ends.start == node || ends.end == node {
            naive.relationships[number] = nil
            relationships[number] = nil
        }
    }
}

struct WrongAnswer: Error {}
