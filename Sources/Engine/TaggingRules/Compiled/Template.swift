internal import Conditions
package import Model

/// A text with references: `${name}`, `${tags.KEY}`, `${native_tags.KEY}`, `${metadata.PATH}`, any other field of a
/// condition, and `${regex.N}` for group N of the rule's last matching regular expression, 0 for the whole match.
/// `$${` stands for `${`.
package struct Template: Sendable {
    package enum Part: Hashable, Sendable {
        case literal(String)
        case field(ConditionField)
        case group(Int)
    }

    /// Why a text is no template.
    package struct Malformed: Error, Hashable, Sendable {
        package let message: String
    }

    /// Neighbouring literals are one.
    package let parts: [Part]

    package init(_ text: String) throws(Malformed) {
        var parts: [Part] = []
        var literal = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            literal += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                literal += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else {
                    throw Malformed(message: "a \"${\" has no \"}\"; write \"$${\" for the text \"${\"")
                }
                let reference = String(rest[rest.index(rest.startIndex, offsetBy: 2)..<end])
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                parts.append(try Self.part(reference))
                rest = rest[rest.index(after: end)...]
            } else {
                literal.append("$")
                rest = rest.dropFirst()
            }
        }
        literal += rest
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
    }

    /// Whether it refers to groups of a regular expression.
    package var needsGroups: Bool {
        parts.contains { if case .group = $0 { true } else { false } }
    }

    /// The text, where it has no references.
    package var constant: String? {
        switch parts.count {
        case 0: return ""
        case 1: if case .literal(let text) = parts[0] { return text }
        default: break
        }
        return nil
    }

    private static func part(_ reference: String) throws(Malformed) -> Part {
        if reference.hasPrefix("regex.") {
            guard let group = Int(reference.dropFirst(6)), (0...Pattern.groupMax).contains(group) else {
                throw Malformed(
                    message:
                        "\"${\(reference.shortened)}\" is no group; groups are ${regex.0} to ${regex.\(Pattern.groupMax)}")
            }
            return .group(group)
        }
        guard let field = ConditionField(reference) else {
            let hint = Suggestion.clause(for: reference, among: ConditionField.fixedNames)
            throw Malformed(
                message:
                    "\"${\(reference.shortened)}\" refers to nothing\(hint.isEmpty ? ";" : hint) references are ${name} and the other "
                    + "fields of conditions, and ${regex.N}")
        }
        return .field(field)
    }
}
