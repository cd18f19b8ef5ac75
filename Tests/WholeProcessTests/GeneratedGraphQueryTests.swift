import Foundation
import HTTPTransport
import JSON
import Model
import Testing

/// A node that has everything, and three of which none has: whatever is asked, they answer the same.
@Suite("Generated queries of generated graphs")
struct GeneratedGraphQueryTests {
    private static let resources = 40
    private static let graphs = 25
    private static let queriesEach = 40

    /// A node that has brought its graph up to date once has one question for each of the two others, however many steps a query takes.
    private static func expectOneRound(_ nodes: [NodeProcess]) async throws {
        let body = #"{"query":"PROFILE MATCH (a:Resource)-[*1..3]-(b) RETURN count(*)"}"#
        var lines: [[String]] = []
        for node in [nodes[0], nodes[0], nodes[3]] {
            let answer = try await node.send(.post, "/graph/query", body)
            lines.append(answer.json["plan"]?.array?.compactMap(\.string) ?? [])
        }
        #expect(lines[1].first == "GraphOfThisNode brought up to date with one round to each of 2 other nodes", "\(lines)")
        #expect(lines[2].first == "GraphOfThisNode brought up to date with no round to other nodes", "\(lines)")
    }

    @Test("1,000 queries are answered by three nodes with a third of the shards each as by one with all")
    func same() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("generated graph queries, seed \(seed)")
        var random = GraphDice(seed)
        let cluster = try ClusterProcesses(flags: ["--replication-factor", "1"])
        defer { cluster.scratch.remove() }
        let alone = try ClusterProcesses(nodes: 1)
        defer { alone.scratch.remove() }
        let nodes = try await cluster.startAll() + alone.startAll()
        do {
            try await Self.expectOneRound(nodes)
            for graph in 0..<Self.graphs {
                let changes = random.changes(graph == 0 ? Self.resources * 2 : Self.resources / 2)
                for change in changes {
                    for node in [nodes[graph % 3], nodes[3]] { #expect(try await node.send(change) < 300) }
                }
                for number in 0..<Self.queriesEach {
                    let query = random.query()
                    let expected = try await nodes[3].answer(query)
                    let found = try await nodes[number % 3].answer(query)
                    #expect(found == expected, "seed \(seed), graph \(graph): \(query)")
                }
            }
        } catch {
            await ClusterProcesses.end(nodes)
            throw error
        }
        await ClusterProcesses.end(nodes)
    }
}

/// A resource put or taken away.
private struct GraphChange {
    let name: String
    /// Nil: it is deleted.
    let document: String?
}

extension NodeProcess {
    fileprivate func send(_ change: GraphChange) async throws -> Int {
        let path = "/resources/\(ResourceID(provider: .aws, nativeID: change.name))"
        if let document = change.document { return try await send(.put, path, document).status }
        let status = try await send(.delete, path).status
        return status == 404 ? 204 : status
    }

    fileprivate func answer(_ query: String) async throws -> JSONValue {
        let body = JSONValue.object([.init("query", .string(query))])
        let answer = try await send(.post, "/graph/query", String(decoding: body.serialised, as: UTF8.self))
        #expect(answer.status == 200, "\(query): \(String(decoding: answer.body, as: UTF8.self))")
        return answer.json["rows"] ?? .null
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
private struct GraphDice {
    private static let types = ["uses", "attached_to", "depends_on", "in_cluster"]
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    private mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    // MARK: Graphs

    mutating func changes(_ count: Int) -> [GraphChange] {
        (0..<count).map { _ in
            let name = "r-\(below(40))"
            if below(8) == 0 { return GraphChange(name: name, document: nil) }
            let relationships = (0..<below(5)).map { _ in
                #"{"type":"\#(pick(Self.types))","target":"\#(ResourceID(provider: .aws, nativeID: "r-\(below(40))"))"}"#
            }
            let list = Set(relationships).sorted().joined(separator: ",")
            return GraphChange(
                name: name,
                document:
                    #"{"provider":"aws","resource_id":"\#(name)","resource_type":"sqs.queue","name":"\#(pick(["a", "b", "c"]))","region":"\#(pick(["eu", "us"]))","relationships":[\#(list)]}"#
            )
        }
    }

    // MARK: Queries

    mutating func query() -> String {
        let hops = 1 + below(3)
        var pattern = "(n0:Resource)"
        for hop in 1...hops { pattern += step() + "(n\(hop):Resource)" }
        let last = "n\(hops)"
        let condition = below(3) == 0 ? "" : " WHERE \(test(of: "n0"))" + (below(2) == 0 ? " AND \(test(of: last))" : "")
        switch below(6) {
        case 0: return "MATCH \(pattern)\(condition) RETURN count(*)"
        case 1: return "MATCH \(pattern)\(condition) RETURN count(DISTINCT \(last)), count(DISTINCT n0)"
        case 2: return "MATCH \(pattern)\(condition) RETURN n0.name AS a, \(last).name AS b, count(*) AS c ORDER BY a, b, c"
        case 3:
            return
                "MATCH \(pattern)\(condition) RETURN DISTINCT n0.resource_id AS a, \(last).resource_id AS b ORDER BY a, b LIMIT \(5 + below(50))"
        case 4:
            return
                "MATCH (n0:Resource) WHERE \(test(of: "n0")) OPTIONAL MATCH \(pattern) RETURN n0.resource_id AS a, count(\(last)) AS c ORDER BY a, c"
        default:
            return
                "MATCH (n0:Resource)\(step(upTo: 3))(m:Resource)\(condition.replacingOccurrences(of: last, with: "m")) RETURN n0.region AS a, count(DISTINCT m) AS c ORDER BY a, c"
        }
    }

    private mutating func test(of node: String) -> String {
        switch below(4) {
        case 0: "\(node).name = '\(pick(["a", "b", "c"]))'"
        case 1: "\(node).region <> 'us'"
        case 2: "\(node).resource_id < 'r-\(below(4))'"
        default: "NOT (\(node))-[:USES]->()"
        }
    }

    private mutating func step(upTo hops: Int? = nil) -> String {
        let types = below(4) == 0 ? Self.types : [pick(Self.types), pick(Self.types)]
        let names = Set(types.map { $0.uppercased() }).sorted().joined(separator: "|")
        let inside = "[:\(names)\(hops.map { "*1..\($0)" } ?? "")]"
        switch below(3) {
        case 0: return "-\(inside)->"
        case 1: return "<-\(inside)-"
        default: return "-\(inside)-"
        }
    }
}
