import Model
import Testing

@testable import Shard

@Suite("A shard's leader")
struct ShardTests {
    @Test("A proposal that the log refused leaves no trace")
    func refusedProposal() throws {
        let shard = newShard()
        guard
            case .append(let proposal) = try shard.propose(
                .observe([observation("web")]), by: ann, at: now, judge: NameJudge())
        else { return #expect(Bool(false), "a new resource is an entry") }
        #expect(proposal.index == 1)
        #expect(shard.lastIndex == 0)
        #expect(try shard.newest(observation("web").id) == nil)
    }

    @Test("Reads see committed state, proposals see what is in flight")
    func inFlight() throws {
        var shard = newShard()
        let id = observation("web").id
        #expect(try shard.take(.observe([observation("web")])).outcomes == [.created])
        #expect(try shard.state.record(id) == nil)
        #expect(try shard.take(.observe([observation("web")])).outcomes == [.unchanged])
        #expect(try shard.take(.observe([observation("db")])).outcomes == [.updated])
        try shard.commit(upTo: 1)
        #expect(try shard.state.record(id)?.resource.name == "web")
        #expect(try shard.newest(id)?.resource.name == "db")
        try shard.commit(upTo: 2)
        #expect(try shard.state.record(id)?.resource.name == "db")
        #expect(try shard.state.record(id)?.changedIndex == 2)
    }

    @Test("Applying the entries anew gives the same state")
    func replay() throws {
        var shard = newShard()
        var log: [[UInt8]] = []
        let tag = ShardCommand.applyTags([TagApplication(resource: observation("web").id, tags: [Model.Tag("owner", "ann")])]
        )
        let commands: [ShardCommand] = [
            .observe([observation("web"), observation("db", id: "i-2")]), tag, .observe([observation("api")]),
            .deleteResource(observation("db", id: "i-2").id, .none),
        ]
        for command in commands {
            guard case .append(let proposal) = try shard.propose(command, by: ann, at: now, judge: NameJudge()) else {
                continue
            }
            log.append(proposal.encoded)
            shard.appended(proposal, term: 1)
        }
        try shard.commit(upTo: UInt64(log.count))
        var copy = ShardState(slots: 0..<Slot.count)
        for (position, bytes) in log.enumerated() {
            _ = try copy.apply(EntryPayload(decoding: bytes), at: UInt64(position + 1))
        }
        #expect(
            copy.rows.rows(after: nil, limit: 10).map(\.bytes) == shard.state.rows.rows(after: nil, limit: 10).map(\.bytes))
        #expect(copy.totals == shard.state.totals)
        #expect(copy.totals.resources == 1)
        #expect(copy.auditSequence == shard.state.auditSequence)
    }

    @Test("A tag set by hand wins over the rule's, which stays as a loser and comes back when the hand lets go")
    func manualOverRule() throws {
        var shard = newShard()
        let id = observation("web").id
        try shard.take(.observe([observation("web")]))
        try shard.commit(upTo: 1)
        let tagID = PartID.virtualTag(of: id, key: "role")
        #expect(try shard.take(.deleteTag(tagID, .none)).outcomes.first?.succeeded == false)
        #expect(try shard.take(.setTag(tagID, value: "special", .none)).outcomes == [.updated])
        let reply = try shard.take(.deleteTag(tagID, .none))
        #expect(reply.outcomes == [.deleted])
        #expect(reply.subject == id.uuid)
        #expect(try shard.newest(id)?.tag("role")?.value == "web-1")
    }

    @Test("A key in flight answers the same; with another body it is refused")
    func idempotencyInFlight() throws {
        var shard = newShard()
        let key = IdempotencyKey(high: 1, low: 1)
        let first = WriteContext(actor: "ann", idempotency: .init(key: key, bodyDigest: 1))
        #expect(try shard.take(.observe([observation("web")]), by: first).outcomes == [.created])
        #expect(try shard.take(.observe([observation("web")]), by: first).outcomes == [.created])
        #expect(shard.lastIndex == 1)
        let other = WriteContext(actor: "ann", idempotency: .init(key: key, bodyDigest: 2))
        #expect(throws: ShardError.idempotencyKeyReused) { try shard.take(.observe([observation("x")]), by: other) }
    }

    @Test("A sweep under a new catalogue reaches every row in slices, waits for older entries, and ends")
    func sweep() throws {
        var shard = newShard()
        try shard.take(.observe((0..<10).map { observation("web", id: "i-\($0)") }))
        let newer = NameJudge(version: 2)
        shard.catalogChanged()
        #expect(try shard.take(.sweep(limit: 4), judge: newer).index == 1)
        try shard.commit(upTo: 1)
        var slices = 0
        while shard.needsSweep(version: 2) {
            try shard.take(.sweep(limit: 4), judge: newer)
            try shard.commit(upTo: shard.lastIndex)
            slices += 1
        }
        #expect(slices == 3)
        #expect(shard.state.pending(under: 2) == 0)
        let values = try shard.state.rows.rows(after: nil, limit: 100).map {
            try RecordCodec.decode($0.bytes, id: $0.id).tag("role")?.value
        }
        #expect(values == Array(repeating: "web-2", count: 10))
    }

    @Test("Preconditions are judged against the newest row")
    func preconditions() throws {
        var shard = newShard()
        let id = observation("web").id
        #expect(try shard.take(.putResource(observation("web"), .exists)).outcomes == [.preconditionFailed(current: nil)])
        #expect(try shard.take(.putResource(observation("web"), .absent)).outcomes == [.created])
        #expect(
            try shard.take(.putResource(observation("db"), .unchangedSince(7))).outcomes == [.preconditionFailed(current: 1)]
        )
        #expect(try shard.take(.putResource(observation("db"), .unchangedSince(1))).outcomes == [.updated])
        #expect(try shard.take(.deleteResource(id, .unchangedSince(2))).outcomes == [.deleted])
        #expect(try shard.take(.deleteResource(id, .none)).outcomes == [.notFound])
    }
}

@Suite("What a bill says of a resource")
struct CostTests {
    private func costs(_ upload: UInt64, _ nanos: Int64) -> ShardCommand {
        let line = CostLine(month: 202610, service: "EC2", currency: "USD", billedNanos: nanos, effectiveNanos: nanos)
        let named = Observation(.partial, provider: .aws, resourceID: "i-1", name: "from-the-bill")
        return .addCosts([CostObservation(resource: named, lines: [line], upload: upload)])
    }

    @Test("A name that only the bill knows stays when the provider describes the resource again without one")
    func nameFromBill() throws {
        var shard = newShard()
        try shard.take(.observe([observation("")]))
        #expect(try shard.take(costs(1, 5)).outcomes == [.updated])
        #expect(try shard.take(.observe([observation("")])).outcomes == [.unchanged])
        #expect(try shard.newest(observation("").id)?.resource.name == "from-the-bill")
    }

    @Test("Parts of one upload add up, and another upload replaces them, also where its first part is equal")
    func uploads() throws {
        var shard = newShard()
        func billed() throws -> Int64? { try shard.newest(observation("").id)?.resource.costs.first?.billedNanos }
        try shard.take(costs(1, 5))
        try shard.take(costs(1, 3))
        #expect(try billed() == 8)
        try shard.take(costs(2, 8))
        try shard.take(costs(2, 1))
        #expect(try billed() == 9)
    }
}
