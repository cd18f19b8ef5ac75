import JSON
import Model
import Testing

@testable import API

/// What the OpenAPI document promises and a fuzzer found: what it allows is taken, what is odd is said.
@Suite("What the description allows")
struct LiveDescriptionTests {
    private func problems(_ answer: Answer) throws -> [String] {
        (try answer.json["errors"]?.array ?? []).map { $0["pointer"]?.string ?? "" }
    }

    private func warnings(_ answer: Answer) throws -> [String] {
        (try answer.json["warnings"]?.array ?? []).map { $0["pointer"]?.string ?? "" }
    }

    @Test("1.0 is a whole number, and a tag's value may be a number")
    func numbers() async throws {
        try await LiveAPI.run { api in
            let rule = try await api.send(
                "POST", "/tag-rules",
                json:
                    #"{"rule_name":"r","priority":5.0,"conditions":{"field":"name","operator":"eq","value":1e300},"actions":[{"set_tag":{"key":"a","value":1.0}},{"set_tag":{"key":"b","value":0.5}},{"map_value":{"key":"c","from":"name","mapping":{"x":123456789012345678901}}}]}"#
            )
            #expect(rule.status == 201, "\(rule.text)")
            #expect(try rule.json["priority"]?.int == 5)
            #expect(
                try rule.json["actions"]?.array?.prefix(2).map { $0["set_tag"]?["value"]?.string } == ["1", "0.5"])
            let policy = try await api.send(
                "POST", "/compliance/policies",
                json: #"{"policy_name":"p","policy_type":"TAG_COUNT","rules":{"min":1.0,"max":2}}"#)
            #expect(try policy.status == 201 && policy.json["rules"]?["min"]?.int == 1)
            #expect(try warnings(policy) == [])
        }
    }

    @Test("A payload with an integer beyond 64 bits is taken in")
    func wideInteger() async throws {
        try await LiveAPI.run { api in
            let answer = try await api.send(
                "POST", "/ingest/aws?region=eu-west-1",
                json: #"{"Volumes":[{"VolumeId":"vol-0123456789abcdef0","Size":340282366920938463463374607431768211456}]}"#)
            #expect(try answer.status == 200 && answer.json["created"]?.int == 1)
        }
    }

    @Test("What contradicts itself, but has a meaning, is taken with a warning, and can be sent back as it was read")
    func warnings() async throws {
        try await LiveAPI.run { api in
            let policy = try await api.send(
                "POST", "/compliance/policies",
                json: #"{"policy_name":"p","policy_type":"TAG_COUNT","rules":{"min":3,"max":2}}"#)
            #expect(policy.status == 201)
            #expect(try warnings(policy) == ["/rules/min"])
            let id = try #require(try policy.json["id"]?.string)
            let read = try await api.send("GET", "/compliance/policies/\(id)")
            #expect(try await api.send("PUT", "/compliance/policies/\(id)", body: read.body).status == 200)

            let definition = try await api.send(
                "POST", "/tag-schema",
                json:
                    #"{"tag_key":"environment","allowed_values":["production"],"value_aliases":{"staging":["stg"],"production":["STG"]}}"#
            )
            #expect(definition.status == 201)
            #expect(try warnings(definition) == ["/value_aliases/staging", "/value_aliases/production/0"])
            let key = try #require(try definition.json["id"]?.string)
            let again = try await api.send("GET", "/tag-schema/\(key)")
            #expect(try await api.send("PUT", "/tag-schema/\(key)", body: again.body).status == 200)
        }
    }

    @Test(
        "Allowed values are of the data type",
        arguments: [
            ("number", #"[1, 2.5, "-3e2", ".5"]"#, 201), ("number", #"["1", "x"]"#, 422), ("number", "[true]", 422),
            ("boolean", #"[true, "false"]"#, 201), ("boolean", #"["yes"]"#, 422),
            ("date", #"["2026-02-28", "2026-02-28T10:00:00Z"]"#, 201), ("date", #"["2026-02-30"]"#, 422),
            ("enum", "[]", 422), ("enum", #"["a", 1]"#, 201), ("string", "[1, true]", 201),
        ])
    func dataTypes(type: String, values: String, status: Int) async throws {
        try await LiveAPI.run { api in
            let answer = try await api.send(
                "POST", "/tag-schema", json: #"{"tag_key":"k","data_type":"\#(type)","allowed_values":\#(values)}"#)
            #expect(answer.status == status, "\(answer.text)")
        }
    }

    @Test("A regular expression that would take long is refused with its place, in rules and policies")
    func dearPatterns() async throws {
        try await LiveAPI.run { api in
            let dear = String(repeating: #"\\pL"#, count: 250)
            let rule = try await api.send(
                "POST", "/tag-rules",
                json:
                    #"{"rule_name":"r","conditions":{"all":[{"field":"name","operator":"regex","value":"\#(dear)"}]},"actions":[{"remove_tag":{"key":"a"}}]}"#
            )
            #expect(rule.status == 422)
            #expect(try problems(rule) == ["/conditions/all/0/value"])
            #expect(rule.text.contains("10000 are accepted"))
            let policy = try await api.send(
                "POST", "/compliance/policies",
                json:
                    #"{"policy_name":"p","policy_type":"VALUE_VALIDATION","rules":{"tag_key":"k","pattern":"(a{1000}){1000}"}}"#
            )
            #expect(policy.status == 422)
            #expect(try problems(policy) == ["/rules/pattern"])
        }
    }

    @Test("The regular expressions of all rules are bounded together")
    func dearCatalogue() async throws {
        try await LiveAPI.run { api in
            let pattern = "a{900}b{900}c{900}d{900}e{900}f{900}g{900}h{900}i{900}"
            func rule(_ number: Int) -> String {
                let tests = (0..<3).map { #"{"field":"name","operator":"regex","value":"\#(number)\#($0)\#(pattern)"}"# }
                return
                    #"{"rule_name":"r\#(number)","enabled":false,"conditions":{"any":[\#(tests.joined(separator: ","))]},"actions":[{"remove_tag":{"key":"a"}}]}"#
            }
            var statuses: [Int] = []
            repeat {
                statuses.append(try await api.send("POST", "/tag-rules", json: rule(statuses.count)).status)
            } while statuses.last == 201 && statuses.count < 200
            #expect(statuses.last == 422 && statuses.count > 70 && statuses.count < 100, "\(statuses.count)")
            let ordinary =
                #"{"rule_name":"ordinary","conditions":{"field":"name","operator":"eq","value":"a"},"actions":[{"remove_tag":{"key":"a"}}]}"#
            #expect(try await api.send("POST", "/tag-rules", json: ordinary).status == 201)
        }
    }

    @Test("A payload in which nothing is recognised is an error that says what was looked for")
    func unrecognised() async throws {
        try await LiveAPI.run { api in
            for (provider, body, hint) in [
                ("aws", #"{"Things":[{"Colour":"red"}],"More":1}"#, "?operation="),
                ("gcp", #"{"colour":"red"}"#, "?operation="), ("azure", #"{"colour":"red"}"#, "`value`"),
                ("azure", "{}", "`value`"),
            ] {
                let answer = try await api.send("POST", "/ingest/\(provider)", json: body)
                #expect(try answer.status == 200 && answer.json["error_count"]?.int == 1, "\(provider) \(body)")
                let detail = try #require(try answer.json["errors"]?.array?.first?["detail"]?.string)
                #expect(detail.contains("no resource was recognised") && detail.contains("looked for"), "\(detail)")
                #expect(detail.contains(hint), "\(detail)")
            }
            for body in ["{}", "[]", #"{"Reservations":[]}"#, #"{"Volumes":[],"NextToken":null}"#] {
                #expect(try await api.send("POST", "/ingest/aws", json: body).json["error_count"]?.int == 0, "\(body)")
            }
        }
    }

    @Test("One bad event of a batch is listed; alone it is refused")
    func eventBatches() async throws {
        try await LiveAPI.run { api in
            let good = #"{"id":"1","eventType":"a.b"}"#
            let batch = try await api.send("POST", "/events/eventgrid", json: "[\(good),5]")
            #expect(batch.status == 200)
            #expect(try batch.json["errors"]?.array?.compactMap { $0["index"]?.int } == [1])
            #expect(try await api.send("POST", "/events/eventgrid", json: "5").status == 422)
            for (type, body, status) in [
                ("application/cloudevents+json", "[\(good)]", 422), ("application/cloudevents-batch+json", good, 422),
                ("application/cloudevents-batch+json", "[]", 200),
            ] {
                let answer = try await api.send("POST", "/events/eventgrid", type: type, body: Array(body.utf8))
                #expect(answer.status == status, "\(type) \(body)")
            }
            #expect(try await api.send("POST", "/events/eventbridge", json: "[]").status == 422)
            for message in [#"{"asset":null}"#, #"{"message":{"messageId":"1","data":5}}"#] {
                #expect(try await api.send("POST", "/events/pubsub", json: message).status == 422, "\(message)")
            }
        }
    }
}
