import Foundation
import HTTPTransport
import JSON
import Testing

@Suite("The graph of a cluster")
struct ClusterGraphTests {
    @Test("Nodes of which none has every shard answer as one, each what was acknowledged before, by whomever")
    func parts() async throws {
        let cluster = try ClusterProcesses(flags: ["--replication-factor", "1"])
        defer { cluster.scratch.remove() }
        let nodes = try await cluster.startAll()
        do { try await Self.run(nodes) } catch {
            await ClusterProcesses.end(nodes)
            throw error
        }
        await ClusterProcesses.end(nodes)
    }

    @Test("A question that needs the rows of a node that starts again waits for them")
    func leaderAway() async throws {
        let cluster = try ClusterProcesses(flags: ["--replication-factor", "1"])
        defer { cluster.scratch.remove() }
        var nodes = try await cluster.startAll()
        do {
            let volumes = (0..<40).map { #"{"VolumeId":"vol-\#($0)","Size":1}"# }.joined(separator: ",")
            let created = try await nodes[0].send(
                .post, "/ingest/aws?operation=ec2.describe-volumes", #"{"Volumes":[\#(volumes)]}"#)
            #expect(created.json["created"]?.int == 40)
            nodes[2].kill()
            await nodes[2].close()
            let questions = nodes.prefix(2).map { node in
                Task { try await Self.ask(node, "MATCH (v:EBSVolume) RETURN count(v)").array?.first?.array?.first?.int }
            }
            nodes[2] = try await cluster.start(2)
            for question in questions { #expect(try await question.value == 40) }
        } catch {
            await ClusterProcesses.end(nodes)
            throw error
        }
        await ClusterProcesses.end(nodes)
    }

    private static func ask(_ node: NodeProcess, _ query: String) async throws -> JSONValue {
        let body = JSONValue.object([.init("query", .string(query))])
        let answer = try await node.send(.post, "/graph/query", String(decoding: body.serialised, as: UTF8.self))
        #expect(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
        return answer.json["rows"] ?? .null
    }

    private static func run(_ nodes: [NodeProcess]) async throws {
        let shards = try await nodes[0].send(.get, "/cluster").json["shards"]?.array ?? []
        let held = Set(shards.compactMap { $0["replicas"]?.array?.first?.string })
        #expect(held.count == 3 && shards.allSatisfy { $0["replicas"]?.array?.count == 1 }, "\(shards)")
        let instances = (0..<40).map { #"{"InstanceId":"i-\#($0)","SubnetId":"subnet-\#($0 % 3)","VpcId":"vpc-1"}"# }
        let volumes = (0..<120).map {
            #"{"VolumeId":"vol-\#($0)","Size":\#($0),"Attachments":[{"InstanceId":"i-\#($0 % 40)","VolumeId":"vol-\#($0)"}]}"#
        }
        for (operation, document) in [
            (
                "ec2.describe-instances",
                #"{"Reservations":[{"OwnerId":"111122223333","Instances":[\#(instances.joined(separator: ","))]}]}"#
            ),
            ("ec2.describe-volumes", #"{"Volumes":[\#(volumes.joined(separator: ","))]}"#),
        ] {
            let path = "/ingest/aws?account_id=111122223333&region=eu-west-1&operation=\(operation)"
            #expect(try await nodes[0].send(.post, path, document).json["created"]?.int ?? 0 > 0)
        }
        let queries = [
            "MATCH (v:EBSVolume)-[:ATTACHED_TO]->(i:EC2Instance)-[:PART_OF_SUBNET]->(s) RETURN s.resource_id, id(s) IS NULL, count(*), sum(v.size) ORDER BY sum(v.size)",
            "MATCH (a:EBSVolume {resource_id: 'vol-3'})-[:ATTACHED_TO|PART_OF_SUBNET*1..3]-(b) RETURN count(DISTINCT b)",
            "MATCH (n) RETURN labels(n)[0] AS l, count(*) AS c ORDER BY c, l",
        ]
        for query in queries {
            let answers = try await nodes.mapInTurn { try await ask($0, query) }
            #expect(answers.allSatisfy { $0 == answers[0] } && answers[0].array?.isEmpty == false, "\(query): \(answers)")
        }
        #expect(
            try await ask(nodes[1], "MATCH (v:EBSVolume)-[:ATTACHED_TO]->(:EC2Instance) RETURN count(v)").array?.first?
                .array?.first?.int == 120)
        // Written by one, asked of another, at once.
        for round in 0..<12 {
            let tag = #"{"resource_id":"vol-\#(round)","tags":[{"key":"round","value":"\#(round)"}]}"#
            #expect(try await nodes[round % 3].send(.post, "/virtual-tags/apply", tag).status == 201)
            for node in nodes {
                let found = try await ask(node, "MATCH (:EBSVolume)-[:TAGGED]->(t:Tag {key: 'round'}) RETURN count(t)")
                #expect(found.array?.first?.array?.first?.int == round + 1)
            }
        }
        let id =
            try await nodes[2].send(.get, "/resources?resource_id=vol-0").json["items"]?.array?.first?["id"]?.string ?? ""
        #expect(try await nodes[2].send(.delete, "/resources/\(id)").status == 204)
        for node in nodes {
            #expect(try await ask(node, "MATCH (v:EBSVolume) RETURN count(v)").array?.first?.array?.first?.int == 119)
            #expect(try await node.send(.get, "/resources/\(id)/neighbors").status == 404)
        }
    }
}

extension Array {
    fileprivate func mapInTurn<Value>(_ body: (Element) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
