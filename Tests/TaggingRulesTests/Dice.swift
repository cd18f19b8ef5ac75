import Conditions
import Model
import TaggingRules

/// SplitMix64: the same numbers from the same seed everywhere.
struct Dice: RandomNumberGenerator {
    var state: UInt64
    /// Templates refer to groups of regular expressions too.
    var usesGroups = true
    /// Models claim values too. What a rule removes of them is gone for good, so that their rows are no fixed points.
    var hasModels = true

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return StableHash.mix(state)
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[Int(next() % UInt64(elements.count))] }
    mutating func chance(_ percent: UInt64) -> Bool { next() % 100 < percent }
}

/// Small alphabets, so that rules meet resources often.
extension Dice {
    static let keys = [
        "env", "Env", "environment", "team", "Team", "owner", "cost_center", "CostCenter", "größe", "x",
    ]
    private static let values = ["prd", "Production", "staging", "a", "B", "7", "10", "2026-03-01", "é", "e\u{301}", ""]

    mutating func field() -> ConditionField {
        switch next() % 9 {
        case 0: .provider
        case 1: .resourceType
        case 2: .name
        case 3: .accountID
        case 4: .region
        case 5, 6: .tag(pick(Self.keys))
        case 7: .nativeTag(pick(Self.keys))
        default: .metadata(pick(["size", "list", "list.0", "none"]))
        }
    }

    mutating func value(for field: ConditionField) -> String {
        switch field {
        case .provider: pick(["aws", "gcp", "azure", "AWS"])
        case .resourceType: pick(["ec2.instance", "s3.bucket", "rds.db"])
        case .accountID: pick(["1", "2", "3"])
        case .region: pick(["eu", "us", ""])
        default: pick(Self.values)
        }
    }

    mutating func condition(depth: Int = 0) -> Condition {
        let kind = depth > 3 ? 9 : next() % 10
        switch kind {
        case 0, 1: return .all((0..<Int(next() % 4)).map { _ in condition(depth: depth + 1) })
        case 2, 3: return .any((0..<Int(1 + next() % 3)).map { _ in condition(depth: depth + 1) })
        case 4: return .not(condition(depth: depth + 1))
        default:
            let field = field()
            let comparison = pick(ConditionOperator.allCases)
            let operand: FieldTest.Operand
            switch comparison {
            case .exists, .absent: operand = .none
            case .isIn, .notIn: operand = .list((0..<Int(1 + next() % 3)).map { _ in value(for: field) })
            case .eq, .ne, .gt, .gte, .lt, .lte: operand = chance(20) ? .number(7, "7") : .text(value(for: field))
            case .regex: operand = .text(pick(["^a", "(e|s)", "."]))
            case .glob: operand = .text(pick(["a*", "*s*", "?", "[ae]*"]))
            case .contains, .startsWith, .endsWith: operand = .text(value(for: field))
            }
            return .test(FieldTest(field, comparison, operand, ignoreCase: chance(20)))
        }
    }

    mutating func rule(_ number: Int) -> TagRule {
        let actions: [TagAction] = (0..<Int(1 + next() % 3)).map { _ in
            switch next() % 6 {
            case 0: .removeTag(key: pick(Self.keys))
            case 1: .copyTag(from: field(), key: pick(Self.keys))
            case 2:
                .mapValue(
                    key: pick(Self.keys), from: field(), mapping: [Tag("a", "1"), Tag("b", "2")],
                    fallback: chance(50) ? "0" : nil)
            case 3: .setTag(key: pick(Self.keys), value: "${\(field().text)}-\(usesGroups ? "${regex.0}" : "x")")
            default: .setTag(key: pick(Self.keys), value: pick(["a", "prd", "7"]))
            }
        }
        return TagRule(
            id: UUID128(high: next(), low: UInt64(number)), name: "r\(number)", priority: Int32(next() % 4),
            condition: condition(), actions: actions, ifTagExists: chance(20) ? .keep : .replace,
            defaultValue: chance(20) ? pick(["none", "prd"]) : nil, createdBy: "dice", createdAt: .at(0), updatedAt: .at(0))
    }

    mutating func resource(_ number: Int) -> Resource {
        Resource(
            provider: pick(Provider.allCases), resourceID: "r\(number)", resourceType: value(for: .resourceType),
            name: pick(Self.values), accountID: value(for: .accountID), region: value(for: .region),
            nativeTags: TagList((0..<Int(next() % 6)).map { _ in Tag(pick(Self.keys), pick(Self.values)) }),
            metadata: JSONText(trusted: Array(#"{"size":7,"list":["a","b"]}"#.utf8)), firstSeen: .at(0), lastSeen: .at(0))
    }

    mutating func claims() -> [VirtualTag] {
        (0..<Int(next() % 3)).map { _ in
            !hasModels || chance(50)
                ? .manual(pick(Self.keys), pick(Self.values)) : .model(pick(Self.keys), pick(Self.values), 0.5)
        }.sorted { $0.key < $1.key }
    }
}
