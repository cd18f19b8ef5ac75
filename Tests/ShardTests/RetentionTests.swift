import Model
import Testing

@testable import Shard

/// Group 0 alone; every entry is committed at once.
private struct Bench {
    var shard = SystemShard(state: SystemState())
    var log: [[UInt8]] = []

    @discardableResult
    mutating func take(_ command: RetentionCommand, at time: Timestamp = now, commits: Bool = true) throws -> Outcome? {
        switch try shard.propose(.retention(command), by: ann, at: time) {
        case .answer(let reply, _): return reply.outcomes.first
        case .append(let proposal):
            shard.appended(proposal, term: 1)
            log.append(proposal.encoded)
            if commits { _ = try shard.apply([], at: proposal.index, term: 1) }
            return proposal.reply.outcomes.first
        }
    }

    var retention: RetentionState { shard.state.governance.retention }
}

private func hold(_ number: UInt64, _ name: String = "h") -> LegalHold {
    LegalHold(
        id: UUID128(high: 9, low: number), name: name, reason: "because", scope: LegalHold.Scope(), placedBy: "",
        placedAt: now)
}

private func part(
    run: UInt64 = 1, after: UInt64 = 0, through: UInt64, isLast: Bool = false, asOf: UInt64 = .max,
    removed: [ClosedRange<UInt64>] = []
) -> AuditRemoval {
    AuditRemoval(
        run: run, before: now, months: 3, after: after, through: through, isLast: isLast, holdsAsOf: asOf,
        removed: removed, held: 0)
}

@Suite("Retention of the audit history in the shards")
struct RetentionTests {
    private let may = Timestamp(milliseconds: 1_779_271_200_000)

    @Test("Months begin in UTC, across years, before 1970 and at the ends of time")
    func months() {
        func text(_ time: String, back: Int) -> String? {
            Timestamp(time).map { String($0.startOfMonth(back: back).description.prefix(16)) }
        }
        #expect(text("2026-05-20T10:00:00Z", back: 0) == "2026-05-01T00:00")
        #expect(text("2026-05-01T00:00:00Z", back: 5) == "2025-12-01T00:00")
        #expect(text("2024-02-29T23:59:59Z", back: 12) == "2023-02-01T00:00")
        #expect(text("2026-12-31T23:59:59Z", back: -1) == "2027-01-01T00:00")
        #expect(text("1969-12-31T23:59:59Z", back: 1) == "1969-11-01T00:00")
        #expect(Timestamp(milliseconds: .min).startOfMonth(back: 1_200) == Timestamp.textRange.lowerBound)
        #expect(Timestamp(milliseconds: .max).startOfMonth().description.hasPrefix("9999-12-01"))
    }

    @Test("A clean-up begins once for each month, with the time of its command, and not for ever-lasting histories")
    func begins() throws {
        var bench = Bench()
        #expect(try bench.take(.begin, at: may) == .unchanged)
        #expect(try bench.take(.keep(months: 2, .none), at: may) == .created)
        #expect(try bench.take(.keep(months: 2, .none), at: may) == .unchanged)
        #expect(try bench.take(.begin, at: may) == .created)
        let first = try #require(bench.retention.underWay)
        #expect(first.before.description == "2026-03-01T00:00:00.000Z" && first.run == 1 && first.startedAt == may)
        // One at a time; and none again for what was looked at.
        #expect(try bench.take(.begin, at: may.adding(milliseconds: 90 * 86_400_000)) == .unchanged)
        #expect(try bench.take(.finish(run: 7, removed: 1, held: 1), at: may) == .unchanged)
        #expect(try bench.take(.finish(run: 1, removed: 5, held: 2), at: may) == .updated)
        #expect(try bench.take(.finish(run: 1, removed: 5, held: 2), at: may) == .unchanged)
        #expect(try bench.take(.begin, at: may) == .unchanged)
        // A clock that goes back begins nothing.
        #expect(try bench.take(.begin, at: may.adding(milliseconds: -40 * 86_400_000)) == .unchanged)
        #expect(try bench.take(.begin, at: may.adding(milliseconds: 20 * 86_400_000)) == .created)
        #expect(bench.retention.underWay?.run == 2)
    }

    @Test("Holds have names of their own; placing, releasing and cleaning stand in the history; a restart keeps all of it")
    func holds() throws {
        var bench = Bench()
        #expect(try bench.take(.place(hold(1)), commits: false) == .created)
        if case .conflict? = try bench.take(.place(hold(2)), commits: false) {
        } else {
            Issue.record("two holds of one name")
        }
        #expect(try bench.take(.release(hold(3).id), commits: false) == .notFound)
        #expect(try bench.take(.release(hold(1).id), commits: false) == .deleted)
        #expect(try bench.take(.place(hold(2)), commits: false) == .created)
        #expect(try bench.take(.keep(months: 1, .unchangedSince(4))) == .preconditionFailed(current: nil))
        var replayed = SystemState()
        var actions: [AuditEntry.Action] = []
        for (position, bytes) in bench.log.enumerated() {
            actions += replayed.apply(try .init(decoding: bytes), at: UInt64(position + 1)).audit.map(\.action)
        }
        #expect(actions == [.holdPlaced, .holdReleased, .holdPlaced])
        #expect(replayed.governance.retention.holds.values.map(\.id) == [hold(2).id])
        #expect(replayed.governance.retention.holds[hold(2).id]?.placedBy == "ann")
        for item in replayed.governance.items {
            #expect(try SystemItem(decoding: SystemItem.governance(item).encoded) == .governance(item))
        }
    }

    @Test("Group 0 removes nothing of its own history that was decided under older holds")
    func systemFence() throws {
        var bench = Bench()
        for number in 1...4 { try bench.take(.place(hold(UInt64(number), "h\(number)"))) }
        let index = bench.shard.state.appliedIndex
        #expect(try bench.take(.remove(part(through: 2, asOf: index - 1, removed: [1...1]))) == AuditRemoval.isStale)
        #expect(try bench.take(.remove(part(through: 2, asOf: index, removed: [1...1]))) == .updated)
        // In flight counts.
        try bench.take(.place(hold(9, "late")), commits: false)
        #expect(
            try bench.take(.remove(part(after: 2, through: 3, asOf: index, removed: [3...3])), commits: false)
                == AuditRemoval.isStale)
        #expect(bench.shard.state.cleaning.through == 2)
    }

    @Test("A shard takes the parts of a clean-up in their order, once each, and none from before its fence")
    func parts() throws {
        var shard = newShard()
        for number in 0..<10 { try shard.take(.observe([observation("n\(number)", id: "i-\(number)")])) }
        try shard.commit(upTo: shard.lastIndex)
        func take(_ command: AuditCommand) throws -> Outcome? {
            let reply = try shard.take(.audit(command))
            if shard.lastIndex > shard.state.appliedIndex { try shard.commit(upTo: shard.lastIndex) }
            return reply.outcomes.first
        }
        #expect(try take(.fence(5)) == .updated)
        #expect(try take(.fence(5)) == .unchanged && take(.fence(4)) == .unchanged)
        #expect(try take(.remove(part(through: 3, asOf: 4, removed: [1...2]))) == AuditRemoval.isStale)
        #expect(try take(.remove(part(through: 3, asOf: 5, removed: [1...2]))) == .updated)
        #expect(try take(.remove(part(through: 3, asOf: 5, removed: [1...2]))) == AuditRemoval.isStale)
        #expect(try take(.remove(part(after: 4, through: 6, asOf: 5))) == AuditRemoval.isStale)
        #expect(try take(.remove(part(after: 3, through: 99, asOf: 5))) == AuditRemoval.isStale)
        #expect(try take(.fence(8)) == .updated)
        #expect(try take(.remove(part(after: 3, through: 6, isLast: true, asOf: 7))) == AuditRemoval.isStale)
        #expect(try take(.remove(part(after: 3, through: 6, isLast: true, asOf: 8, removed: [5...6]))) == .updated)
        #expect(try take(.remove(part(after: 6, through: 7, asOf: 8))) == AuditRemoval.isStale)
        let progress = shard.state.cleaning
        #expect(progress.isDone && progress.removed == 4 && progress.run == 1 && progress.fence == 8)
        #expect(try take(.remove(part(run: 2, through: 1, asOf: 8, removed: [1...1]))) == .updated)
    }

    @Test("A part that cannot be is not read")
    func hostileParts() throws {
        func read(_ body: (inout ByteWriter) -> Void) throws -> AuditRemoval {
            var writer = ByteWriter()
            body(&writer)
            return try writer.bytes.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                return try reader.removal()
            }
        }
        func fields(_ writer: inout ByteWriter, after: UInt64, through: UInt64, ranges: [(UInt64, UInt64)]) {
            for value: UInt64 in [1, 0, 3, after, through] { writer.varint(value) }
            writer.byte(0)
            for value: UInt64 in [5, 0, UInt64(ranges.count)] { writer.varint(value) }
            for (distance, length) in ranges {
                writer.varint(distance)
                writer.varint(length)
            }
        }
        #expect(try read { fields(&$0, after: 2, through: 9, ranges: [(1, 2), (3, 2)]) }.removed == [3...4, 7...8])
        for (after, through, ranges) in [
            (2, 9, [(0, 1)]), (2, 9, [(1, 0)]), (2, 9, [(1, 8)]), (2, 9, [(1, 1), (1, 1)]), (9, 2, []),
            (0, .max, []), (2, 9, [(.max, 1)]), (2, 9, [(1, .max)]),
        ] as [(UInt64, UInt64, [(UInt64, UInt64)])] {
            #expect(throws: CodecError.self) {
                try read { fields(&$0, after: after, through: through, ranges: ranges) }
            }
        }
    }

    @Test("Commands arrive as they were sent")
    func commands() throws {
        for command: RetentionCommand in [
            .keep(months: nil, .none), .keep(months: 12, .unchangedSince(3)), .place(hold(4)), .release(hold(4).id), .begin,
            .finish(run: 1, removed: 2, held: 3),
        ] {
            guard case .retention(let arrived) = try SystemCommand(decoding: SystemCommand.retention(command).encoded)
            else { throw CodecError("another command") }
            #expect(arrived == command)
        }
        guard
            case .audit(.fence(7)) = try ShardCommand(
                decoding: ShardCommand.audit(.fence(7)).encoded, checking: JSONCheck())
        else { throw CodecError("another command") }
    }
}
