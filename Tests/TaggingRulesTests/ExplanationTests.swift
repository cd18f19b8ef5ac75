import Conditions
import Model
import TaggingRules
import Testing

@Suite("Why and why not")
struct ExplanationTests {
    private func explain(
        _ scene: Scene, _ scope: ExplanationScope = ExplanationScope(), claims: [VirtualTag] = []
    ) -> TagExplanation {
        CompiledRuleSet(rules: scene.rules, definitions: scene.definitions).explain(
            scene.resource, claims: claims, previous: [], rules: scene.rules, scope, at: .at(1), in: TaggingContext())
    }

    @Test("A rule that did not match tells which of its conditions failed, where, and what was found there")
    func failed() throws {
        var scene = Scene(resource: Scene.resource([("Env", "prd")]))
        try scene.set(
            "team", "a",
            when: #"""
                {"all":[{"field":"provider","operator":"eq","value":"aws"},
                        {"any":[{"field":"tags.env","operator":"eq","value":"staging"},{"field":"tags.owner","operator":"exists"}]},
                        {"not":{"field":"name","operator":"starts_with","value":"web-"}}]}
                """#)
        let rule = try #require(explain(scene, ExplanationScope(key: "team")).rules.first)
        #expect(!rule.holds && !rule.isCandidate && rule.actions.isEmpty)
        let decisive = rule.condition.decisive(at: .root.appending("conditions"))
        #expect(
            decisive.map { "\($0.pointer.text): \($0.message)" } == [
                #"/conditions/all/1/any/0: tags.env is "production", which does not meet eq "staging""#,
                #"/conditions/all/1/any/1: tags.owner is missing, which does not meet exists"#,
                #"/conditions/all/2/not: name is "web-prod-01", which meets starts_with "web-""#,
            ])
    }

    @Test("Each action tells whether its value won, who overruled it, and why it did nothing")
    func actions() throws {
        var scene = Scene(resource: Scene.resource([]))
        scene.definitions.append(Scene.definition("team"))
        try scene.set("team", "first", priority: 1)
        try scene.rule(
            #"""
            {"rule_name":"second","priority":2,"conditions":{"all":[]},"actions":[
              {"set_tag":{"key":"team","value":"second"}},{"set_tag":{"key":"TEAM","value":"again"}},
              {"remove_tag":{"key":"x"}},{"copy_tag":{"from":"tags.none","key":"y"}},{"set_tag":{"key":"z","value":"1"}}]}
            """#)
        try scene.set("x", "late", priority: 3)
        let told = explain(scene, claims: [.manual("z", "2")])
        let outcomes = told.rules.map { $0.actions.map { "\($0.key) \($0.result.rawValue) \($0.value ?? "-")" } }
        #expect(
            outcomes == [
                ["team won first"],
                ["team shadowed second", "team repeated -", "x removed -", "y no_value -", "z shadowed 1"],
                ["x shut -"],
            ])
        #expect(told.rules[1].actions[0].shadowedBy?.createdBy == "rule:r1")
        #expect(told.rules[1].actions[4].shadowedBy?.source == .manual)
        #expect(told.tags.map(\.outline) == ["team=first rule:r1 > second rule:second", "z=2 ada > 1 rule:second"])
    }

    @Test("A condition is told as things stood when it was the rule's turn")
    func turn() throws {
        var scene = Scene()
        try scene.set("team", "a", priority: 1, when: #"{"field":"tags.team","operator":"absent"}"#)
        try scene.set("team", "b", priority: 2, when: #"{"field":"tags.team","operator":"absent"}"#)
        let rules = explain(scene).rules
        #expect(rules.map(\.holds) == [true, false])
        guard case .test(_, let found, _) = rules[1].condition else {
            Issue.record("one test was traced as something else")
            return
        }
        #expect(found == .text("a"))
    }

    @Test("With a key, every rule that writes it is told, whether it could match or not, in any spelling")
    func byKey() throws {
        var scene = Scene()
        try scene.set("cost_center", "1", when: #"{"field":"provider","operator":"eq","value":"gcp"}"#)
        try scene.set("other", "1")
        try scene.rule(
            #"{"rule_name":"off","enabled":false,"conditions":{"all":[]},"actions":[{"remove_tag":{"key":"cc"}}]}"#)
        let told = explain(scene, ExplanationScope(key: "CostCenter"))
        #expect(told.rules.map(\.rule.name) == ["r1", "off"])
        #expect(told.rules.map(\.isCandidate) == [false, false])
        #expect(told.rules.map(\.runs) == [true, false])
        #expect(told.rules.map(\.holds) == [false, true])
        #expect(told.tags.isEmpty)
        #expect(explain(scene).rules.map(\.rule.name) == ["r2"])
        #expect(explain(scene, ExplanationScope(includesAll: true)).rules.count == 3)
        let short = explain(scene, ExplanationScope(includesAll: true, rulesMax: 1))
        #expect(short.rules.map(\.rule.name) == ["r2"] && short.omitted == 2)
    }
}
