import Conditions
import Model
import TaggingRules
import Testing

@Suite("Lint")
struct LintTests {
    private static let schema = [
        Scene.definition("environment", type: .enum, allowed: ["production", "staging"]),
        Scene.definition("size", type: .number),
    ]

    private static func objection(_ key: String, _ value: String) -> String? {
        switch key {
        case "environment": ["production", "staging"].contains(value) ? nil : "\(value) is not allowed"
        case "size": Double(value) == nil ? "\(value) is no number" : nil
        default: nil
        }
    }

    private func proven(_ scene: Scene, about id: UUID128? = nil) -> [LintFinding] {
        let ruleSet = CompiledRuleSet(rules: scene.rules, definitions: scene.definitions)
        return RuleLint(scene.rules, ruleSet, objection: Self.objection).findings(about: id)
    }

    private func observed(_ scene: Scene, over resources: [Resource]) -> [LintFinding] {
        let ruleSet = CompiledRuleSet(rules: scene.rules, definitions: scene.definitions)
        let lint = RuleLint(scene.rules, ruleSet, objection: Self.objection)
        let context = TaggingContext()
        // In two halves, as the pages of an inventory are counted.
        var counted = InventoryLint(ruleSet)
        for half in [resources.prefix(resources.count / 2), resources.dropFirst(resources.count / 2)] {
            var part = InventoryLint(ruleSet)
            for resource in half {
                let tags = ruleSet.evaluate(resource, claims: [], previous: [], at: .at(1), in: context)
                part.add(
                    resource.id, tags: tags, matched: context.matchedRules,
                    isAllowed: { Self.objection($0, $1) == nil }, objection: Self.objection)
            }
            counted.add(part)
        }
        let proven = lint.findings()
        return proven + counted.findings(lint, beside: proven)
    }

    private func outline(_ findings: [LintFinding]) -> [String] {
        findings.map { finding in
            "\(finding.rule.low) \(finding.code.rawValue) \(finding.proof.rawValue) \(finding.pointer.text) \(finding.tagKey ?? "-")"
                + " \(finding.others.map(\.low)) \(finding.count.map(String.init) ?? "-")"
        }
    }

    @Test("Conditions that exclude each other match nothing, whatever resources there are")
    func impossible() throws {
        var scene = Scene(definitions: [])
        try scene.set(
            "a", "1",
            when:
                #"{"all":[{"field":"provider","operator":"eq","value":"aws"},{"field":"provider","operator":"eq","value":"gcp"}]}"#
        )
        try scene.set("b", "1", when: #"{"field":"provider","operator":"eq","value":"oracle"}"#)
        try scene.set(
            "c", "1",
            when: #"{"any":[{"field":"provider","operator":"eq","value":"oracle"},{"field":"region","operator":"absent"}]}"#)
        #expect(
            outline(proven(scene)) == [
                "1 matches_nothing rules /conditions - [] -", "2 matches_nothing rules /conditions - [] -",
            ])
    }

    @Test(
        "A rule behind one that holds wherever it does is never in force; one whose conditions may change is not proven so")
    func shadowed() throws {
        let aws = #"{"field":"provider","operator":"eq","value":"aws"}"#
        let eu = #"{"field":"region","operator":"eq","value":"eu-west-1"}"#
        let tagged = #"{"field":"tags.team","operator":"absent"}"#
        var scene = Scene(definitions: [])
        try scene.set("team", "a", priority: 1, when: aws)
        try scene.set("Team", "b", priority: 2, when: #"{"all":[\#(eu),\#(aws)]}"#)
        try scene.set("team", "c", priority: 3, when: eu)
        try scene.set("owner", "d", priority: 4, when: tagged)
        try scene.set("owner", "e", priority: 5, when: tagged)
        try scene.set("cost", "${name}", priority: 6)
        try scene.set("cost", "g", priority: 7)
        try scene.set("cost", "h", priority: 8, when: eu)
        #expect(
            outline(proven(scene)) == [
                "2 shadowed rules /actions/0 \(scene.rules[1].actions[0].key) [1] -",
                "8 shadowed rules /actions/0 cost [7] -",
            ])
        #expect(outline(proven(scene, about: scene.rules[0].id)).count == 1)
        #expect(proven(scene, about: scene.rules[2].id).isEmpty)
    }

    @Test("Rules that make tags from one another in a circle are told once, with all of them")
    func cycle() throws {
        var scene = Scene(definitions: [])
        func copy(_ from: String, _ to: String) throws {
            try scene.rule(
                #"{"rule_name":"\#(from)-\#(to)","conditions":{"all":[]},"actions":[{"copy_tag":{"from":"tags.\#(from)","key":"\#(to)"}}]}"#
            )
        }
        try copy("a", "b")
        try copy("b", "c")
        try scene.set("A", "x-${tags.c}")
        try copy("c", "d")
        try copy("e", "E")
        let cycles = proven(scene).filter { $0.code == .cycle }
        #expect(cycles.count == 1)
        // The third runs first, by its priority.
        #expect(cycles.first?.rule.low == 3)
        #expect(cycles.first?.others.map(\.low) == [1, 2])
        #expect(cycles.first?.message.contains("→") == true)
    }

    @Test("A circle of ten thousand keys is found without a deep stack")
    func longCycle() throws {
        var scene = Scene(definitions: [])
        for number in 0..<10_000 {
            scene.rules.append(
                TagRule(
                    id: UUID128(high: 0, low: UInt64(number)), name: "r\(number)", priority: 1, condition: .all([]),
                    actions: [.copyTag(from: .tag("k\(number)"), key: "k\((number + 1) % 10_000)")], createdBy: "ada",
                    createdAt: .at(0), updatedAt: .at(0)))
        }
        let cycles = proven(scene).filter { $0.code == .cycle }
        #expect(cycles.count == 1 && cycles[0].others.count == LintFinding.othersMax)
    }

    @Test("Values that the schema forbids are found in constants, mappings and defaults; others over the inventory")
    func forbidden() throws {
        var scene = Scene(definitions: Self.schema)
        try scene.set("environment", "Production")
        try scene.set("environment", "qa", priority: 200)
        try scene.rule(
            #"""
            {"rule_name":"m","priority":300,"conditions":{"all":[]},"actions":[
              {"map_value":{"key":"environment","from":"name","mapping":{"a":"staging","b":"dev"},"default":"none"}}]}
            """#)
        try scene.set("size", "${name}", priority: 400)
        let resources = (0..<5).map { Scene.resource([], name: $0 < 2 ? "\($0)" : "n\($0)") }
        let found = observed(scene, over: resources).filter { $0.code == .forbiddenValue }
        #expect(
            outline(found) == [
                "2 forbidden_value rules /actions/0 environment [] -", "3 forbidden_value rules /actions/0 environment [] -",
                "4 forbidden_value inventory /actions/0 size [] 3",
            ])
    }

    @Test("Over the inventory: what matches nothing, is always overruled, has no effect, and who overlaps on how many")
    func inventory() throws {
        var scene = Scene(definitions: [])
        try scene.set("team", "${name}", priority: 1, when: #"{"field":"name","operator":"starts_with","value":"web"}"#)
        try scene.set("team", "b", priority: 2, when: #"{"field":"name","operator":"starts_with","value":"web-1"}"#)
        try scene.set("team", "c", priority: 3)
        try scene.set("x", "1", when: #"{"field":"name","operator":"eq","value":"nobody"}"#)
        try scene.set("y", "${tags.nothing}")
        let resources = ["web-1", "web-2", "web-10", "db"].map { Scene.resource([], name: $0) }
        #expect(
            outline(observed(scene, over: resources)).sorted() == [
                "2 overlap inventory /actions/0 team [1] 2", "2 shadowed inventory /actions/0 team [1] 2",
                "3 overlap inventory /actions/0 team [1] 3", "3 overlap inventory /actions/0 team [2] 2",
                "4 matches_nothing inventory /conditions - [] 0", "5 no_effect inventory /actions/0 y [] 4",
            ])
        #expect(observed(scene, over: []).isEmpty)
    }

    @Test("Ten thousand rules on one key are checked and explained, and at most as many told as asked for")
    func manyRules() {
        var scene = Scene(definitions: [])
        scene.rules = (0..<10_000).map { number in
            TagRule(
                id: UUID128(high: 0, low: UInt64(number)), name: "r\(number)", priority: Int32(number),
                condition: .all([
                    .test(FieldTest(.name, .eq, .text("n\(number / 2)"))),
                    .test(FieldTest(.region, .eq, .text("eu-west-1"))),
                ]),
                actions: [.setTag(key: "team", value: "t\(number)")], createdBy: "ada", createdAt: .at(0),
                updatedAt: .at(0))
        }
        let found = proven(scene)
        #expect(found.count == 5_000)
        #expect(found.allSatisfy { $0.code == .shadowed && $0.others.map(\.low) == [$0.rule.low - 1] })
        scene.resource = Scene.resource([], name: "n4999")
        let told = CompiledRuleSet(rules: scene.rules).explain(
            scene.resource, claims: [], previous: [], rules: scene.rules, ExplanationScope(key: "team", rulesMax: 3),
            at: .at(1), in: TaggingContext())
        #expect(told.rules.map(\.rule.name) == ["r0", "r9998", "r9999"] && told.omitted == 9_997)
        #expect(told.rules.map { $0.actions.first?.result } == [nil, .won, .shadowed])
    }
}
