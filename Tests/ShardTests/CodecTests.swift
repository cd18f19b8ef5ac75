import Model
import Testing

@testable import Shard

@Suite("An entry's bytes")
struct EntryCodecTests {
    private func row(tag value: String) -> [UInt8] {
        let claim = TagAssertion(value: value, source: .rule, createdBy: "rule:names", createdAt: now, updatedAt: now)
        return RecordCodec.encode(
            ResourceRecord(
                resource: Resource(observed: observation("web"), at: now), tags: [VirtualTag(key: "k", winner: claim)]))
    }

    private func payload() throws -> EntryPayload {
        let audit = AuditEntry(
            id: UUID128(high: 1, low: 2), sequence: 5, resourceID: observation("web").id, action: .tagChanged, tagKey: "k",
            oldValue: "a", newValue: nil, actor: "ann", source: .rule, ruleID: UUID128(high: 3, low: 4), requestID: "r",
            at: now)
        let second = AuditEntry(
            id: PartID.auditEntry(of: observation("web").id, sequence: 6), sequence: 6, resourceID: observation("web").id,
            action: .tagAdded, tagKey: "é", newValue: "", actor: "ann", ruleID: UUID128(high: 3, low: 4), requestID: "r",
            at: Timestamp(milliseconds: 7))
        let third = AuditEntry(
            id: UUID128(high: 1, low: 3), sequence: 7, resourceID: nil, action: .ruleCreated, tagKey: "k", actor: "bob",
            at: now)
        let logged = [audit, second, third].map { LoggedAudit($0, before: nil, after: nil) }
        let before = row(tag: "a")
        let reply = ShardReply(
            index: 9, outcomes: [.created, .preconditionFailed(current: 3), .invalid("x"), .conflict("y")],
            subject: UUID128(high: 5, low: 6))
        return EntryPayload(
            at: now,
            effects: [
                .put(observation("web").id, [1, 2, 3]), .delete(observation("x", id: "i-2").id), .audit(logged),
                .patch(observation("web").id, try RowDelta(from: before, to: row(tag: "b"))),
                .audit([LoggedAudit(audit, before: before, after: nil)]),
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

@Suite("What a tag write's entry holds")
struct TagWriteEntryTests {
    private let web = observation("web").id

    private func tag(_ value: String) -> ShardCommand {
        .applyTags([TagApplication(resource: web, tags: [Model.Tag("note", value), Model.Tag("other", "stays")])])
    }

    /// The entries of some writes, and what applying them on the replica that proposed them changed.
    private func written(_ values: [String]) throws -> (entries: [[UInt8]], changes: [ShardState.Changes]) {
        var shard = newShard()
        var (entries, changes): ([[UInt8]], [ShardState.Changes]) = ([], [])
        for command in [.observe([observation("web")])] + values.map(tag) + [.deleteResource(web, .none)] {
            guard case .append(let proposal) = try shard.propose(command, by: ann, at: now, judge: NameJudge()) else {
                continue
            }
            shard.appended(proposal, term: 1)
            entries.append(proposal.encoded)
            changes.append(try shard.apply(proposal.encoded, at: proposal.index, term: 1))
        }
        return (entries, changes)
    }

    @Test("Values stand in it once; every replica tells both of them in its audit trail")
    func once() throws {
        let values = ["a", "b", "c"].map { String(repeating: $0, count: 1024) }
        let (entries, changes) = try written(values)
        #expect(entries.count == 5)
        for entry in entries[1...3] { #expect(entry.count < 1024 + 160) }
        // What the row told before it went is not in the entry either.
        #expect(entries[4].count < 100)
        var follower = newShard()
        for (position, entry) in entries.enumerated() {
            let index = UInt64(position + 1)
            let isUnderstood = follower.understands(entry, at: index, term: 1)
            let applied = try follower.apply(entry, at: index, term: 1)
            #expect(isUnderstood)
            #expect(applied.audit == changes[position].audit)
        }
        let trail = changes.flatMap(\.audit).filter { $0.tagKey == "note" }
        #expect(trail.map(\.oldValue) == [nil] + values)
        #expect(trail.map(\.newValue) == values + [nil])
        #expect(changes.flatMap(\.audit).map(\.sequence) == Array(1...UInt64(changes.flatMap(\.audit).count)))
    }

    @Test("It is refused on a row that is not the one it was made from")
    func otherRow() throws {
        let (entries, _) = try written(["a", "b"])
        var other = newShard()
        _ = try other.apply(entries[0], at: 1, term: 1)
        #expect(throws: CodecError.self) { try other.apply(entries[2], at: 2, term: 1) }
    }

    @Test("An entry that was understood and then replaced by another term's is not applied")
    func replaced() throws {
        let (entries, _) = try written(["a", "b"])
        var follower = newShard()
        let first = follower.understands(entries[1], at: 1, term: 1)
        let second = follower.understands(entries[0], at: 1, term: 2)
        #expect(first && second)
        _ = try follower.apply(entries[0], at: 1, term: 2)
        #expect(try follower.state.record(web)?.tags.map(\.key) == ["role"])
        let older = follower.understands([1] + entries[1].dropFirst(), at: 2, term: 2)
        #expect(!older, "an older format")
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
