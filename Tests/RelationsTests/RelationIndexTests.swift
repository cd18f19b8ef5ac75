import Model
import Testing

@testable import Relations

@Suite("What resources are to each other")
struct RelationIndexTests {
    private static func id(_ name: String) -> ResourceID { ResourceID(provider: .aws, nativeID: name) }

    private static let time = Timestamp(milliseconds: 1_790_000_000_000)

    /// `tags`: by hand, unless their key begins with "inherited:".
    static func record(
        _ name: String, to targets: [(RelationshipType, String)] = [], tags: [String: String] = [:]
    ) -> ResourceRecord {
        let resource = Resource(
            provider: .aws, resourceID: name, resourceType: "test", name: name,
            relationships: targets.map { Relationship($0.0, to: id($0.1)) }.sorted(), firstSeen: time, lastSeen: time)
        let made = tags.sorted { $0.key < $1.key }.map { key, value in
            VirtualTag(
                key: key,
                winner: TagAssertion(value: value, source: .manual, createdBy: "test", createdAt: time, updatedAt: time))
        }
        return ResourceRecord(resource: resource, tags: made)
    }

    private static func inherit(
        _ types: RelationshipTypes = .all, _ direction: RelationQuery.Direction = .outgoing,
        _ depths: ClosedRange<Int> = 1...4
    ) -> RelationQuery {
        RelationQuery(types: types, direction: direction, depths: depths, subject: .tag("team"))
    }

    private static func answers(_ index: RelationIndex, _ name: String) -> [[String]] {
        index.facts(of: id(name)).map { fact in
            [fact.value] + fact.path.map { step in "abcdefgh".map(String.init).first { id($0) == step } ?? "?" }
        }
    }

    @Test("The nearest that has the tag is told, with the way there; of several as near the one with the smallest way")
    func nearest() {
        let index = RelationIndex(queries: [Self.inherit()])
        index.put(Self.record("a", to: [(.attachedTo, "b")]))
        index.put(Self.record("b", to: [(.inSubnet, "c"), (.inSubnet, "d")]))
        #expect(Self.answers(index, "a").isEmpty)
        index.put(Self.record("c", tags: ["Team": "ops"]))
        index.put(Self.record("d", tags: ["team": "data"]))
        let first = Self.id("c") < Self.id("d") ? ["ops", "b", "c"] : ["data", "b", "d"]
        #expect(Self.answers(index, "a") == [first])
        index.put(Self.record("b", to: [(.inSubnet, "c"), (.inSubnet, "d")], tags: ["team": "web"]))
        #expect(Self.answers(index, "a") == [["web", "b"]])
        index.remove(Self.id("b"))
        #expect(Self.answers(index, "a").isEmpty && Self.answers(index, "b").isEmpty)
    }

    @Test("Types, direction and steps bound the walk, and circles end")
    func bounds() {
        let records = [
            Self.record("a", to: [(.attachedTo, "b")], tags: ["team": "a"]),
            Self.record("b", to: [(.attachedTo, "c")]), Self.record("c", to: [(.attachedTo, "a"), (.uses, "d")]),
            Self.record("d", tags: ["team": "d"]),
        ]
        func answers(_ query: RelationQuery, _ name: String) -> [[String]] {
            let index = RelationIndex(queries: [query])
            records.forEach(index.put)
            return Self.answers(index, name)
        }
        #expect(answers(Self.inherit(RelationshipTypes(.attachedTo)), "b") == [["a", "c", "a"]])
        #expect(answers(Self.inherit(RelationshipTypes(.attachedTo), .outgoing, 1...1), "b").isEmpty)
        #expect(answers(Self.inherit(RelationshipTypes(.attachedTo), .incoming), "b") == [["a", "a"]])
        #expect(answers(Self.inherit(RelationshipTypes(.uses), .any), "a").isEmpty)
        #expect(answers(Self.inherit(.all, .outgoing, 3...4), "a") == [["d", "b", "c", "d"]])
        // Nobody is found by a walk from itself.
        #expect(answers(Self.inherit(RelationshipTypes(.attachedTo)), "a").isEmpty)
    }

    @Test("What came along relationships is not passed on; the provider's own tag is")
    func inherited() {
        let index = RelationIndex(queries: [Self.inherit()])
        func put(_ rule: UUID128?) {
            var record = Self.record("b", tags: ["team": "x"])
            record.tags[0].winner = TagAssertion(
                value: "x", source: .inherited, ruleID: rule, createdBy: "test", createdAt: Self.time, updatedAt: Self.time)
            index.put(record)
        }
        index.put(Self.record("a", to: [(.uses, "b")]))
        put(nil)
        #expect(Self.answers(index, "a") == [["x", "b"]])
        put(UUID128(high: 1, low: 2))
        #expect(Self.answers(index, "a").isEmpty)
    }

    @Test("A changed tag concerns those alone that look for it; what says nothing new concerns nobody")
    func dependants() {
        let index = RelationIndex(queries: [Self.inherit(.all, .outgoing, 1...2)])
        index.put(Self.record("hub"))
        for number in 0..<1_000 {
            index.put(Self.record("near-\(number)", to: [(.inNetwork, "hub")]))
            index.put(Self.record("other-\(number)", to: [(.inNetwork, "elsewhere")]))
        }
        while !index.takeAffected(limit: 100).isEmpty {}
        index.put(Self.record("hub"))
        #expect(index.affectedCount == 0)
        index.put(Self.record("hub", tags: ["name": "hub"]))
        #expect(index.affectedCount == 0)
        index.put(Self.record("hub", tags: ["team": "net"]))
        let near = Set((0..<1_000).map { Self.id("near-\($0)") })
        #expect(index.affectedCount == 1_000 && Set(index.takeAffected(limit: 5_000)) == near)
    }

    @Test("A row is settled once it has what is found for it")
    func settled() {
        let index = RelationIndex(queries: [Self.inherit()])
        var record = Self.record("a", to: [(.uses, "b")])
        index.put(record)
        index.put(Self.record("b", tags: ["team": "x"]))
        let found = index.newFacts(of: Self.id("a"))
        #expect(found?.map(\.value) == ["x"])
        #expect(index.newFacts(of: Self.id("b")) == nil && index.newFacts(of: Self.id("c")) == nil)
        record.resource.relations = found ?? []
        index.put(record)
        #expect(index.newFacts(of: Self.id("a")) == nil)
        index.markAll { $0 == Self.id("a") }
        #expect(index.takeAffected(limit: 10).contains(Self.id("a")))
    }

    @Test(
        "After random changes all answers are as if worked out anew, and whoever has another one was named",
        arguments: 1...40)
    func random(seed: UInt64) {
        var random = SplitMix(seed)
        let names = (0..<8).map { "r\($0)" }
        let types: [RelationshipType] = [.attachedTo, .uses, .inNetwork]
        let wanted = Condition.test(FieldTest(.tag("team"), .eq, .text("1")))
        let queries = RelationQuery.Direction.allCases.flatMap { direction in
            [
                RelationQuery(
                    types: RelationshipTypes(.attachedTo, .uses), direction: direction, depths: 1...3, subject: .tag("team")),
                RelationQuery(types: .all, direction: direction, depths: 2...2, subject: .condition(wanted)),
            ]
        }
        let index = RelationIndex(queries: queries)
        var records: [String: ResourceRecord] = [:]
        var before: [String: [RelationFact]] = [:]
        for _ in 0..<250 {
            let name = names[random.below(names.count)]
            if random.below(5) == 0 {
                records[name] = nil
                index.remove(Self.id(name))
            } else {
                let targets = (0..<random.below(4)).map { _ in
                    (types[random.below(types.count)], names[random.below(names.count)])
                }
                let old = records[name]?.resource.relationships
                var record = Self.record(
                    name, to: targets, tags: random.below(2) == 0 ? ["team": "\(random.below(3))"] : [:])
                record.resource.relationships = Array(Set(record.resource.relationships)).sorted()
                if random.below(2) == 0, let old { record.resource.relationships = old }
                records[name] = record
                index.put(record)
            }
            let named = Set(index.takeAffected(limit: 1_000))
            let oracle = Oracle(records: records)
            for name in names {
                let answers = queries.sorted { $0.key < $1.key }.compactMap { oracle.fact(of: name, $0) }
                #expect(index.facts(of: Self.id(name)) == answers, "seed \(seed), \(name)")
                #expect(
                    answers == before[name] ?? [] || named.contains(Self.id(name)) || records[name] == nil, "seed \(seed)")
                before[name] = answers
            }
        }
    }

    /// All ways from a start, by length and then by ids: the first that ends at an answer.
    private struct Oracle {
        let records: [String: ResourceRecord]

        private var byID: [ResourceID: ResourceRecord] {
            Dictionary(uniqueKeysWithValues: records.values.map { ($0.resource.id, $0) })
        }

        func fact(of name: String, _ query: RelationQuery) -> RelationFact? {
            guard let start = records[name] else { return nil }
            let all = byID
            var nearest: [ResourceID: [ResourceID]] = [start.resource.id: []]
            var level: [[ResourceID]] = [[]]
            for depth in 1...query.depths.upperBound {
                var next: [[ResourceID]] = []
                for way in level {
                    let at = way.last ?? start.resource.id
                    for (id, other) in all where nearest[id] == nil {
                        let out =
                            all[at]?.resource.relationships.contains { $0.target == id && query.types.contains($0.type) }
                            == true
                        let back = other.resource.relationships.contains { $0.target == at && query.types.contains($0.type) }
                        guard out && query.direction != .incoming || back && query.direction != .outgoing else { continue }
                        next.append(way + [id])
                    }
                }
                next.sort { $0.lexicographicallyPrecedes($1) }
                level = []
                for way in next {
                    guard let end = way.last, nearest[end] == nil else { continue }
                    nearest[end] = way
                    level.append(way)
                }
                guard query.depths.contains(depth) else { continue }
                for way in level {
                    guard let end = way.last, let tag = all[end]?.tag("team") else { continue }
                    switch query.subject {
                    case .condition: if tag.value == "1" { return RelationFact(query: query.key, value: "", path: way) }
                    case .tag: return RelationFact(query: query.key, value: tag.value, path: way)
                    }
                }
            }
            return nil
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct SplitMix {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}
