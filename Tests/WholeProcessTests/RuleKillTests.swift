import Foundation
import HTTPTransport
import JSON
import Model
import Testing

/// A rule that is brought into force on many resources while nodes are killed: in the end every resource has its value, and the
/// trail tells of each once for each version of the rule that reached it.
private enum RuleLoad {
    static let resources = 4_000
    private static let page = 500

    static func volumes(on node: NodeProcess) async throws {
        for first in stride(from: 0, to: resources, by: page) {
            let volumes = (first..<first + page).map { number in
                #"{"VolumeId":"vol-\#(number)","Size":1,"Tags":[{"Key":"Half","Value":"\#(number % 2)"}]}"#
            }
            let answer = try await node.send(
                .post, "/ingest/aws?operation=ec2.describe-volumes", #"{"Volumes":[\#(volumes.joined(separator: ","))]}"#)
            guard answer.json["created"]?.int == page else {
                throw NodeProcess.Failure("\(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
            }
        }
    }

    /// The rule holds for one half of the resources.
    static func document(value: Int) -> String {
        #"""
        {"rule_name":"wave","priority":1,"conditions":{"field":"native_tags.Half","operator":"eq","value":"1"},
         "actions":[{"set_tag":{"key":"wave","value":"\#(value)"}}]}
        """#
    }

    static func create(value: Int, on node: NodeProcess) async throws -> String {
        let answer = try await node.send(.post, "/tag-rules", document(value: value))
        guard answer.status == 201, let id = answer.json["id"]?.string else {
            throw NodeProcess.Failure("\(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
        }
        return id
    }

    /// Gives the rule another value. Sent again until it is known to be done: the same document twice is one version.
    static func change(_ rule: String, value: Int, on node: NodeProcess) async throws {
        let answer = try await node.send(.put, "/tag-rules/\(rule)", document(value: value))
        guard answer.status == 200 else {
            throw NodeProcess.Failure("\(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
        }
    }

    static func pending(on node: NodeProcess) async throws -> Int {
        let answer = try await node.send(.get, "/stats")
        return answer.status == 200 ? answer.json["pending"]?.int ?? -1 : -1
    }

    /// What each resource's trail tells of the tag, and that it ends with what the resource has.
    static func check(_ rule: String, last: Int, on node: NodeProcess) async throws {
        var trails: [String: [String]] = [:]
        for entry in try await node.all("/audit/trail?tag_key=wave&limit=1000").reversed() {
            guard let resource = entry["resource_id"]?.string, let value = entry["new_value"]?.string else { continue }
            #expect(entry["rule_id"]?.string == rule)
            trails[resource, default: []].append(value)
        }
        #expect(trails.count == resources / 2)
        for number in stride(from: 1, to: resources, by: 2) {
            let trail = trails["\(ResourceID(provider: .aws, nativeID: "vol-\(number)"))"] ?? []
            #expect(trail.last == "\(last)", "vol-\(number): \(trail)")
            // No version twice, and none after a newer one.
            let versions = trail.compactMap { Int($0) }
            #expect(zip(versions, versions.dropFirst()).allSatisfy { $0 < $1 }, "vol-\(number): \(trail)")
        }
    }
}

@Suite("A rule on its way to many resources")
struct RuleKillTests {
    /// `VTAG_RULE_KILLS` asks for more.
    private static let kills = ProcessInfo.processInfo.environment["VTAG_RULE_KILLS"].flatMap { Int($0) } ?? 3

    @Test("After kill -9 in the middle it goes on where it was, ends as if nothing had happened, and does nothing twice")
    func killed() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SplitMix(seed)
        let scratch = try Scratch()
        defer { scratch.remove() }
        var node = try await NodeProcess.serving(scratch.url)
        try await RuleLoad.volumes(on: node)
        let rule = try await RuleLoad.create(value: 0, on: node)
        try await until { try await RuleLoad.pending(on: node) == 0 }
        var (caught, version) = (0, 0)
        for kill in 1...Self.kills {
            // Every third time a newer version supersedes one that is still on its way.
            for _ in 0..<(kill % 3 == 0 ? 3 : 1) {
                version += 1
                try await RuleLoad.change(rule, value: version, on: node)
                try await Task.sleep(for: .milliseconds(Int(random.next() % 40)))
            }
            if try await RuleLoad.pending(on: node) > 0 { caught += 1 }
            node.kill()
            await node.close()
            node = try await NodeProcess.serving(scratch.url)
            if kill % 2 == 0 { try await until { try await RuleLoad.pending(on: node) == 0 } }
        }
        print("\(caught) of \(Self.kills) kills fell into a rule's application")
        try await until { try await RuleLoad.pending(on: node) == 0 }
        try await RuleLoad.check(rule, last: version, on: node)
        let verified = try await node.send(.get, "/audit/verify")
        #expect(verified.status == 200)
        #expect(node.terminate() == 0)
        await node.close()
    }

    @Test("On three nodes it outlives the one that leads: every resource has it once")
    func leaderKilled() async throws {
        try await ClusterProcesses.with { cluster, nodes in
            var nodes = nodes
            try await RuleLoad.volumes(on: nodes[0])
            let rule = try await RuleLoad.create(value: 0, on: nodes[0])
            try await until { try await RuleLoad.pending(on: nodes[0]) == 0 }
            try await RuleLoad.change(rule, value: 1, on: nodes[0])
            let leader = try await nodes[0].shard(1)["leader"]?.string
            let victim = cluster.places.firstIndex { $0.name == leader } ?? 0
            nodes[victim].kill()
            await nodes[victim].close()
            let survivor = nodes[(victim + 1) % nodes.count]
            try await until { (try? await RuleLoad.pending(on: survivor)) == 0 }
            nodes[victim] = try await cluster.start(victim)
            do {
                try await until { (try? await RuleLoad.pending(on: nodes[victim])) == 0 }
                try await RuleLoad.check(rule, last: 1, on: nodes[victim])
            } catch {
                nodes[victim].kill()
                await nodes[victim].close()
                throw error
            }
            nodes[victim].terminate()
            await nodes[victim].close()
        }
    }
}
