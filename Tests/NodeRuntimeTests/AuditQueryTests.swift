import Model
import Testing

@testable import Checkpoint
@testable import NodeRuntime

@Suite("Parts of the audit history, as nodes ask one another")
struct AuditQueryTests {
    private static let cursor = AuditCursor(stamp: 1_790_000_000_000, shard: 7, sequence: 12)

    private static var query: AuditQuery {
        var filter = AuditFilter()
        filter.resource = ResourceID(provider: .aws, nativeID: "i-1")
        filter.resources = [ResourceID(provider: .aws, nativeID: "i-1"), ResourceID(provider: .gcp, nativeID: "d")]
        filter.tagKey = "owner"
        filter.actor = "ann"
        filter.action = .ruleUpdated
        filter.ruleID = UUID128(high: 1, low: 2)
        filter.from = Timestamp(milliseconds: -5)
        filter.to = Timestamp(milliseconds: 5)
        return AuditQuery(groups: [0, 3, 64], filter: filter, before: cursor, wanted: .page(limit: 17), isStale: true)
    }

    @Test("A query is the same after it was bytes; cut off anywhere it is none")
    func queries() throws {
        let query = Self.query
        let bytes = query.encoded
        let read = try AuditQuery(decoding: bytes)
        #expect(read.groups == query.groups && read.filter == query.filter && read.before == query.before)
        #expect(read.wanted == query.wanted && read.isStale)
        for count in 0..<bytes.count {
            #expect(throws: CodecError.self) { try AuditQuery(decoding: Array(bytes.prefix(count))) }
        }
    }

    @Test("Groups out of order, too many entries and foreign groups are refused")
    func refusals() throws {
        func query(_ groups: [Int], _ wanted: AuditQuery.Wanted) -> [UInt8] {
            AuditQuery(groups: groups, filter: AuditFilter(), before: nil, wanted: wanted, isStale: false).encoded
        }
        #expect(throws: Never.self) { try AuditQuery(decoding: query([1, 2], .counts(lines: 10))) }
        for bytes in [
            query([2, 1], .page(limit: 1)), query([1, 1], .page(limit: 1)), query([1025], .page(limit: 1)),
            query([1], .page(limit: 0)), query([1], .page(limit: 1_001)), query([1], .counts(lines: 100_001)),
        ] {
            #expect(throws: CodecError.self) { try AuditQuery(decoding: bytes) }
        }
    }

    @Test("Counts and pages are the same after they were bytes")
    func answers() throws {
        var tally = AuditTally()
        tally.add(3, to: .init(day: -AuditTally.dayMilliseconds, actor: "ann", action: "tag_set"))
        tally.begin(on: -AuditTally.dayMilliseconds)
        let counts = try AuditAnswer(
            decoding: AuditAnswer(groups: [1], part: .counts(tally, next: Self.cursor)).encoded)
        guard case .counts(let read, let next)? = counts.part else { throw CodecError("another part") }
        #expect(read == tally && next == Self.cursor && counts.groups == [1])

        let entry = AuditEntry(
            id: UUID128(high: 3, low: 4), sequence: 9, resourceID: nil, action: .ruleCreated, tagKey: "role", oldValue: nil,
            newValue: "version 1", actor: "ann", ruleID: nil, requestID: "r-1", at: Timestamp(milliseconds: 7))
        let page = AuditPage(entries: [entry], places: [Self.cursor], next: nil)
        let answer = try AuditAnswer(decoding: AuditAnswer(groups: [0, 1], part: .page(page)).encoded)
        guard case .page(let readPage)? = answer.part else { throw CodecError("another part") }
        #expect(readPage == page && answer.groups == [0, 1])
        #expect(try AuditAnswer(decoding: AuditAnswer(groups: [], part: nil).encoded).part == nil)
    }
}
