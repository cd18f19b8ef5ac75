import Conditions
import Model
import TaggingRules
import Testing

@Suite("Randomised")
struct RandomisedTests {
    @Test("Candidates by index give the same tags as asking every rule, and evaluation is a fixed point")
    func indexAgrees() {
        var seeds = SystemRandomNumberGenerator()
        let first = seeds.next()
        for seed in [1, 2, 3, first, first &+ 1] {
            var dice = Dice(state: seed)
            for round in 0..<40 {
                let rules = (0..<Int(1 + dice.next() % 90)).map { dice.rule($0) }
                let indexed = CompiledRuleSet(rules: rules, definitions: Scene.definitions)
                let exhaustive = CompiledRuleSet(
                    rules: rules.reversed(), definitions: Scene.definitions.reversed(), indexing: false)
                let context = TaggingContext(keepingMatches: false)
                for number in 0..<20 {
                    let resource = dice.resource(number)
                    let claims = dice.claims()
                    let place: Comment = "seed \(seed), round \(round), resource \(number)"
                    let tags = indexed.evaluate(resource, claims: claims, previous: [], at: .at(1), in: context)
                    let other = exhaustive.evaluate(resource, claims: claims, previous: [], at: .at(1), in: TaggingContext())
                    #expect(tags == other, place)
                    #expect(zip(tags, tags.dropFirst()).allSatisfy { $0.key < $1.key }, place)
                    #expect(
                        tags.allSatisfy { tag in
                            zip(tag.assertions, tag.losers).allSatisfy { !$1.precedes($0) || $0.source == .manual }
                        },
                        place)
                    let again = indexed.evaluate(
                        resource, claims: tags.compactMap(\.stated), previous: tags, at: .at(2), in: context)
                    let removes = rules.contains { $0.actions.contains { if case .removeTag = $0 { true } else { false } } }
                    // A removal drops what models said, so only without one is the stored claim what it was.
                    if !removes || claims.allSatisfy({ $0.winner.source == .manual }) { #expect(again == tags, place) }
                }
            }
        }
    }
}
