import Compliance
import Conditions
import JSON
import Model
import Testing

@Suite("What policies find")
struct JudgeTests {
    @Test(
        "Each type finds what its documentation says",
        arguments: [
            ("REQUIRED_TAGS", #"{"required_tags":["owner","env"]}"#, ["owner": "a", "environment": "b"], []),
            ("REQUIRED_TAGS", #"{"required_tags":["OWNER"]}"#, ["Owner": "a"], []),
            (
                "REQUIRED_TAGS", #"{"required_tags":["owner","env","team"]}"#, ["owner": "", "team": "x"],
                ["missing_tag owner ", "missing_tag environment "]
            ),
            ("VALUE_VALIDATION", #"{"tag_key":"env","allowed_values":["a","b"]}"#, ["environment": "b"], []),
            ("VALUE_VALIDATION", #"{"tag_key":"env","allowed_values":["a","b"]}"#, [:], []),
            (
                "VALUE_VALIDATION", #"{"tag_key":"env","allowed_values":["a","b"]}"#, ["environment": "B"],
                ["value_not_allowed environment B"]
            ),
            ("VALUE_VALIDATION", #"{"tag_key":"cc","pattern":"^[0-9]+$"}"#, ["cc": "12"], []),
            (
                "VALUE_VALIDATION", #"{"tag_key":"cc","pattern":"^[0-9]+$","allowed_values":["12"]}"#, ["cc": "1x"],
                ["value_not_allowed cc 1x", "pattern_mismatch cc 1x"]
            ),
            (
                "CONDITIONAL_REQUIREMENT",
                #"{"if":{"field":"tags.env","operator":"eq","value":"prod"},"then_required":["backup","owner"]}"#,
                ["environment": "prod", "owner": "a"], ["missing_tag backup "]
            ),
            (
                "CONDITIONAL_REQUIREMENT",
                #"{"if":{"field":"tags.env","operator":"eq","value":"prod"},"then_required":["backup"]}"#,
                ["environment": "test"], []
            ),
            (
                "CONDITIONAL_REQUIREMENT",
                #"{"if":{"field":"metadata.public","operator":"eq","value":true},"then_required":["backup"]}"#, [:],
                ["missing_tag backup "]
            ),
            ("TAG_FORMAT", #"{"tag_key":"a","pattern":"^x"}"#, ["a": "y", "b": "y"], ["pattern_mismatch a y"]),
            ("TAG_FORMAT", #"{"tag_key":"a","pattern":"^x"}"#, ["b": "y"], []),
            (
                "TAG_FORMAT", #"{"pattern":"^x"}"#, ["a": "y", "b": "x", "c": ""],
                ["pattern_mismatch a y", "pattern_mismatch c "]
            ),
            ("TAG_FORMAT", #"{"tag_key":"*","key_pattern":"^[a-z-]+$"}"#, ["a-b": "1", "A": "2"], ["pattern_mismatch A 2"]),
            ("TAG_COUNT", #"{"min":1,"max":2}"#, ["a": "1", "b": "2"], []),
            ("TAG_COUNT", #"{"min":1}"#, [:], ["too_few_tags  0"]),
            ("TAG_COUNT", #"{"max":1}"#, ["a": "1", "b": "2"], ["too_many_tags  2"]),
        ] as [(String, String, [String: String], [String])])
    func types(type: String, rules: String, tags: [String: String], expected: [String]) throws {
        let results = Fixture.judge([try Fixture.policy(type: type, rules: rules)], tags)
        #expect(results.count == 1)
        #expect(results.first?.violations.map { "\($0.code.rawValue) \($0.tagKey) \($0.value)" } == expected)
        #expect(results.first?.isCompliant == expected.isEmpty)
    }

    @Test("A policy counts where its scope holds and while it is enabled; results are in the order of policy ids")
    func scope() throws {
        let rules = #"{"required_tags":["owner"]}"#
        var disabled = try Fixture.policy(type: "REQUIRED_TAGS", rules: rules, id: 4)
        disabled.enabled = false
        let policies = [
            disabled,
            try Fixture.policy(type: "REQUIRED_TAGS", rules: rules, id: 3),
            try Fixture.policy(
                type: "REQUIRED_TAGS", rules: rules, scope: #"{"field":"provider","operator":"eq","value":"gcp"}"#, id: 2),
            try Fixture.policy(
                type: "REQUIRED_TAGS", rules: rules, scope: #"{"field":"tags.env","operator":"exists"}"#, id: 1),
        ]
        #expect(Fixture.judge(policies, [:]).map(\.policyID.low) == [3])
        #expect(Fixture.judge(policies, ["environment": "x"]).map(\.policyID.low) == [1, 3])
    }

    @Test("A result that finds the same keeps the time of its check")
    func unchanged() throws {
        let policies = try [1, 2, 3].map {
            try Fixture.policy(
                type: "REQUIRED_TAGS", rules: #"{"required_tags":["k\#($0)","x"]}"#,
                scope: #"{"field":"tags.out\#($0)","operator":"absent"}"#, id: $0)
        }
        let first = Fixture.judge(policies, ["k1": "1"], at: 10)
        #expect(first.map(\.violations.count) == [1, 2, 2])
        #expect(Fixture.judge(policies, ["k1": "1"], previous: first, at: 20) == first)
        let second = Fixture.judge(policies, ["k1": "1", "k2": "1"], previous: first, at: 30)
        #expect(second.map(\.checkedAt) == [.at(10), .at(30), .at(10)])
        let third = Fixture.judge(policies, ["k1": "1", "k2": "1", "out1": ""], previous: second, at: 40)
        #expect(third == Array(second[1...]))
        let fourth = Fixture.judge(policies, ["k1": "1", "k2": "1"], previous: third, at: 50)
        #expect(fourth.map(\.checkedAt) == [.at(50), .at(30), .at(10)])
        #expect(Fixture.judge([], [:], previous: fourth) == [])
        #expect(
            Fixture.judge(policies, ["k1": "1", "x": "1"], previous: first, at: 60).map(\.violations.count) == [0, 1, 1])
    }

    @Test("A result lists a bounded number of violations")
    func bounded() throws {
        let tags = Dictionary(uniqueKeysWithValues: (0..<300).map { ("k\($0)", "v") })
        let results = Fixture.judge([try Fixture.policy(type: "TAG_FORMAT", rules: #"{"pattern":"x"}"#)], tags)
        #expect(results[0].violations.count == CompiledPolicySet.violationsMax)
        #expect(
            Fixture.judge(
                [try Fixture.policy(type: "TAG_FORMAT", rules: #"{"pattern":"x"}"#)], tags, previous: results, at: 9)
                == results)
    }

    @Test(
        "A violation is explained with what would mend it",
        arguments: [
            (
                "REQUIRED_TAGS", #"{"required_tags":["owner"]}"#, [:], "tag `owner` is missing or empty",
                "set `owner` to one of `ada`, `bob`"
            ),
            (
                "VALUE_VALIDATION", #"{"tag_key":"env","allowed_values":["production","test"]}"#,
                ["environment": "prodution"],
                "tag `environment` has the value `prodution`, which is not allowed", "set `environment` to `production`"
            ),
            (
                "VALUE_VALIDATION", #"{"tag_key":"env","allowed_values":["production","test"]}"#, ["environment": "zzzzz"],
                "tag `environment` has the value `zzzzz`, which is not allowed",
                "set `environment` to one of `production`, `test`"
            ),
            (
                "TAG_FORMAT", #"{"tag_key":"a","pattern":"^x"}"#, ["a": "y"],
                "tag `a` has the value `y`, which does not have the form `^x`", "set `a` to a value of that form"
            ),
            (
                "TAG_FORMAT", #"{"key_pattern":"^[a-z]+$"}"#, ["A": "y"], "the key `A` does not have the form `^[a-z]+$`",
                "use a key of that form instead of `A`, or make `A` an alias in the schema"
            ),
            ("TAG_COUNT", #"{"min":2}"#, ["a": "y"], "the resource has 1 tags; at least 2 are asked for", "add 1 more"),
            ("TAG_COUNT", #"{"max":0}"#, ["a": "y"], "the resource has 1 tags; at most 0 are accepted", "remove 1"),
        ] as [(String, String, [String: String], String, String)])
    func explanation(type: String, rules: String, tags: [String: String], message: String, fix: String) throws {
        let policy = try Fixture.policy(type: type, rules: rules)
        let owner = TagDefinition(
            id: UUID128(high: 0, low: 0), tagKey: "owner", allowedValues: ["ada", "bob"], createdAt: .at(0),
            updatedAt: .at(0))
        let violation = try #require(Fixture.judge([policy], tags).first?.violations.first)
        var patterns = PatternCache()
        let explanation = Explanation(of: violation, under: policy, definition: owner, patterns: &patterns)
        #expect(explanation.message == message)
        #expect(explanation.words == fix)
    }
}
