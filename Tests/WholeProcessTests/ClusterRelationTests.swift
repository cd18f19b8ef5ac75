import Foundation
import HTTPTransport
import JSON
import Testing

@Suite("Rules along relationships in a cluster")
struct ClusterRelationTests {
    private static let volumes = 60

    @Test(
        "What is inherited reaches every shard, also after the node that has the instance was killed",
        arguments: ["1", "3"])
    func inheriting(replicas: String) async throws {
        let cluster = try ClusterProcesses(flags: ["--replication-factor", replicas])
        defer { cluster.scratch.remove() }
        var nodes = try await cluster.startAll()
        do {
            try await Self.fill(nodes[0])
            let rule =
                #"{"rule_name":"team","conditions":{"all":[]},"actions":[{"inherit_tag":{"key":"team","types":["attached_to","in_subnet"],"max_depth":2}}]}"#
            #expect(try await nodes[1].send(.post, "/tag-rules", rule).status == 201)
            try await Self.tag("ops", nodes[2])
            for node in nodes { try await Self.wait(for: "ops", node) }
            let shard = try await Self.shard(of: "subnet-1", nodes[0])
            let holder = cluster.places.firstIndex { $0.name == shard } ?? 0
            nodes[holder].kill()
            await nodes[holder].close()
            nodes[holder] = try await cluster.start(holder)
            try await Self.tag("data", nodes[(holder + 1) % 3])
            for node in nodes { try await Self.wait(for: "data", node) }
        } catch {
            await ClusterProcesses.end(nodes)
            throw error
        }
        await ClusterProcesses.end(nodes)
    }

    private static func fill(_ node: NodeProcess) async throws {
        let volumes = (0..<volumes).map {
            #"{"VolumeId":"vol-\#($0)","Attachments":[{"InstanceId":"i-\#($0 % 4)","VolumeId":"vol-\#($0)"}]}"#
        }
        let instances = (0..<4).map { #"{"InstanceId":"i-\#($0)","SubnetId":"subnet-1","VpcId":"vpc-1"}"# }
        for (operation, document) in [
            ("ec2.describe-volumes", #"{"Volumes":[\#(volumes.joined(separator: ","))]}"#),
            (
                "ec2.describe-instances",
                #"{"Reservations":[{"OwnerId":"111122223333","Instances":[\#(instances.joined(separator: ","))]}]}"#
            ), ("ec2.describe-subnets", #"{"Subnets":[{"SubnetId":"subnet-1","VpcId":"vpc-1"}]}"#),
        ] {
            let path = "/ingest/aws?account_id=111122223333&region=eu-west-1&operation=\(operation)"
            #expect(try await node.send(.post, path, document).json["created"]?.int ?? 0 > 0)
        }
    }

    private static func tag(_ team: String, _ node: NodeProcess) async throws {
        let body = #"{"resource_id":"subnet-1","tags":[{"key":"team","value":"\#(team)"}]}"#
        try await until { try await node.send(.post, "/virtual-tags/apply", body).status == 201 }
    }

    private static func wait(for team: String, _ node: NodeProcess) async throws {
        let query = #"{"query":"MATCH (:EBSVolume)-[:TAGGED]->(t:Tag {key: 'team', value: '\#(team)'}) RETURN count(*)"}"#
        try await until {
            let answer = try await node.send(.post, "/graph/query", query)
            return answer.json["rows"]?.array?.first?.array?.first?.int == volumes
        }
    }

    /// Who leads the shard of that resource.
    private static func shard(of name: String, _ node: NodeProcess) async throws -> String? {
        let answer = try await node.send(.get, "/resources?resource_id=\(name)").json
        let id = answer["items"]?.array?.first?["id"]?.string ?? ""
        let slot = Int(id.prefix(4), radix: 16) ?? 0
        let shards = try await node.send(.get, "/cluster").json["shards"]?.array ?? []
        return shards.first { $0["first_slot"]?.int ?? 0 <= slot && slot <= $0["last_slot"]?.int ?? 0 }?["leader"]?.string
    }
}
