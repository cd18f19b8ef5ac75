import Model
import Testing

@testable import Shard

@Suite("An entry's bytes")
struct EntryCodecTests {
    private func payload() throws -> EntryPayload {
        let audit = AuditEntry(
            id: UUID128(high: 1, low: 2), sequence: 5, resourceID: observation("web").id, action: .tagChanged, tagKey: "k",
            oldValue: "a", newValue: nil, actor: "ann", source: .rule, ruleID: UUID128(high: 3, low: 4), requestID: "r",
            at: now)
        let reply = ShardReply(
            index: 9, outcomes: [.created, .preconditionFailed(current: 3), .invalid("x"), .conflict("y")],
            subject: UUID128(high: 5, low: 6))
        return EntryPayload(
            at: now,
            effects: [
                .put(observation("web").id, [1, 2, 3]), .delete(observation("x", id: "i-2").id), .audit([audit]),
                .remember(IdempotencyKey(high: 7, low: 8), Remembered(bodyDigest: 1, reply: reply, at: now)),
                .swept(version: 3, upTo: observation("web").id), .swept(version: 4, upTo: nil),
            ])
    }

    @Test("Every effect survives the round trip")
    func roundTrip() throws {
        let payload = try payload()
        #expect(try EntryPayload(decoding: payload.encoded) == payload)
    }

    @Test("Every prefix and every trailing byte is refused")
    func cutShort() throws {
        let bytes = try payload().encoded
        for length in 0..<bytes.count {
            #expect(throws: CodecError.self) { try EntryPayload(decoding: Array(bytes[..<length])) }
        }
        #expect(throws: CodecError.self) { try EntryPayload(decoding: bytes + [0]) }
    }
}

@Suite("The table of rows")
struct SlotTableTests {
    @Test("Rows are found, replaced, removed and walked in id order")
    func rows() {
        var table = SlotTable(slots: 0..<Slot.count)
        let ids = (0..<1000).map { observation("x", id: "i-\($0)").id }
        for id in ids { #expect(table.put(id, [1]) == nil) }
        #expect(table.put(ids[3], [2]) == [1])
        #expect(table[ids[3]] == [2])
        #expect(table.remove(ids[4]) == [1])
        #expect(table[ids[4]] == nil)
        #expect(table.count == 999)
        var walked: [ResourceID] = []
        while case let part = table.rows(after: walked.last, limit: 7), !part.isEmpty { walked += part.map(\.id) }
        #expect(walked == ids.filter { $0 != ids[4] }.sorted())
        #expect(table.count(after: walked[99]) == 899)
    }

    @Test("A part's id leads back to its row")
    func parts() {
        var table = SlotTable(slots: 0..<Slot.count)
        let id = observation("x").id
        _ = table.put(id, [1])
        let tag = PartID.virtualTag(of: id, key: "owner")
        #expect(tag.version == 8)
        #expect(tag.slot == id.slot)
        #expect(table.rows(sharingPrefixOf: tag).map(\.id) == [id])
    }

    @Test("Slots are cut into ranges that cover them all, as the id's own rule says", arguments: [1, 3, 16, 1000])
    func ranges(shards: Int) {
        var next = 0
        for position in 0..<shards {
            let range = ShardState.slots(ofShard: position, of: shards)
            #expect(range.lowerBound == next)
            next = range.upperBound
            for slot in [range.lowerBound, range.upperBound - 1] {
                #expect(Slot(number: UInt16(slot)).shard(of: shards) == position)
            }
        }
        #expect(next == Slot.count)
    }
}
