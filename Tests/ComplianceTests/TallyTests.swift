import Compliance
import JSON
import Model
import Testing

@Suite("Compliance counted")
struct TallyTests {
    private let policies = [UUID128(high: 0, low: 1), UUID128(high: 0, low: 2)]

    private func row(
        _ number: Int, account: String = "1", team: String? = nil, violations: [Int] = [0, 0],
        waived: [Bool] = [false, false],
        cost: Int64 = 0, month: Int32 = 202_609
    ) -> [UInt8] {
        let resource = Resource(
            provider: .aws, resourceID: "i-\(number)", resourceType: "ec2.instance", accountID: account, region: "eu",
            firstSeen: .at(0), lastSeen: .at(0),
            costs: cost == 0
                ? [] : [CostLine(month: month, service: "ec2", currency: "USD", billedNanos: 1, effectiveNanos: cost)])
        let results = policies.indices.map { position in
            ComplianceResult(
                policyID: policies[position],
                violations: (0..<violations[position]).map { Violation(.missingTag, tagKey: "k\($0)") },
                waiverID: waived[position] ? UUID128(high: 9, low: 9) : nil, checkedAt: .at(0))
        }
        return RecordCodec.encode(
            ResourceRecord(
                resource: resource, tags: team.map { Fixture.tags(["team": $0, "a": "b"]) } ?? [], compliance: results))
    }

    @Test("A waived violation does not count against the score, by number and by cost; one that is not does")
    func scores() throws {
        var tally = ComplianceTally(by: .account)
        try tally.add(row(1, cost: 60))
        try tally.add(row(2, violations: [2, 0], waived: [true, false], cost: 30))
        try tally.add(row(3, account: "2", violations: [1, 1], waived: [true, false], cost: 10))
        #expect(tally.total.score == 66.67)
        #expect(
            (tally.total.resources, tally.total.compliant, tally.total.waived, tally.total.violations) == (3, 2, 1, 1))
        #expect(tally.total.waivedViolations == 3)
        #expect(tally.total.costs["USD"]?.score == 90)
        #expect(tally.worstFirst.map(\.group) == ["2", "1"])
        #expect(tally.worstFirst.map(\.score.score) == [0, 100])
    }

    @Test("Groups go by tag, policy and severity; rows without a value are a group of their own")
    func groups() throws {
        func tally(_ grouping: ComplianceRow.Grouping) throws -> ComplianceTally {
            let known = try [("HIGH", UInt64(1)), ("LOW", 2)].map { severity, id in
                try Fixture.policy(
                    #"{"policy_name":"p","policy_type":"TAG_COUNT","severity":"\#(severity)","rules":{"min":1}}"#, id: id)
            }
            var tally = ComplianceTally(by: grouping, policies: known)
            try tally.add(row(1, team: "a"))
            try tally.add(row(2, team: "b", violations: [1, 0]))
            try tally.add(row(3, violations: [1, 3]))
            return tally
        }
        #expect(try tally(.tag("Team")).groups.mapValues(\.compliant) == ["a": 1, "b": 0, nil: 0])
        #expect(try tally(.policy).groups[policies[0].description]?.compliant == 1)
        #expect(try tally(.severity).groups.mapValues(\.violations) == ["HIGH": 2, "LOW": 3])
        #expect(try tally(.region).groups.mapValues(\.resources) == ["eu": 3])
        #expect(try tally(.none).groups.isEmpty)
    }

    @Test("A month's costs alone are counted where one is asked for")
    func month() throws {
        var tally = ComplianceTally(by: .none, month: 202_608)
        try tally.add(row(1, cost: 5, month: 202_608))
        try tally.add(row(2, cost: 7, month: 202_609))
        #expect(tally.total.costs["USD"]?.total == 5)
    }

    @Test("What is beyond the groups that are told apart is counted together; parts add up to the whole, in any order")
    func manyGroups() throws {
        var left = ComplianceTally(by: .account)
        var right = ComplianceTally(by: .account)
        for number in 0..<(ComplianceTally.groupsMax + 50) {
            try left.add(row(number, account: "a\(number)"))
            try right.add(row(number, account: "b\(number)"))
        }
        let (first, second) = (left, right)
        left += second
        #expect(left.groups.count == ComplianceTally.groupsMax)
        #expect(left.total.resources == 2 * (ComplianceTally.groupsMax + 50))
        #expect(left.groups.values.reduce(0) { $0 + $1.resources } + (left.others?.resources ?? 0) == left.total.resources)
        right += first
        #expect(right.total == left.total)
    }

    @Test("Just under all is not shown as all")
    func rounding() {
        #expect(ComplianceScore.percent(99_999, of: 100_000) == 99.99)
        #expect(ComplianceScore.percent(5, of: 5) == 100)
    }

    @Test("A row that is cut off anywhere is damage, never a crash")
    func damage() throws {
        let whole = row(1, team: "a", violations: [1, 2], waived: [true, false], cost: 5)
        for length in whole.indices {
            #expect(throws: CodecError.self) {
                _ = try ComplianceRow(Array(whole[..<length]), by: .tag("team"), needsCosts: true) { _ in true }
            }
        }
        #expect(try ComplianceRow(whole, by: .tag("team"), needsCosts: true) { $0.count == 4 }.group == "a")
        #expect(try RecordCodec.tags(of: whole) == [Model.Tag("a", "b"), Model.Tag("team", "a")])
    }
}
