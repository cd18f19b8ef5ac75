import Conditions
import JSON
import Model
import Testing

@Suite("Conditions as JSON")
struct ConditionJSONTests {
    @Test(
        "A condition reads back as it was written",
        arguments: [
            #"{"all":[]}"#,
            #"{"all":[{"field":"provider","operator":"eq","value":"aws"},{"not":{"field":"tags.a/b","operator":"absent"}}]}"#,
            #"{"any":[{"field":"region","operator":"in","value":["a","b"],"ignore_case":true}]}"#,
            #"{"field":"metadata.cpu","operator":"gte","value":2.5}"#,
            #"{"field":"metadata.cpu","operator":"gte","value":2}"#,
        ])
    func roundTrip(json: String) throws {
        let condition = try Fixture.decode(json)
        #expect(String(decoding: condition.json.serialised, as: UTF8.self) == json)
        var errors = ValidationErrors()
        #expect(Condition(json: condition.json, at: .root, into: &errors) == condition)
    }

    @Test(
        "A mistake is named with its place and what to do",
        arguments: [
            (#"5"#, [": expected a condition object, found a number"]),
            (#"{}"#, [": an empty object is no condition; expected all, any, not, or field, operator and value"]),
            (#"{"any":[]}"#, [#"/any: an empty "any" never holds; give at least one condition"#]),
            (#"{"all":{}}"#, ["/all: expected an array of conditions, found an object"]),
            (#"{"not":null}"#, ["/not: expected a condition object, found null"]),
            (
                #"{"related":{"types":["attached_to"]}}"#,
                ["/related: `related` is for conditions of rules and policies, and not inside another `related`"]
            ),
            (#"{"all":[],"any":[]}"#, [": a condition is one of all, any, not or a field test, not several at once"]),
            (
                #"{"al":[]}"#,
                [
                    #"/al: unknown field; did you mean "all"?"#, "/field: the field is required",
                    "/operator: the field is required",
                ]
            ),
            (
                #"{"all":[{"field":"provider","operator":"equals","value":"aws"},{"field":"name","operator":"exist"}]}"#,
                [
                    "/all/0/operator: \"equals\" is not one of eq, ne, in, not_in, gt, gte, lt, lte, contains, starts_with, ends_with, glob, regex, exists, absent",
                    "/all/1/operator: \"exist\" is not one of eq, ne, in, not_in, gt, gte, lt, lte, contains, starts_with, ends_with, glob, regex, exists, absent; did you mean \"exists\"?",
                ]
            ),
            (
                #"{"field":"resourcetype","operator":"exists"}"#,
                [
                    "/field: unknown field \"resourcetype\"; did you mean \"resource_type\"? fields are provider, resource_type, name, account_id, region, resource_id, tags.KEY, native_tags.KEY and metadata.PATH"
                ]
            ),
            (
                #"{"field":"tag.owner","operator":"exists"}"#,
                [
                    "/field: unknown field \"tag.owner\"; did you mean \"tags.owner\"? (fields are provider, resource_type, name, account_id, region, resource_id, tags.KEY, native_tags.KEY and metadata.PATH)"
                ]
            ),
            (#"{"field":"tags.","operator":"exists"}"#, [#"/field: "tags" needs a key: "tags.KEY""#]),
            (#"{"field":"metadata.a..b","operator":"exists"}"#, [#"/field: the path "a..b" has an empty part"#]),
            (#"{"field":"name","operator":"exists","value":true}"#, ["/value: `exists` takes no value"]),
            (#"{"field":"name","operator":"eq"}"#, ["/value: `eq` needs a string, number or boolean"]),
            (
                #"{"field":"name","operator":"eq","value":["a"]}"#,
                ["/value: `eq` needs a string, number or boolean, found an array"]
            ),
            (#"{"field":"name","operator":"in","value":"a"}"#, ["/value: `in` needs an array of values, found a string"]),
            (#"{"field":"name","operator":"in","value":[]}"#, ["/value: `in` needs at least one value"]),
            (
                #"{"field":"name","operator":"in","value":["a",{}]}"#,
                ["/value/1: `in` needs a string, number or boolean, found an object"]
            ),
            (#"{"field":"name","operator":"glob","value":5}"#, ["/value: `glob` needs a string, found a number"]),
            (#"{"field":"name","operator":"glob","value":"[a"}"#, ["/value: not a valid glob: a [ has no matching ]"]),
            (
                #"{"field":"name","operator":"glob","value":"a\\"}"#,
                ["/value: not a valid glob: it ends in a single backslash"]
            ),
            (
                #"{"field":"name","operator":"regex","value":"(a"}"#,
                ["/value: not a valid regular expression: missing ): (a"]
            ),
            (
                #"{"field":"name","operator":"regex","value":"(a)\\1"}"#,
                [#"/value: not a valid regular expression: invalid escape sequence: \1"#]
            ),
            (
                #"{"field":"name","operator":"regex","value":"(a{500}){500}"}"#,
                [
                    "/value: the pattern is too large: about 251050 instructions; 10000 are accepted (repeats such as {1000} and classes such as \\pL count by their size)"
                ]
            ),
            (
                #"{"field":"name","operator":"regex","value":"\\pL{900}"}"#,
                [
                    "/value: the pattern is too large: about 450050 instructions; 10000 are accepted (repeats such as {1000} and classes such as \\pL count by their size)"
                ]
            ),
            (
                #"{"field":"name","operator":"eq","value":"a","ignore_case":"yes"}"#,
                ["/ignore_case: expected true or false, found a string"]
            ),
            (#"{"field":"name","field":"name","operator":"exists"}"#, ["/field: the field is given twice"]),
            (
                #"{"field":"name","operator":"eq","value":"a","ignorecase":true}"#,
                [#"/ignorecase: unknown field; did you mean "ignore_case"?"#]
            ),
        ])
    func mistakes(json: String, expected: [String]) throws {
        #expect(try Fixture.problems(json) == expected)
    }

    @Test("All mistakes are reported, in the order of the document")
    func allMistakes() throws {
        let problems = try Fixture.problems(
            #"{"any":[{"field":"nme","operator":"eq","value":1},{"not":{"field":"name","operator":"regex","value":"["}},{"all":[7]}]}"#
        )
        #expect(problems.map { $0.prefix { $0 != ":" } } == ["/any/0/field", "/any/1/not/value", "/any/2/all/0"])
    }

    @Test("Depth, number of tests, number of values and length of texts are limited")
    func limits() {
        var deep = JSONValue.object([.init("field", .string("name")), .init("operator", .string("exists"))])
        let test = deep
        for _ in 1..<Condition.depthMax { deep = .object([.init("not", deep)]) }
        #expect(Fixture.problems(deep).isEmpty)
        #expect(Fixture.problems(.object([.init("not", deep)])).first?.hasSuffix("nested deeper than 16 levels") == true)

        func all(_ count: Int) -> JSONValue { .object([.init("all", .array(Array(repeating: test, count: count)))]) }
        #expect(Fixture.problems(all(Condition.testsMax)).isEmpty)
        #expect(Fixture.problems(all(Condition.testsMax + 1)).count == 1)
        let half = all(Condition.testsMax / 2 + 1)
        #expect(
            Fixture.problems(.object([.init("any", .array([half, half]))]))
                == ["/any/1/all/127: the condition has more than 256 field tests"])

        func isIn(_ count: Int) -> JSONValue {
            .object([
                .init("field", .string("name")), .init("operator", .string("in")),
                .init("value", .array((0..<count).map { .int($0) })),
            ])
        }
        #expect(Fixture.problems(isIn(Condition.valuesMax)).isEmpty)
        #expect(
            Fixture.problems(isIn(Condition.valuesMax + 1)) == [
                "/value: the array has 10001 values; at most 10000 are accepted"
            ])

        let long = JSONValue.object([
            .init("field", .string("name")), .init("operator", .string("regex")),
            .init("value", .string(String(repeating: "a", count: Pattern.bytesMax + 1))),
        ])
        #expect(Fixture.problems(long) == ["/value: the pattern has 1025 bytes; 1024 are accepted"])
    }

    @Test("More problems than the limit are counted, not listed")
    func problemLimit() {
        var errors = ValidationErrors()
        let many = JSONValue.object([.init("all", .array(Array(repeating: .int(1), count: 250)))])
        #expect(Condition(json: many, at: .root, into: &errors) == nil)
        #expect(errors.problems.count == ValidationErrors.problemsMax)
        #expect(errors.unreported == 150)
    }

    @Test("Pointers escape what RFC 6901 escapes")
    func pointers() {
        #expect(JSONPointer.root.appending("a/b").appending(3).appending("m~n").text == "/a~1b/3/m~0n")
    }

    @Test(
        "A suggestion is given for a near miss only",
        arguments: [
            ("exsits", "exists"), ("Exists", "exists"), ("xyz", nil), ("", nil), ("descriptino", "description"),
            ("type", "resource_type"),
        ] as [(String, String?)])
    func suggestions(typed: String, expected: String?) {
        #expect(Suggestion.nearest(to: typed, among: ["exists", "description", "resource_type"]) == expected)
    }
}
