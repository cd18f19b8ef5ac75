import CypherValues
import InventoryGraph
import Model
import PropertyGraph
import Testing

/// A graph that rows come to, change in, leave and come back to is the graph of the rows that are there in the end: what tokens with a
/// limit rely on, whose rows go in and out of it.
@Suite("The inventory's graph under random changes")
struct RandomRowsTests {
    private static let time = Timestamp(milliseconds: 0)

    private static func id(_ number: Int) -> ResourceID { ResourceID(provider: .aws, nativeID: "r-\(number)") }

    private static func record(_ number: Int, _ random: inout SeededGenerator) -> ResourceRecord {
        let types: [RelationshipType] = [.attachedTo, .inSubnet, .uses, .encryptedWith]
        var relationships: Set<Relationship> = []
        for _ in 0..<Int.random(in: 0..<4, using: &random) {
            let type = types.randomElement(using: &random) ?? .uses
            relationships.insert(Relationship(type, to: id(Int.random(in: 0..<30, using: &random))))
        }
        let tags = ["app", "env", "team"].filter { _ in Bool.random(using: &random) }.map { key in
            VirtualTag(
                key: key,
                winner: TagAssertion(
                    value: "v\(Int.random(in: 0..<3, using: &random))", source: .rule, createdBy: "rule:test",
                    createdAt: time, updatedAt: time))
        }
        let metadata = #"{"size":\#(Int.random(in: 0..<9, using: &random)),"k\#(number % 4)":{"x":true}}"#
        return ResourceRecord(
            resource: Resource(
                provider: .aws, resourceID: "r-\(number)",
                resourceType: ["ec2.volume", "ec2.instance", "other.thing"].randomElement(using: &random) ?? "",
                name: "n\(number)", accountID: "\(Int.random(in: 1...2, using: &random))",
                region: Bool.random(using: &random) ? "eu-west-1" : "", metadata: JSONText(trusted: Array(metadata.utf8)),
                relationships: relationships.sorted(), firstSeen: time, lastSeen: time),
            tags: tags)
    }

    /// Every node with all that it has, by its name, and every relationship; keys and handles that are left over aside.
    private static func contents(_ graph: InventoryGraph) throws -> Set<String> {
        var lines: Set<String> = []
        var scan = NodeScan(.any, fetch: .entity)
        repeat {
            guard case .scan(let page) = try graph.graph.read(.scan(scan)) else { return [] }
            for node in page.nodes.nodes {
                let properties = node.properties.map { "\($0.0)=\($0.1)" }.sorted()
                #expect(lines.insert("\(node.elementId) \(node.labels.sorted()) \(properties)").inserted)
            }
            var expansion = Expansion(
                page.nodes.handles, .outgoing, fetchRelationship: .entity, fetchFar: .entity)
            repeat {
                guard case .expand(let pairs) = try graph.graph.read(.expand(expansion)) else { return [] }
                for (pair, input) in pairs.inputs.enumerated() {
                    let type = pairs.relationships.relationships[pair].type
                    let line = "\(page.nodes.nodes[Int(input)].elementId) \(type) \(pairs.far.nodes[pair].elementId)"
                    #expect(lines.insert(line).inserted, "twice: \(line)")
                }
                expansion.after = pairs.next
            } while expansion.after != nil
            scan.after = page.next
        } while scan.after != nil
        for (key, value) in [("id", CypherValue.string(id(3).description)), ("resource_id", "r-3")] {
            let pattern = NodePattern(labels: ["Resource"], tests: [PropertyTest(key, .equal(value))])
            guard case .scan(let page) = try graph.graph.read(.scan(NodeScan(pattern, fetch: .entity))) else { return [] }
            lines.insert("\(key) finds \(page.nodes.nodes.map(\.elementId))")
        }
        guard case .schema(let schema) = try graph.graph.read(.schema) else { return [] }
        lines.insert("\(schema.nodes) \(schema.relationships) \(schema.labels.sorted { $0.key < $1.key })")
        return lines
    }

    @Test("Whatever came, changed and left, what is there is what the rows say", arguments: 0..<20 as Range<UInt64>)
    func random(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let partitions = [1, 3, 16][Int(seed % 3)]
        var graph = InventoryGraph(partitions: partitions)
        var rows: [Int: ResourceRecord] = [:]
        for _ in 0..<6 {
            var changes: [(Int, ResourceRecord?)] = []
            for _ in 0..<20 {
                let number = Int.random(in: 0..<30, using: &random)
                let row = Int.random(in: 0..<3, using: &random) == 0 ? nil : Self.record(number, &random)
                rows[number] = row
                changes.append((number, row))
            }
            try graph.batch { (graph) throws(GraphError) in
                for (number, row) in changes {
                    if let row { try graph.put(row) } else { try graph.remove(Self.id(number)) }
                }
            }
            var fresh = InventoryGraph(partitions: partitions)
            try fresh.fill { (graph) throws(GraphError) in for row in rows.values { try graph.put(row) } }
            _ = graph.seal(budget: 1_000)
            let (expected, found) = (try Self.contents(fresh), try Self.contents(graph))
            #expect(found == expected, "seed \(seed): \(found.symmetricDifference(expected).sorted().prefix(6))")
        }
    }
}

/// SplitMix64.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
