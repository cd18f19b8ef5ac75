import CypherValues
import PropertyGraph
import Testing

/// Asking the real graph and the naive one the same.
extension DrivenGraph {
    static let patterns: [NodePattern] = [
        .any,
        NodePattern(labels: ["A"]),
        NodePattern(labels: ["A", "B"]),
        NodePattern(labels: ["Nobody"]),
        NodePattern(tests: [PropertyTest("p", .exists)]),
        NodePattern(labels: ["A"], tests: [PropertyTest("p", .equal(3))]),
        NodePattern(labels: ["A"], tests: [PropertyTest("p", .equal(.float(3)))]),
        NodePattern(labels: ["A"], tests: [PropertyTest("p", .equal(.list([1])))]),
        NodePattern(labels: ["B"], tests: [PropertyTest("p", .oneOf([7, "ab", .boolean(true), 2]))]),
        NodePattern(labels: ["A"], tests: [PropertyTest("p", .prefix("a"))]),
        NodePattern(labels: ["A", "C"], tests: [PropertyTest("p", .prefix(""))]),
        NodePattern(
            labels: ["A"],
            tests: [
                PropertyTest(
                    "p",
                    .range(lower: PropertyBound(2, inclusive: true), upper: PropertyBound(.float(6.5), inclusive: false)))
            ]),
        NodePattern(
            labels: ["B"], tests: [PropertyTest("p", .range(lower: nil, upper: PropertyBound("ab", inclusive: true)))]),
        NodePattern(
            labels: ["B"],
            tests: [PropertyTest("p", .range(lower: PropertyBound(.boolean(false), inclusive: false), upper: nil))]),
    ]

    func check() throws {
        try checkScans()
        try checkSchema()
        try checkExpansions()
    }

    /// Every node that a scan gives, by the test's number, page by page.
    static func scan(_ graph: LocalGraph, _ pattern: NodePattern, limit: Int = 7) throws -> [Int] {
        var found: [Int] = []
        var scan = NodeScan(pattern, fetch: .properties(["n"]), limit: limit)
        repeat {
            guard case .scan(let page) = try graph.read(.scan(scan)) else { throw WrongAnswer() }
            for value in page.nodes.properties.first ?? [] {
                guard case .integer(let number) = value else { throw WrongAnswer() }
                found.append(Int(number))
            }
            scan.after = page.next
        } while scan.after != nil
        return found
    }

    private func checkScans() throws {
        for pattern in Self.patterns {
            let expected = naive.nodes.keys.filter { naive.matches($0, pattern) }.sorted()
            #expect(try Self.scan(graph, pattern).sorted() == expected, "\(pattern)")
            if pattern.tests.isEmpty {
                guard case .count(let count) = try graph.read(.count(labels: pattern.labels)) else { throw WrongAnswer() }
                #expect(count == expected.count)
            }
        }
    }

    private func checkSchema() throws {
        guard case .schema(let schema) = try graph.read(.schema) else { throw WrongAnswer() }
        #expect(schema.nodes == naive.nodes.count)
        #expect(schema.relationships == naive.relationships.count)
        for label in Self.labels {
            #expect(schema.labels[label, default: 0] == naive.nodes.values.count { $0.labels.contains(label) })
        }
        for type in Self.types {
            #expect(schema.types[type, default: 0] == naive.relationships.values.count { $0.type == type })
        }
    }

    private func checkExpansions() throws {
        let numbers = naive.nodes.keys.sorted()
        let handles = try numbers.map { try #require(nodes[$0]) }
        for direction in [GraphDirection.outgoing, .incoming, .either] {
            for types in [[], ["KNOWS"], ["USES", "OWNS", "Nothing"]] {
                let found = try Self.expand(graph, handles, direction, types)
                guard case .degrees(let degrees) = try graph.read(.degrees(DegreeRequest(handles, direction, types: types)))
                else { throw WrongAnswer() }
                for (position, number) in numbers.enumerated() {
                    let expected = naive.expand(number, direction, types: types)
                    #expect(Set(found[position]) == expected, "of \(number), \(direction), \(types)")
                    #expect(found[position].count == expected.count)
                    #expect(degrees[position] == expected.count)
                }
                try checkReach(numbers, direction, types)
            }
        }
    }

    /// For each node the pairs of a relationship and its far node, by the test's numbers.
    static func expand(
        _ graph: LocalGraph, _ handles: [NodeHandle], _ direction: GraphDirection, _ types: [String]
    ) throws -> [[[Int]]] {
        var found = [[[Int]]](repeating: [], count: handles.count)
        var expansion = Expansion(
            handles, direction, types: types, fetchRelationship: .properties(["n"]), fetchFar: .entity, limit: 5)
        repeat {
            guard case .expand(let page) = try graph.read(.expand(expansion)) else { throw WrongAnswer() }
            for (position, input) in page.inputs.enumerated() {
                guard case .integer(let relationship) = page.relationships.properties[0][position],
                    case .integer(let far)? = page.far.nodes[position].properties["n"]
                else { throw WrongAnswer() }
                found[Int(input)].append([Int(relationship), Int(far)])
            }
            expansion.after = page.next
        } while expansion.after != nil
        return found
    }

    private func checkReach(_ numbers: [Int], _ direction: GraphDirection, _ types: [String]) throws {
        for minimum in 0...1 {
            for maximum in 1...3 {
                let starts = Array(numbers.prefix(2))
                let expected = naive.reach(starts, direction, types: types, minimum: minimum, maximum: maximum)
                var reach = Reach(
                    try starts.map { try #require(nodes[$0]) }, direction, types: types, minimum: minimum, maximum: maximum)
                guard case .reach(let found) = try graph.read(.reach(reach)) else { throw WrongAnswer() }
                #expect(Set(found.nodes) == Set(try expected.map { try #require(nodes[$0]) }))
                reach.wants = .count
                guard case .reach(let counted) = try graph.read(.reach(reach)) else { throw WrongAnswer() }
                #expect(counted.count == expected.count)
            }
        }
    }
}
