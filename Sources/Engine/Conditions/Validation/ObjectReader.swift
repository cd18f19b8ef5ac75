package import JSON

/// Reads the members of one JSON object and notes what is wrong: a wrong type, a missing, unknown or repeated member.
///
/// A value of the wrong type reads as nil once its problem is noted, so that reading goes on and all problems are found.
package struct ObjectReader {
    package let pointer: JSONPointer
    private let members: [JSONValue.Member]

    /// Nil, with a problem noted, when `json` is no object. `accepted` are the member names; `ignored` are those that a
    /// document read from this system carries and that nobody sets.
    package init?(
        _ json: JSONValue, at pointer: JSONPointer, accepting accepted: [String], ignoring ignored: [String] = [],
        into errors: inout ValidationErrors
    ) {
        guard case .object(let members) = json else {
            errors.add("expected an object, found \(json.kindName)", at: pointer)
            return nil
        }
        var seen: Set<String> = []
        for member in members {
            if !seen.insert(member.name).inserted {
                errors.add("the field is given twice", at: pointer.appending(member.name))
            } else if !accepted.contains(member.name), !ignored.contains(member.name) {
                errors.add(
                    "unknown field\(Suggestion.clause(for: member.name, among: accepted))",
                    at: pointer.appending(member.name))
            }
        }
        self.members = members
        self.pointer = pointer
    }

    /// The member's value; nil where it is missing or null.
    package func value(_ name: String) -> JSONValue? {
        guard let value = members.first(where: { $0.name == name })?.value, !value.isNull else { return nil }
        return value
    }

    package func place(of name: String) -> JSONPointer { pointer.appending(name) }

    /// The member's value; a missing one is a problem.
    package func required(_ name: String, into errors: inout ValidationErrors) -> JSONValue? {
        guard let value = value(name) else {
            errors.add("the field is required", at: place(of: name))
            return nil
        }
        return value
    }

    /// A text of `bytes` UTF-8 bytes, or nil.
    package func text(_ name: String, bytes: ClosedRange<Int>, into errors: inout ValidationErrors) -> String? {
        guard let value = value(name) else { return nil }
        return Self.text(value, at: place(of: name), bytes: bytes, into: &errors)
    }

    package func requiredText(_ name: String, bytes: ClosedRange<Int>, into errors: inout ValidationErrors) -> String? {
        guard let value = required(name, into: &errors) else { return nil }
        return Self.text(value, at: place(of: name), bytes: bytes, into: &errors)
    }

    package func bool(_ name: String, into errors: inout ValidationErrors) -> Bool? {
        guard let value = value(name) else { return nil }
        if let bool = value.bool { return bool }
        errors.add("expected true or false, found \(value.kindName)", at: place(of: name))
        return nil
    }

    package func int(_ name: String, in range: ClosedRange<Int>, into errors: inout ValidationErrors) -> Int? {
        guard let value = value(name) else { return nil }
        // 5.0 is a whole number too (JSON Schema, section 6.1.1).
        guard let number = value.int ?? value.double.flatMap(Int.init(exactly:)) else {
            errors.add(
                "expected a whole number, found \(value.double == nil ? value.kindName : "a fraction")", at: place(of: name))
            return nil
        }
        guard range.contains(number) else {
            errors.add("\(number) is not between \(range.lowerBound) and \(range.upperBound)", at: place(of: name))
            return nil
        }
        return number
    }

    /// The texts of an array; elements that are none, or are too long, are noted and left out.
    package func texts(
        _ name: String, count: ClosedRange<Int>, bytes: ClosedRange<Int>, into errors: inout ValidationErrors
    ) -> [String]? {
        guard let value = value(name) else { return nil }
        guard let elements = value.array else {
            errors.add("expected an array of strings, found \(value.kindName)", at: place(of: name))
            return nil
        }
        guard count.contains(elements.count) else {
            let limit = elements.count < count.lowerBound ? "at least \(count.lowerBound)" : "at most \(count.upperBound)"
            errors.add("the array has \(elements.count) elements; \(limit) are accepted", at: place(of: name))
            return nil
        }
        return elements.enumerated().compactMap { position, element in
            Self.text(element, at: place(of: name).appending(position), bytes: bytes, into: &errors)
        }
    }

    /// A member that names one of a few things.
    package func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, as type: Choice.Type, into errors: inout ValidationErrors
    ) -> Choice? where Choice.RawValue == String {
        guard let value = value(name) else { return nil }
        guard let text = value.string else {
            errors.add("expected a string, found \(value.kindName)", at: place(of: name))
            return nil
        }
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        errors.add(
            "\"\(text.shortened)\" is not one of \(names.joined(separator: ", "))\(Suggestion.clause(for: text, among: names))",
            at: place(of: name))
        return nil
    }

    package static func text(
        _ value: JSONValue, at pointer: JSONPointer, bytes: ClosedRange<Int>, into errors: inout ValidationErrors
    ) -> String? {
        guard let text = value.string else {
            errors.add("expected a string, found \(value.kindName)", at: pointer)
            return nil
        }
        let count = text.utf8.count
        guard bytes.contains(count) else {
            if count == 0 {
                errors.add("the text is empty", at: pointer)
            } else {
                errors.add(
                    "the text has \(count) bytes; \(bytes.lowerBound) to \(bytes.upperBound) are accepted", at: pointer)
            }
            return nil
        }
        guard !text.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D || $0 == 0x7F }) else {
            errors.add("the text has control characters", at: pointer)
            return nil
        }
        return text
    }
}

extension String {
    /// The text for use inside a message: at most 64 characters of it.
    package var shortened: String { count <= 64 ? self : "\(prefix(64))…" }
}
