/// How keys that are spelt differently are told to be the same one.
///
/// The *form* of a key is what is compared: lower case, without spaces and separators, so `CostCenter`, `cost-center`,
/// `COST_CENTER` and `costcenter` have the form `costcenter`. The *canonical spelling* is what a key that nobody defined
/// is called: words in lower case with `_` between them, `CostCenter` and `cost-center` → `cost_center`.
package enum TagKeyForm {
    /// What separates words in keys.
    static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: " "), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "/"),
            0x09, 0x0A, 0x0D:
            true
        default: false
        }
    }

    /// Lends `body` the form of `key`. A key of separators alone is its own form.
    package static func withForm<Result>(of key: String, _ body: (ByteText.Bytes) -> Result) -> Result {
        key.withBytes { bytes in
            guard !bytes.contains(where: { $0 >= 0x80 }) else {
                let kept = String(String.UnicodeScalarView(key.unicodeScalars.filter { !isSeparator($0) })).lowercased()
                return kept.isEmpty ? body(bytes) : kept.withBytes(body)
            }
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytes.count) { form in
                var count = 0
                for byte in bytes where !isSeparator(byte) {
                    form[count] = ByteText.lowercased(byte)
                    count += 1
                }
                return count == 0 ? body(bytes) : body(ByteText.Bytes(rebasing: form[..<count]))
            }
        }
    }

    package static func form(of key: String) -> String {
        withForm(of: key) { String(decoding: $0, as: UTF8.self) }
    }

    /// Words end at separators, before a capital after a small letter or digit (`costCenter`), and before the last
    /// capital of several that a small letter follows (`AWSAccount` → `aws_account`).
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
            if pendingBreak { words.append("_") }
            pendingBreak = false
            words.append(letter)
        }
        return words.isEmpty ? key : String(words).lowercased()
    }

    private static func isSeparator(_ letter: Unicode.Scalar) -> Bool {
        letter.isASCII ? isSeparator(UInt8(letter.value)) : letter.properties.isWhitespace
    }
}
