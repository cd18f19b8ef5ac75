import Compliance
import Conditions
import JSON
import Model
import Testing

@Suite("Waivers")
struct WaiverTests {
    private func waiver(
        _ id: UInt64, _ policies: [UInt64], scope: Condition? = nil, until: Int64 = 100
    ) -> ComplianceWaiver {
        ComplianceWaiver(
            id: UUID128(high: 9, low: id), name: "w\(id)", reason: "because", scope: scope,
            policies: policies.map { UUID128(high: 0, low: $0) }, expiresAt: .at(until), approver: "ada", createdAt: .at(0),
            updatedAt: .at(0))
    }

    private func judge(
        _ policies: [CompliancePolicy], _ waivers: [ComplianceWaiver], _ tags: [String: String],
        previous: [ComplianceResult] = [], at now: Int64 = 1
    ) -> [ComplianceResult] {
        CompiledPolicySet(policies: policies, waivers: waivers).judge(
            Fixture.resource, tags: Fixture.tags(tags), previous: previous, at: .at(now), in: EvaluationContext())
    }

    private func requires(_ key: String, id: UInt64) throws -> CompliancePolicy {
        try Fixture.policy(type: "REQUIRED_TAGS", rules: #"{"required_tags":["\#(key)"]}"#, id: id)
    }

    @Test("A waived violation stays, marked by its waiver; the policies that it does not name are not waived")
    func marked() throws {
        let policies = [try requires("owner", id: 1), try requires("team", id: 2)]
        let results = judge(policies, [waiver(1, [1])], [:])
        #expect(results.map(\.violations.count) == [1, 1])
        #expect(results.map(\.waiverID) == [UUID128(high: 9, low: 1), nil])
        #expect(results.map(\.isCompliant) == [false, false])
        #expect(results.map(\.isAccepted) == [true, false])
    }

    @Test("A waiver holds in its scope alone, and what complies needs none")
    func scope() throws {
        let aws = FieldTest(.provider, .eq, .text("aws"))
        let gcp = FieldTest(.provider, .eq, .text("gcp"))
        let policy = try requires("owner", id: 1)
        #expect(judge([policy], [waiver(1, [1], scope: .test(gcp))], [:])[0].waiverID == nil)
        #expect(judge([policy], [waiver(1, [1], scope: .test(aws))], [:])[0].isWaived)
        #expect(judge([policy], [waiver(1, [1], scope: .test(aws))], ["owner": "ada"])[0].waiverID == nil)
    }

    @Test("Of several waivers the one that holds longest is named")
    func longest() throws {
        let waivers = [waiver(1, [1], until: 10), waiver(2, [1], until: 30), waiver(3, [1], until: 20)]
        #expect(judge([try requires("owner", id: 1)], waivers, [:])[0].waiverID == UUID128(high: 9, low: 2))
    }

    @Test("A waiver that comes or goes makes a new result of the same violations; one that stays makes none")
    func previous() throws {
        let policy = try requires("owner", id: 1)
        let open = judge([policy], [], [:], at: 1)
        let waived = judge([policy], [waiver(1, [1])], [:], previous: open, at: 2)
        #expect(waived[0].checkedAt == .at(2) && waived[0].isWaived && waived[0].violations == open[0].violations)
        #expect(judge([policy], [waiver(1, [1])], [:], previous: waived, at: 3) == waived)
        let again = judge([policy], [], [:], previous: waived, at: 4)
        #expect(again[0].checkedAt == .at(4) && !again[0].isWaived)
    }

    @Test(
        "A malformed waiver is refused with every place named",
        arguments: [
            ("[]", [""]), ("{}", ["/waiver_name", "/reason", "/policies", "/expires_at"]),
            (#"{"waiver_name":"w","reason":" ","policies":["p"],"expires_at":"2031-01-01"}"#, ["/reason"]),
            (#"{"waiver_name":"w","reason":"r","policies":[],"expires_at":"2031-01-01"}"#, ["/policies"]),
            (#"{"waiver_name":"w","reason":"r","policies":["p","p"],"expires_at":"2031-01-01"}"#, ["/policies/1"]),
            (#"{"waiver_name":"w","reason":"r","policies":["p"],"expires_at":"soon"}"#, ["/expires_at"]),
            (
                #"{"waiver_name":"w","reason":"r","policies":["p"],"expires_at":"2031-01-01","scope":{"field":"nme"},"until":1}"#,
                ["/until", "/scope/operator", "/scope/field"]
            ),
        ] as [(String, [String])])
    func malformed(json: String, pointers: [String]) throws {
        do {
            _ = try ComplianceWaiverDraft(json: JSONValue(parsing: json))
            Issue.record("taken: \(json)")
        } catch let errors as ValidationErrors {
            #expect(Set(errors.problems.map(\.pointer)) == Set(pointers), "\(errors)")
        }
    }

    @Test("Policies are named by name or id; a misspelt one gets a suggestion; what a waiver had may stay")
    func policies() throws {
        let known = [try Fixture.policy(type: "TAG_COUNT", rules: #"{"min":1}"#, id: 7)]
        func ids(_ policies: String, former: [UUID128] = []) throws -> [UUID128] {
            let text = #"{"waiver_name":"w","reason":"r","policies":\#(policies),"expires_at":"2031-01-01"}"#
            return try ComplianceWaiverDraft(json: JSONValue(parsing: text)).policyIDs(among: known, or: former)
        }
        #expect(try ids(#"["p"]"#) == [known[0].id])
        #expect(try ids(#"["\#(known[0].id)"]"#) == [known[0].id])
        let gone = UUID128(high: 0, low: 8)
        #expect(throws: ValidationErrors.self) { try ids(#"["\#(gone)"]"#) }
        #expect(throws: ValidationErrors.self) { try ids(#"["p","\#(known[0].id)"]"#) }
        #expect(try ids(#"["\#(gone)"]"#, former: [gone]) == [gone])
    }
}
