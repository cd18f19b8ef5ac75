import Model

/// What PostgreSQL cannot store as it is, in the form in which it is stored.
enum SinkText {
    /// Longest text of a column with an index of the B-tree kind, in bytes of UTF-8: an entry of such an index has 2.7 kB at most.
    static let indexedBytesMax = 1_024

    /// Cut between two characters where it is too long for an index.
    static func indexed(_ text: String) -> String {
        guard text.utf8.count > indexedBytesMax else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: indexedBytesMax)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }

    /// `jsonb` refuses the escape of U+0000: it becomes that of U+FFFD.
    static func json(_ text: [UInt8]) -> [UInt8] {
        var text = text
        text.withUnsafeMutableBufferPointer { bytes in
            var position = 0
            while position + 1 < bytes.count {
                guard bytes[position] == UInt8(ascii: "\\") else {
                    position += 1
                    continue
                }
                if bytes[position + 1] == UInt8(ascii: "u"), position + 5 < bytes.count,
                    bytes[position + 2..<position + 6].allSatisfy({ $0 == UInt8(ascii: "0") })
                {
                    for (offset, byte) in "fffd".utf8.enumerated() { bytes[position + 2 + offset] = byte }
                }
                // What is escaped is no beginning of an escape.
                position += 2
            }
        }
        return text
    }

    /// The years 1 to 9999: what the server's calendar, partitions of months among it, has room for.
    static func time(_ time: Timestamp) -> Timestamp {
        Timestamp(
            milliseconds: max(-62_135_596_800_000, min(time.milliseconds, Timestamp.textRange.upperBound.milliseconds)))
    }

    /// Numbers without a sign are stored with one.
    static func number(_ value: UInt64) -> Int64 { Int64(clamping: value) }
}
