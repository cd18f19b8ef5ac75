import Conditions
import JSON
import Model

@testable import Shard

/// SplitMix64, as a source of test values: the same seed gives the same values everywhere.
struct SeededValues: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        defer { state &+= 0x9E37_79B9_7F4A_7C15 }
        return StableHash.mix(state)
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
    mutating func chance() -> Bool { Bool.random(using: &self) }
    mutating func maybe<Value>(_ make: (inout Self) -> Value) -> Value? { chance() ? make(&self) : nil }

    mutating func list<Value>(_ most: Int, _ make: (inout Self) -> Value) -> [Value] {
        (0..<below(most + 1)).map { _ in make(&self) }
    }

    mutating func uuid() -> UUID128 { UUID128(high: next(), low: next()) }
    mutating func text() -> String { list(6) { Self.pieces[$0.below(Self.pieces.count)] }.joined() }

    private static let pieces = ["owner", "café", "cafe\u{301}", "\u{0}", "\"", "\\n", "日本", "🏷", " ", "a.b/c:d", "\t"]

    mutating func number() -> UInt64 { next() >> UInt64(below(64)) }
    mutating func amount() -> Int64 { Int64(bitPattern: next()) >> Int64(below(64)) }
}

// MARK: What is forwarded

extension SeededValues {
    mutating func command() -> ShardCommand {
        switch below(9) {
        case 7: .graph(graphCommand())
        case 0: .observe(list(5) { $0.observation() })
        case 1: .addCosts(list(4) { $0.cost() })
        case 2: .putResource(observation(), precondition())
        case 3: .deleteResource(ResourceID(uuid()), precondition())
        case 4: .applyTags(list(4) { $0.application() })
        case 5: .setTag(uuid(), value: text(), precondition())
        case 6: .deleteTag(uuid(), precondition())
        default: .reserveKey
        }
    }

    mutating func graphCommand() -> GraphCommand {
        let name = "g-\(below(1_000))"
        return switch below(3) {
        case 0: .create(name)
        case 1: .drop(name, precondition())
        default:
            .change(
                GraphTransaction(
                    name: name, version: number(), mutations: list(20) { UInt8($0.below(256)) }, grows: chance(),
                    answer: maybe { values in values.list(9) { UInt8($0.below(256)) } }))
        }
    }

    mutating func observation() -> Observation {
        let kinds: [Observation.Kind] = [.described, .partial, .deleted]
        return Observation(
            kinds[below(3)], provider: Provider.allCases[below(3)], resourceID: text(), resourceType: maybe { $0.text() },
            name: maybe { $0.text() }, accountID: maybe { $0.text() }, region: maybe { $0.text() },
            nativeTags: maybe { $0.tags() },
            nativeTagChanges: maybe { values in
                TagChanges(
                    set: values.tags(), removed: values.list(3) { .init(key: $0.text(), value: $0.maybe { $0.text() }) })
            },
            metadata: maybe { $0.metadata() },
            relationships: list(4) { Relationship(RelationshipType.allCases[$0.below(27)], to: ResourceID($0.uuid())) },
            statedTypes: RelationshipTypes(rawValue: next()).intersection(.all))
    }

    mutating func tags() -> TagList { TagList(list(5) { Tag($0.text(), $0.text()) }) }

    mutating func metadata() -> JSONText {
        JSONText(trusted: JSONValue.object(list(4) { .init($0.text(), $0.json(depth: 3)) }).serialised)
    }

    private mutating func json(depth: Int) -> JSONValue {
        switch below(depth > 0 ? 7 : 5) {
        case 0: .null
        case 1: .bool(chance())
        case 2: .int(Int(amount()))
        case 3: .double(chance() ? Double(bitPattern: next()) : Double(amount()) * 0.5)
        case 4: .string(text())
        case 5: .array(list(3) { $0.json(depth: depth - 1) })
        default: .object(list(3) { .init($0.text(), $0.json(depth: depth - 1)) })
        }
    }

    mutating func cost() -> CostObservation {
        let lines = list(4) { values in
            CostLine(
                month: Int32(202_601 + values.below(12)), service: values.text(), currency: "USD",
                billedNanos: values.amount(), effectiveNanos: values.amount(), upload: values.number())
        }
        return CostObservation(resource: observation(), lines: lines.sorted(), upload: number())
    }

    mutating func application() -> TagApplication {
        TagApplication(resource: ResourceID(uuid()), tags: list(4) { Tag($0.text(), $0.text()) })
    }

    mutating func precondition() -> Precondition {
        switch below(4) {
        case 0: .none
        case 1: .unchangedSince(number())
        case 2: .exists
        default: .absent
        }
    }

    mutating func context() -> WriteContext {
        WriteContext(
            actor: text(), requestID: text(),
            idempotency: maybe { .init(key: IdempotencyKey(high: $0.next(), low: $0.next()), bodyDigest: $0.number()) },
            scope: maybe { ResourceScope($0.condition(depth: 2)) })
    }
}

// MARK: The system's commands

extension SeededValues {
    mutating func systemCommand() -> SystemCommand {
        switch below(7) {
        case 3: .passTime
        case 4: .keep(governanceItem())
        case 5: .forget(uuid())
        case 0: .create(item())
        case 1: .update(item(), precondition())
        case 2: .delete(CatalogItem.Kind.allCases[below(4)], uuid(), precondition())
        default: .reapply
        }
    }

    private mutating func item() -> CatalogItem {
        let made = Timestamp(milliseconds: amount())
        switch below(4) {
        case 0:
            return .waiver(
                ComplianceWaiver(
                    id: uuid(), name: text(), reason: text(), scope: maybe { $0.condition(depth: 2) },
                    policies: list(3) { $0.uuid() }, expiresAt: Timestamp(milliseconds: amount()), approver: text(),
                    version: number(), createdAt: made, updatedAt: made))
        case 3:
            return .rule(
                TagRule(
                    id: uuid(), name: text(), description: text(), priority: Int32(truncatingIfNeeded: amount()),
                    enabled: chance(), condition: condition(depth: 3),
                    actions: list(3) { .setTag(key: $0.text(), value: $0.text()) }, version: number(), createdBy: text(),
                    createdAt: made, updatedAt: made))
        case 1:
            return .definition(
                TagDefinition(
                    id: uuid(), tagKey: text(), displayName: text(), allowedValues: list(3) { $0.text() },
                    required: chance(), aliases: list(3) { $0.text() },
                    casePolicy: TagDefinition.CasePolicy.allCases[below(3)],
                    providers: list(2) { Provider.allCases[$0.below(3)] },
                    createdAt: made, updatedAt: made))
        default:
            return .policy(
                CompliancePolicy(
                    id: uuid(), name: text(), severity: .high, scope: maybe { $0.condition(depth: 2) },
                    rules: .tagCount(min: below(9), max: maybe { $0.below(99) }), enabled: chance(), createdBy: text(),
                    createdAt: made, updatedAt: made))
        }
    }

    private mutating func governanceItem() -> GovernanceItem {
        guard chance() else {
            return .rejection(
                AliasRejection(
                    id: uuid(), tagKey: text(), value: maybe { $0.text() }, alias: text(), rejectedBy: text(),
                    at: Timestamp(milliseconds: amount())))
        }
        var score = ComplianceScore()
        (score.resources, score.compliant, score.waived) = (below(99), below(99), below(99))
        for _ in 0..<below(3) { score.costs[text()] = .init(total: amount(), compliant: amount()) }
        return .score(
            ScoreDay(
                at: Timestamp(milliseconds: Int64(below(1_000_000_000)) * 1_000), score: score,
                policies: list(3) { .init(id: $0.uuid(), evaluated: $0.below(99), compliant: $0.below(99)) }))
    }

    private mutating func condition(depth: Int) -> Condition {
        switch below(depth > 0 ? 4 : 1) {
        case 1: .all(list(3) { $0.condition(depth: depth - 1) })
        case 2: .any(list(3) { $0.condition(depth: depth - 1) })
        case 3: .not(condition(depth: depth - 1))
        default: .test(FieldTest(.tag("k" + text()), .isIn, .list(list(3) { $0.text() }), ignoreCase: chance()))
        }
    }
}

// MARK: What comes back

extension SeededValues {
    mutating func reply() -> ShardReply {
        ShardReply(
            index: number(), outcomes: list(9) { $0.outcome() }, subject: maybe { $0.uuid() },
            tags: maybe { TagSnapshot(of: $0.record()) })
    }

    private mutating func outcome() -> Outcome {
        switch below(9) {
        case 0: .created
        case 1: .updated
        case 2: .unchanged
        case 3: .deleted
        case 4: .notFound
        case 5: .preconditionFailed(current: maybe { $0.number() })
        case 6: .invalid(text())
        case 7: .notPermitted
        default: .conflict(text())
        }
    }

    mutating func record() -> ResourceRecord {
        let made = Timestamp(milliseconds: Int64(below(1 << 40)))
        let tags = tags().tags.map { tag in
            let source = TagSource.allCases[below(TagSource.allCases.count)]
            return VirtualTag(
                key: tag.key,
                winner: TagAssertion(value: tag.value, source: source, createdBy: text(), createdAt: made, updatedAt: made))
        }
        return ResourceRecord(
            resource: Resource(observed: observation(), at: made), tags: tags, judgedUnder: number(),
            changedIndex: number())
    }

    mutating func totals() -> ShardAnswer.Totals {
        var counts = InventoryTotals()
        counts.resources = below(1 << 40)
        for provider in Provider.allCases where chance() { counts.byProvider[provider] = below(1 << 30) }
        for source in TagSource.allCases where chance() { counts.tagsBySource[source] = below(1 << 30) }
        for _ in 0..<below(4) { counts.byPolicy[uuid(), default: .init()].violations = below(1 << 30) }
        return ShardAnswer.Totals(counts: counts, rows: below(1 << 40), pending: below(9), appliedIndex: number())
    }
}
