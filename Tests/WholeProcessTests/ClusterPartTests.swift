import Foundation
import HTTPTransport
import JSON
import Model
import Testing

@Suite("A request over shards of which some have no leader")
struct ClusterPartTests {
    @Test("What was carried out in part is not denied: its outcome is unknown, and the part is there")
    func partly() async throws {
        let cluster = try ClusterProcesses(nodes: 4)
        defer { cluster.scratch.remove() }
        let nodes = try await cluster.startAll()
        do { try await Self.run(nodes) } catch {
            await ClusterProcesses.end(nodes)
            throw error
        }
        await ClusterProcesses.end(nodes)
    }

    private static func run(_ nodes: [NodeProcess]) async throws {
        let shards = try await nodes[0].send(.get, "/cluster").json["shards"]?.array ?? []
        // Two nodes die: shards with two replicas among the others go on.
        let alive = ["n1", "n2"]
        let led = shards.filter { shard in
            (shard["replicas"]?.array ?? []).count { alive.contains($0.string ?? "") } == 2
        }.compactMap { $0["number"]?.int }
        try #require(!led.isEmpty && led.count < shards.count)
        for node in nodes.dropFirst(2) { node.kill() }
        try await until {
            let shards = try await nodes[0].send(.get, "/cluster").json["shards"]?.array ?? []
            return led.allSatisfy { number in
                shards.contains { $0["number"]?.int == number && alive.contains($0["leader"]?.string ?? "") }
            }
        }
        let volumes = (0..<64).map { #"{"VolumeId":"vol-\#($0)","Size":1}"# }.joined(separator: ",")
        let answer = try await nodes[0].send(
            .post, "/ingest/aws?operation=ec2.describe-volumes", #"{"Volumes":[\#(volumes)]}"#)
        #expect(answer.status == 503)
        #expect(answer.json["type"]?.string == "urn:vtag:problem:outcome-unknown")
        var carriedOut = 0
        for number in 0..<64 {
            let id = ResourceID(provider: .aws, nativeID: "vol-\(number)")
            let found = try await nodes[0].send(.get, "/resources/\(id)", headers: ["read-consistency": "stale"])
            if found.status == 200 { carriedOut += 1 }
        }
        #expect((1..<64).contains(carriedOut))
    }
}
