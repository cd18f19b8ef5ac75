import Model
import TaggingRules
import Testing

@Suite("Rules along relationships")
struct RelationRulesTests {
    private static let time = Timestamp(milliseconds: 1_790_000_000_000)
    private static let types = RelationshipTypes(.attachedTo)

    private static func rule(
        _ number: UInt64, priority: Int32 = 1, when condition: Condition = .all([]), _ actions: [TagAction]
    ) -> TagRule {
        TagRule(
            id: UUID128(high: 1, low: number), name: "r\(number)", description: "", priority: priority, enabled: true,
            condition: condition, actions: actions, version: 1, createdBy: "test", createdAt: time, updatedAt: time)
    }

    private static let inherit = TagAction.inheritTag(key: "team", types: types, direction: .outgoing, depth: 2)
    private static let prod = RelationQuery(
        types: types, direction: .any, depths: 1...1,
        subject: .condition(.test(FieldTest(.tag("env"), .eq, .text("prod")))))

    private static func tags(
        _ rules: [TagRule], native: [Model.Tag] = [], facts: [RelationFact], claims: [VirtualTag] = []
    ) -> [VirtualTag] {
        var resource = Resource(
            provider: .aws, resourceID: "vol-1", resourceType: "ec2.volume", nativeTags: TagList(native), firstSeen: time,
            lastSeen: time)
        resource.relations = facts
        return CompiledRuleSet(rules: rules).evaluate(
            resource, claims: claims, previous: [], at: time, in: TaggingContext())
    }

    private static func fact(_ query: RelationQuery?, _ value: String = "") -> RelationFact {
        RelationFact(
            query: query?.key ?? UUID128(high: 0, low: 0), value: value, path: [ResourceID(provider: .aws, nativeID: "i-1")])
    }

    @Test("What is inherited stands below everything else that is said of the key, and carries its rule")
    func precedence() {
        let found = [Self.fact(Self.inherit.relationQuery, "ops")]
        let inherits = Self.rule(1, [Self.inherit])
        let alone = Self.tags([inherits], facts: found)
        #expect(alone.map(\.value) == ["ops"])
        #expect(alone[0].winner.source == .inherited && alone[0].winner.ruleID == inherits.id)
        let native = Self.tags([inherits], native: [Model.Tag("team", "web")], facts: found)
        #expect(native[0].value == "web" && native[0].losers.map(\.value) == ["ops"])
        let later = Self.rule(2, priority: 9, [.setTag(key: "team", value: "data")])
        let ruled = Self.tags([inherits, later], facts: found)
        #expect(ruled[0].value == "data" && ruled[0].losers.map(\.value) == ["ops"])
        #expect(Self.tags([inherits], facts: []).isEmpty)
    }

    @Test("A rule's own condition decides whether it inherits, and `related` is one")
    func conditions() {
        let rule = Self.rule(1, when: .related(Self.prod), [Self.inherit, .setTag(key: "near", value: "prod")])
        let value = Self.fact(Self.inherit.relationQuery, "ops")
        #expect(Self.tags([rule], facts: [value]).isEmpty)
        #expect(Self.tags([rule], facts: [value, Self.fact(Self.prod)]).map(\.key) == ["near", "team"])
    }

    @Test("Others find what no rule along relationships has a part in, however indirect")
    func plan() {
        let rules = [
            Self.rule(1, [Self.inherit]),
            Self.rule(2, when: .test(FieldTest(.tag("Team"), .exists)), [.setTag(key: "owner", value: "x")]),
            Self.rule(3, [.copyTag(from: .tag("owner"), key: "contact")]),
            Self.rule(4, when: .related(Self.prod), [.setTag(key: "near", value: "prod")]),
            Self.rule(5, [.setTag(key: "env", value: "prod")]),
            Self.rule(6, [.setTag(key: "team", value: "own")]),
        ]
        let plan = RelationPlan(rules: rules, policies: [], definitions: [])
        let record = ResourceRecord(
            resource: Resource(
                provider: .aws, resourceID: "i-1", resourceType: "x", firstSeen: Self.time, lastSeen: Self.time),
            tags: Self.tags(
                rules + [Self.rule(7, [.removeTag(key: "none")])],
                facts: [Self.fact(Self.inherit.relationQuery, "ops"), Self.fact(Self.prod)]))
        #expect(record.tags.map(\.key) == ["contact", "env", "near", "owner", "team"])
        let found = RelationPlan.View(plan).plain(record).tags
        #expect(found.map(\.key) == ["env", "team"] && found.map(\.value) == ["prod", "own"])
        #expect(Set(plan.queries.map(\.key)) == [Self.inherit.relationQuery?.key, Self.prod.key])
        #expect(RelationPlan(rules: [rules[4]], policies: [], definitions: []).queries.isEmpty)
    }

    @Test("What a rule along relationships removes is found by others all the same")
    func removal() {
        let rules = [
            Self.rule(1, when: .related(Self.prod), [.removeTag(key: "team")]),
            Self.rule(2, priority: 2, [.setTag(key: "team", value: "own")]),
        ]
        let facts = [Self.fact(Self.prod)]
        #expect(Self.tags(rules, native: [Model.Tag("Team", "web")], facts: facts).isEmpty)
        var resource = Resource(
            provider: .aws, resourceID: "i-1", resourceType: "x", nativeTags: TagList([Model.Tag("Team", "web")]),
            firstSeen: Self.time, lastSeen: Self.time)
        resource.relations = facts
        let view = RelationPlan.View(RelationPlan(rules: rules, policies: [], definitions: []))
        #expect(view.plain(ResourceRecord(resource: resource)).tags.map(\.value) == ["own"])
    }

    @Test("A row is not judged anew for nothing")
    func keeping() throws {
        let found = [Self.fact(Self.inherit.relationQuery, "ops")]
        let rules = CompiledRuleSet(rules: [Self.rule(1, [Self.inherit])])
        var resource = Resource(
            provider: .aws, resourceID: "vol-1", resourceType: "ec2.volume", firstSeen: Self.time, lastSeen: Self.time)
        resource.relations = found
        let context = TaggingContext()
        let tags = rules.evaluate(resource, claims: [], previous: [], at: Self.time, in: context)
        #expect(
            rules.evaluate(resource, claims: [], previous: tags, at: Self.time.adding(milliseconds: 5), in: context) == tags)
        RecordCodec.encode(ResourceRecord(resource: resource, tags: tags)).withUnsafeBytes { row in
            #expect(rules.keepsTags(of: row, in: context))
        }
        resource.relations = []
        RecordCodec.encode(ResourceRecord(resource: resource, tags: tags)).withUnsafeBytes { row in
            #expect(!rules.keepsTags(of: row, in: context))
        }
    }
}
