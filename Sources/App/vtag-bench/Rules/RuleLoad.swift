import Conditions
import Model

/// A thousand rules over the multiplied samples, as a catalogue and as one statement of SQL: the first rule that holds for a
/// resource says which pool it belongs to.
struct RuleLoad {
    /// The key that all of them set. Who has it already is left alone: the first match wins, as in a CASE.
    static let key = "pool"
    /// Provider's keys that conditions ask for.
    static let keysMax = 6

    let rules: [TagRule]
    let keys: [String]

    init(_ samples: MultipliedSamples, count: Int, at now: Timestamp, seed: UInt64 = 11) {
        var counts: [String: Int] = [:]
        for tag in samples.originals.flatMap({ $0.nativeTags?.tags ?? [] }) { counts[tag.key, default: 0] += 1 }
        let keys = Array(counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key).prefix(Self.keysMax))
        self.keys = keys
        var maker = ConditionMaker(originals: samples.originals, keys: keys, randomness: Randomness(seed: seed))
        rules = (1...count).map { number in
            Self.rule(
                number, condition: maker.next(), actions: [.setTag(key: Self.key, value: Self.value(number))],
                priority: Int32(number), at: now)
        }
    }

    static func value(_ number: Int) -> String { "pool-\(number)" }

    /// A rule that holds for so many thousand resources alone, and comes behind all others.
    static func newcomer(thousands: Int, version: UInt64 = 1, at now: Timestamp) -> TagRule {
        let names = (0..<thousands).map { MultipliedSamples.name(ofThousand: $0 * 7) }
        var rule = rule(
            1 << 20, condition: .test(FieldTest(.nativeTag(MultipliedSamples.thousandKey), .isIn, .list(names))),
            actions: [.setTag(key: "wave", value: "first")], priority: 1 << 20, at: now)
        rule.ifTagExists = .replace
        rule.version = version
        return rule
    }

    private static func rule(
        _ number: Int, condition: Condition, actions: [TagAction], priority: Int32, at now: Timestamp
    ) -> TagRule {
        TagRule(
            id: UUID128(high: 0x8001, low: UInt64(number)), name: "rule-\(number)", priority: priority, condition: condition,
            actions: actions, ifTagExists: .keep, createdBy: "bench", createdAt: now, updatedAt: now)
    }

    // MARK: For the baseline

    /// The columns that conditions read.
    var columns: [String] {
        ["provider", "resource_type", "name", "account_id", "region"] + keys.indices.map { "tag_\($0)" }
    }

    func values(of observation: Observation) -> [String?] {
        [
            observation.provider.rawValue, observation.resourceType ?? "", observation.name ?? "",
            observation.accountID ?? "", observation.region ?? "",
        ] + keys.map { key in value(of: key, in: observation.nativeTags?.tags ?? []) }
    }

    /// As a condition finds it: that very key, else the first of its form.
    private func value(of key: String, in tags: [Tag]) -> String? {
        if let exact = tags.first(where: { $0.key == key }) { return exact.value }
        let form = TagKeyForm.form(of: key)
        return tags.first { TagKeyForm.form(of: $0.key) == form }?.value
    }

    /// One scan that gives each resource the number of the first rule that holds.
    var statement: String {
        let branches = rules.enumerated().map { "WHEN \(sql($1.condition)) THEN \($0 + 1)" }
        return "SELECT winner, count(*) FROM (SELECT CASE \(branches.joined(separator: " ")) END AS winner FROM resources) "
            + "GROUP BY winner"
    }

    private func sql(_ condition: Condition) -> String {
        switch condition {
        case .all(let parts): return "(\(parts.map(sql).joined(separator: " AND ")))"
        case .any(let parts): return "(\(parts.map(sql).joined(separator: " OR ")))"
        case .not(let part): return "coalesce(NOT \(sql(part)), true)"
        case .test(let test): return sql(test)
        case .related: preconditionFailure("no rule of the load follows relationships")
        }
    }

    private func sql(_ test: FieldTest) -> String {
        let column: String
        if case .nativeTag(let key) = test.field {
            column = "tag_\(keys.firstIndex(of: key) ?? -1)"
        } else {
            column = test.field.text
        }
        func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
        switch (test.comparison, test.operand) {
        case (.eq, .text(let text)): return "\(column) = \(quoted(text))"
        case (.isIn, .list(let texts)): return "\(column) IN (\(texts.map(quoted).joined(separator: ", ")))"
        case (.startsWith, .text(let text)): return "starts_with(\(column), \(quoted(text)))"
        case (.contains, .text(let text)): return "contains(\(column), \(quoted(text)))"
        default: preconditionFailure("the benchmark has no SQL for \(test)")
        }
    }
}

/// Conditions such as people write, each made from a resource that is there.
private struct ConditionMaker {
    let originals: [Observation]
    let keys: [String]
    var randomness: Randomness

    mutating func next() -> Condition {
        let original = randomness.pick(originals)
        let tags = (original.nativeTags?.tags ?? []).filter { keys.contains($0.key) }
        let type = Condition.test(FieldTest(.resourceType, .eq, .text(original.resourceType ?? "")))
        let account = Condition.test(FieldTest(.accountID, .eq, .text(original.accountID ?? "")))
        let region = Condition.test(FieldTest(.region, .eq, .text(original.region ?? "")))
        let provider = Condition.test(FieldTest(.provider, .eq, .text(original.provider.rawValue)))
        guard let tag = tags.isEmpty ? nil : randomness.pick(tags) else { return .all([type, account, region]) }
        let tagged = Condition.test(FieldTest(.nativeTag(tag.key), .eq, .text(tag.value)))
        switch randomness.next() % 20 {
        case 0..<7: return .all([tagged, account, type])
        case 7..<11: return .all([type, account, region])
        case 11..<14: return .all([tagged, .test(equal(randomness.pick(tags))), type])
        case 14..<16:
            return .all([type, .test(FieldTest(.name, .startsWith, .text(String((original.name ?? "").prefix(6)))))])
        case 16..<18:
            let others = (0..<3).map { _ in value(of: tag.key) }
            return .all([.test(FieldTest(.nativeTag(tag.key), .isIn, .list([tag.value] + others))), region])
        case 18:
            let part = String((original.name ?? "").split(separator: "-").last ?? "")
            return .all([provider, .test(FieldTest(.name, .contains, .text(part))), account])
        default: return .all([provider, .not(tagged), type])
        }
    }

    private func equal(_ tag: Tag) -> FieldTest { FieldTest(.nativeTag(tag.key), .eq, .text(tag.value)) }

    private mutating func value(of key: String) -> String {
        for _ in 0..<32 { if let value = randomness.pick(originals).nativeTags?[key] { return value } }
        return "none"
    }
}
