import Conditions
import JSON
import Model

/// What conditions mean, spelled out with strings and dictionaries: slow, plain, and made of nothing that the engine is
/// made of but the form of keys.
struct NaiveConditions {
    let resource: Resource
    /// Effective tags, by the form of their keys.
    var tags: [String: String]
    private let metadata: JSONValue

    init(_ resource: Resource, tags: [String: String] = [:]) {
        self.resource = resource
        self.tags = tags
        metadata = (try? JSONValue(parsing: resource.metadata.bytes)) ?? .null
    }

    enum Found: Equatable {
        case missing
        case text(String)
        case list([String?])
        case object
    }

    // MARK: Fields

    /// `spelling`: the schema's key for a key as it is written.
    func find(_ field: ConditionField, _ spelling: (String) -> String) -> Found {
        switch field {
        case .provider: return .text(resource.provider.rawValue)
        case .resourceType: return .text(resource.resourceType)
        case .name: return .text(resource.name)
        case .accountID: return .text(resource.accountID)
        case .region: return .text(resource.region)
        case .resourceID: return .text(resource.resourceID)
        case .tag(let key): return tags[TagKeyForm.form(of: spelling(key))].map(Found.text) ?? .missing
        case .nativeTag(let key):
            let native = resource.nativeTags.tags
            let exact = native.first { Array($0.key.utf8) == Array(key.utf8) }
            let alike = native.first { TagKeyForm.form(of: $0.key) == TagKeyForm.form(of: key) }
            return (exact ?? alike).map { Found.text($0.value) } ?? .missing
        case .metadata(let path):
            let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard let value = Self.value(parts[...], in: metadata) else { return .missing }
            if value.isNull { return .missing }
            if let elements = value.array { return .list(elements.map(Self.text)) }
            return Self.text(value).map(Found.text) ?? .object
        }
    }

    private static func value(_ parts: ArraySlice<String>, in root: JSONValue) -> JSONValue? {
        guard !parts.isEmpty else { return root }
        if let elements = root.array {
            guard let first = parts.first, first.count <= 6, let position = Int(first), elements.indices.contains(position),
                !first.hasPrefix("-"), !first.hasPrefix("+")
            else { return nil }
            return value(parts.dropFirst(), in: elements[position])
        }
        for end in parts.indices {
            let name = parts[...end].joined(separator: ".")
            if let member = root.members?.first(where: { $0.name == name }),
                let found = value(parts[(end + 1)...], in: member.value)
            {
                return found
            }
        }
        return nil
    }

    private static func text(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .int(let number): String(number)
        case .double(let number): Int64(exactly: number).map(String.init) ?? String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: nil
        }
    }

    // MARK: Conditions

    func holds(_ condition: Condition, spelling: (String) -> String = { $0 }) -> Bool {
        switch condition {
        case .all(let parts): !parts.contains { !holds($0, spelling: spelling) }
        case .any(let parts): parts.contains { holds($0, spelling: spelling) }
        case .not(let part): !holds(part, spelling: spelling)
        case .test(let test): holds(test, find(test.field, spelling))
        case .related(let query): resource.relations.contains { $0.query == query.key }
        }
    }

    private func holds(_ test: FieldTest, _ found: Found) -> Bool {
        var opposite = test
        switch test.comparison {
        case .ne: opposite.comparison = .eq
        case .notIn: opposite.comparison = .isIn
        case .absent: opposite.comparison = .exists
        default: break
        }
        if opposite != test { return !holds(opposite, found) }
        let isOwn: Bool =
            switch test.field {
            case .provider, .resourceType, .name, .accountID, .region, .resourceID: true
            case .tag, .nativeTag, .metadata: false
            }
        switch (test.comparison, found) {
        case (.exists, .text(let text)): return !isOwn || !text.isEmpty
        case (.exists, .missing): return false
        case (.exists, _): return true
        case (.contains, .list(let elements)):
            return elements.contains { element in element.map { same($0, operand(test), test.ignoreCase) } ?? false }
        case (_, .text(let text)): return compare(text, test)
        default: return false
        }
    }

    private func operand(_ test: FieldTest) -> String {
        switch test.operand {
        case .text(let text), .number(_, let text): text
        case .none, .list: ""
        }
    }

    private func same(_ left: String, _ right: String, _ ignoreCase: Bool) -> Bool {
        ignoreCase ? bytes(left.lowercased()) == bytes(right.lowercased()) : bytes(left) == bytes(right)
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func compare(_ found: String, _ test: FieldTest) -> Bool {
        let text = bytes(test.ignoreCase ? found.lowercased() : found)
        let other = bytes(test.ignoreCase ? operand(test).lowercased() : operand(test))
        switch test.comparison {
        case .eq:
            if case .number(let number, _) = test.operand { return Self.number(found).map { $0 == number } ?? false }
            return text == other
        case .isIn:
            guard case .list(let texts) = test.operand else { return false }
            return texts.contains { same($0, found, test.ignoreCase) }
        case .gt: return order(found, test, text, other) > 0
        case .gte: return order(found, test, text, other) >= 0
        case .lt: return order(found, test, text, other) < 0
        case .lte: return order(found, test, text, other) <= 0
        case .contains: return other.isEmpty || text.indices.contains { text[$0...].starts(with: other) }
        case .startsWith: return text.starts(with: other)
        case .endsWith: return text.reversed().starts(with: other.reversed())
        case .glob:
            let pattern = test.ignoreCase ? operand(test).lowercased() : operand(test)
            return NaiveGlob.matches(
                Array(pattern.unicodeScalars)[...],
                Array((test.ignoreCase ? found.lowercased() : found).unicodeScalars)[...])
        case .regex: return NaivePatterns.occurs(operand(test), in: found, ignoreCase: test.ignoreCase)
        case .ne, .notIn, .exists, .absent: return false
        }
    }

    private func order(_ found: String, _ test: FieldTest, _ text: [UInt8], _ other: [UInt8]) -> Int {
        func sign<Value: Comparable>(_ left: Value, _ right: Value) -> Int { left < right ? -1 : left > right ? 1 : 0 }
        let wanted: Double? =
            if case .number(let number, _) = test.operand { number } else { Self.number(operand(test)) }
        if let wanted {
            if let number = Self.number(found) { return sign(number, wanted) }
        } else if let moment = Timestamp(operand(test)), let other = Timestamp(found) {
            return sign(other.milliseconds, moment.milliseconds)
        }
        return text == other ? 0 : text.lexicographicallyPrecedes(other) ? -1 : 1
    }

    /// A decimal number with nothing around it.
    static func number(_ text: String) -> Double? {
        guard text.utf8.count <= 64, text.contains(where: { "0123456789".contains($0) }),
            text.allSatisfy({ "0123456789.+-eE".contains($0) }), !"eE".contains(text.first ?? "e")
        else { return nil }
        return Double(text).flatMap { $0.isFinite ? $0 : nil }
    }
}

/// `*`, `?` and sets of single characters, by trying.
enum NaiveGlob {
    static func matches(_ pattern: ArraySlice<Unicode.Scalar>, _ text: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        switch first {
        case "*": return (text.startIndex...text.endIndex).contains { matches(pattern.dropFirst(), text[$0...]) }
        case "?": return !text.isEmpty && matches(pattern.dropFirst(), text.dropFirst())
        case "[":
            guard let end = pattern.firstIndex(of: "]"), let letter = text.first else { return false }
            return pattern[(pattern.startIndex + 1)..<end].contains(letter)
                && matches(pattern[(end + 1)...], text.dropFirst())
        default: return text.first == first && matches(pattern.dropFirst(), text.dropFirst())
        }
    }
}

/// The few regular expressions that the tests use, each as a plain question.
enum NaivePatterns {
    static func occurs(_ regex: String, in text: String, ignoreCase: Bool) -> Bool {
        let text = ignoreCase ? text.lowercased() : text
        let letters = Array(text.unicodeScalars)
        switch ignoreCase ? regex.lowercased() : regex {
        case "^a": return letters.first == "a"
        case "^p": return letters.first == "p"
        case "(e|s)": return letters.contains("e") || letters.contains("s")
        case ".": return letters.contains { $0 != "\n" }
        case ".*": return true
        case "^$": return letters.isEmpty
        case "é": return letters.contains("é")
        case "[0-9]$": return letters.last.map { ("0"..."9").contains($0) } ?? false
        case let other: preconditionFailure("the tests know no pattern \(other)")
        }
    }
}
