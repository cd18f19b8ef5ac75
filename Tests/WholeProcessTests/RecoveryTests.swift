import Foundation
import HTTPTransport
import JSON
import Model
import Testing

@Suite("A node under its public door")
struct RecoveryTests {
    private func volumes(_ range: Range<Int>) -> String {
        let items = range.map { #"{"VolumeId":"vol-\#($0)","Size":\#($0),"Tags":[{"Key":"Name","Value":"volume \#($0)"}]}"# }
        return #"{"Volumes":[\#(items.joined(separator: ","))]}"#
    }

    @Test("Killed in the middle of folding the checkpoint's write-ahead file, it starts again with everything")
    func killedWhileFolding() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let database = scratch.url.appending(path: "checkpoint.sqlite").path
        func size() -> Int { (try? FileManager.default.attributesOfItem(atPath: database)[.size] as? Int) ?? 0 }
        for round in 0..<6 {
            let node = try await NodeProcess.serving(scratch.url)
            let body = volumes(round * 400..<(round + 1) * 400)
            #expect(try await node.send(.post, "/ingest/aws?operation=ec2.describe-volumes", body).status == 200)
            let before = size()
            Task.detached { node.stopOrderly() }
            // The last fold is part of the stop: the first growth of the main file is the worst moment.
            while size() == before, node.isRunning { await Task.yield() }
            node.kill()
            await node.close()
        }
        let node = try await NodeProcess.serving(scratch.url)
        #expect(try await node.send(.get, "/stats").json["resources"]?.int == 2400)
        #expect(node.terminate() == 0)
        await node.close()
    }

    @Test("Where the keys for tokens come from a file, the node makes no token of its own: it would be refused")
    func keysFromAFile() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let jwks = scratch.url.appending(path: "jwks.json")
        let secret = String(repeating: "A", count: 43)
        try Data(#"{"keys":[{"kty":"oct","kid":"k","alg":"HS256","k":"\#(secret)"}]}"#.utf8).write(to: jwks)
        let data = scratch.url.appending(path: "data")
        let node = try await NodeProcess.serving(data, ["--jwks", jwks.path])
        #expect(try await node.send(.get, "/health/ready").status == 200)
        #expect(node.terminate() == 0)
        await node.close()
        for file in ["admin.jwt", "keys"] {
            #expect(!FileManager.default.fileExists(atPath: data.appending(path: file).path))
        }
    }

    @Test("One idempotency key stands for one request, whichever shards others would concern")
    func oneKeyOneRequest() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let node = try await NodeProcess.serving(scratch.url)
        #expect(try await node.send(.post, "/ingest/aws?operation=ec2.describe-volumes", volumes(0..<20)).status == 200)
        func apply(_ number: Int) async throws -> Int {
            let id = ResourceID(provider: .aws, nativeID: "vol-\(number)")
            let body = #"{"resource_id":"\#(id)","tags":[{"key":"k","value":"v"}]}"#
            return try await node.send(.post, "/virtual-tags/apply", body, key: "the-key").status
        }
        #expect(try await apply(0) == 201)
        #expect(try await apply(0) == 201)
        for number in 1..<20 { #expect(try await apply(number) == 422) }
        let tagged = try await node.send(.get, "/stats").json["tags"]?["manual"]?.int
        #expect(tagged == 1)
        #expect(node.terminate() == 0)
        await node.close()
    }
}
