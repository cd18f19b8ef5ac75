package import JSON
package import Model

extension ObjectReader {
    /// Longest name of a rule or policy, in characters.
    package static let nameCharactersMax = 128

    /// A required name of 1 to 128 characters in one line, without spaces at its ends.
    package func name(_ field: String, into errors: inout ValidationErrors) -> String? {
        let most = Self.nameCharactersMax
        guard let name = requiredText(field, bytes: 1...(most * 16), into: &errors) else { return nil }
        if name.count > most {
            errors.add("the name has \(name.count) characters; \(most) are accepted", at: place(of: field))
        } else if name.first?.isWhitespace == true || name.last?.isWhitespace == true {
            errors.add("the name begins or ends with a space", at: place(of: field))
        } else if name.utf8.contains(where: { $0 < 0x20 }) {
            errors.add("the name has a tab or a line break in it", at: place(of: field))
        } else {
            return name
        }
        return nil
    }

    /// A required key of the virtual layer.
    package func tagKey(_ name: String, into errors: inout ValidationErrors) -> String? {
        guard let value = required(name, into: &errors) else { return nil }
        return Self.tagKey(value, at: place(of: name), into: &errors)
    }

    package static func tagKey(_ value: JSONValue, at place: JSONPointer, into errors: inout ValidationErrors) -> String? {
        guard let key = value.string else {
            errors.add("expected a string, found \(value.kindName)", at: place)
            return nil
        }
        if let problem = TagLimits.problem(key: key, value: "") {
            errors.add(problem, at: place)
            return nil
        }
        return key
    }

    /// A value that a tag may have: not empty. Numbers and booleans become text: 1.0 is `1`, 0.5 is `0.5`.
    package func tagValue(_ value: JSONValue, at place: JSONPointer, into errors: inout ValidationErrors) -> String? {
        guard let text = value.scalarText else {
            errors.add("expected a string, number or boolean, found \(value.kindName)", at: place)
            return nil
        }
        if let problem = text.isEmpty ? "the value is empty" : TagLimits.problem(key: "key", value: text) {
            errors.add(problem, at: place)
            return nil
        }
        return text
    }

    /// A required field of a condition.
    package func source(_ name: String, into errors: inout ValidationErrors) -> ConditionField? {
        guard let value = required(name, into: &errors) else { return nil }
        return ConditionField(json: value, at: place(of: name), into: &errors)
    }
}
