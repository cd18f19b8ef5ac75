import Foundation
import Model
import TaggingRules
import Testing

@testable import Shard

/// Judges as the catalogue does, and has every row judged again whatever has changed.
private final class ThoroughJudge: Judge {
    private let judge: CatalogJudge
    init(_ catalog: Catalog) { judge = CatalogJudge(catalog) }

    var version: UInt64 { judge.version }

    func judge(
        _ resource: Resource, claims: [VirtualTag], previous: ResourceRecord?, at now: Timestamp
    ) -> (tags: [VirtualTag], compliance: [ComplianceResult]) {
        judge.judge(resource, claims: claims, previous: previous, at: now)
    }
}

/// A shard beside a system shard's state, in which everything is applied at once.
private struct Inventory {
    var shard = newShard()
    /// Rows that sweeps have judged.
    var judged = 0

    mutating func take(_ command: ShardCommand, _ judge: some Judge) throws {
        guard case .append(let proposal) = try shard.propose(command, by: ann, at: now, judge: judge) else { return }
        shard.appended(proposal, term: 1)
        _ = try shard.apply(proposal.encoded, at: proposal.index, term: 1)
    }

    mutating func sweep(_ judge: some Judge, slicesMax: Int = .max) throws {
        var slices = 0
        while shard.needsSweep(version: judge.version), slices < slicesMax {
            try take(.sweep(limit: 2), judge)
            slices += 1
        }
    }

    /// What rules and policies have made of each row.
    func outcome() throws -> [ResourceID: Outcome] {
        var outcome: [ResourceID: Outcome] = [:]
        for row in shard.state.rows.rows(after: nil, limit: .max) {
            let record = try RecordCodec.decode(row.bytes, id: row.id)
            outcome[row.id] = Outcome(tags: record.tags, compliance: record.compliance)
        }
        return outcome
    }

    struct Outcome: Equatable {
        let tags: [VirtualTag]
        let compliance: [ComplianceResult]
    }
}

@Suite("A changed rule visits the rows that it may concern")
struct ChangedRulesTests {
    /// `VTAG_RULE_LIVES` asks for more.
    private static let lives = ProcessInfo.processInfo.environment["VTAG_RULE_LIVES"].flatMap { Int($0) } ?? 6

    @Test("Whatever rules change, visiting some rows comes to what judging all of them does, in tags, results and trail")
    func random() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        for life in 0..<Self.lives { try Self.live(seed &+ UInt64(life), superseding: life % 2 == 0) }
        for life in 0..<2 { try Self.live(seed &+ UInt64(life), superseding: false, changingMany: true) }
    }

    /// Whoever writes a key that nobody else spells may see it respelt by a rule, and so for good: whether a row was judged
    /// under a version that another one superseded shows in it. Where versions are superseded, people's keys have one spelling.
    /// `changingMany`: more rules at a time than are looked at one by one.
    private static func live(_ seed: UInt64, superseding: Bool, changingMany: Bool = false) throws {
        var dice = CatalogDice(seed: seed, manualKeys: superseding ? ["env", "stage", "owner"] : CatalogDice.keys)
        var state = SystemState(items: dice.fixedItems())
        var catalog = Catalog(state)
        var (some, all) = (Inventory(), Inventory())
        for number in 0..<60 {
            let observation = dice.observation(number)
            try some.take(.observe([observation]), CatalogJudge(catalog))
            try all.take(.observe([observation]), CatalogJudge(catalog))
        }
        for step in 0..<25 {
            let changes =
                changingMany && dice.below(4) > 0
                ? (0...RuleReach.changesMax).map { dice.change(state, UInt64($0), reapplying: false) }
                : (0...dice.below(3)).map { _ in dice.change(state, UInt64(dice.below(8))) }
            _ = state.apply(changes, at: state.appliedIndex + 1)
            catalog = Catalog(state, after: catalog)
            let (judge, thorough) = (CatalogJudge(catalog), ThoroughJudge(catalog))
            some.shard.catalogChanged()
            all.shard.catalogChanged()
            if superseding, dice.below(3) == 0 {
                // A newer version supersedes this one in the middle.
                try some.sweep(judge, slicesMax: dice.below(4))
                continue
            }
            try some.sweep(judge)
            try all.sweep(thorough)
            #expect(try some.outcome() == all.outcome(), "seed \(seed), step \(step)")
            #expect(
                superseding || some.shard.state.auditSequence == all.shard.state.auditSequence, "seed \(seed), step \(step)")
            let write = dice.write()
            try some.take(write, judge)
            try all.take(write, judge)
        }
    }

    @Test("A new rule has the rows judged that it holds for, and no other")
    func narrow() throws {
        var state = SystemState()
        var catalog = Catalog(state)
        var inventory = Inventory()
        let observations = (0..<200).map { number in
            Observation(
                provider: .aws, resourceID: "i-\(number)", resourceType: "ec2.instance", name: "web",
                nativeTags: TagList([Tag("Team", "t\(number % 20)")]))
        }
        try inventory.take(.observe(observations), CatalogJudge(catalog))
        let rule = TagRule(
            id: UUID128(high: 1, low: 1), name: "r", priority: 1,
            condition: .test(FieldTest(.tag("team"), .eq, .text("t7"))), actions: [.setTag(key: "owner", value: "ann")],
            createdBy: "ann", createdAt: now, updatedAt: now)
        _ = state.apply([.put(.rule(rule))], at: 1)
        catalog = Catalog(state, after: catalog)
        let reach = try #require(catalog.reach(since: 0).rules)
        let concerned = inventory.shard.state.rows.rows(after: nil, limit: .max).filter { row in
            row.bytes.withUnsafeBytes { reach.mayChange($0) }
        }
        #expect(concerned.count == 10)
        inventory.shard.catalogChanged()
        try inventory.sweep(CatalogJudge(catalog))
        #expect(try inventory.outcome().values.count { $0.tags.contains { $0.key == "owner" } } == 10)
    }

    @Test("Where many rules change, rows whose tags stay the same are left alone, unless a policy's key may be respelt")
    func many() throws {
        func rules(_ value: String) -> [SystemState.Effect] {
            (0...UInt64(RuleReach.changesMax)).map { number in
                .put(
                    .rule(
                        TagRule(
                            id: UUID128(high: 1, low: number), name: "r\(number)", priority: Int32(number),
                            condition: .test(FieldTest(.name, .eq, .text("n\(number)"))),
                            actions: [.setTag(key: "owner", value: value)], createdBy: "ann", createdAt: now, updatedAt: now)
                    ))
            }
        }
        func observation(_ name: String) -> Observation {
            Observation(
                provider: .aws, resourceID: name, resourceType: "vm", name: name, nativeTags: TagList([Tag("Team", "a")]))
        }
        var state = SystemState()
        _ = state.apply(rules("ann"), at: 1)
        var inventory = Inventory()
        try inventory.take(.observe([observation("n1"), observation("other")]), CatalogJudge(Catalog(state)))
        _ = state.apply(rules("bob"), at: 2)
        let judge = CatalogJudge(Catalog(state))
        let changed = inventory.shard.state.rows.rows(after: nil, limit: .max).filter { row in
            row.bytes.withUnsafeBytes { judge.mayChange($0, judgedSince: 1) }
        }
        #expect(changed.map(\.id) == [ResourceID(provider: .aws, nativeID: "n1")])
        let policy = CompliancePolicy(
            id: UUID128(high: 3, low: 1), name: "p", severity: .high, rules: .requiredTags(["Owner"]), createdBy: "ann",
            createdAt: now, updatedAt: now)
        _ = state.apply([.put(.policy(policy))], at: 3)
        _ = state.apply(rules("eve"), at: 4)
        guard case .everything = Catalog(state).reach(since: 3) else {
            Issue.record("the spelling of the policy's key is that of the rules")
            return
        }
    }

    @Test("After a definition, a policy or a request to judge all, and after a restart, all rows are judged")
    func wide() throws {
        var state = SystemState()
        let definition = TagDefinition(
            id: UUID128(high: 2, low: 1), tagKey: "team", dataType: .string, createdAt: now, updatedAt: now)
        _ = state.apply([.put(.definition(definition))], at: 1)
        #expect(Catalog(state).reach(since: 0).rules == nil)
        #expect(Catalog(state).reach(since: 1).rules != nil)
        _ = state.apply([.reapply], at: 2)
        #expect(Catalog(state).reach(since: 1).rules == nil)
        let restarted = SystemState(items: Array(state.items.values), appliedIndex: 2, catalogVersion: 2)
        #expect(Catalog(restarted).reach(since: 1).rules == nil)
        #expect(Catalog(restarted).reach(since: 2).rules != nil)
        #expect(Catalog(restarted).reach(since: 9).rules != nil)
    }
}

extension Catalog.Reach {
    fileprivate var rules: RuleReach? { if case .rules(let reach) = self { reach } else { nil } }
}

/// Catalogues, resources and changes in which keys, spellings and rules that depend on one another meet often.
private struct CatalogDice {
    private var state: UInt64
    /// Keys that people set.
    private let manualKeys: [String]

    init(seed: UInt64, manualKeys: [String]) {
        state = seed
        self.manualKeys = manualKeys
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    /// Among them one in two compositions.
    static let keys = [
        "team", "Team", "costcenter", "CostCenter", "cost_center", "env", "stage", "owner", "gr\u{F6}\u{DF}e",
        "gro\u{308}\u{DF}e",
    ]
    private static let values = ["a", "b", "prod", "Prod", "1", ""]

    mutating func observation(_ number: Int) -> Observation {
        let tags = (0..<below(4)).map { _ in Tag(pick(Self.keys), pick(Self.values)) }
        return Observation(
            provider: pick([.aws, .gcp, .azure]), resourceID: "i-\(number)", resourceType: pick(["vm", "disk"]),
            name: pick(["web-1", "db-1", "cache"]), accountID: pick(["1", "2"]), region: pick(["eu", "us"]),
            nativeTags: TagList(tags), metadata: JSONText(trusted: Array(#"{"size":\#(below(3))}"#.utf8)))
    }

    mutating func write() -> ShardCommand {
        let id = ResourceID(provider: .aws, nativeID: "i-\(below(60))")
        switch below(3) {
        case 0: return .applyTags([TagApplication(resource: id, tags: [Tag(pick(manualKeys), pick(Self.values))])])
        case 1: return .deleteResource(id, .none)
        default: return .observe([observation(below(70))])
        }
    }

    /// Definitions and policies.
    mutating func fixedItems() -> [CatalogItem] {
        var items: [CatalogItem] = []
        if below(2) == 0 {
            items.append(
                .definition(
                    TagDefinition(
                        id: UUID128(high: 2, low: 1), tagKey: "env", dataType: .string, aliases: ["stage"], createdAt: now,
                        updatedAt: now)))
        }
        for number in 0..<below(3) {
            items.append(
                .policy(
                    CompliancePolicy(
                        id: UUID128(high: 3, low: UInt64(number)), name: "p\(number)", severity: .high,
                        rules: pick([
                            .requiredTags([pick(Self.keys)]), .tagCount(min: 1, max: 2),
                            .conditionalRequirement(condition: condition(depth: 1), thenRequired: [pick(Self.keys)]),
                        ]), createdBy: "ann", createdAt: now, updatedAt: now)))
        }
        return items
    }

    mutating func change(_ state: SystemState, _ number: UInt64, reapplying: Bool = true) -> SystemState.Effect {
        let id = UUID128(high: 1, low: number)
        let old: TagRule? = if case .rule(let rule)? = state.items[id] { rule } else { nil }
        switch below(20) {
        case 0 where reapplying: return .reapply
        case 1..<5: return .delete(id)
        default: break
        }
        var rule = TagRule(
            id: id, name: "r\(id.low)", priority: Int32(below(4)), enabled: below(8) > 0, condition: condition(depth: 2),
            actions: (0...below(2)).map { _ in action() }, ifTagExists: below(3) == 0 ? .keep : .replace,
            defaultValue: below(4) == 0 ? "none" : nil, version: (old?.version ?? 0) + 1, createdBy: "ann", createdAt: now,
            updatedAt: now)
        if below(10) == 0 { rule.phase = pick([.waiting, .ended]) }
        return .put(.rule(rule))
    }

    private mutating func action() -> TagAction {
        let key = pick(Self.keys)
        switch below(6) {
        case 0: return .removeTag(key: key)
        case 1: return .copyTag(from: field(), key: key)
        case 2: return .mapValue(key: key, from: field(), mapping: [Tag("a", "b"), Tag("web-1", "x")], fallback: nil)
        case 3: return .setTag(key: key, value: "${tags.\(pick(Self.keys))}-x")
        default: return .setTag(key: key, value: pick(["a", "b", "prod"]))
        }
    }

    private mutating func field() -> ConditionField {
        switch below(9) {
        case 0: .provider
        case 1: .name
        case 2: .accountID
        case 3: .metadata("size")
        case 4, 5: .nativeTag(pick(Self.keys))
        default: .tag(pick(Self.keys))
        }
    }

    private mutating func condition(depth: Int) -> Condition {
        switch depth > 0 ? below(6) : 5 {
        case 0: return .not(condition(depth: depth - 1))
        case 1, 2: return .all((0...below(2)).map { _ in condition(depth: depth - 1) })
        case 3: return .any((0...below(2)).map { _ in condition(depth: depth - 1) })
        default: return .test(test())
        }
    }

    private mutating func test() -> FieldTest {
        let field = field()
        let ignoreCase = below(4) == 0
        let value = pick(["a", "b", "prod", "web-1", "aws", "1", "we"])
        switch below(9) {
        case 0: return FieldTest(field, .exists)
        case 1: return FieldTest(field, .absent)
        case 2: return FieldTest(field, .ne, .text(value), ignoreCase: ignoreCase)
        case 3: return FieldTest(field, .isIn, .list([value, "a"]), ignoreCase: ignoreCase)
        case 4: return FieldTest(field, .notIn, .list([value]), ignoreCase: ignoreCase)
        case 5: return FieldTest(field, .startsWith, .text(value), ignoreCase: ignoreCase)
        case 6: return FieldTest(field, .gte, .number(1, "1"))
        case 7: return FieldTest(field, .regex, .text("^\(value).*"), ignoreCase: ignoreCase)
        default: return FieldTest(field, .eq, .text(value), ignoreCase: ignoreCase)
        }
    }
}
