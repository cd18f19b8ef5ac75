import Cypher
import CypherSyntax
import CypherValues
import Foundation
import Model
import PropertyGraph
import Shard
import Testing

@testable import Checkpoint
@testable import NodeRuntime

@Suite("Named graphs of a node")
struct NamedGraphTests {
    private func ask(_ node: Node, _ graph: String, _ text: String) async throws -> (rows: String, end: GraphQueryEnd) {
        let request = NamedGraphRequest(
            graph: graph, text: text, parameters: CypherMap(), form: .own, rows: .array, limits: GraphQueryLimits(),
            consistency: .linearizable, context: operatorContext)
        let rows = Rows()
        let end = try await node.query(request, CypherQuery(text), in: Walk(node.graphQueries)) { await rows.take($0) }
        return (await rows.text, end)
    }

    private actor Rows {
        private(set) var text = ""
        func take(_ bytes: [UInt8]) { text += String(decoding: bytes, as: UTF8.self) }
    }

    /// Everything of a graph that the node stores of it.
    private func pages(_ node: Node, _ name: String) async throws -> [GraphPage: [UInt8]] {
        let host = try #require(node.shards[node.shard(ofGraph: name)])
        let graph = try #require(try await host.eventLoop.result { host.namedGraph(name, .linearizable, $0) })
        let (nodes, relationships) = graph.graph.pageCounts
        let all = [GraphPage.head] + (0..<nodes).map(GraphPage.nodes) + (0..<relationships).map(GraphPage.relationships)
        return Dictionary(uniqueKeysWithValues: all.map { ($0, graph.graph.bytes(of: $0)) })
    }

    /// Some random changes, each a query.
    private func change(_ node: Node, _ graph: String, _ random: inout Dice) async throws {
        let number = random.next() % 50
        let text =
            switch random.next() % 6 {
            case 0: "UNWIND range(1, 20) AS i CREATE (:N {number: \(number), i: i, at: date('2024-01-01')})"
            case 1: "MATCH (a:N {number: \(number)}), (b:N) WHERE b.i = 3 CREATE (a)-[:TO {w: [1, 2, 3]}]->(b)"
            case 2: "MATCH (a:N {number: \(number)}) SET a.text = 'x\(number)', a:Even"
            case 3: "MATCH (a:N {number: \(number)}) WITH a LIMIT 5 DETACH DELETE a"
            case 4: "MERGE (a:M {number: \(number)}) ON CREATE SET a.made = true ON MATCH SET a.seen = 1"
            default: "MATCH ()-[r:TO]->() WITH r LIMIT 3 DELETE r"
            }
        _ = try await ask(node, graph, text)
    }

    @Test(
        "A restart from checkpoint and log's tail, or from the log alone, has the same graphs with the same numbers",
        arguments: [1, 2, 3] as [UInt64])
    func restart(seed: UInt64) async throws {
        print("named graphs: seed \(seed)")
        var random = Dice(state: seed)
        let bench = Bench()
        let names = ["people", "teams", "gone"]
        var node = try await bench.start(checkpointEvery: 3_600_000)
        for name in names { #expect(try await node.createGraph(name, by: operatorContext)) }
        #expect(try await node.createGraph("teams", by: operatorContext) == false)
        _ = try await ask(node, "people", "CREATE INDEX byNumber FOR (n:N) ON (n.number)")
        for round in 0..<3 {
            for _ in 0..<25 { try await change(node, names[Int(random.next() % 2)], &random) }
            _ = try await ask(node, "gone", "UNWIND range(1, 300) AS i CREATE (:G)-[:R]->(:G)")
            if round < 2 { try await node.flushCheckpoint() }
            if round == 1 {
                #expect(try await node.dropGraph("gone", .none, by: operatorContext) == .deleted)
                #expect(try await node.createGraph("gone", by: operatorContext))
            }
            let before = (try await pages(node, "people"), try await pages(node, "teams"), try await pages(node, "gone"))
            let listed = try await node.namedGraphs(.linearizable)
            await node.stop()
            node = try await bench.start(checkpointEvery: 3_600_000)
            #expect(try await pages(node, "people") == before.0)
            #expect(try await pages(node, "teams") == before.1)
            #expect(try await pages(node, "gone") == before.2)
            #expect(try await node.namedGraphs(.linearizable) == listed)
        }
        let plan = try await ask(node, "people", "EXPLAIN MATCH (n:N {number: 3}) RETURN n").end.plan
        #expect(plan?.lines.joined().contains("byNumber") == true || plan?.lines.joined().contains("Index") == true)
        await node.stop()
    }

    @Test("A snapshot of a shard carries its graphs, and brings the same ones back")
    func snapshot() async throws {
        let bench = Bench()
        let node = try await bench.start(shards: 1, checkpointEvery: 3_600_000)
        _ = try await node.createGraph("people", by: operatorContext)
        _ = try await ask(node, "people", "UNWIND range(1, 500) AS i CREATE (:P {i: i})-[:KNOWS {since: i}]->(:P)")
        try await node.flushCheckpoint()
        let snapshots = try SnapshotDirectory(in: bench.directory)
        let other = try Checkpoint.open(path: snapshots.path + "/other.sqlite")
        let path = snapshots.newFile(shard: 1, .outgoing)
        let export = try node.checkpoint.export(shard: 1, to: path)
        let mark = SnapshotMark(index: export.watermark.appliedIndex, term: export.watermark.term)
        _ = try other.install(shard: 1, at: mark, from: path, sha256: export.sha256, checking: .dataShard(1, of: 1))
        let state = try CheckpointLoading.load(other, try other.watermarks()[1], number: 1, of: 1)
        let expected = try await pages(node, "people")
        let graph = try #require(state.graphs["people"]?.graph)
        for (page, bytes) in expected { #expect(graph.bytes(of: page) == bytes) }
        #expect(graph.nodeCount == 1_000 && graph.relationshipCount == 500)
        other.close()
        await node.stop()
    }

    @Test("A page of a graph that is not as it was written is refused at the start")
    func damage() async throws {
        let bench = Bench()
        let node = try await bench.start(shards: 1, checkpointEvery: 3_600_000)
        _ = try await node.createGraph("people", by: operatorContext)
        _ = try await ask(node, "people", "UNWIND range(1, 200) AS i CREATE (:P {name: 'somebody'})")
        try await node.flushCheckpoint()
        let path = try node.checkpoint.path
        await node.stop()
        let file = try SQLiteConnection(path: path, readOnly: false)
        try file.execute(
            "UPDATE shard_state SET value = CAST(replace(hex(value), '73', '74') AS BLOB) WHERE key LIKE 'graph/%/n/%'")
        let error = await #expect(throws: NodeStartError.self) { try await bench.start(shards: 1) }
        #expect(error?.code == .damaged && error?.message.contains("checkpoint.sqlite") == true)
    }

    @Test("Two who write to one graph at a time both count, and nothing is written twice")
    func writersInTurn() async throws {
        let bench = Bench()
        let node = try await bench.start()
        _ = try await node.createGraph("counter", by: operatorContext)
        _ = try await ask(node, "counter", "CREATE (:Counter {value: 0})")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask { _ = try await ask(node, "counter", "MATCH (c:Counter) SET c.value = c.value + 1") }
            }
            try await group.waitForAll()
        }
        #expect(try await ask(node, "counter", "MATCH (c:Counter) RETURN c.value").rows == "[40]")
        await node.stop()
    }

    @Test("A change of a version that has passed is not carried out, nor one of a graph that is gone")
    func stale() async throws {
        let bench = Bench()
        let node = try await bench.start()
        _ = try await node.createGraph("g", by: operatorContext)
        let version = try #require(try await node.namedGraph("g", .linearizable)?.version)
        var log = MutationLog()
        log.append([.createNode(labels: ["A"], properties: [:])])
        let change = GraphTransaction(name: "g", version: version, mutations: log.encoded, grows: true, answer: nil)
        let shard = node.shard(ofGraph: "g")
        #expect(try await node.submit(.graph(.change(change)), shard: shard, by: operatorContext).outcomes == [.updated])
        let again = try await node.submit(.graph(.change(change)), shard: shard, by: operatorContext).outcomes
        #expect(again == [.preconditionFailed(current: try await node.namedGraph("g", .linearizable)?.version)])
        #expect(try await node.dropGraph("g", .unchangedSince(version), by: operatorContext) != .deleted)
        #expect(try await node.dropGraph("g", .none, by: operatorContext) == .deleted)
        #expect(try await node.submit(.graph(.change(change)), shard: shard, by: operatorContext).outcomes == [.notFound])
        await #expect(throws: NamedGraphError.noGraph("g")) { try await ask(node, "g", "RETURN 1") }
        await node.stop()
    }

    @Test("A query that changes too much at once is refused with the limit, and nothing of it happened")
    func limits() async throws {
        let bench = Bench()
        let node = try await bench.start()
        _ = try await node.createGraph("g", by: operatorContext)
        let error = await #expect(throws: CypherError.self) {
            try await ask(node, "g", "UNWIND range(1, \(NamedGraphLimits.transactionChangesMax + 1)) AS i CREATE ()")
        }
        #expect(error?.message.contains("\(NamedGraphLimits.transactionChangesMax)") == true)
        #expect(try await node.namedGraph("g", .linearizable)?.nodes == 0)
        await node.stop()
    }

    @Test("What one node asks another is read as it was meant, and cut off nowhere else than at its end")
    func frames() throws {
        let request = NamedGraphRequest(
            graph: "g", text: "RETURN $a", parameters: ["a": [1, "x", ["b": nil]]], form: .typed, rows: .lines,
            limits: GraphQueryLimits(), consistency: .stale, context: operatorContext)
        let bytes = request.encoded
        #expect(try NamedGraphRequest(decoding: bytes).encoded == bytes)
        for end in bytes.indices {
            #expect(throws: CodecError.self) { try NamedGraphRequest(decoding: Array(bytes[..<end])) }
        }
        var answer = NamedGraphAnswer()
        answer.rows = Array("[1],[2]".utf8)
        answer.rowCount = 2
        answer.counts.nodesCreated = 3
        answer.plan = PlanDescription(
            name: "A", details: "b", rows: 0, requests: nil,
            inputs: [PlanDescription(name: "C", details: "", rows: nil, requests: 4, inputs: [])])
        let outcomes: [NamedGraphOutcome] = [
            .answered(answer), .full, .refused(.noGraph("g")), .refused(.changedMeanwhile), .refused(.limit("x")),
            .refused(.answerTooLarge),
            .failed(CypherError(.typeError, .runtime, .invalidArgumentValue, "no", at: .init(offset: 3, length: 2))),
        ]
        for outcome in outcomes {
            let bytes = outcome.encoded
            #expect(try NamedGraphOutcome(decoding: bytes).encoded == bytes)
            for end in bytes.indices {
                #expect(throws: CodecError.self) { try NamedGraphOutcome(decoding: Array(bytes[..<end])) }
            }
        }
    }
}
