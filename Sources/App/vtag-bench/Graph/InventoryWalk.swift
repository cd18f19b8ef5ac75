import Cypher
import CypherValues
import InventoryGraph
import Model
import NodeRuntime
import PropertyGraph

/// The samples, as often as makes a large inventory, each copy joined within itself, as a graph; and a pattern over all of it.
struct InventoryWalk {
    /// Three typed steps with a filter at both ends.
    static let query =
        "MATCH (v:EBSVolume)-[:ATTACHED_TO]->(i:EC2Instance)-[:PART_OF_SUBNET]->(s:EC2Subnet)-[:MEMBER_OF_AWS_VPC]->(n:AWSVpc)"
        + " WHERE v.size >= 100 AND n.region STARTS WITH 'us' RETURN count(*)"

    private static let batch = 256

    let resources: Int
    private var inventory = InventoryGraph(partitions: 16)

    init(_ samples: MultipliedSamples, resources: Int) throws {
        self.resources = resources
        let natives = Dictionary(uniqueKeysWithValues: samples.originals.map { ($0.id, $0.resourceID) })
        let now = wallClock()
        for start in stride(from: 0, to: resources, by: Self.batch) {
            let records = (start..<min(start + Self.batch, resources)).map { number in
                let (copy, place) = number.quotientAndRemainder(dividingBy: samples.originals.count)
                return Self.record(samples.originals[place], copy, natives, at: now)
            }
            try inventory.fill { inventory throws(GraphError) in
                for record in records { try inventory.put(record) }
            }
        }
        while inventory.seal(budget: .max) {}
    }

    private static func record(
        _ original: Observation, _ copy: Int, _ natives: [ResourceID: String], at now: Timestamp
    ) -> ResourceRecord {
        let relationships = original.relationships.map { relationship in
            guard let native = natives[relationship.target] else { return relationship }
            return Relationship(
                relationship.type, to: ResourceID(provider: original.provider, nativeID: "\(native)-\(copy)"))
        }
        return ResourceRecord(
            resource: Resource(
                provider: original.provider, resourceID: "\(original.resourceID)-\(copy)",
                resourceType: original.resourceType ?? "", name: original.name ?? "", accountID: original.accountID ?? "",
                region: original.region ?? "", nativeTags: original.nativeTags ?? TagList(),
                metadata: original.metadata ?? .emptyObject, relationships: relationships, firstSeen: now, lastSeen: now))
    }

    /// How many there are, and the seconds that counting them takes.
    func count() throws -> (found: Int64, seconds: Double) {
        let query = try CypherQuery(Self.query)
        var graph = inventory.graph
        var found: Int64 = 0
        let times = try (0..<5).map { _ in
            try seconds {
                if case .integer(let count)? = try graph.run(query).rows.first?.first { found = count }
            }
        }
        return (found, times.median)
    }
}
