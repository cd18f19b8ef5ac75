/// How large tags of the virtual layer may be.
package enum TagLimits {
    /// Longest key in UTF-8 bytes.
    package static let keyBytesMax = 256
    /// Longest value in UTF-8 bytes.
    package static let valueBytesMax = 1024
    /// Most tags that one resource may carry.
    package static let tagsPerResourceMax = 500

    /// What is wrong with a tag that somebody wants to set; nil when nothing is.
    package static func problem(key: String, value: String) -> String? {
        if key.isEmpty { return "the key is empty" }
        if key.utf8.count > keyBytesMax { return "the key is longer than \(keyBytesMax) bytes" }
        if value.utf8.count > valueBytesMax { return "the value is longer than \(valueBytesMax) bytes" }
        if holdsControl(key, but: nil) { return "the key holds a control character" }
        if holdsControl(value, but: 0x09) { return "the value holds a control character" }
        if key.utf8.first == UInt8(ascii: " ") || key.utf8.last == UInt8(ascii: " ") {
            return "the key begins or ends with a space"
        }
        return nil
    }

    /// In UTF-8 a control character of ASCII is one byte, which is part of no other character.
    private static func holdsControl(_ text: String, but accepted: UInt8?) -> Bool {
        var text = text
        return text.withUTF8 { bytes in bytes.contains { ($0 < 0x20 && $0 != accepted) || $0 == 0x7F } }
    }
}
