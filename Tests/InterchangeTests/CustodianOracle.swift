import JSON

/// What Cloud Custodian's documentation says of a value filter over a tag, in as few words as possible: Python's meaning
/// of the operators, for a value that is a text or missing.
enum CustodianOracle {
    static func selects(_ filter: JSONValue, _ tag: String?) -> Bool {
        guard let members = filter.members, let first = members.first else { return false }
        switch first.name {
        case "and": return (first.value.array ?? []).allSatisfy { selects($0, tag) }
        case "or": return (first.value.array ?? []).contains { selects($0, tag) }
        case "not": return !(first.value.array ?? []).allSatisfy { selects($0, tag) }
        default: break
        }
        let value = filter["value"] ?? first.value
        switch value.string {
        case "absent": return tag == nil
        case "present": return tag != nil
        case "not-null": return tag?.isEmpty == false
        case "empty": return tag?.isEmpty != false
        default: break
        }
        let operation = filter["op"]?.string ?? "eq"
        switch filter["value_type"]?.string {
        case "integer": return ordered(Double(tag.flatMap { Int($0) } ?? 0), operation, value.double ?? .nan)
        case "size": return ordered(Double(tag?.unicodeScalars.count ?? 0), operation, value.double ?? .nan)
        case "normalize": return compared(tag?.lowercased(), operation, value)
        case "swap": return swapped(tag, operation, value)
        default: return compared(tag, operation, value)
        }
    }

    private static func compared(_ tag: String?, _ operation: String, _ value: JSONValue) -> Bool {
        let texts = (value.array ?? []).compactMap(\.string)
        let text = value.string ?? ""
        switch operation {
        case "eq", "equal": return tag == text
        case "ne", "not-equal": return tag != text
        case "in": return tag.map(texts.contains) ?? false
        case "not-in", "ni": return !(tag.map(texts.contains) ?? false)
        case "contains": return tag?.contains(text) ?? false
        default: break
        }
        // Missing is neither greater nor less, and matches no pattern.
        guard let tag else { return false }
        switch operation {
        case "gt", "greater-than": return text < tag
        case "lt", "less-than": return tag < text
        case "gte", "ge": return text <= tag
        case "lte", "le": return tag <= text
        case "regex": return matches(text, tag, ignoring: true)
        case "regex-case": return matches(text, tag, ignoring: false)
        case "glob": return glob(Array(text), Array(tag))
        default: return false
        }
    }

    private static func matches(_ regex: String, _ tag: String, ignoring: Bool) -> Bool {
        guard let regex = try? Regex(regex) else { return false }
        return (try? (ignoring ? regex.ignoresCase() : regex).prefixMatch(in: tag)) != nil
    }

    private static func ordered(_ left: Double, _ operation: String, _ right: Double) -> Bool {
        switch operation {
        case "eq", "equal": left == right
        case "ne", "not-equal": left != right
        case "gt", "greater-than": left > right
        case "gte", "ge": left >= right
        case "lt", "less-than": left < right
        case "lte", "le": left <= right
        default: false
        }
    }

    private static func swapped(_ tag: String?, _ operation: String, _ value: JSONValue) -> Bool {
        let text = value.string ?? ""
        switch operation {
        case "in": return tag?.contains(text) ?? false
        case "not-in": return !(tag?.contains(text) ?? false)
        case "ni": return tag.map { !$0.contains(text) } ?? false
        case "contains": return tag.map((value.array ?? []).compactMap(\.string).contains) ?? false
        default: return false
        }
    }

    private static func glob(_ pattern: [Character], _ text: [Character]) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" { return (0...text.count).contains { glob(Array(pattern.dropFirst()), Array(text.dropFirst($0))) } }
        guard let character = text.first, first == "?" || first == character else { return false }
        return glob(Array(pattern.dropFirst()), Array(text.dropFirst()))
    }
}
