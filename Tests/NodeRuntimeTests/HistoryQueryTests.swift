import Checkpoint
import Model
import Testing

@testable import NodeRuntime

@Suite("What nodes ask one another about histories")
struct HistoryQueryTests {
    private static let id = ResourceID(provider: .aws, nativeID: "i-1")

    private static let queries: [HistoryQuery] = [
        .tags(id, at: Timestamp(milliseconds: -5), group: 3, isStale: true),
        .tags(id, at: Timestamp(milliseconds: .max), group: 1, isStale: false),
        .verification(group: 0, from: 1, limit: Node.verifiedEntriesMax), .verification(group: 1024, from: .max, limit: 0),
    ]

    private static let answers: [HistoryAnswer] = [
        .tags(nil), .tags(PastTags(existed: false, tags: [])),
        .tags(
            PastTags(
                existed: true,
                tags: [
                    .init(key: "a", value: "", source: .inherited, ruleID: nil, set: nil),
                    .init(
                        key: "é", value: "x", source: .rule, ruleID: UUID128(high: 1, low: 2),
                        set: .init(actor: "rule:r", at: Timestamp(milliseconds: 7))),
                ])),
        .verification(AuditVerification(shard: 2, first: 1, last: 0, head: [], fault: nil, next: nil)),
        .verification(
            AuditVerification(
                shard: 2, first: 5, last: 9, head: [UInt8](repeating: 7, count: 32),
                fault: AuditFault(sequence: 10, problem: .unchained), next: 11)),
    ]

    @Test("Questions and answers survive the round trip, and every prefix is refused")
    func roundTrip() throws {
        for query in Self.queries {
            #expect(try HistoryQuery(decoding: query.encoded) == query)
            for length in 0..<query.encoded.count {
                #expect(throws: CodecError.self) { try HistoryQuery(decoding: Array(query.encoded[..<length])) }
            }
        }
        for answer in Self.answers {
            #expect(try HistoryAnswer(decoding: answer.encoded) == answer)
            for length in 0..<answer.encoded.count {
                #expect(throws: CodecError.self) { try HistoryAnswer(decoding: Array(answer.encoded[..<length])) }
            }
        }
    }

    @Test("A question for more entries than one call looks at is refused")
    func tooMany() {
        let query = HistoryQuery.verification(group: 1, from: 1, limit: Node.verifiedEntriesMax + 1)
        #expect(throws: CodecError.self) { try HistoryQuery(decoding: query.encoded) }
    }
}
