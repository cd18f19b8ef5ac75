import Conditions
import Model
import Testing

@Suite("What the operators mean")
struct OperatorTests {
    @Test(
        "Each operator holds for exactly what the documentation says",
        arguments: [
            // Own fields.
            (#"{"field":"provider","operator":"eq","value":"aws"}"#, true),
            (#"{"field":"provider","operator":"in","value":["gcp","azure"]}"#, false),
            (#"{"field":"provider","operator":"not_in","value":["gcp","azure"]}"#, true),
            (#"{"field":"resource_type","operator":"starts_with","value":"ec2."}"#, true),
            (#"{"field":"name","operator":"ends_with","value":"-01"}"#, true),
            (#"{"field":"name","operator":"contains","value":"Prod"}"#, true),
            (#"{"field":"name","operator":"contains","value":"prod"}"#, false),
            (#"{"field":"name","operator":"contains","value":"PROD","ignore_case":true}"#, true),
            (#"{"field":"name","operator":"eq","value":"web-prod-01","ignore_case":true}"#, true),
            (#"{"field":"name","operator":"in","value":["x","WEB-prod-01"],"ignore_case":true}"#, true),
            (#"{"field":"resource_id","operator":"exists"}"#, true),
            // An own field is always there; an empty one does not "exist".
            (#"{"field":"region","operator":"exists"}"#, false),
            (#"{"field":"region","operator":"absent"}"#, true),
            (#"{"field":"region","operator":"eq","value":""}"#, true),
            (#"{"field":"region","operator":"ne","value":"eu-west-1"}"#, true),
            // Tags.
            (#"{"field":"tags.environment","operator":"eq","value":"prod"}"#, true),
            (#"{"field":"tags.environment","operator":"ne","value":"prod"}"#, false),
            (#"{"field":"tags.missing","operator":"eq","value":""}"#, false),
            (#"{"field":"tags.missing","operator":"ne","value":"x"}"#, true),
            (#"{"field":"tags.missing","operator":"not_in","value":["x"]}"#, true),
            (#"{"field":"tags.missing","operator":"in","value":["x"]}"#, false),
            (#"{"field":"tags.missing","operator":"absent"}"#, true),
            (#"{"field":"tags.missing","operator":"exists"}"#, false),
            (#"{"field":"tags.missing","operator":"lt","value":5}"#, false),
            (#"{"field":"tags.missing","operator":"regex","value":".*"}"#, false),
            (#"{"field":"tags.missing","operator":"glob","value":"*"}"#, false),
            // Native tags: the exact key first, then the form.
            (#"{"field":"native_tags.cost-center","operator":"eq","value":"0815"}"#, true),
            (#"{"field":"native_tags.CostCenter","operator":"eq","value":"4711"}"#, true),
            (#"{"field":"native_tags.COST_CENTER","operator":"eq","value":"4711"}"#, true),
            (#"{"field":"native_tags.env","operator":"eq","value":"Prod"}"#, true),
            (#"{"field":"native_tags.empty","operator":"exists"}"#, true),
            (#"{"field":"native_tags.empty","operator":"eq","value":""}"#, true),
            (#"{"field":"native_tags.GRÖSSE","operator":"exists"}"#, false),
            (#"{"field":"native_tags.GRÖßE","operator":"eq","value":"groß","ignore_case":true}"#, true),
            // Numbers.
            (#"{"field":"tags.retention","operator":"gt","value":7}"#, true),
            (#"{"field":"tags.retention","operator":"gt","value":"7"}"#, true),
            (#"{"field":"tags.retention","operator":"lte","value":30.0}"#, true),
            (#"{"field":"tags.retention","operator":"eq","value":30.0}"#, true),
            (#"{"field":"tags.retention","operator":"eq","value":"30.0"}"#, false),
            (#"{"field":"tags.environment","operator":"gt","value":7}"#, true),
            (#"{"field":"metadata.cpu","operator":"gte","value":8}"#, true),
            (#"{"field":"metadata.cpu","operator":"eq","value":"8"}"#, true),
            (#"{"field":"metadata.price","operator":"lt","value":"1e-1"}"#, true),
            (#"{"field":"metadata.price","operator":"gt","value":"1e-1"}"#, false),
            // Moments.
            (#"{"field":"metadata.launched","operator":"lt","value":"2026-03-01T10:30:00+00:15"}"#, true),
            (#"{"field":"metadata.launched","operator":"gte","value":"2026-03-01"}"#, true),
            // Text order where both are neither.
            (#"{"field":"tags.owner","operator":"lt","value":"bob"}"#, true),
            // Metadata.
            (#"{"field":"metadata.encrypted","operator":"eq","value":true}"#, true),
            (#"{"field":"metadata.nothing","operator":"absent"}"#, true),
            (#"{"field":"metadata.nothing","operator":"eq","value":"null"}"#, false),
            (#"{"field":"metadata.placement.zone","operator":"eq","value":"eu-west-1a"}"#, true),
            (#"{"field":"metadata.placement","operator":"exists"}"#, true),
            (#"{"field":"metadata.placement","operator":"eq","value":""}"#, false),
            (#"{"field":"metadata.placement.zone.deeper","operator":"exists"}"#, false),
            (#"{"field":"metadata.disks.1.size","operator":"eq","value":500}"#, true),
            (#"{"field":"metadata.disks.2.size","operator":"exists"}"#, false),
            (#"{"field":"metadata.disks.-1.size","operator":"exists"}"#, false),
            (#"{"field":"metadata.labels.app.kubernetes.io/name","operator":"eq","value":"shop"}"#, true),
            (#"{"field":"metadata.ips","operator":"contains","value":"10.0.0.2"}"#, true),
            (#"{"field":"metadata.ips","operator":"contains","value":"10.0.0"}"#, false),
            (#"{"field":"metadata.ports","operator":"contains","value":443}"#, true),
            (#"{"field":"metadata.ips","operator":"ne","value":"10.0.0.1"}"#, true),
            // Globs: the whole text.
            (#"{"field":"name","operator":"glob","value":"Web-*"}"#, true),
            (#"{"field":"name","operator":"glob","value":"*-01"}"#, true),
            (#"{"field":"name","operator":"glob","value":"*Prod*"}"#, true),
            (#"{"field":"name","operator":"glob","value":"Web"}"#, false),
            (#"{"field":"name","operator":"glob","value":"W?b-*-0[0-9]"}"#, true),
            (#"{"field":"name","operator":"glob","value":"W?b-*-0[!0-9]"}"#, false),
            (#"{"field":"name","operator":"glob","value":"w?b-prod-*","ignore_case":true}"#, true),
            (#"{"field":"name","operator":"glob","value":"Web.Prod.01"}"#, false),
            (#"{"field":"name","operator":"glob","value":"Web\\-Prod-0?"}"#, true),
            (#"{"field":"native_tags.größe","operator":"glob","value":"GRO?"}"#, true),
            // Regular expressions: anywhere.
            (#"{"field":"name","operator":"regex","value":"Prod"}"#, true),
            (#"{"field":"name","operator":"regex","value":"^Prod"}"#, false),
            (#"{"field":"name","operator":"regex","value":"^Web-Prod-01$"}"#, true),
            (#"{"field":"name","operator":"regex","value":"-0[0-9]$"}"#, true),
            (#"{"field":"name","operator":"regex","value":"web-(prod|test)","ignore_case":true}"#, true),
            (#"{"field":"name","operator":"regex","value":"web-(prod|test)"}"#, false),
        ])
    func operators(json: String, expected: Bool) throws {
        #expect(try Fixture.holds(json) == expected)
        #expect(try Fixture.holds(#"{"not":\#(json)}"#) == !expected)
    }

    @Test(
        "all, any and not combine as in logic",
        arguments: [
            (#"{"all":[]}"#, true),
            (#"{"not":{"all":[]}}"#, false),
            (#"{"all":[T,T]}"#, true), (#"{"all":[T,F]}"#, false), (#"{"any":[F,F]}"#, false), (#"{"any":[F,T]}"#, true),
            (#"{"not":{"any":[F,{"not":T}]}}"#, true),
            (#"{"any":[{"all":[T,F]},{"all":[T,{"not":F}]}]}"#, true),
            (#"{"all":[{"any":[F,T]},{"not":{"all":[T,T]}}]}"#, false),
        ])
    func logic(shape: String, expected: Bool) throws {
        var json = ""
        for character in shape {
            switch character {
            case "T": json += #"{"field":"tags.owner","operator":"exists"}"#
            case "F": json += #"{"field":"metadata.cpu","operator":"gt","value":100}"#
            default: json.append(character)
            }
        }
        #expect(try Fixture.holds(json) == expected)
    }

    @Test("A tag is found under every spelling of its key, and under those that the schema gives")
    func spelling() throws {
        var cache = PatternCache()
        let condition = CompiledCondition(
            try Fixture.decode(#"{"field":"tags.Env","operator":"eq","value":"prod"}"#),
            spelling: { $0 == "Env" ? "environment" : $0 }, patterns: &cache)
        let context = EvaluationContext()
        #expect(condition.holds(for: Fixture.record([("environment", "prod")]), in: context))
        #expect(condition.holds(for: Fixture.record([("ENVIRON-MENT", "prod")]), in: context))
        #expect(!condition.holds(for: Fixture.record([("env", "prod")]), in: context))
    }

    @Test("The groups are those of the expression that matched last in the written order")
    func groups() throws {
        var cache = PatternCache()
        let json = """
            {"all":[{"field":"name","operator":"regex","value":"(\\\\w+)-(\\\\w+)(x)?"},
                    {"any":[{"field":"name","operator":"regex","value":"(nope)"},{"field":"provider","operator":"eq","value":"aws"}]}]}
            """
        let condition = CompiledCondition(try Fixture.decode(json), keepsOrder: true, patterns: &cache)
        let context = EvaluationContext()
        context.facts.startResource(Fixture.resource, tags: [])
        #expect(condition.groups(&context.facts) == ["Web-Prod", "Web", "Prod", ""])
        #expect(
            CompiledCondition(
                try Fixture.decode(#"{"field":"name","operator":"exists"}"#), keepsOrder: true, patterns: &cache
            )
            .groups(&context.facts) == [])
    }

    @Test("Metadata that is no JSON counts as missing")
    func brokenMetadata() {
        var resource = Fixture.resource
        resource.metadata = JSONText(trusted: Array("{".utf8))
        let record = ResourceRecord(resource: resource)
        let test = Condition.test(FieldTest(.metadata("cpu"), .exists))
        #expect(!CompiledCondition(test).holds(for: record, in: EvaluationContext()))
        #expect(CompiledCondition(.not(test)).holds(for: record, in: EvaluationContext()))
    }

    @Test("One context serves one resource after the other")
    func reuse() throws {
        let context = EvaluationContext()
        let condition = CompiledCondition(try Fixture.decode(#"{"field":"metadata.cpu","operator":"eq","value":8}"#))
        var other = Fixture.resource
        other.metadata = JSONText(trusted: Array(#"{"cpu":9}"#.utf8))
        for _ in 0..<3 {
            #expect(condition.holds(for: Fixture.record(), in: context))
            #expect(!condition.holds(for: ResourceRecord(resource: other), in: context))
        }
    }
}
