import CypherValues
import InventoryGraph
import Model
import PropertyGraph
import Testing

@Suite("The inventory as a graph")
struct InventoryGraphTests {
    private static let time = Timestamp(milliseconds: 0)

    private static func id(_ name: String) -> ResourceID { ResourceID(provider: .aws, nativeID: name) }

    private static func record(
        _ name: String, type: String = "ec2.volume", account: String = "111122223333", tags: [String: String] = [:],
        relationships: [Relationship] = [], metadata: String = "{}", costs: [CostLine] = []
    ) -> ResourceRecord {
        let resource = Resource(
            provider: .aws, resourceID: name, resourceType: type, name: name, accountID: account, region: "eu-north-1",
            nativeTags: TagList(tags.sorted { $0.key < $1.key }.map { Tag($0.key, $0.value) }),
            metadata: JSONText(trusted: Array(metadata.utf8)), relationships: relationships, firstSeen: time, lastSeen: time,
            costs: costs)
        let virtual = tags.sorted { $0.key < $1.key }.map { key, value in
            VirtualTag(
                key: key,
                winner: TagAssertion(
                    value: value, source: .rule, createdBy: "rule:test", createdAt: time, updatedAt: time))
        }
        return ResourceRecord(resource: resource, tags: virtual)
    }

    private func node(_ graph: InventoryGraph, _ name: String) throws -> NodeValue? {
        guard let handle = graph.graph.node(elementId: Self.id(name).description) else { return nil }
        guard case .load(let loaded) = try graph.graph.read(.load(EntityLoad(nodes: [handle]))) else { return nil }
        return loaded.nodes.nodes[0]
    }

    /// `TYPE>label` for each outgoing relationship, `TYPE<label` for each incoming one, sorted.
    private func links(_ graph: InventoryGraph, _ name: String) throws -> [String] {
        let handle = try #require(graph.graph.node(elementId: Self.id(name).description))
        var found: [String] = []
        for (direction, sign) in [(GraphDirection.outgoing, ">"), (.incoming, "<")] {
            let expansion = Expansion([handle], direction, fetchRelationship: .entity, fetchFar: .entity)
            guard case .expand(let page) = try graph.graph.read(.expand(expansion)) else { continue }
            for (relationship, far) in zip(page.relationships.relationships, page.far.nodes) {
                found.append(relationship.type + sign + far.labels.sorted().joined(separator: "+"))
            }
        }
        return found.sorted()
    }

    private func schema(_ graph: InventoryGraph) throws -> GraphSchema {
        guard case .schema(let schema) = try graph.graph.read(.schema) else { return GraphSchema() }
        return schema
    }

    @Test("A row becomes a node with Cartography's labels, its account, its region, its tags and what it relates to")
    func oneRow() throws {
        var graph = InventoryGraph(partitions: 4)
        let metadata = #"{"size":8,"encrypted":false,"zones":["a","b"],"deep":{"er":{"x":"y"}},"mixed":[1,"a"]}"#
        try graph.put(
            Self.record(
                "vol-1", tags: ["Team": "checkout"], relationships: [Relationship(.attachedTo, to: Self.id("i-1"))],
                metadata: metadata,
                costs: [
                    CostLine(month: 202_608, service: "EC2", currency: "USD", billedNanos: 9, effectiveNanos: 9),
                    CostLine(
                        month: 202_609, service: "EC2", currency: "USD", billedNanos: 0, effectiveNanos: 1_500_000_000),
                ]))
        let volume = try #require(try node(graph, "vol-1"))
        #expect(Set(volume.labels) == ["Resource", "EBSVolume", "AWSEBSVolume"])
        #expect(volume.elementId == Self.id("vol-1").description)
        #expect(volume.properties["name"] == "vol-1")
        #expect(volume.properties["tags.Team"] == "checkout")
        #expect(volume.properties["native_tags.Team"] == "checkout")
        #expect(volume.properties["metadata.size"] == 8)
        #expect(volume.properties["metadata.encrypted"] == .boolean(false))
        #expect(volume.properties["metadata.zones"] == ["a", "b"])
        #expect(volume.properties["metadata.deep.er.x"] == "y")
        #expect(volume.properties["metadata.mixed"] == nil)
        #expect(volume.properties["cost"] == .float(1.5))
        #expect(volume.properties["cost_month"] == 202_609)
        #expect(
            try links(graph, "vol-1") == [
                "ATTACHED_TO>Unobserved", "IN_REGION>Region", "RESOURCE<AWSAccount+Account", "TAGGED>Tag",
            ])
    }

    @Test("A row that comes again changes nothing; one that changed leaves nothing of what was")
    func again() throws {
        var graph = InventoryGraph(partitions: 2)
        let first = Self.record(
            "vol-1", tags: ["Team": "checkout", "Env": "prod"],
            relationships: [
                Relationship(.attachedTo, to: Self.id("i-1"))
            ])
        try graph.put(first)
        let once = try schema(graph)
        try graph.put(first)
        #expect(try schema(graph) == once)
        try graph.put(Self.record("vol-1", account: "444455556666", tags: ["Team": "search"]))
        #expect(try links(graph, "vol-1") == ["IN_REGION>Region", "RESOURCE<AWSAccount+Account", "TAGGED>Tag"])
        #expect(try node(graph, "vol-1")?.properties["tags.Env"] == nil)
        #expect(try node(graph, "i-1") == nil)
        #expect(try schema(graph).labels["Tag"] == 1)
        #expect(try schema(graph).labels["Account"] == 1)
    }

    @Test("Rows leave the same graph in any order, and a resource that is gone stays known to those that relate to it")
    func order() throws {
        let rows = [
            Self.record("i-1", type: "ec2.instance", relationships: [Relationship(.inSubnet, to: Self.id("subnet-1"))]),
            Self.record("vol-1", relationships: [Relationship(.attachedTo, to: Self.id("i-1"))]),
            Self.record("subnet-1", type: "ec2.subnet", relationships: [Relationship(.inNetwork, to: Self.id("vpc-1"))]),
        ]
        var graphs: [InventoryGraph] = []
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            var graph = InventoryGraph()
            for row in order { try graph.put(rows[row]) }
            graphs.append(graph)
            var atOnce = InventoryGraph()
            try atOnce.batch { (graph) throws(GraphError) in for row in order { try graph.put(rows[row]) } }
            graphs.append(atOnce)
        }
        for graph in graphs {
            #expect(try schema(graph) == schema(graphs[0]))
            for name in ["i-1", "vol-1", "subnet-1"] { #expect(try links(graph, name) == links(graphs[0], name)) }
        }
        var graph = graphs[0]
        let before = graph
        try graph.remove(Self.id("i-1"))
        #expect(try node(graph, "i-1")?.labels == [InventoryGraph.unobserved])
        #expect(try node(graph, "i-1")?.properties.isEmpty == true)
        #expect(try links(graph, "vol-1").contains("ATTACHED_TO>Unobserved"))
        #expect(try links(before, "vol-1").contains("ATTACHED_TO>AWSEC2Instance+EC2Instance+Resource"))
        for name in ["vol-1", "subnet-1"] { try graph.remove(Self.id(name)) }
        #expect(try schema(graph).nodes == 0)
        #expect(try schema(graph).relationships == 0)
    }

    @Test("A batch that fails leaves the graph as it was")
    func failedBatch() throws {
        var graph = InventoryGraph()
        try graph.put(Self.record("vol-1"))
        let before = try schema(graph)
        #expect(throws: GraphError.indexNotFound(name: "none")) {
            try graph.batch { (graph) throws(GraphError) in
                try graph.put(Self.record("vol-2"))
                try graph.remove(Self.id("vol-1"))
                throw GraphError.indexNotFound(name: "none")
            }
        }
        #expect(try schema(graph) == before)
        #expect(try node(graph, "vol-1")?.labels.contains("Resource") == true)
        #expect(try node(graph, "vol-2") == nil)
    }
}
