import JSON

extension JSONView {
    /// The member of that name, whatever the case of its first letter; the first, where there are several.
    func field(_ name: StaticString) -> JSONView? {
        guard isObject else { return nil }
        for (key, value) in members where key.isNamed(name) { return value }
        return nil
    }

    /// True for a member's key that is `name`, whatever the case of its first letter.
    func isNamed(_ name: StaticString) -> Bool {
        guard let utf8, utf8.count == name.utf8CodeUnitCount, !utf8.isEmpty else { return false }
        let wanted = name.utf8Start
        guard utf8[0] | 0x20 == wanted[0] | 0x20 else { return false }
        for position in 1..<utf8.count where utf8[position] != wanted[position] { return false }
        return true
    }

    /// The first value at a path of fields, walking into the first element of arrays.
    func first(at path: ArraySlice<StaticString>) -> JSONView? {
        guard let name = path.first else { return self }
        if isArray {
            for element in elements {
                if let found = element.first(at: path) { return found }
            }
            return nil
        }
        return field(name)?.first(at: path.dropFirst())
    }

    /// The first value at a path, the first element of it where it is an array; nil for an empty path.
    func scalar(at path: [StaticString]) -> JSONView? {
        guard !path.isEmpty, let found = first(at: path[...]) else { return nil }
        guard found.isArray else { return found }
        for element in found.elements { return element }
        return nil
    }

    /// Calls `body` with every value at a path of fields; arrays on the way and at its end are walked through.
    func each(at path: ArraySlice<StaticString>, _ body: (JSONView) -> Void) {
        if isArray {
            for element in elements { element.each(at: path, body) }
        } else if let name = path.first {
            field(name)?.each(at: path.dropFirst(), body)
        } else {
            body(self)
        }
    }

    /// A non-empty text; a whole number counts as its digits.
    var idText: String? {
        switch kind {
        case .string: nonEmptyString
        case .int: int.map { $0.description }
        default: nil
        }
    }

    /// An account number: twelve digits, or a number that lost its leading zeros on the way.
    var accountID: String? {
        switch kind {
        case .string:
            guard let text = nonEmptyString else { return nil }
            if AccountID.isValid(text) { return text }
            return ARN(text)?.account
        case .int:
            guard let number = int, number > 0 else { return nil }
            let digits = number.description
            guard digits.utf8.count <= 12 else { return nil }
            return String(repeating: "0", count: 12 - digits.utf8.count) + digits
        default: return nil
        }
    }
}
