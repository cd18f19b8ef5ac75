internal import Conditions

/// Finding a text in another, byte by byte, in time that no choice of texts makes more than linear.
struct TextSearch {
    typealias Bytes = UnsafeBufferPointer<UInt8>

    /// Up to this many bytes, looking at every position anew costs little; above, the search remembers what it has matched.
    private static let shortBytesMax = 16

    /// Where the first occurrence at or after a position begins.
    static func first(_ wanted: Bytes, in text: Bytes, from start: Int = 0) -> Int? {
        guard let head = wanted.first else { return start }
        guard wanted.count <= shortBytesMax else { return first(long: wanted, in: text, from: start) }
        var position = start
        let last = text.count - wanted.count
        while position <= last {
            if text[position] == head, matches(wanted, text, at: position) { return position }
            position += 1
        }
        return nil
    }

    private static func matches(_ wanted: Bytes, _ text: Bytes, at position: Int) -> Bool {
        for offset in 1..<max(wanted.count, 1) where text[position + offset] != wanted[offset] { return false }
        return true
    }

    /// Knuth, Morris and Pratt: `shorter[n]` is the length of the longest text that both begins and ends the first n + 1 bytes.
    private static func first(long wanted: Bytes, in text: Bytes, from start: Int) -> Int? {
        guard text.count - start >= wanted.count else { return nil }
        var shorter = Array(repeating: 0, count: wanted.count)
        var matched = 0
        for position in 1..<wanted.count {
            while matched > 0, wanted[position] != wanted[matched] { matched = shorter[matched - 1] }
            if wanted[position] == wanted[matched] { matched += 1 }
            shorter[position] = matched
        }
        matched = 0
        for position in start..<text.count {
            while matched > 0, text[position] != wanted[matched] { matched = shorter[matched - 1] }
            if text[position] == wanted[matched] { matched += 1 }
            if matched == wanted.count { return position - wanted.count + 1 }
        }
        return nil
    }

    static func contains(_ text: String, _ wanted: String) -> Bool {
        text.withBytes { text in wanted.withBytes { first($0, in: text) != nil } }
    }

    static func hasPrefix(_ text: String, _ prefix: String) -> Bool {
        text.withBytes { text in
            prefix.withBytes { prefix in
                text.count >= prefix.count && ByteText.equal(Bytes(rebasing: text[..<prefix.count]), prefix)
            }
        }
    }

    static func hasSuffix(_ text: String, _ suffix: String) -> Bool {
        text.withBytes { text in
            suffix.withBytes { suffix in
                text.count >= suffix.count
                    && ByteText.equal(Bytes(rebasing: text[(text.count - suffix.count)...]), suffix)
            }
        }
    }

    /// What stands between the occurrences of a text that is not empty, found from the left.
    static func parts(of text: String, between delimiter: String) -> [String] {
        text.withBytes { text in
            delimiter.withBytes { delimiter in
                var parts: [String] = []
                var start = 0
                while let found = first(delimiter, in: text, from: start) {
                    parts.append(String(decoding: text[start..<found], as: UTF8.self))
                    start = found + delimiter.count
                }
                parts.append(String(decoding: text[start...], as: UTF8.self))
                return parts
            }
        }
    }
}
