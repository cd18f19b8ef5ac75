import CypherValues
import Foundation
import JSON
import PropertyGraph

/// Nodes with random relationships, the same in every run: what peers publish figures of.
struct RandomGraph {
    private(set) var graph = LocalGraph()
    private(set) var nodes: [NodeHandle] = []
    private(set) var edges: [(start: Int, end: Int)] = []
    /// Growth of resident memory by a relationship, both of its directions sealed.
    private(set) var bytesPerEdge = 0.0

    private static let batch = 1_000

    init(nodes nodeCount: Int, edges edgeCount: Int) throws {
        var randomness = Randomness(seed: 7)
        for _ in 0..<(nodeCount / Self.batch) {
            let made = try graph.mutate((0..<Self.batch).map { _ in .createNode(labels: ["N"], properties: [:]) })
            nodes += made.nodes
        }
        func end() -> Int { Int(randomness.next() % UInt64(nodes.count)) }
        for _ in 0..<edgeCount { edges.append((end(), end())) }
        let before = residentBytes()
        for first in stride(from: 0, to: edgeCount, by: Self.batch) {
            let batch: [GraphMutation] = edges[first..<min(first + Self.batch, edgeCount)].map { edge in
                .createRelationship(
                    type: "T", from: .existing(nodes[edge.start]), to: .existing(nodes[edge.end]), properties: [:])
            }
            _ = try graph.mutate(batch)
        }
        while graph.seal(budget: 1 << 20) {}
        trimHeap()
        bytesPerEdge = Double(residentBytes() - before) / Double(edgeCount)
    }

    /// `start,end` a line.
    func write(to path: String) throws {
        var text = ""
        text.reserveCapacity(14 * edges.count)
        for edge in edges { text += "\(edge.start),\(edge.end)\n" }
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }
}

extension LocalGraph {
    struct OtherAnswer: Error {}

    mutating func mutate(_ mutations: [GraphMutation]) throws -> MutationOutcome {
        guard case .mutate(let outcome) = try answer(.mutate(mutations)) else { throw OtherAnswer() }
        return outcome
    }

    func reach(from node: NodeHandle, hops: Int) throws -> ReachResult {
        let reach = Reach([node], .outgoing, types: ["T"], minimum: 1, maximum: hops, wants: .count)
        guard case .reach(let result) = try read(.reach(reach)) else { throw OtherAnswer() }
        return result
    }

    func degree(of node: NodeHandle) throws -> Int {
        guard case .degrees(let degrees) = try read(.degrees(DegreeRequest([node], .outgoing))) else { throw OtherAnswer() }
        return degrees[0]
    }
}
