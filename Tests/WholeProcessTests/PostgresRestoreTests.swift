import Foundation
import HTTPTransport
import JSON
import PostgresTesting
import Testing

/// A cluster with some of everything, and all that its API tells of it.
private enum Inventory {
    private static let later = "2099-01-01T00:00:00Z"

    static func fill(_ node: NodeProcess) async throws {
        let documents = [
            (
                "/tag-rules",
                #"""
                {"rule_name":"sized","conditions":{"field":"resource_type","operator":"eq","value":"ec2.volume"},
                 "actions":[{"set_tag":{"key":"team","value":"storage"}}]}
                """#
            ),
            (
                "/tag-schema",
                #"{"tag_key":"team","allowed_values":["storage","search"],"value_aliases":{"search":["srch"]}}"#
            ),
            (
                "/compliance/policies",
                #"{"policy_name":"owned","policy_type":"REQUIRED_TAGS","rules":{"required_tags":["owner"]}}"#
            ),
            (
                "/compliance/waivers",
                #"{"waiver_name":"w","reason":"moves soon","policies":["owned"],"expires_at":"\#(later)"}"#
            ),
            ("/audit/holds", #"{"hold_name":"case","reason":"r","scope":{"tag_keys":["owner"]}}"#),
        ]
        for (path, document) in documents {
            let answer = try await node.send(.post, path, document)
            #expect(answer.status == 201, "\(path): \(answer.text)")
        }
        for first in stride(from: 0, to: 1_500, by: 500) {
            let list = (first..<first + 500).map { #"{"VolumeId":"vol-\#($0)","Size":1}"# }
            let body = #"{"Volumes":[\#(list.joined(separator: ","))]}"#
            #expect(try await node.send(.post, "/ingest/aws?operation=ec2.describe-volumes", body).status == 200)
        }
        // A claim that wins over the rule's, which stays as one that lost.
        let tags =
            #"{"where":{"field":"resource_id","operator":"eq","value":"vol-7"},"tags":[{"key":"team","value":"srch"},{"key":"owner","value":"ann"}]}"#
        #expect(try await node.send(.post, "/virtual-tags/bulk-apply", tags).status == 200)
        for name in ["vol-8", "vol-9"] {
            #expect(try await node.send(.delete, "/resources/\(id(name, node))").status == 204)
        }
        try await settled(node)
    }

    static func id(_ name: String, _ node: NodeProcess) async throws -> String {
        let list = try await node.send(.get, "/resources?resource_id=\(name)").json["items"]?.array
        return try #require(list?.first?["id"]?.string)
    }

    /// All rows are judged under the newest rules.
    static func settled(_ node: NodeProcess) async throws {
        try await until { try await node.send(.get, "/compliance/status").json["pending"]?.int == 0 }
    }

    /// What a reader of the API sees of it all.
    static func seen(_ node: NodeProcess, audit: Bool = true) async throws -> [String: [JSONValue]] {
        var seen: [String: [JSONValue]] = [:]
        for path in [
            "/resources", "/tag-rules", "/tag-schema", "/compliance/policies", "/compliance/waivers", "/audit/holds",
            "/compliance/violations",
        ] + (audit ? ["/audit/trail"] : []) {
            seen[path] = try await node.all(path).sorted { "\($0)" < "\($1)" }
        }
        let tagged = try await id("vol-7", node)
        // Not the version of the catalogue, which is another one.
        for (path, part) in [("virtual-tags", "items"), ("explain?tag_key=team", "tags")] {
            let answer = try await node.send(.get, "/resources/\(tagged)/\(path)")
            seen[path] = [try #require(answer.json[part], "\(answer.text)")]
        }
        return seen
    }
}

extension NodeProcess {
    fileprivate func reached(_ state: String) async throws {
        try await until {
            let cluster = try await send(.get, "/cluster").json
            let shards = (cluster["shards"]?.array ?? []) + [cluster["system"] ?? .null]
            return shards.allSatisfy { $0["postgres"]?["state"]?.string == state }
        }
    }
}

@Suite("A cluster from nothing but the database", .serialized)
struct PostgresRestoreTests {
    @Test("A node restores all there was, also after a kill in the middle; the old cluster is shut out of the database")
    func alone() async throws {
        let server = try PostgresServer.shared.get()
        let address = try server.makeDatabase()
        let scratch = try Scratch()
        defer { scratch.remove() }
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let directory = scratch.url.appending(path: "new")
        let restore = ["--restore-from-postgres", address, "--postgres", address]

        // Nothing there yet.
        let empty = try await NodeProcess.start(directory, restore)
        guard case .ended(64, let message) = empty else {
            Issue.record("it was made from nothing: \(empty)")
            return
        }
        #expect(message.contains("holds nothing of a cluster"))

        let old = try await NodeProcess.serving(scratch.url.appending(path: "old"), ["--postgres", address])
        defer { if old.isRunning { old.kill() } }
        try await Inventory.fill(old)
        try await old.reached("current")
        let before = try await Inventory.seen(old)

        // Killed once the database was taken over.
        let broken = try StartingNode(directory, restore)
        #expect(await broken.log.line(with: "the database was taken over") != nil)
        broken.kill()
        let lost = try await old.send(.delete, "/resources/\(Inventory.id("vol-11", old))")
        #expect(lost.status == 204)
        guard case .ended(64, let halfMessage) = try await NodeProcess.start(directory, ["--postgres", address]) else {
            Issue.record("half a cluster serves")
            return
        }
        #expect(halfMessage.contains("not all of it is there"))

        let new = try await NodeProcess.serving(directory, restore)
        defer { if new.isRunning { new.kill() } }
        try await Inventory.settled(new)
        let after = try await Inventory.seen(new)
        for (path, values) in before { #expect(after[path] == values, "\(path)") }
        try await new.reached("current")
        let compared = try await tool.run("verify", "--postgres", address, url: new.url, token: new.token)
        #expect(compared.status == 0, "\(compared.errors)")
        let chain = try await tool.run("audit", "verify", url: new.url, token: new.token)
        #expect(chain.status == 0, "\(chain.errors)")

        // It goes on from there, and alone.
        #expect(try await new.send(.delete, "/resources/\(Inventory.id("vol-10", new))").status == 204)
        try await new.reached("current")
        #expect(new.terminate() == 0)
        await new.close()
        guard case .ended(64, let fullMessage) = try await NodeProcess.start(directory, restore) else {
            Issue.record("something was restored over a cluster")
            return
        }
        #expect(fullMessage.contains("belongs to a cluster already"))
        let again = try await NodeProcess.serving(directory, ["--postgres", address])
        defer { if again.isRunning { again.kill() } }
        try await again.reached("current")
        let settled = try await tool.run("verify", "--postgres", address, url: again.url, token: again.token)
        #expect(settled.status == 0, "\(settled.errors)")
        #expect(old.log.text.contains("belongs to another cluster"))
        await again.close()
        await old.close()
    }

    @Test("Founders restore the same together, one of them later than the others")
    func founders() async throws {
        let server = try PostgresServer.shared.get()
        let address = try server.makeDatabase()
        let scratch = try Scratch()
        defer { scratch.remove() }
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let old = try await NodeProcess.serving(scratch.url, ["--postgres", address])
        defer { if old.isRunning { old.kill() } }
        try await Inventory.fill(old)
        try await old.reached("current")
        let before = try await Inventory.seen(old, audit: false)
        old.kill()
        await old.close()

        let cluster = try ClusterProcesses(flags: ["--restore-from-postgres", address, "--postgres", address])
        defer { cluster.scratch.remove() }
        var nodes = try await cluster.startAll()
        do {
            try await Inventory.settled(nodes[1])
            let after = try await Inventory.seen(nodes[2], audit: false)
            for (path, values) in before { #expect(after[path] == values, "\(path)") }
            #expect(try await nodes[0].send(.delete, "/resources/\(Inventory.id("vol-12", nodes[0]))").status == 204)
            try await nodes[0].reached("current")
            let compared = try await tool.run("verify", "--postgres", address, url: nodes[0].url, token: nodes[0].token)
            #expect(compared.status == 0, "\(compared.errors)")
            let chain = try await tool.run("audit", "verify", url: nodes[0].url, token: nodes[0].token)
            #expect(chain.status == 0, "\(chain.errors)")

            // From now on it is a node like any other.
            nodes[1].kill()
            await nodes[1].close()
            let place = cluster.places[1]
            let flags = Array(place.flags.prefix { $0 != "--restore-from-postgres" })
            nodes[1] = try await NodeProcess.serving(place.directory, flags)
            #expect(try await nodes[1].send(.delete, "/resources/\(Inventory.id("vol-13", nodes[1]))").status == 204)
        } catch {
            await ClusterProcesses.end(nodes)
            throw error
        }
        await ClusterProcesses.end(nodes)
    }
}
