import Foundation
import HTTPTransport
import JSON
import Testing

@Suite("The audit trail of a cluster")
struct ClusterAuditTests {
    @Test("Nodes that each lack some shards all give the same trail and the same report, and take each other's cursors")
    func sameOnEveryNode() async throws {
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
        let volumes = (0..<200).map { #"{"VolumeId":"vol-\#($0)","Size":1}"# }
        let created = try await nodes[0].send(
            .post, "/ingest/aws?operation=ec2.describe-volumes", #"{"Volumes":[\#(volumes.joined(separator: ","))]}"#)
        #expect(created.json["created"]?.int == 200)
        // Without this, nobody would have to be asked.
        for node in nodes.indices {
            let shards = try await nodes[node].send(.get, "/cluster").json["shards"]?.array ?? []
            #expect(
                shards.contains { shard in
                    !(shard["replicas"]?.array ?? []).contains { $0.string == "n\(node + 1)" }
                })
        }
        let trails = try await pages(of: nodes[0])
        #expect(trails.count >= 200)
        #expect(Set(trails).count == trails.count)
        for node in nodes.dropFirst() { #expect(try await pages(of: node) == trails) }
        #expect(try await pages(ofAll: nodes) == trails)
        let report = try await report(of: nodes[0])
        #expect(report.contains { ($0["count"]?.int ?? 0) >= 200 })
        for node in nodes.dropFirst() { #expect(try await self.report(of: node) == report) }
    }

    /// Ids of all entries about resources: of the cluster's own changes more may come at any time.
    private static func pages(of node: NodeProcess) async throws -> [String] {
        try await node.all("/audit/trail?limit=37&actor=admin").compactMap { $0["id"]?.string }
    }

    /// The same, each page from the next node.
    private static func pages(ofAll nodes: [NodeProcess]) async throws -> [String] {
        var ids: [String] = []
        var cursor = ""
        var turn = 0
        repeat {
            let answer = try await nodes[turn % nodes.count].send(.get, "/audit/trail?limit=37&actor=admin\(cursor)")
            ids += (answer.json["items"]?.array ?? []).compactMap { $0["id"]?.string }
            cursor = answer.json["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
            turn += 1
        } while !cursor.isEmpty
        return ids
    }

    private static func report(of node: NodeProcess) async throws -> [JSONValue] {
        try await node.all("/audit/reports").filter { $0["actor"]?.string != "system" }
    }
}
