import Model
import Shard
import Testing

@testable import NodeRuntime

@Suite("Rows for another node's graph")
struct GraphRowsTests {
    private static func id(_ name: String) -> ResourceID { ResourceID(provider: .aws, nativeID: name) }

    private static let queries = [
        GraphRowsQuery(shard: 0, feed: 0, .first, isConfirmed: false),
        GraphRowsQuery(shard: 15, feed: .max, .after(id("vol-1")), isConfirmed: true),
        GraphRowsQuery(shard: 3, feed: 7, .changed, isConfirmed: true),
    ]
    private static let answers: [GraphRowsAnswer] = [
        .unknownFeed, .rows([], isLast: true),
        .rows([.init(id: id("a"), bytes: [1, 2, 3]), .init(id: id("b"), bytes: nil)], isLast: false),
    ]

    @Test("Questions and answers come back as they were sent; cut off anywhere, or with more behind, they are refused")
    func codec() throws {
        for query in Self.queries {
            let bytes = query.encoded
            #expect(try GraphRowsQuery(decoding: bytes) == query)
            for length in bytes.indices {
                #expect(throws: CodecError.self) { try GraphRowsQuery(decoding: Array(bytes[..<length])) }
            }
            #expect(throws: CodecError.self) { try GraphRowsQuery(decoding: bytes + [0]) }
        }
        for answer in Self.answers {
            let bytes = answer.encoded
            #expect(try GraphRowsAnswer(decoding: bytes) == answer)
            for length in bytes.indices {
                #expect(throws: CodecError.self) { try GraphRowsAnswer(decoding: Array(bytes[..<length])) }
            }
        }
    }

    @Test("Of several shards a node is asked at once, and answers each for itself, within the bytes of one answer")
    func rounds() throws {
        let round = GraphRowsRound(Self.queries)
        #expect(try GraphRowsRound(decoding: round.encoded) == round)
        #expect(throws: CodecError.self) { try GraphRowsRound(decoding: GraphRowsRound([]).encoded) }
        for length in round.encoded.indices {
            #expect(throws: CodecError.self) { try GraphRowsRound(decoding: Array(round.encoded[..<length])) }
        }
        let answers: [Result<GraphRowsAnswer, NodeError>] = [
            .success(Self.answers[2]), .failure(.notLeader(nil)), .success(.unknownFeed),
        ]
        #expect(try round.answers(decoding: GraphRowsRound.encoded(answers)) == answers)
        #expect(throws: CodecError.self) { try round.answers(decoding: GraphRowsRound.encoded(Array(answers.dropLast()))) }
        #expect(throws: CodecError.self) { try round.answers(decoding: GraphRowsRound.encoded(answers + answers)) }
        var feed = GraphFeed()
        let first = GraphRowsQuery(shard: 0, feed: 1, .first, isConfirmed: false)
        let rows = table((0..<100).map { "r-\($0)" }, bytes: 1 << 10)
        guard case .rows(let page, isLast: false) = feed.answer(first, rows, bytesMax: 10 << 10) else {
            Issue.record("more than wanted")
            return
        }
        #expect(page.count == 11)
    }

    private func table(_ names: some Sequence<String>, bytes: Int = 8) -> SlotTable {
        var rows = SlotTable(slots: 0..<Slot.count)
        for name in names { _ = rows.put(Self.id(name), Array(repeating: 1, count: bytes)) }
        return rows
    }

    /// All that a feed gives for a part, and for those that follow it.
    private func all(_ feed: inout GraphFeed, _ rows: SlotTable, _ first: GraphRowsQuery.Part) throws -> [GraphRowsAnswer
        .Row]
    {
        var found: [GraphRowsAnswer.Row] = []
        var part = first
        while true {
            let query = GraphRowsQuery(shard: 0, feed: 9, part, isConfirmed: false)
            guard case .rows(let page, let isLast) = feed.answer(query, rows) else {
                Issue.record("the feed is not known")
                return found
            }
            #expect(
                page.count <= GraphRowsQuery.rowsMax
                    && page.reduce(0) { $0 + ($1.bytes?.count ?? 0) } < 2 * GraphRowsQuery.bytesMax)
            found += page
            guard !isLast else { return found }
            if part != .changed { part = .after(try #require(page.last).id) }
        }
    }

    @Test(
        "All rows come page by page, within rows and bytes, and then those that changed, each once, and those that are gone")
    func pages() throws {
        var feed = GraphFeed()
        #expect(feed.answer(GraphRowsQuery(shard: 0, feed: 9, .changed, isConfirmed: false), table([])) == .unknownFeed)
        let names = (0..<1_300).map { "r-\($0)" }
        var rows = table(names)
        #expect(Set(try all(&feed, rows, .first).map(\.id)) == Set(names.map(Self.id)))
        #expect(try all(&feed, table(["a", "b", "c"], bytes: 3 << 20), .first).count == 3)
        #expect(try all(&feed, rows, .first).count == 1_300)
        #expect(try all(&feed, rows, .changed) == [])
        for _ in 0..<2 { feed.noted(names.prefix(700).map(Self.id)) }
        _ = rows.remove(Self.id("r-0"))
        let changed = try all(&feed, rows, .changed)
        #expect(changed.count == 700 && changed.filter { $0.bytes == nil }.map(\.id) == [Self.id("r-0")])
        #expect(try all(&feed, rows, .changed) == [])
    }

    @Test("A feed that was closed, grew too long or was pushed out by others is not known, and is begun anew")
    func forgotten() throws {
        var feed = GraphFeed()
        let rows = table(["a"])
        func ask(_ number: UInt64, _ part: GraphRowsQuery.Part) -> GraphRowsAnswer {
            feed.answer(GraphRowsQuery(shard: 0, feed: number, part, isConfirmed: false), rows)
        }
        for number in 0..<UInt64(GraphFeed.distantMax) { #expect(ask(number, .first) != .unknownFeed) }
        #expect(ask(0, .changed) == .rows([], isLast: true))
        #expect(ask(1_000, .first) != .unknownFeed)
        #expect(ask(1, .changed) == .unknownFeed && ask(0, .changed) != .unknownFeed)
        feed.noted((0...GraphFeed.changesMax).map { ResourceID(UUID128(high: UInt64($0), low: 1)) })
        #expect(ask(0, .changed) == .unknownFeed && ask(0, .first) != .unknownFeed)
        feed.replaced()
        #expect(ask(0, .changed) == .unknownFeed)
    }
}
