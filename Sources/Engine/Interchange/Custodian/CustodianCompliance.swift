internal import Conditions
internal import JSON
internal import Model

/// A policy that only selects resources, as compliance policies: what it selects is what is wrong.
///
/// Among the filters, one must say what is wrong with a tag (it is missing, its value is not among some, it does not look
/// like a pattern, there are too few or too many); what else they ask becomes the scope.
enum CustodianCompliance {
    /// What is wrong with a tag, and where that counts.
    struct Fault: Hashable {
        enum Kind: Hashable {
            case missing
            case otherThan([String])
            case unlike(String)
            case count(min: Int, max: Int?)
        }

        var key: String
        var kind: Kind
        /// Besides the resource type.
        var scope: [Selection] = []
    }

    /// Most faults of one policy: `or` of `or` multiplies.
    static let faultsMax = 64

    /// The faults that together are `selection`, which is in its normal form; nil when it says none.
    static func faults(of selection: Selection) -> [Fault]? {
        switch selection {
        case .test(let test): return faults(of: test)
        case .not(.test(let test)): return faults(ofNot: test)
        case .not, .related: return nil
        case .tagCount(let min, let max, _):
            // At least 8 tags are wrong: at most 7 are right.
            if max == nil, min > 0 { return [Fault(key: "", kind: .count(min: 0, max: min - 1))] }
            if min == 0, let max { return [Fault(key: "", kind: .count(min: max + 1, max: nil))] }
            return nil
        case .any(let parts):
            var found: [Fault] = []
            for part in parts {
                guard let faults = faults(of: part), found.count + faults.count <= faultsMax else { return nil }
                found += faults
            }
            return found.isEmpty ? nil : found
        case .all(let parts):
            for (position, part) in parts.enumerated() {
                let others = Array(parts[..<position] + parts[(position + 1)...])
                guard let faults = faults(of: part), (try? Selection.all(others).condition) != nil else { continue }
                return faults.map { Fault(key: $0.key, kind: $0.kind, scope: others + $0.scope) }
            }
            return nil
        }
    }

    private static func faults(of test: FieldTest) -> [Fault]? {
        guard case .tag(let key) = test.field else { return nil }
        func fault(_ kind: Fault.Kind) -> Fault { Fault(key: key, kind: kind) }
        switch (test.comparison, test.operand) {
        case (.absent, _): return [fault(.missing)]
        // A missing tag is another value, too.
        case (.notIn, .list(let values)): return [fault(.missing), fault(allowing(values, test.ignoreCase))]
        case (.ne, .text("")): return nil
        case (.ne, .text(let value)): return [fault(.missing), fault(allowing([value], test.ignoreCase))]
        case (.eq, .text("")): return [fault(.unlike("(?s)."))]
        default: return nil
        }
    }

    private static func allowing(_ values: [String], _ ignoreCase: Bool) -> Fault.Kind {
        ignoreCase ? .unlike("(?i)^(?:\(values.map(quotedPattern).joined(separator: "|")))$") : .otherThan(values)
    }

    private static func faults(ofNot test: FieldTest) -> [Fault]? {
        guard case .tag(let key) = test.field, case .text(let text) = test.operand else { return nil }
        let pattern: String
        switch test.comparison {
        case .regex: pattern = text
        case .contains: pattern = quotedPattern(text)
        case .eq, .ne, .isIn, .notIn, .gt, .gte, .lt, .lte, .startsWith, .endsWith, .glob, .exists, .absent: return nil
        }
        return [Fault(key: key, kind: .missing), Fault(key: key, kind: .unlike((test.ignoreCase ? "(?i)" : "") + pattern))]
    }

    // MARK: Policies

    /// The policies' documents: keys that are missing in one scope are one policy.
    static func policies(
        _ faults: [Fault], named name: String, description: String, of target: CustodianTarget
    ) throws(Untranslatable) -> [JSONValue] {
        var missing: [(scope: [Selection], keys: [String])] = []
        var others: [Fault] = []
        for fault in faults {
            guard fault.kind == .missing else {
                if !others.contains(fault) { others.append(fault) }
                continue
            }
            if let position = missing.firstIndex(where: { $0.scope == fault.scope }) {
                let isThere = missing[position].keys.contains { keyForm($0) == keyForm(fault.key) }
                if !isThere { missing[position].keys.append(fault.key) }
            } else {
                missing.append((fault.scope, [fault.key]))
            }
        }
        var bodies: [(title: String, type: String, rules: JSONValue, scope: [Selection])] = missing.map {
            (
                "required tags", "REQUIRED_TAGS", .object(["required_tags": .array($0.keys.map(JSONValue.string))]), $0.scope
            )
        }
        for fault in others { bodies.append(body(of: fault)) }
        var titles: [String: Int] = [:]
        var policies: [JSONValue] = []
        for body in bodies {
            titles[body.title, default: 0] += 1
            let number = titles[body.title] ?? 1
            let title = number == 1 ? body.title : "\(body.title) \(number)"
            let scope = try Selection.all([Selection(target.scope)] + body.scope).normalised.condition
            policies.append(
                .object([
                    "policy_name": .string(bodies.count == 1 ? name : "\(name): \(title)"),
                    "description": .string(description), "policy_type": .string(body.type), "scope": scope.json,
                    "rules": body.rules,
                ]))
        }
        return policies
    }

    private static func body(of fault: Fault) -> (title: String, type: String, rules: JSONValue, scope: [Selection]) {
        switch fault.kind {
        case .missing:
            ("required tags", "REQUIRED_TAGS", .object(["required_tags": .array([.string(fault.key)])]), fault.scope)
        case .otherThan(let values):
            (
                "values of \(fault.key)", "VALUE_VALIDATION",
                .object(["tag_key": .string(fault.key), "allowed_values": .array(values.map(JSONValue.string))]), fault.scope
            )
        case .unlike(let pattern):
            (
                "form of \(fault.key)", "VALUE_VALIDATION",
                .object(["tag_key": .string(fault.key), "pattern": .string(pattern)]), fault.scope
            )
        case .count(let min, let max):
            (
                "number of tags", "TAG_COUNT", .object(["min": .int(min), "max": max.map(JSONValue.int)]), fault.scope
            )
        }
    }
}
