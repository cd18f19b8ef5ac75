/// A shell pattern over the whole text: `*` any text, `?` one character, `[a-z]` one of a set, `[!a-z]` one outside it,
/// `\` takes the next character as it is. A slash is a character like any other.
struct Glob {
    /// The cheapest way to match it.
    enum Matcher: Equatable {
        case equal(String)
        case prefix(String)
        case suffix(String)
        case contains(String)
        /// A regular expression in RE2's syntax.
        case regex(String)
    }

    private enum Part: Equatable {
        case literal(Character)
        case anyText
        case anyCharacter
        case set(String)
    }

    let matcher: Matcher

    init(_ text: String) throws(PatternError) {
        guard text.utf8.count <= Pattern.bytesMax else {
            throw PatternError(message: "the pattern has \(text.utf8.count) bytes; \(Pattern.bytesMax) are accepted")
        }
        matcher = Self.matcher(of: try Self.parts(of: text))
    }

    /// The compiled form where it takes a regular expression, else nil.
    func pattern(ignoreCase: Bool) throws(PatternError) -> Pattern? {
        guard case .regex(let regex) = matcher else { return nil }
        return try Pattern(regex: regex, ignoreCase: ignoreCase)
    }

    private static func parts(of text: String) throws(PatternError) -> [Part] {
        var parts: [Part] = []
        var rest = text[...]
        while let character = rest.popFirst() {
            switch character {
            case "*": if parts.last != .anyText { parts.append(.anyText) }
            case "?": parts.append(.anyCharacter)
            case "[": parts.append(try set(&rest))
            case "\\":
                guard let escaped = rest.popFirst() else {
                    throw PatternError(message: "not a valid glob: it ends in a single backslash")
                }
                parts.append(.literal(escaped))
            default: parts.append(.literal(character))
            }
        }
        return parts
    }

    /// A set as a class of RE2, after its opening bracket. A `]` that comes first is a member.
    private static func set(_ rest: inout Substring) throws(PatternError) -> Part {
        var members = ""
        let negated = rest.first == "!" || rest.first == "^"
        if negated { rest.removeFirst() }
        while let character = rest.popFirst() {
            if character == "]", !members.isEmpty { return .set("[\(negated ? "^" : "")\(members)]") }
            if character == "-", !members.isEmpty, let next = rest.first, next != "]" {
                members.append("-")
            } else if character == "\\", let escaped = rest.popFirst() {
                members.append(quoted(escaped))
            } else {
                members.append(quoted(character))
            }
        }
        throw PatternError(message: "not a valid glob: a [ has no matching ]")
    }

    private static func matcher(of parts: [Part]) -> Matcher {
        let inner = parts.drop { $0 == .anyText }
        let core = inner.last == .anyText ? inner.dropLast() : inner
        let literals = core.compactMap { if case .literal(let character) = $0 { character } else { nil } }
        guard literals.count == core.count else { return .regex(regex(of: parts)) }
        let text = String(literals)
        switch (parts.first == .anyText, parts.last == .anyText) {
        case (false, false): return .equal(text)
        case (false, true): return .prefix(text)
        case (true, false): return .suffix(text)
        case (true, true): return core.isEmpty ? .prefix("") : .contains(text)
        }
    }

    private static func regex(of parts: [Part]) -> String {
        var regex = "(?s)\\A"
        for part in parts {
            switch part {
            case .literal(let character): regex += quoted(character)
            case .anyText: regex += ".*"
            case .anyCharacter: regex += "."
            case .set(let members): regex += members
            }
        }
        return regex + "\\z"
    }

    /// Every ASCII character but letters, digits and `_` may be escaped in RE2, and nothing else needs it.
    private static func quoted(_ character: Character) -> String {
        guard character.isASCII, !character.isLetter, !character.isNumber, character != "_" else { return String(character) }
        return "\\\(character)"
    }
}
