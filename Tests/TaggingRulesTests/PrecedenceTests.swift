import Conditions
import JSON
import Model
import TaggingRules
import Testing

@Suite("Who wins, and what stays visible")
struct PrecedenceTests {
    @Test("manual over rule over ml over inherited; the losers stay in that order")
    func order() throws {
        var scene = Scene(resource: Scene.resource([("team", "n")]))
        try scene.set("team", "late", priority: 20)
        try scene.set("team", "early", priority: 10)
        let stored = VirtualTag(
            key: "team", winner: VirtualTag.model("team", "m1", 0.6).winner,
            losers: [VirtualTag.model("team", "m2", 0.9).winner, VirtualTag.manual("team", "p").winner])
        #expect(
            scene.outcome(claims: [stored])
                == ["team=p ada > early rule:r2 > late rule:r1 > m2 model:1 > m1 model:1 > n native:team"])
        #expect(scene.outcome() == ["team=early rule:r2 > late rule:r1 > n native:team"])
        scene.rules = []
        #expect(scene.outcome(claims: [.model("team", "m", 0.5)]) == ["team=m model:1 > n native:team"])
    }

    @Test("Rules of one priority run in the order of their ids; disabled ones do not run")
    func ties() throws {
        var scene = Scene()
        try scene.set("a", "1")
        try scene.set("a", "2")
        try scene.set("a", "3", priority: 1)
        scene.rules[2].enabled = false
        scene.rules.reverse()
        #expect(scene.outcome() == ["a=1 rule:r1 > 2 rule:r2"])
    }

    @Test("A rule sees what earlier rules set, people said and the provider has")
    func chain() throws {
        var scene = Scene(resource: Scene.resource([("Env", "prd")]))
        try scene.set("second", "yes", priority: 20, when: #"{"field":"tags.first","operator":"eq","value":"yes"}"#)
        try scene.set("first", "yes", priority: 10, when: #"{"field":"tags.env","operator":"eq","value":"production"}"#)
        try scene.set("never", "yes", priority: 5, when: #"{"field":"tags.first","operator":"exists"}"#)
        #expect(
            scene.outcome() == ["environment=production native:Env", "first=yes rule:r2", "second=yes rule:r1"])
        #expect(
            scene.outcome(claims: [.manual("first", "no")]).map { String($0.prefix { $0 != " " }) }
                == ["environment=production", "first=no", "never=yes"])
    }

    @Test("The first value that a rule gives a key stays")
    func firstAction() throws {
        var scene = Scene(resource: Scene.resource([("b", "fallback")]))
        try scene.rule(
            #"""
            {"rule_name":"r","conditions":{"all":[]},"actions":[{"copy_tag":{"from":"native_tags.a","key":"x"}},
             {"copy_tag":{"from":"native_tags.b","key":"x"}},{"set_tag":{"key":"x","value":"last"}},{"remove_tag":{"key":"x"}}]}
            """#)
        #expect(scene.outcome() == ["b=fallback native:b", "x=fallback rule:r"])
    }

    @Test("remove_tag drops models and the provider and shuts later rules out; people and earlier rules stay")
    func removal() throws {
        let remove = #"{"rule_name":"gone","priority":50,"conditions":{"all":[]},"actions":[{"remove_tag":{"key":"team"}}]}"#
        var scene = Scene(resource: Scene.resource([("team", "n")]))
        try scene.rule(remove)
        try scene.set("team", "late", priority: 60)
        try scene.set("seen", "absent", priority: 70, when: #"{"field":"tags.team","operator":"absent"}"#)
        #expect(scene.outcome(claims: [.model("team", "m", 1)]) == ["seen=absent rule:r3"])
        #expect(scene.outcome(claims: [.manual("team", "p")]) == ["team=p ada"])
        try scene.set("team", "early", priority: 40)
        #expect(scene.outcome() == ["team=early rule:r4"])
    }

    @Test("People's tags take the schema's keys and values; of two, the later word counts")
    func manual() {
        let scene = Scene()
        #expect(scene.outcome(claims: [.manual("Env", "prd")]) == ["environment=production ada"])
        let both = scene.evaluate(claims: [.manual("Env", "old", at: 1), .manual("environment", "new", at: 2)])
        #expect(both.map(\.outline) == ["environment=new ada > old ada"])
    }

    @Test("A claim that says the same keeps its times; one that says something new keeps the time of its making")
    func times() throws {
        var scene = Scene(resource: Scene.resource([("a", "1")]))
        try scene.set("b", "1")
        let context = TaggingContext()
        let first = scene.evaluate(at: 10, in: context)
        #expect(first.map(\.winner.createdAt) == [.at(10), .at(10)])
        #expect(scene.evaluate(previous: first, at: 20, in: context) == first)

        scene.resource = Scene.resource([("a", "2")])
        scene.rules[0].version = 2
        let second = scene.evaluate(previous: first, at: 30, in: context)
        #expect(second.map(\.winner.createdAt) == [.at(10), .at(10)])
        #expect(second.map(\.winner.updatedAt) == [.at(30), .at(30)])
        #expect(second[1].winner.ruleVersion == 2)

        scene.resource = Scene.resource([("a", "2"), ("aa", "x"), ("c", "y")])
        let third = scene.evaluate(previous: second, at: 40, in: context)
        #expect(third.map(\.key) == ["a", "aa", "b", "c"])
        #expect([third[0], third[2]] == second)

        scene.resource = Scene.resource([("c", "y")])
        #expect(scene.evaluate(previous: third, at: 50, in: context) == Array(third[2...]))
    }

    @Test("A person's tag written again with the same value shows its new time")
    func manualAgain() {
        let scene = Scene()
        let first = scene.evaluate(claims: [.manual("a", "1", at: 1)])
        let again = scene.evaluate(claims: [.manual("a", "1", at: 5)], previous: first)
        #expect(again[0].winner.updatedAt == .at(5))
    }
}
