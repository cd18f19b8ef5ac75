/// What patterns said of texts that occur again and again: resource types, keys, values of tags.
///
/// A direct-mapped table: a text takes the place of the one before it there. An answer is used only for the very same
/// pattern and the very same bytes, so a collision costs time and nothing else.
struct PatternMemo {
    /// Places in the table; a power of two.
    private static let places = 2048
    /// Longest text that is kept, in UTF-8 bytes.
    private static let textBytesMax = 64

    private struct Entry {
        var pattern: Pattern?
        var text = ""
        var occurs = false
    }

    private var entries = ContiguousArray<Entry>(repeating: Entry(), count: places)

    mutating func occurs(_ pattern: Pattern, in text: ByteText.Bytes) -> Bool {
        guard text.count <= Self.textBytesMax else { return pattern.occurs(in: text) }
        let address = UInt(bitPattern: ObjectIdentifier(pattern)) >> 4
        let place = Int(truncatingIfNeeded: ByteText.hash(text) &+ UInt64(address)) & (Self.places - 1)
        if entries[place].pattern === pattern, entries[place].text.withBytes({ ByteText.equal($0, text) }) {
            return entries[place].occurs
        }
        let occurs = pattern.occurs(in: text)
        entries[place] = Entry(pattern: pattern, text: String(decoding: text, as: UTF8.self), occurs: occurs)
        return occurs
    }
}
