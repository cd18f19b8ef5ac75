import Foundation
import HTTPTransport
import JSON
import Model
import Synchronization
import Testing

/// Nodes that come and go, as their clients know them.
private final class Servers: Sendable {
    private let nodes: Mutex<[NodeProcess]>
    /// Writes that were acknowledged by any of them.
    let acknowledged = Mutex(0)

    init(_ nodes: [NodeProcess]) { self.nodes = Mutex(nodes) }

    subscript(_ position: Int) -> NodeProcess { nodes.withLock { $0[position % $0.count] } }
    var all: [NodeProcess] { nodes.withLock(\.self) }

    func replace(_ position: Int, by node: NodeProcess) { nodes.withLock { $0[position] = node } }
}

/// Counts a tag of its own resource upwards, one acknowledged write at a time; whatever is unknown is sent again, under the same
/// key, to the next node.
private struct Counter: Sendable {
    let number: Int
    var nativeID: String { "vol-\(number)" }
    var resource: ResourceID { ResourceID(provider: .aws, nativeID: nativeID) }

    func count(to last: Int, on servers: Servers) async throws {
        var server = number
        for count in 1...last {
            let body = #"{"resource_id":"\#(resource)","tags":[{"key":"count","value":"\#(count)"}]}"#
            while true {
                let answer = try? await servers[server].send(.post, "/virtual-tags/apply", body, key: "\(number)-\(count)")
                if answer?.status == 201 { break }
                guard answer.map({ $0.status == 503 }) ?? true else {
                    throw NodeProcess.Failure("count \(count): \(String(decoding: answer?.body ?? [], as: UTF8.self))")
                }
                server += 1
                await Task.yield()
            }
            servers.acknowledged.withLock { $0 += 1 }
        }
    }
}

/// Counts a node of a named graph upwards in the same way.
private struct GraphCounter: Sendable {
    let number: Int
    /// Two of them count the same node.
    var graph: String { "counter-\(number / 2)" }

    static let query = "MATCH (c:Counter) SET c.value = c.value + 1 RETURN c.value"

    func count(to last: Int, on servers: Servers) async throws {
        var server = number
        for count in 1...last {
            let body = #"{"query":"\#(Self.query)","graph":"\#(graph)"}"#
            while true {
                let answer = try? await servers[server].send(.post, "/graph/query", body, key: "graph-\(number)-\(count)")
                if answer?.status == 200 { break }
                guard answer.map({ [409, 429, 503].contains($0.status) }) ?? true else {
                    throw NodeProcess.Failure("count \(count): \(String(decoding: answer?.body ?? [], as: UTF8.self))")
                }
                server += 1
                await Task.yield()
            }
            servers.acknowledged.withLock { $0 += 1 }
        }
    }
}

@Suite("A cluster whose nodes are killed")
struct ClusterKillTests {
    static let counters = 6
    static let counts = 60
    static let graphCounters = 6
    static let graphCounts = 20

    @Test(
        "A leader is killed with kill -9 under writes, twice: nothing acknowledged is lost or applied twice, in graphs neither"
    )
    func leaderKilled() async throws {
        let cluster = try ClusterProcesses()
        defer { cluster.scratch.remove() }
        let servers = Servers(try await cluster.startAll())
        do { try await Self.run(cluster, servers) } catch {
            await ClusterProcesses.end(servers.all)
            throw error
        }
        await ClusterProcesses.end(servers.all)
    }

    private static func run(_ cluster: ClusterProcesses, _ servers: Servers) async throws {
        let counters = (0..<Self.counters).map { Counter(number: $0) }
        let volumes = counters.map { #"{"VolumeId":"\#($0.nativeID)","Size":1}"# }.joined(separator: ",")
        let created = try await servers[0].send(
            .post, "/ingest/aws?operation=ec2.describe-volumes", #"{"Volumes":[\#(volumes)]}"#)
        #expect(created.json["created"]?.int == Self.counters)
        let graphCounters = (0..<Self.graphCounters).map { GraphCounter(number: $0) }
        for graph in Set(graphCounters.map(\.graph)) {
            #expect(try await servers[0].send(.put, "/graphs/\(graph)").status == 201)
            let body = #"{"query":"CREATE (:Counter {value: 0})","graph":"\#(graph)"}"#
            #expect(try await servers[1].send(.post, "/graph/query", body).status == 200)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for counter in graphCounters { group.addTask { try await counter.count(to: Self.graphCounts, on: servers) } }
            for counter in counters { group.addTask { try await counter.count(to: Self.counts, on: servers) } }
            for kill in 1...2 {
                let due = Self.counters * Self.counts * kill / 3
                try await until { servers.acknowledged.withLock(\.self) >= due }
                let leader = try await Self.leader(of: kill, cluster, servers)
                servers[leader].kill()
                servers.replace(leader, by: try await cluster.start(leader))
            }
            try await group.waitForAll()
        }
        for node in servers.all {
            for counter in counters {
                let tags = try await node.all("/resources/\(counter.resource)/virtual-tags")
                #expect(tags.first { $0["tag_key"]?.string == "count" }?["tag_value"]?.string == "\(Self.counts)")
            }
            for graph in Set(graphCounters.map(\.graph)) {
                let body = #"{"query":"MATCH (c:Counter) RETURN c.value, id(c)","graph":"\#(graph)"}"#
                let answer = try await node.send(.post, "/graph/query", body)
                let row = answer.json["rows"]?.array?.first?.array?.compactMap(\.int)
                #expect(row == [2 * Self.graphCounts, 0], "\(String(decoding: answer.body, as: UTF8.self))")
            }
        }
        for counter in counters {
            let trail = try await servers[0].all("/audit/trail?resource_id=\(counter.resource)&tag_key=count&limit=1000")
            #expect(trail.reversed().map { $0["new_value"]?.string ?? "" } == (1...Self.counts).map(String.init))
        }
    }

    /// Its position. There is one again before long: a majority is there.
    private static func leader(of shard: Int, _ cluster: ClusterProcesses, _ servers: Servers) async throws -> Int {
        var position: Int?
        try await until {
            let leader = try await servers[0].shard(shard)["leader"]?.string
            position = cluster.places.firstIndex { $0.name == leader }
            return position != nil
        }
        return position ?? 0
    }
}
