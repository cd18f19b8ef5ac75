@_spi(_Unicode) internal import Swift

/// How keys that are spelt differently are told to be the same one.
///
/// The *form* of a key is what is compared: lower case, without spaces and separators, so `CostCenter`, `cost-center`,
/// `COST_CENTER` and `costcenter` have the form `costcenter`. The *canonical spelling* is what a provider's key that
/// nobody defined is called: words in lower case with `-` between them, as AWS, Google and Azure all accept and advise:
/// `CostCenter` and `cost_center` → `cost-center`. Outside ASCII the form is composed (NFC), so that `ö` is `o` with U+0308.
package enum TagKeyForm {
    /// What separates words in keys.
    package static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: " "), UInt8(ascii: "."), UInt8(ascii: ":"),
            UInt8(ascii: "/"),
            0x09, 0x0A, 0x0D:
            true
        default: false
        }
    }

    /// Lends `body` the form of `key`. A key of separators alone is its own form.
    package static func withForm<Result>(of key: ByteText.Bytes, _ body: (ByteText.Bytes) -> Result) -> Result {
        if let form = unicodeForm(of: key) { return form.withBytes(body) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: key.count) { form in
            var count = 0
            for byte in key where !isSeparator(byte) {
                form[count] = ByteText.lowercased(byte)
                count += 1
            }
            return count == 0 ? body(key) : body(ByteText.Bytes(rebasing: form[..<count]))
        }
    }

    package static func withForm<Result>(of key: String, _ body: (ByteText.Bytes) -> Result) -> Result {
        key.withBytes { withForm(of: $0, body) }
    }

    /// The form of a key that is not all ASCII; nil for the others.
    private static func unicodeForm(of key: ByteText.Bytes) -> String? {
        guard key.contains(where: { $0 >= 0x80 }) else { return nil }
        let text = String(decoding: key, as: UTF8.self)
        let kept = String(String.UnicodeScalarView(text.unicodeScalars.filter { !isSeparator($0) })).lowercased()
        return composed(kept.isEmpty ? text : kept)
    }

    /// In Unicode's normal form C, so that what is canonically equivalent is the same bytes. The standard library has it for
    /// strings to compare by, and lends it.
    private static func composed(_ text: String) -> String {
        var composed = String.UnicodeScalarView()
        for letter in text._nfc { composed.append(letter) }
        return String(composed)
    }

    /// A hash of the key's form.
    package static func hash(of key: String) -> UInt64 { withForm(of: key) { ByteText.hash($0) } }

    /// True when the two keys have one form.
    @inline(__always)
    package static func same(_ left: ByteText.Bytes, _ right: ByteText.Bytes) -> Bool {
        ByteText.equal(left, right) || sameWhenFolded(left, right)
    }

    private static func sameWhenFolded(_ left: ByteText.Bytes, _ right: ByteText.Bytes) -> Bool {
        switch (unicodeForm(of: left), unicodeForm(of: right)) {
        case (.some(let first), .some(let second)): return first.utf8.elementsEqual(second.utf8)
        case (.none, .none): return withForm(of: left) { first in withForm(of: right) { ByteText.equal(first, $0) } }
        default: return false
        }
    }

    package static func form(of key: String) -> String {
        withForm(of: key) { String(decoding: $0, as: UTF8.self) }
    }

    /// Words end at separators, before a capital after a small letter or digit (`costCenter`), and before the last
    /// capital of several that a small letter follows (`AWSAccount` → `aws-account`).
    package static func canonicalSpelling(of key: String) -> String {
        let letters = Array(key.unicodeScalars)
        var words = String.UnicodeScalarView()
        var pendingBreak = false
        for (position, letter) in letters.enumerated() {
            if isSeparator(letter) {
                pendingBreak = !words.isEmpty
                continue
            }
            if position > 0, letter.properties.isUppercase {
                let before = letters[position - 1]
                let next = position + 1 < letters.count ? letters[position + 1] : before
                let afterSmall = before.properties.isLowercase || ("0"..."9").contains(before)
                if afterSmall || (before.properties.isUppercase && next.properties.isLowercase) {
                    pendingBreak = !words.isEmpty
                }
            }
            if pendingBreak { words.append("-") }
            pendingBreak = false
            words.append(letter)
        }
        return words.isEmpty ? key : String(words).lowercased()
    }

    private static func isSeparator(_ letter: Unicode.Scalar) -> Bool {
        letter.isASCII ? isSeparator(UInt8(letter.value)) : letter.properties.isWhitespace
    }
}
