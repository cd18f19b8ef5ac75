import Model
import Testing

@testable import Shard

@Suite("Questions to a shard")
struct ShardQueryTests {
    private let json = JSONCheck()

    /// A shard of all slots with rows of so many bytes of metadata each.
    private func state(rows count: Int, metadataBytes: Int = 0) throws -> ShardState {
        var state = ShardState(slots: 0..<Slot.count)
        for number in 0..<count {
            var seen = observation("web", id: "i-\(number)")
            let filler = String(repeating: "x", count: metadataBytes)
            if metadataBytes > 0 { seen.metadata = JSONText(trusted: Array("{\"a\":\"\(filler)\"}".utf8)) }
            let tag = TagAssertion(value: "ann", source: .manual, createdBy: "ann", createdAt: now, updatedAt: now)
            let record = ResourceRecord(
                resource: Resource(observed: seen, at: now), tags: [VirtualTag(key: "owner", winner: tag)])
            try state.restore(seen.id, RecordCodec.encode(record))
        }
        return state
    }

    /// Asks as another node does: both ways through bytes.
    private func ask(_ state: ShardState, _ query: ShardQuery) throws -> ShardAnswer {
        let arrived = try ShardQuery(decoding: query.encoded)
        #expect(arrived == query)
        let answer = try state.answer(arrived, catalogVersion: 1)
        let back = try ShardAnswer(decoding: answer.encoded, to: query, checking: json)
        #expect(back == answer)
        return back
    }

    @Test("A row and a tag's resource are found, or are not there")
    func find() throws {
        let state = try state(rows: 20)
        let id = observation("web", id: "i-7").id
        let row = try #require(state.rows[id])
        #expect(try ask(state, .row(id)) == .row(row))
        #expect(try ask(state, .tag(PartID.virtualTag(of: id, key: "owner"))) == .tag(.init(id: id, bytes: row)))
        #expect(try ask(state, .tag(PartID.virtualTag(of: id, key: "other"))) == .tag(nil))
        #expect(try ask(state, .row(observation("web", id: "i-77").id)) == .row(nil))
    }

    @Test("Pages lead through all rows, in id order, each once")
    func pages() throws {
        let state = try state(rows: 1_700)
        var seen: [ResourceID] = []
        var sizes: [Int] = []
        while true {
            guard case .rows(let page, let isLast) = try ask(state, .rows(after: seen.last, limit: 5_000)) else { return }
            seen += page.map(\.id)
            sizes.append(page.count)
            if isLast { break }
        }
        #expect(sizes == [1_000, 700])
        #expect(seen == state.rows.rows(after: nil, limit: 2_000).map(\.id))
        guard case .rows(let exact, let isLast) = try ask(state, .rows(after: seen[1_689], limit: 10)) else { return }
        #expect(exact.count == 10 && isLast)
        #expect(try ask(ShardState(slots: 0..<Slot.count), .rows(after: nil, limit: 1)) == .rows([], isLast: true))
    }

    @Test("A page ends before it grows too large, but has a row at least")
    func pageBytes() throws {
        let state = try state(rows: 5, metadataBytes: 400 << 10)
        guard case .rows(let page, isLast: false) = try ask(state, .rows(after: nil, limit: 10)) else {
            return #expect(Bool(false))
        }
        #expect(page.count == 2)
        let large = try self.state(rows: 2, metadataBytes: 2 << 20)
        guard case .rows(let single, isLast: false) = try ask(large, .rows(after: nil, limit: 10)) else {
            return #expect(Bool(false))
        }
        #expect(single.count == 1)
    }

    @Test("A shard says what it counts")
    func totals() throws {
        let state = try state(rows: 12)
        guard case .totals(let totals) = try ask(state, .totals) else { return #expect(Bool(false)) }
        #expect(totals.counts == state.totals)
        #expect(totals.rows == 12)
        #expect(totals.pending == state.pending(under: 1))
        for seed in UInt64(0)..<100 {
            var values = SeededValues(seed: seed)
            let answer = ShardAnswer.totals(values.totals())
            #expect(try ShardAnswer(decoding: answer.encoded, to: .totals, checking: json) == answer, "seed \(seed)")
        }
        let absurd = ShardAnswer.totals(.init(counts: InventoryTotals(), rows: .max, pending: 0, appliedIndex: 0))
        #expect(throws: CodecError.self) { try ShardAnswer(decoding: absurd.encoded, to: .totals, checking: json) }
    }

    @Test("What another shard keeps is refused, not looked for")
    func elsewhere() {
        let id = observation("web").id
        let other = ShardState(slots: Int(id.slot.number) + 1..<Int(id.slot.number) + 2)
        for query: ShardQuery in [.row(id), .tag(id.uuid), .rows(after: id, limit: 1)] {
            #expect(throws: CodecError.self) { try other.answer(query, catalogVersion: 1) }
        }
    }

    @Test("A page of no rows, or of more than can be counted, is not asked for")
    func impossibleLimit() {
        let none: [UInt8] = [PeerForm.version, 3, 0, 0]
        let tooMany: [UInt8] = [PeerForm.version, 3, 0] + Array(repeating: 0xFF, count: 9) + [1]
        for bytes in [none, tooMany] { #expect(throws: CodecError.self) { try ShardQuery(decoding: bytes) } }
    }

    @Test("An answer to another question is refused")
    func wrongAnswer() throws {
        let state = try state(rows: 3)
        let ids = state.rows.rows(after: nil, limit: 3).map(\.id)
        let rows = state.rows.rows(after: nil, limit: 3).map { ShardAnswer.Row(id: $0.id, bytes: $0.bytes) }
        let page = ShardQuery.rows(after: nil, limit: 3)
        let wrong: [(ShardAnswer, ShardQuery)] = [
            (.row(nil), .totals), (.row(nil), page), (.tag(nil), .row(ids[0])),
            (.rows(rows, isLast: true), .tag(ids[0].uuid)),
            (.rows(rows.reversed(), isLast: true), page), (.rows([rows[0], rows[0]], isLast: true), page),
            (.rows([], isLast: false), page), (.rows(rows, isLast: true), .rows(after: nil, limit: 2)),
            (.rows(rows, isLast: true), .rows(after: ids[0], limit: 3)),
            (.tag(rows[1]), .tag(PartID.virtualTag(of: ids[0], key: "owner"))),
        ]
        for (answer, query) in wrong {
            #expect(throws: CodecError.self, "\(query)") {
                try ShardAnswer(decoding: answer.encoded, to: query, checking: json)
            }
        }
    }

    @Test("A row whose metadata is no JSON is refused, and so is one that was tampered with")
    func badRows() throws {
        let id = observation("web").id
        var seen = observation("web")
        seen.metadata = JSONText(trusted: Array("{\"a\":<script>}".utf8))
        let bad = RecordCodec.encode(ResourceRecord(resource: Resource(observed: seen, at: now)))
        let answers: [(ShardAnswer, ShardQuery)] = [
            (.row(bad), .row(id)), (.tag(.init(id: id, bytes: bad)), .tag(id.uuid)),
            (.rows([.init(id: id, bytes: bad)], isLast: true), .rows(after: nil, limit: 1)), (.row([]), .row(id)),
        ]
        for (answer, query) in answers {
            #expect(throws: CodecError.self) { try ShardAnswer(decoding: answer.encoded, to: query, checking: json) }
        }
        let good = try #require(try state(rows: 1).rows.rows(after: nil, limit: 1).first)
        var values = SeededValues(seed: 11)
        for _ in 0..<2_000 {
            var bytes = good.bytes
            bytes[values.below(bytes.count)] = UInt8(truncatingIfNeeded: values.next())
            let answer = ShardAnswer.row(bytes)
            if let read = try? ShardAnswer(decoding: answer.encoded, to: .row(good.id), checking: json) {
                #expect(read == answer)
            }
        }
    }
}
