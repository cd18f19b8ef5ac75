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
        return utf8[0] | 0x20 == wanted[0] | 0x20 && AWSItem.equalAfterFirst(utf8, name)
    }

    /// The first value at the rest of a path of fields, walking into the first fitting element of arrays.
    func first(at path: AWSPath, from start: Int) -> JSONView? {
        guard start < path.count else { return self }
        if isArray {
            for element in elements {
                if let found = element.first(at: path, from: start) { return found }
            }
            return nil
        }
        return field(path[start])?.first(at: path, from: start + 1)
    }

    /// Calls `body` with every value at the rest of a path of fields; arrays on the way and at its end are walked through.
    func each(at path: AWSPath, from start: Int, _ body: (JSONView) -> Void) {
        if isArray {
            for element in elements { element.each(at: path, from: start, body) }
        } else if start < path.count {
            field(path[start])?.each(at: path, from: start + 1, body)
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
