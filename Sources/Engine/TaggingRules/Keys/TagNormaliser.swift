internal import Conditions
package import Model

/// Turns keys and values as people and providers spell them into those of the schema.
///
/// **Keys.** A key means the definition whose key, or one of whose aliases, has the same form (`TagKeyForm`: case,
/// separators and spaces aside); its own key goes before aliases, and definitions count in the order of their keys. A key
/// without a definition keeps the spelling that rules use for it, and a provider's key that no rule names gets the
/// canonical spelling (`Cost_Center` → `cost-center`). People's own keys stay as they wrote them.
///
/// **Values.** Spaces around a value go. Where the definition lists allowed values or value aliases, a value that equals
/// one of them but for case and separators becomes it (`prd`, `Production` → `production`). For booleans without a list,
/// true, yes, y, on and 1 become `true`, and their opposites `false`. Any other value gets the case that the definition's case
/// policy asks for.
package final class TagNormaliser: Sendable {
    /// A key that is spelt one way.
    final class Word: Sendable {
        let key: String
        /// Nil for a key that only rules name.
        let values: ValueVocabulary?
        let casePolicy: TagDefinition.CasePolicy

        init(key: String, values: ValueVocabulary? = nil, casePolicy: TagDefinition.CasePolicy = .preserve) {
            self.key = key
            self.values = values
            self.casePolicy = casePolicy
        }
    }

    private let words: Fixed<Word>
    /// Forms of keys and aliases, and for each the word that it means.
    private let forms: ByteMap
    private let meanings: Fixed<Int32>

    /// `spoken`: keys that rules use, in any order.
    package init(definitions: [TagDefinition], spoken: [String] = []) {
        let defined = definitions.sorted { ($0.tagKey, $0.id) < ($1.tagKey, $1.id) }
        var words = defined.map { Word(key: $0.tagKey, values: ValueVocabulary($0), casePolicy: $0.casePolicy) }
        var forms = words.map { TagKeyForm.form(of: $0.key) }
        var meanings = words.indices.map(Int32.init)
        for (position, definition) in defined.enumerated() {
            for alias in definition.aliases {
                forms.append(TagKeyForm.form(of: alias))
                meanings.append(Int32(position))
            }
        }
        for key in Set(spoken).sorted() {
            forms.append(TagKeyForm.form(of: key))
            meanings.append(Int32(words.count))
            words.append(Word(key: key))
        }
        self.words = Fixed(words)
        self.forms = ByteMap(forms)
        self.meanings = Fixed(meanings)
    }

    /// The number of the word that the key means; nil when there is none.
    func word(for key: String) -> Int? {
        TagKeyForm.withForm(of: key) { forms.position(of: $0) }.map { Int(meanings[$0]) }
    }

    /// The spelling in the virtual layer of a key that a person or a rule wrote.
    package func key(_ written: String) -> String {
        word(for: written).map { words[$0].key } ?? written
    }

    /// The spelling in the virtual layer of a provider's key.
    package func key(native: String) -> String {
        word(for: native).map { words[$0].key } ?? TagKeyForm.canonicalSpelling(of: native)
    }

    /// The value that a tag with that key (in any spelling) gets.
    package func value(_ written: String, for key: String) -> String {
        value(written, ofWord: word(for: key) ?? -1)
    }

    private func value(_ written: String, ofWord number: Int) -> String {
        let texts = TextArena()
        return withExtendedLifetime(texts) { written.withBytes { String(value($0, ofWord: number, keptIn: texts)) } }
    }

    /// The same; what has to be made is kept in `texts`.
    func value(_ written: ByteText.Bytes, ofWord number: Int, keptIn texts: TextArena) -> ByteText.Bytes {
        let trimmed = written.mayHaveSpaceAround ? texts.copy(String(written).trimmed) : written
        guard number >= 0 else { return trimmed }
        return words.lend(number) { word in
            if let meaning = word.values?.meaning(of: trimmed) { return meaning }
            let policy = word.casePolicy
            return policy == .preserve ? trimmed : texts.copy(policy.applied(to: String(trimmed)))
        }
    }
}

/// What the values of one definition are called, and how else they are spelt.
final class ValueVocabulary: Sendable {
    private let meanings: FixedTexts
    private let forms: ByteMap

    /// Nil when the definition says nothing of values.
    init?(_ definition: TagDefinition) {
        var meanings = definition.allowedValues
        var spellings = definition.allowedValues
        for aliases in definition.valueAliases {
            for spelling in [aliases.value] + aliases.aliases {
                spellings.append(spelling)
                meanings.append(aliases.value)
            }
        }
        if definition.dataType == .boolean, definition.allowedValues.isEmpty {
            for (meaning, spelt) in [
                ("true", ["true", "yes", "y", "on", "1"]), ("false", ["false", "no", "n", "off", "0"]),
            ] {
                spellings += spelt
                meanings += Array(repeating: meaning, count: spelt.count)
            }
        }
        guard !spellings.isEmpty else { return nil }
        self.meanings = FixedTexts(meanings)
        forms = ByteMap(spellings.map { $0.withBytes { Self.withForm(of: $0) { String(decoding: $0, as: UTF8.self) } } })
    }

    func meaning(of value: ByteText.Bytes) -> ByteText.Bytes? {
        Self.withForm(of: value) { forms.position(of: $0) }.map { meanings[$0] }
    }

    /// Lower case, with `_` for each run of separators. They are not dropped as in keys: `1.0` is not `10`.
    private static func withForm<Result>(of value: ByteText.Bytes, _ body: (ByteText.Bytes) -> Result) -> Result {
        guard value.contains(where: { $0 >= 0x80 }) else { return withSeparatorsJoined(value, body) }
        return String(value).lowercased().withBytes { withSeparatorsJoined($0, body) }
    }

    private static func withSeparatorsJoined<Result>(
        _ value: ByteText.Bytes, _ body: (ByteText.Bytes) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: value.count) { form in
            var count = 0
            for byte in value {
                let isCapital = byte &- UInt8(ascii: "A") < 26
                let isLetter = isCapital || byte &- UInt8(ascii: "a") < 26
                if !isLetter, TagKeyForm.isSeparator(byte) {
                    if count > 0, form[count - 1] == UInt8(ascii: "_") { continue }
                    form[count] = UInt8(ascii: "_")
                } else {
                    form[count] = isCapital ? byte | 0x20 : byte
                }
                count += 1
            }
            return body(ByteText.Bytes(rebasing: form[..<count]))
        }
    }
}

extension ByteText.Bytes {
    /// False where there is surely no white space at either end.
    fileprivate var mayHaveSpaceAround: Bool {
        guard let first, let last else { return false }
        return first <= 0x20 || last <= 0x20 || first >= 0x80 || last >= 0x80
    }
}

extension String {
    /// Without white space at both ends; the same text, not a copy, where there is none.
    var trimmed: String {
        guard withBytes(\.mayHaveSpaceAround) else { return self }
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
