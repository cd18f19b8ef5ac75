internal import Conditions

/// Forms in which spellings are compared by the alias learner.
enum SpellingForm {
    /// Lower case, with one `_` for separators inside and none at the ends: what the schema's vocabulary compares, and a little
    /// more forgiving.
    static func value(_ value: String) -> String {
        var form = String.UnicodeScalarView()
        var pending = false
        for letter in value.lowercased().unicodeScalars {
            if letter.isASCII ? TagKeyForm.isSeparator(UInt8(letter.value)) : letter.properties.isWhitespace {
                pending = !form.isEmpty
            } else {
                if pending { form.append("_") }
                pending = false
                form.append(letter)
            }
        }
        return form.isEmpty ? value : String(form)
    }

    /// The words of a key without those that only say that it is one: `env-name` → `env`, `team_tag` → `team`.
    static func core(ofKey key: String) -> String {
        let words = TagKeyForm.canonicalSpelling(of: key).split(whereSeparator: { "-_.:/ ".contains($0) })
        let kept = words.filter { !Self.fillers.contains(String($0)) }
        return kept.joined()
    }

    private static let fillers: Set = ["name", "tag", "key", "value", "label", "the"]

    /// The digits in it: words that differ in these are numbered, not misspelt.
    static func digits(_ text: String) -> String { String(text.unicodeScalars.filter { $0.properties.numericType != nil }) }

    /// True when `short` could stand for `long`: it begins it, or leaves letters of it out and begins with the same one.
    static func isAbbreviation(_ short: String, of long: String) -> Bool {
        guard short.count >= 2, short.count < long.count, short.first == long.first else { return false }
        if short.count >= 3, long.hasPrefix(short) { return true }
        // Letters are left out of the middle, seldom more than two in three.
        guard short.count * 4 >= long.count, short.count <= 5 else { return false }
        var rest = long[...]
        for letter in short {
            guard let position = rest.firstIndex(of: letter) else { return false }
            rest = rest[rest.index(after: position)...]
        }
        return true
    }
}
