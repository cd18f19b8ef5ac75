import Conditions
import Model
import TaggingRules
import Testing

/// Held against an evaluator that shares nothing with the engine but the form of keys and the schema's normalisation.
@Suite("Properties")
struct PropertyTests {
    /// Fixed ones, and one that is new in every run and printed when it fails.
    private static func seeds() -> [UInt64] { [11, UInt64.random(in: .min ... .max)] }

    @Test("The indexed engine and a naive one agree on 100,000 random pairs of a rule and a resource")
    func naive() {
        for seed in Self.seeds() {
            var dice = Dice(state: seed, usesGroups: false)
            var pairs = 0
            var round = 0
            while pairs < 100_000 {
                let rules = (0..<Int(1 + dice.next() % 80)).map { dice.rule($0) }
                let engine = CompiledRuleSet(rules: rules, definitions: Scene.definitions)
                let naive = NaiveTagger(rules, definitions: Scene.definitions)
                let context = TaggingContext(keepingMatches: round % 2 == 0)
                for number in 0..<60 {
                    let resource = dice.resource(number)
                    let claims = dice.claims()
                    let tags = engine.evaluate(resource, claims: claims, previous: [], at: .at(1), in: context)
                    let expected = naive.outline(of: resource, claims: claims)
                    guard tags.map(\.outline) == expected else {
                        Issue.record(
                            "seed \(seed), round \(round), resource \(number): \(tags.map(\.outline)) for \(expected)")
                        return
                    }
                    pairs += rules.count
                }
                round += 1
            }
        }
    }

    @Test("Rules decided on a stored row come to what evaluating the resource does, and tell which rows stay as they are")
    func storedRows() throws {
        for seed in Self.seeds() {
            var dice = Dice(state: seed)
            for round in 0..<60 {
                let rules = (0..<Int(1 + dice.next() % 80)).map { dice.rule($0) }
                let engine = CompiledRuleSet(rules: rules, definitions: Scene.definitions)
                let changed = CompiledRuleSet(rules: rules.filter { _ in dice.chance(90) }, definitions: Scene.definitions)
                let (own, other) = (TaggingContext(keepingMatches: round % 2 == 0), TaggingContext(keepingMatches: false))
                let whole = TaggingContext(keepingMatches: round % 2 == 0)
                for number in 0..<30 {
                    let place: Comment = "seed \(seed), round \(round), resource \(number)"
                    let resource = dice.resource(number)
                    let claims = dice.chance(50) ? dice.claims() : []
                    let tags = engine.evaluate(resource, claims: claims, previous: [], at: .at(1), in: whole)
                    let stated = tags.compactMap(\.stated)
                    let new = changed.evaluate(resource, claims: stated, previous: tags, at: .at(2), in: other)
                    _ = engine.evaluate(resource, claims: stated, previous: tags, at: .at(2), in: whole)
                    try RecordCodec.encode(ResourceRecord(resource: resource, tags: tags)).withUnsafeBytes { row in
                        try engine.decide(row, in: own)
                        #expect(own.matchedRules == whole.matchedRules, place)
                        for key in Dice.keys {
                            let hash = TagKeyForm.hash(of: key)
                            let (mine, theirs) = (own.value(of: key, formHash: hash), whole.value(of: key, formHash: hash))
                            #expect(mine.map { String($0) } == theirs.map { String($0) }, place)
                        }
                        let isKept = changed.keepsTags(of: row, in: other)
                        // In doubt: people's claims, and texts that differ in their composition alone.
                        let isDoubtful = !stated.isEmpty || tags.contains { $0.value.utf8.contains { $0 >= 0x80 } }
                        #expect(isKept == (new == tags) || !isKept && isDoubtful, place)
                    }
                }
            }
        }
    }

    @Test("A trace holds exactly where the compiled condition does, and its decisive tests are never none but for constants")
    func traces() {
        for seed in Self.seeds() {
            var dice = Dice(state: seed)
            let context = EvaluationContext()
            var patterns = PatternCache()
            for number in 0..<3_000 {
                let condition = dice.condition()
                let resource = dice.resource(number)
                let record = ResourceRecord(resource: resource, tags: dice.claims())
                let holds = CompiledCondition(condition).holds(for: record, in: context)
                context.facts.startResource(resource, tags: record.tags)
                let trace = condition.trace(&context.facts, patterns: &patterns)
                #expect(trace.holds == holds, "seed \(seed), condition \(number)")
                var naive = NaiveConditions(resource)
                for tag in record.tags.reversed() { naive.tags[TagKeyForm.form(of: tag.key)] = tag.value }
                #expect(naive.holds(condition) == holds, "seed \(seed), condition \(number)")
            }
        }
    }

    /// A small inventory under rules, changed step by step as a shard does it.
    private struct Inventory {
        var rules: [TagRule]
        var resources: [Resource]
        var tags: [[VirtualTag]]
        private var ruleSet: CompiledRuleSet
        private let context = TaggingContext()
        var now: Int64 = 0

        init(_ dice: inout Dice, resources count: Int, rules ruleCount: Int) {
            rules = (0..<ruleCount).map { dice.rule($0) }
            resources = (0..<count).map { dice.resource($0) }
            tags = Array(repeating: [], count: count)
            ruleSet = CompiledRuleSet(rules: rules, definitions: Scene.definitions)
            sweep()
        }

        mutating func judge(_ position: Int, _ stated: [VirtualTag]? = nil) {
            now += 1
            tags[position] = ruleSet.evaluate(
                resources[position], claims: stated ?? tags[position].compactMap(\.stated), previous: tags[position],
                at: .at(now), in: context)
        }

        mutating func sweep() {
            ruleSet = CompiledRuleSet(rules: rules, definitions: Scene.definitions)
            for position in resources.indices { judge(position) }
        }

        mutating func change(_ dice: inout Dice) {
            let position = Int(dice.next() % UInt64(resources.count))
            switch dice.next() % 100 {
            case 0..<60:
                let new = dice.resource(position)
                resources[position].nativeTags = new.nativeTags
                resources[position].name = new.name
                resources[position].region = new.region
                judge(position)
            case 60..<99: judge(position, dice.claims())
            default:
                let number = Int(dice.next() % UInt64(rules.count))
                switch dice.next() % 3 {
                case 0: rules[number].enabled.toggle()
                case 1: rules[number] = dice.rule(number)
                default:
                    rules[number].priority = Int32(dice.next() % 4)
                    rules[number].version += 1
                }
                sweep()
            }
        }

        /// What comes out when everything is worked out anew, by asking every rule.
        func full(_ position: Int) -> [String] {
            CompiledRuleSet(rules: rules, definitions: Scene.definitions, indexing: false)
                .evaluate(
                    resources[position], claims: tags[position].compactMap(\.stated), previous: [], at: .at(now),
                    in: TaggingContext()
                ).map(\.detail)
        }
    }

    @Test("Incremental and full evaluation end in the same state after 10,000 random changes")
    func incremental() {
        for seed in Self.seeds() {
            var dice = Dice(state: seed, hasModels: false)
            var inventory = Inventory(&dice, resources: 100, rules: 40)
            for _ in 0..<10_000 { inventory.change(&dice) }
            for position in inventory.resources.indices {
                #expect(
                    inventory.tags[position].map(\.detail) == inventory.full(position), "seed \(seed), resource \(position)")
            }
        }
    }
}

extension VirtualTag {
    /// All but the times.
    fileprivate var detail: String {
        "\(key)="
            + assertions.map {
                "\($0.value) \($0.source) \($0.createdBy) \($0.ruleID?.description ?? "-") v\($0.ruleVersion) p\($0.priority)"
            }.joined(separator: " > ")
    }
}
