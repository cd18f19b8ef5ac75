import CypherValues
import Model
import PropertyGraph
import Testing

@Suite("A graph in its stored form")
struct StoredGraphTests {
    static let seeds: [UInt64] = [11, 12, 13]

    /// All pages, by what they are.
    private func pages(_ graph: LocalGraph) -> [GraphPage: [UInt8]] {
        let (nodes, relationships) = graph.pageCounts
        let all = [GraphPage.head] + (0..<nodes).map(GraphPage.nodes) + (0..<relationships).map(GraphPage.relationships)
        return Dictionary(uniqueKeysWithValues: all.map { ($0, graph.bytes(of: $0)) })
    }

    private func restored(_ pages: [GraphPage: [UInt8]]) throws -> LocalGraph {
        var restorer = GraphRestorer()
        for (page, bytes) in pages {
            let result: Result<Void, CodecError> = bytes.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                do throws(CodecError) { return .success(try restorer.take(page, &reader)) } catch { return .failure(error) }
            }
            try result.get()
        }
        return try restorer.graph().graph
    }

    @Test(
        "Pages that changed, put over those before, make the same graph; it goes on with the same numbers", arguments: seeds)
    func pagesOfChanges(seed: UInt64) throws {
        print("stored graph: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var driven = DrivenGraph(partitions: 1)
        driven.graph.trackChanges()
        var stored = pages(driven.graph)
        var bytes = 0
        for round in 0..<12 {
            for _ in 0..<40 { try driven.change(&random) }
            if round == 3 {
                _ = try driven.mutate([.createIndex(IndexDefinition(name: "a", label: "A", key: "p"))])
            }
            let taken = driven.graph.takeChanges()
            let changes = try #require(taken)
            bytes += changes.bytes
            stored[.head] = driven.graph.bytes(of: .head)
            for page in changes.nodePages { stored[.nodes(page)] = driven.graph.bytes(of: .nodes(page)) }
            for page in changes.relationshipPages {
                stored[.relationships(page)] = driven.graph.bytes(of: .relationships(page))
            }
            #expect(stored == pages(driven.graph), "round \(round)")
            let again = try restored(stored)
            #expect(pages(again) == stored, "round \(round)")
            if round.isMultiple(of: 4) {
                driven.graph = again
                try driven.check()
            }
        }
        #expect(bytes > 0)
    }

    @Test("A transaction that was tried on a copy does the same to the original, handles included", arguments: seeds)
    func replay(seed: UInt64) throws {
        print("replay: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var original = LocalGraph()
        var nodes: [NodeHandle] = []
        for _ in 0..<100 {
            var copy = original
            var log = MutationLog()
            copy.begin()
            for _ in 0..<3 {
                var batch: [GraphMutation] = [
                    .createNode(labels: ["A", "B"], properties: ["p": DrivenGraph.value(&random), "q": .null]),
                    .createNode(labels: [], properties: [:], elementId: nil),
                    .createRelationship(type: "T", from: .created(0), to: .created(1), properties: ["w": [1, 2.5]]),
                ]
                if let last = nodes.last, copy.exists(last) {
                    batch.append(.setProperty(.node(last), key: "r", .string("x")))
                    batch.append(.addLabels(last, ["C"]))
                    if random.next() % 3 == 0 { batch.append(.deleteNode(last, detach: true)) }
                }
                guard case .mutate(let outcome) = try copy.answer(.mutate(batch)) else { throw WrongAnswer() }
                nodes = outcome.nodes
                log.append(batch)
            }
            try copy.commit()
            try original.apply(try MutationLog(decoding: log.encoded))
            #expect(pages(original) == pages(copy))
        }
    }

    @Test("Values of every kind that is stored come back as they were")
    func values() throws {
        let values: [CypherValue] = [
            .null, true, false, 0, -1, .integer(.max), .integer(.min), 0.5, .float(-.infinity), "", "é\u{0}🏷", [], [1, "a"],
            ["a": ["b": nil]], .date(CypherDate(days: -1)), .localTime(CypherLocalTime(nanoseconds: 5)),
            .time(CypherTime(nanoseconds: 5, offset: -3_600)),
            .localDateTime(CypherLocalDateTime(seconds: -5, nanosecond: 7)),
            .dateTime(CypherDateTime(epochSeconds: 5, nanosecond: 6, offset: 7_200, zone: "Europe/Stockholm")),
            .duration(CypherDuration(months: -1, days: 2, seconds: -3, nanoseconds: 4)),
        ]
        var writer = ByteWriter()
        for value in values { writer.value(value) }
        let bytes = writer.bytes
        try bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            for value in values {
                let read = try reader.value()
                #expect(read == value && read.typeName == value.typeName)
            }
            #expect(reader.atEnd)
        }
        for end in bytes.indices {
            bytes[..<end].withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                #expect(throws: CodecError.self) { for _ in values { _ = try reader.value() } }
            }
        }
    }

    @Test("Pages that are damaged, missing or of another graph are refused, never half believed", arguments: seeds)
    func damage(seed: UInt64) throws {
        print("damage: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var driven = DrivenGraph(partitions: 1)
        for _ in 0..<400 { try driven.change(&random) }
        let stored = pages(driven.graph)
        for page in stored.keys {
            var without = stored
            without[page] = nil
            #expect(throws: CodecError.self) { try restored(without) }
            for _ in 0..<40 {
                var damaged = stored
                var bytes = stored[page] ?? []
                bytes[Int(random.next() % UInt64(bytes.count))] ^= UInt8(truncatingIfNeeded: 1 << (random.next() % 8))
                damaged[page] = bytes
                // What cannot be told from another graph is one: it holds together.
                if let graph = try? restored(damaged) {
                    let again = pages(graph)
                    #expect(try pages(restored(again)) == again, "\(page)")
                }
            }
        }
    }
}
