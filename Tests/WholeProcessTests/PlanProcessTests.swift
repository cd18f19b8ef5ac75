import Foundation
import HTTPTransport
import JSON
import Model
import Testing

@Suite("Plans and nodes that are killed")
struct PlanProcessTests {
    static let resources = 200
    static let rules = 40

    private static func ingest(_ node: NodeProcess) async throws {
        let volumes = (0..<resources).map { #"{"VolumeId":"vol-\#($0)","Size":1}"# }.joined(separator: ",")
        let answer = try await node.send(
            .post, "/ingest/aws?operation=ec2.describe-volumes", #"{"Volumes":[\#(volumes)]}"#)
        #expect(answer.json["created"]?.int == resources)
    }

    /// Each sets a tag of its own on every resource.
    private static let plan: String = {
        let changes = (0..<rules).map { number in
            #"{"kind":"rule","action":"create","definition":{"rule_name":"r\#(number)","conditions":{"all":[]},"actions":[{"set_tag":{"key":"k\#(number)","value":"v"}}]}}"#
        }
        return #"{"changes":[\#(changes.joined(separator: ","))]}"#
    }()

    private static func make(_ node: NodeProcess) async throws -> String {
        let answer = try await node.send(.post, "/plans", plan, key: "plan")
        guard answer.status == 201, let id = answer.json["id"]?.string else {
            throw NodeProcess.Failure("\(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
        }
        #expect(answer.json["figures"]?["would_change"]?.int == resources)
        return id
    }

    /// Everything that the plan says is done, once.
    private static func check(_ node: NodeProcess, _ id: String) async throws {
        let plan = try await node.send(.get, "/plans/\(id)").json
        #expect(plan["status"]?.string == "applied")
        let execution = try #require(plan["execution_id"]?.string)
        try await until {
            let answer = try await node.send(.get, "/executions/\(execution)?wait=5")
            return answer.status == 200 && answer.json["status"]?.string != "running" && answer.json["pending"]?.int == 0
        }
        let written = try await node.all("/tag-rules?limit=1000")
        #expect(written.count == rules && written.allSatisfy { $0["version"]?.int == 1 })
        let tag = "k\(rules - 1)%3Dv"
        #expect(try await node.all("/resources?tag=\(tag)&limit=1000").count == resources)
        #expect(try await node.all("/audit/trail?action=plan_applied").count == 1)
        let created = try await node.all("/audit/trail?action=rule_created&limit=1000")
        #expect(created.count == rules)
        #expect(created.allSatisfy { $0["new_value"]?.string == "version 1, plan \(id)" })
        let added = try await node.all("/audit/trail?action=tag_added&tag_key=k0&limit=1000")
        #expect(Set(added.compactMap { $0["resource_id"]?.string }).count == resources && added.count == resources)
    }

    @Test("A plan outlives kill -9 between its making and its application, and the application, too")
    func restart() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        var node = try await NodeProcess.serving(scratch.url)
        try await Self.ingest(node)
        let id = try await Self.make(node)
        let before = try await node.send(.get, "/plans/\(id)").json
        node.kill()
        await node.close()
        node = try await NodeProcess.serving(scratch.url)
        #expect(try await node.send(.get, "/plans/\(id)").json == before)
        #expect(try await node.send(.post, "/plans/\(id)/apply").status == 200)
        node.kill()
        await node.close()
        node = try await NodeProcess.serving(scratch.url)
        #expect(try await node.send(.post, "/plans/\(id)/apply").status == 200)
        try await Self.check(node, id)
        #expect(node.terminate() == 0)
        await node.close()
    }

    @Test("A plan that is applied through another node while group 0's leader is killed is applied whole, and once")
    func leaderKilled() async throws {
        try await ClusterProcesses.with { cluster, nodes in
            try await Self.ingest(nodes[0])
            let id = try await Self.make(nodes[0])
            let leader = try await Self.leader(nodes[0], cluster)
            let others = nodes.indices.filter { $0 != leader }
            async let application = Self.apply(id, through: nodes[others[0]])
            nodes[leader].kill()
            let applied = try await application
            #expect(applied["status"]?.string == "applied" && applied["summary"]?["create"]?.int == Self.rules)
            try await Self.check(nodes[others[1]], id)
            let back = try await cluster.start(leader)
            defer { back.kill() }
            try await Self.check(back, id)
            #expect(try await Self.apply(id, through: back) == applied)
            await back.close()
        }
    }

    /// Until it is answered: what was unknown is asked again.
    private static func apply(_ id: String, through node: NodeProcess) async throws -> JSONValue {
        while true {
            let answer = try? await node.send(.post, "/plans/\(id)/apply")
            if let answer, answer.status == 200 { return answer.json }
            guard answer.map({ $0.status == 503 }) ?? true else {
                throw NodeProcess.Failure(String(decoding: answer?.body ?? [], as: UTF8.self))
            }
            await Task.yield()
        }
    }

    private static func leader(_ node: NodeProcess, _ cluster: ClusterProcesses) async throws -> Int {
        var position: Int?
        try await until {
            let leader = try await node.send(.get, "/cluster").json["system"]?["leader"]?.string
            position = cluster.places.firstIndex { $0.name == leader }
            return position != nil
        }
        return position ?? 0
    }
}
