import Compliance
import Conditions
import JSON
import Model
import Testing

@Suite("Policies as people send them")
struct PolicyDraftTests {
    private func problems(_ json: String) throws -> [String] {
        do {
            _ = try CompliancePolicyDraft(json: JSONValue(parsing: json))
            return []
        } catch let errors as ValidationErrors {
            return errors.problems.map { "\($0.pointer): \($0.message)" }
        }
    }

    @Test(
        "A policy reads back as it was written",
        arguments: [
            #"{"policy_name":"p","policy_type":"REQUIRED_TAGS","rules":{"required_tags":["a","b"]}}"#,
            #"{"policy_name":"p","policy_type":"VALUE_VALIDATION","scope":null,"rules":{"tag_key":"a","allowed_values":["x"],"pattern":"x"}}"#,
            #"{"policy_name":"p","policy_type":"CONDITIONAL_REQUIREMENT","scope":{"all":[]},"rules":{"if":{"field":"name","operator":"exists"},"then_required":["a"]}}"#,
            #"{"policy_name":"p","policy_type":"TAG_FORMAT","severity":"LOW","rules":{"key_pattern":"^[a-z]$"}}"#,
            #"{"policy_name":"p","policy_type":"TAG_COUNT","enabled":false,"rules":{"min":1,"max":5}}"#,
        ])
    func roundTrip(json: String) throws {
        let policy = try Fixture.policy(json)
        let again = try CompliancePolicyDraft(json: JSONValue(parsing: policy.json.serialised))
        #expect(again.rules == policy.rules)
        #expect(again.scope == policy.scope)
        #expect(again.severity == policy.severity)
        #expect(again.enabled == policy.enabled)
    }

    @Test("Severity is MEDIUM, enabled true and the scope everything unless told")
    func defaults() throws {
        let policy = try Fixture.policy(#"{"policy_name":"p","policy_type":"TAG_COUNT","rules":{"min":1}}"#)
        #expect(policy.severity == .medium)
        #expect(policy.enabled)
        #expect(policy.scope == nil)
    }

    @Test(
        "A mistake is named with its place",
        arguments: [
            (
                "{}",
                [
                    "/policy_name: the field is required", "/policy_type: the field is required",
                    "/rules: the field is required",
                ]
            ),
            (
                #"{"policy_name":"p","policy_type":"REQUIRED","severity":"high","scop":1,"rules":{}}"#,
                [
                    #"/scop: unknown field; did you mean "scope"?"#,
                    #"/severity: "high" is not one of CRITICAL, HIGH, MEDIUM, LOW; did you mean "HIGH"?"#,
                    #"/policy_type: "REQUIRED" is not one of REQUIRED_TAGS, VALUE_VALIDATION, CONDITIONAL_REQUIREMENT, TAG_FORMAT, TAG_COUNT"#,
                ]
            ),
            (
                #"{"policy_name":"p","policy_type":"REQUIRED_TAGS","scope":{"field":"nam","operator":"exists"},"rules":{"required_tags":["a","a",5,""],"min":1}}"#,
                [
                    "/scope/field: unknown field \"nam\"; did you mean \"name\"? fields are provider, resource_type, name, account_id, region, resource_id, tags.KEY, native_tags.KEY and metadata.PATH",
                    "/rules/min: unknown field", "/rules/required_tags/1: the key is given twice",
                    "/rules/required_tags/2: expected a string, found a number", "/rules/required_tags/3: the key is empty",
                ]
            ),
            (
                #"{"policy_name":"p","policy_type":"REQUIRED_TAGS","rules":{"required_tags":[]}}"#,
                ["/rules/required_tags: expected an array of 1 to 64 tag keys"]
            ),
            (
                #"{"policy_name":"p","policy_type":"VALUE_VALIDATION","rules":{"tag_key":"a"}}"#,
                ["/rules: VALUE_VALIDATION needs `allowed_values`, `pattern` or both"]
            ),
            (
                #"{"policy_name":"p","policy_type":"VALUE_VALIDATION","rules":{"tag_key":"a","pattern":"("}}"#,
                ["/rules/pattern: not a valid regular expression: missing ): ("]
            ),
            (
                #"{"policy_name":"p","policy_type":"CONDITIONAL_REQUIREMENT","rules":{"if":{"related":{}},"then_required":"a"}}"#,
                [
                    "/rules/if/related/types: the field is required",
                    "/rules/then_required: expected an array of 1 to 64 tag keys",
                ]
            ),
            (
                #"{"policy_name":"p","policy_type":"TAG_FORMAT","rules":{"tag_key":"a"}}"#,
                ["/rules: TAG_FORMAT needs `pattern`, `key_pattern` or both"]
            ),
            (#"{"policy_name":"p","policy_type":"TAG_COUNT","rules":{}}"#, ["/rules: TAG_COUNT needs `min`, `max` or both"]),
            (
                #"{"policy_name":"p","policy_type":"TAG_COUNT","rules":{"min":-1,"max":1001}}"#,
                ["/rules/min: -1 is not between 0 and 1000", "/rules/max: 1001 is not between 0 and 1000"]
            ),
        ] as [(String, [String])])
    func mistakes(json: String, expected: [String]) throws {
        #expect(try problems(json) == expected)
    }
}
