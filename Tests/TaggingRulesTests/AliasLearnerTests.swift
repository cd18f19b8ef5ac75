import Conditions
import Model
import Testing

@testable import TaggingRules

@Suite("The alias learner")
struct AliasLearnerTests {
    private func id(_ number: Int) -> ResourceID { ResourceID(UUID128(high: UInt64(number), low: 1)) }

    private func definition(_ key: String, allowed: [String] = [], aliases: [String] = []) -> TagDefinition {
        TagDefinition(
            id: UUID128(high: 1, low: 1), tagKey: key, allowedValues: allowed, aliases: aliases,
            createdAt: Timestamp(milliseconds: 0), updatedAt: Timestamp(milliseconds: 0))
    }

    /// Proposals after both walks over `rows`, each the tags of one resource.
    private func learn(_ rows: [[Model.Tag]], _ definitions: [TagDefinition] = []) -> [AliasProposal] {
        var census = TagCensus()
        for (number, tags) in rows.enumerated() { census.add(id(number), tags) }
        let learner = AliasLearner(census, definitions: definitions)
        let keys = learner.keyProposals()
        var pairs = PairCensus(keys.map { .init(alias: $0.alias, key: $0.tagKey) })
        for tags in rows { pairs.add(tags) }
        return learner.ordered(learner.settled(keys, pairs) + learner.valueProposals())
    }

    private func rows(_ key: String, _ values: [String: Int]) -> [[Model.Tag]] {
        values.sorted { $0.key < $1.key }.flatMap { value, count in Array(repeating: [Model.Tag(key, value)], count: count) }
    }

    private func texts(_ proposals: [AliasProposal]) -> [String] {
        proposals.map { "\($0.alias) → \($0.value.map { "\($0)" } ?? $0.tagKey) \($0.reasons.map(\.name))" }.sorted()
    }

    @Test("A slip of a key is found, with counts and samples")
    func slip() throws {
        let found = learn(
            rows("environment", ["production": 40, "staging": 20]) + rows("enviroment", ["production": 2])
                + rows("owner", ["x": 5]))
        #expect(texts(found) == ["enviroment → environment [\"edit_distance\", \"shared_values\"]"])
        let proposal = try #require(found.first)
        #expect(proposal.aliasResources == 2 && proposal.resources == 60)
        #expect(proposal.samples.count == 2 && proposal.shared == ["production"])
        #expect(proposal.reasons.first == .slips(1))
    }

    @Test("A key that shortens another, or has a filler word more, needs values in common")
    func words() {
        let environment = rows("environment", ["production": 40, "staging": 20])
        #expect(
            texts(learn(environment + rows("env-name", ["production": 5, "staging": 5])))
                == ["env-name → environment [\"abbreviation\", \"shared_values\"]"])
        #expect(learn(environment + rows("env-name", ["a": 5, "b": 5])).isEmpty)
        #expect(
            texts(learn(rows("team", ["a": 9, "b": 9]) + rows("team-name", ["a": 2])))
                == ["team-name → team [\"same_words\", \"shared_values\"]"])
    }

    @Test("Keys that share nearly all of several values are proposed, whatever they are called")
    func sharedValues() {
        let values = ["checkout": 5, "catalog": 5, "platform": 5]
        #expect(
            texts(learn(rows("team", values.mapValues { $0 * 3 }) + rows("squad", values)))
                == ["squad → team [\"shared_values\"]"])
        #expect(learn(rows("public", ["true": 9, "false": 9]) + rows("encrypted", ["true": 9, "false": 9])).isEmpty)
    }

    @Test("Keys that stand on one resource and say different things are not the same")
    func sideBySide() {
        let rows = (0..<30).map { [Model.Tag("owner", "a\($0 % 3)"), Model.Tag("owners", "a\(($0 + 1) % 3)")] }
        #expect(learn(rows).filter { $0.kind == .key }.isEmpty)
    }

    @Test("Keys that are numbered are not misspelt")
    func digits() {
        #expect(learn(rows("subnet-1", ["a": 50]) + rows("subnet-2", ["a": 1])).filter { $0.kind == .key }.isEmpty)
    }

    @Test("What the schema has an owner for is never an alias; a defined key is what others are aliases of")
    func defined() {
        let definitions = [definition("enviroment", aliases: ["squad"]), definition("environment")]
        let tags = rows("environment", ["a": 50]) + rows("enviroment", ["a": 1]) + rows("squad", ["a": 1])
        #expect(learn(tags, definitions).isEmpty)
        let rare = rows("environment", ["a": 1]) + rows("environmnt", ["a": 50])
        #expect(learn(rare, [definition("environment")]).first?.tagKey == "environment")
        // Nobody has the defined key yet.
        #expect(learn(rows("ownr", ["a": 50]), [definition("owner")]).first?.alias == "ownr")
    }

    @Test("Values: case and separators, slips where they are rare, and what is shortened where it can mean one alone")
    func values() {
        let tags = rows(
            "environment",
            [
                "production": 100, "Production": 20, "prodution": 3, "staging": 60, "stg": 4, "prod": 6, "dev_1": 9,
                "dev_2": 1,
            ])
        #expect(
            texts(learn(tags)) == [
                "Production → production [\"same_form\"]", "prod → production [\"abbreviation\"]",
                "prodution → production [\"edit_distance\"]", "stg → staging [\"abbreviation\"]",
            ])
    }

    @Test("Two values that are both frequent are two, as are addresses, and what could mean several is not guessed")
    func notSlips() {
        #expect(learn(rows("team", ["billing": 50, "gilling": 40])).isEmpty)
        #expect(learn(rows("owner", ["ada@example.com": 500, "adam@example.com": 2])).isEmpty)
        #expect(learn(rows("environment", ["development": 50, "devops": 50, "dev": 5])).isEmpty)
    }

    @Test("Allowed values are what is meant, though nobody has them; numbers, dates and identifiers have no spellings")
    func allowed() {
        let allowed = definition("environment", allowed: ["production", "staging"])
        #expect(learn(rows("environment", ["prodcution": 50]), [allowed]).first?.value == "production")
        var wide: [String: Int] = [:]
        for number in 0...TagCensus.valuesPerKeyMax { wide["name\(String(repeating: "x", count: number % 7))\(number)"] = 1 }
        #expect(learn(rows("name", wide)).isEmpty)
    }

    @Test("Ids follow from the spellings alone, and differ where these do")
    func ids() {
        let one = learn(rows("environment", ["a": 50]) + rows("enviroment", ["a": 1]))
        let two = learn(rows("environment", ["a": 70]) + rows("enviroment", ["a": 3]) + rows("x", ["y": 1]))
        #expect(one.map(\.id) == two.map(\.id))
        let found = learn(rows("k", ["production": 90, "Production": 5, "prodution": 5]))
        #expect(Set(found.map(\.id)).count == found.count && found.count == 2)
    }

    @Test("Accepted, a proposal is part of the definition; twice, it is there once")
    func accepting() throws {
        let base = definition("environment", allowed: ["production"])
        let key = try #require(learn(rows("enviroment", ["a": 5]), [base]).first { $0.kind == .key })
        #expect(base.accepting(key).aliases == ["enviroment"])
        #expect(base.accepting(key).accepting(key) == base.accepting(key))
        let value = try #require(learn(rows("environment", ["prodution": 5]), [base]).first { $0.kind == .value })
        #expect(base.accepting(value).valueAliases == [.init(value: "production", aliases: ["prodution"])])
    }

    @Test("The census is bounded, and parts of it add up")
    func census() {
        var census = TagCensus()
        for number in 0..<(TagCensus.keysMax + 10) { census.add(id(number), [Model.Tag("k\(number)", "v")]) }
        #expect(census.keys.count == TagCensus.keysMax && census.tagsLeftOut == 10)
        var left = TagCensus()
        var right = TagCensus()
        left.add(id(1), [Model.Tag("a", "x"), Model.Tag("b", "y")])
        right.add(id(2), [Model.Tag("a", "x")])
        left += right
        #expect(left.resources == 2 && left.keys["a"]?.resources == 2)
        #expect(left.keys["a"]?.values["x"]?.samples == [id(1), id(2)])
    }

    @Test("A lookup finds what comparing each with each finds, in a vocabulary of slips")
    func index() {
        var generator = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: .min ... .max, using: &generator)
        var state = seed
        func next(_ bound: Int) -> Int {
            state = StableHash.mix(state)
            return Int(state % UInt64(bound))
        }
        var words: [String] = []
        for _ in 0..<60 {
            words.append(String((0..<(4 + next(8))).map { _ in Character(Unicode.Scalar(UInt8(97 + next(4)))) }))
        }
        for word in words {
            var letters = Array(word)
            letters.remove(at: next(letters.count))
            words.append(String(letters))
        }
        var index = SpellingIndex()
        for (position, word) in words.enumerated() {
            let found = Set(index.near(word).map(\.position))
            let letters = Array(word.unicodeScalars)
            for (other, text) in words[..<position].enumerated() {
                let scalars = Array(text.unicodeScalars)
                let limit = EditDistance.slipsMax(letters: min(letters.count, scalars.count))
                let isNear = limit > 0 && EditDistance.distance(letters, scalars, limit: limit) != nil
                #expect(!isNear || found.contains(other), "seed \(seed): \(word) and \(text)")
                #expect(isNear || !found.contains(other), "seed \(seed): \(word) and \(text)")
            }
            index.file(word, as: position)
        }
    }
}
