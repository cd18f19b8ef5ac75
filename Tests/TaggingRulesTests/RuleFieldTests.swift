import Conditions
import JSON
import Model
import TaggingRules
import Testing

@Suite("What a rule may say beside its conditions and actions")
struct RuleFieldTests {
    private static let rule =
        #"{"rule_name":"r","conditions":{"all":[]},"actions":[{"set_tag":{"key":"env","value":"v"}}],%}"#

    private func problems(_ members: String) throws -> [String] {
        let json = try JSONValue(parsing: Self.rule.replacing("%", with: members))
        do throws(ValidationErrors) {
            _ = try TagRuleDraft(json: json)
            return []
        } catch {
            return error.problems.map { "\($0.pointer): \($0.message)" }
        }
    }

    @Test("keep leaves a key alone that has a value already, whoever said it; replace goes by precedence")
    func keep() throws {
        func scene(_ mode: String) throws -> Scene {
            var scene = Scene(definitions: [], resource: Scene.resource([("team", "native")]))
            try scene.set("other", "first", priority: 1)
            try scene.rule(
                #"""
                {"rule_name":"k","priority":2,"if_tag_exists":"\#(mode)","conditions":{"all":[]},"actions":[
                  {"set_tag":{"key":"team","value":"rule"}},{"set_tag":{"key":"other","value":"second"}},
                  {"set_tag":{"key":"new","value":"1"}},{"set_tag":{"key":"mine","value":"2"}}]}
                """#)
            return scene
        }
        let claims: [VirtualTag] = [.manual("mine", "ada")]
        #expect(
            try scene("keep").outcome(claims: claims) == [
                "mine=ada ada", "new=1 rule:k", "other=first rule:r1", "team=native native:team",
            ])
        #expect(
            try scene("replace").outcome(claims: claims) == [
                "mine=ada ada > 2 rule:k", "new=1 rule:k", "other=first rule:r1 > second rule:k",
                "team=rule rule:k > native native:team",
            ])
    }

    @Test("default_value stands in where an action has no value of its own, in the schema's spelling")
    func defaultValue() throws {
        var scene = Scene()
        try scene.rule(
            #"""
            {"rule_name":"d","default_value":"PRD","conditions":{"all":[]},"actions":[
              {"set_tag":{"key":"env","value":"${tags.none}"}},{"copy_tag":{"from":"tags.none","key":"a"}},
              {"map_value":{"key":"b","from":"name","mapping":{"x":"y"}}},
              {"map_value":{"key":"c","from":"name","mapping":{"x":"y"},"default":"own"}},
              {"set_tag":{"key":"d","value":"${region}"}}]}
            """#)
        #expect(
            scene.outcome() == [
                "a=PRD rule:d", "b=PRD rule:d", "c=own rule:d", "d=eu-west-1 rule:d", "environment=production rule:d",
            ])
    }

    @Test("A rule runs in its time only, as of when the leader last looked")
    func phases() throws {
        var scene = Scene(definitions: [])
        try scene.set("a", "1")
        scene.rules[0].effectiveStart = .at(100)
        scene.rules[0].effectiveEnd = .at(200)
        for (time, phase) in [(99, TagRule.Phase.waiting), (100, .current), (199, .current), (200, .ended)] {
            scene.rules[0].phase = scene.rules[0].phase(at: .at(Int64(time)))
            #expect(scene.rules[0].phase == phase)
            #expect(scene.outcome().isEmpty == (phase != .current))
        }
        #expect(scene.rules[0].nextBoundary == nil && scene.rules[0].state == .ended)
    }

    @Test("What is wrong with them is named in its place, with a suggestion where a word is misspelt")
    func validation() throws {
        #expect(
            try problems(#""if_tag_exists":"keep","effective_start":"2026-01-01","effective_end":"2026-01-01T00:00:01Z""#)
                == [])
        #expect(try problems(#""if_tag_exist":"keep""#) == [#"/if_tag_exist: unknown field; did you mean "if_tag_exists"?"#])
        #expect(
            try problems(#""if_tag_exists":"kep""#) == [
                #"/if_tag_exists: "kep" is not one of replace, keep; did you mean "keep"?"#
            ])
        #expect(try problems(#""default_value":"""#) == ["/default_value: the value is empty"])
        #expect(
            try problems(#""effective_start":"tomorrow","effective_end":5"#).map { $0.prefix(18) } == [
                "/effective_start: ", "/effective_end: ex",
            ])
    }

    @Test("A rule that was read is taken again, and says the same")
    func roundTrip() throws {
        let members =
            #""if_tag_exists":"keep","default_value":"x","effective_start":"2026-01-01","effective_end":"2027-01-01""#
        let text = Self.rule.replacing("%", with: members)
        var scene = Scene()
        try scene.rule(text)
        let draft = try TagRuleDraft(json: JSONValue(parsing: text))
        var rule = scene.rules[0]
        (rule.ifTagExists, rule.defaultValue) = (draft.ifTagExists, draft.defaultValue)
        (rule.effectiveStart, rule.effectiveEnd) = (draft.effectiveStart, draft.effectiveEnd)
        let again = try TagRuleDraft(json: rule.json)
        #expect(again == draft)
        rule.phase = .ended
        var writer = ByteWriter()
        writer.rule(rule)
        let read = try writer.bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            let rule = try reader.rule()
            #expect(reader.atEnd)
            return rule
        }
        #expect(read == rule)
    }
}
