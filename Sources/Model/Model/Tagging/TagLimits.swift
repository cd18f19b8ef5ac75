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
        if key.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            return "the key holds a control character"
        }
        if value.unicodeScalars.contains(where: { $0.value < 0x20 && $0.value != 0x09 || $0.value == 0x7F }) {
            return "the value holds a control character"
        }
        if key.first == " " || key.last == " " { return "the key begins or ends with a space" }
        return nil
    }
}
