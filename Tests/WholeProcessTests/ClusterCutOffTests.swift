import Foundation
import HTTPTransport
import JSON
import Model
import Testing

@Suite("A node without a majority")
struct ClusterCutOffTests {
    @Test("It is not ready, refuses at once what needs a leader, answers stale reads, and comes back by itself")
    func cutOff() async throws {
        try await ClusterProcesses.with { cluster, nodes in
            let created = try await nodes[0].send(
                .post, "/ingest/aws?operation=ec2.describe-volumes", #"{"Volumes":[{"VolumeId":"vol-1","Size":1}]}"#)
            #expect(created.json["created"]?.int == 1)
            for node in nodes.dropFirst() { node.kill() }
            try await until { try await nodes[0].send(.get, "/health/ready").status == 503 }

            let id = ResourceID(provider: .aws, nativeID: "vol-1")
            let body = #"{"resource_id":"\#(id)","tags":[{"key":"a","value":"b"}]}"#
            for (method, path, body) in [
                (.get, "/resources/\(id)", nil), (.get, "/resources", nil), (.get, "/stats", nil), (.get, "/tag-rules", nil),
                (.get, "/audit/trail", nil), (.post, "/virtual-tags/apply", body),
            ] as [(HTTPMethod, String, String?)] {
                let started = ContinuousClock.now
                let answer = try await nodes[0].send(method, path, body)
                #expect(answer.status == 503 && answer.headers["retry-after"] != nil, "\(path)")
                // A request's time is ten seconds; half of it is far more than a machine under load needs to refuse.
                #expect(ContinuousClock.now - started < .seconds(5), "\(path)")
            }
            for path in ["/resources/\(id)", "/resources", "/stats", "/tag-rules", "/audit/trail"] {
                let answer = try await nodes[0].send(.get, path, headers: ["read-consistency": "stale"])
                #expect(answer.status == 200, "\(path)")
                #expect((answer.headers["staleness-ms"].flatMap { Int($0) } ?? 0) > 2_000)
            }
            let back = try await cluster.start(1)
            do {
                try await until { try await nodes[0].send(.get, "/health/ready").status == 200 }
                #expect(try await nodes[0].send(.get, "/resources/\(id)").status == 200)
            } catch {
                await ClusterProcesses.end([back])
                throw error
            }
            await ClusterProcesses.end([back])
        }
    }
}
