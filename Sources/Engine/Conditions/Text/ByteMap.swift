/// A fixed set of texts, each with its position: asked with bytes, so that a look-up makes no String.
///
/// Open addressing at half load over one block of bytes. Look-ups are O(1) and do not allocate.
package final class ByteMap: Sendable {
    private struct Entry: Sendable {
        var hash: UInt64 = 0
        var start: Int32 = 0
        var count: Int32 = 0
        /// -1 for a free place.
        var position: Int32 = -1
    }

    private let bytes: Fixed<UInt8>
    /// The count is a power of two.
    private let places: Fixed<Entry>
    private let mask: Int
    package let isEmpty: Bool

    /// Where a text repeats, the first one counts.
    package init(_ texts: [String]) {
        var capacity = 4
        while capacity < texts.count * 2 { capacity *= 2 }
        var bytes: [UInt8] = []
        var places = [Entry](repeating: Entry(), count: capacity)
        for (position, text) in texts.enumerated() {
            let hash = ByteText.hash(text)
            var place = Int(truncatingIfNeeded: hash) & (capacity - 1)
            var isKnown = false
            while places[place].position >= 0, !isKnown {
                isKnown = places[place].hash == hash && texts[Int(places[place].position)].utf8.elementsEqual(text.utf8)
                if !isKnown { place = (place + 1) & (capacity - 1) }
            }
            guard !isKnown else { continue }
            places[place] = Entry(
                hash: hash, start: Int32(bytes.count), count: Int32(text.utf8.count), position: Int32(position))
            bytes.append(contentsOf: text.utf8)
        }
        self.bytes = Fixed(bytes)
        self.places = Fixed(places)
        mask = capacity - 1
        isEmpty = texts.isEmpty
    }

    /// The position that the text had in the array that the map was made from.
    package func position(of text: ByteText.Bytes) -> Int? {
        guard !isEmpty else { return nil }
        let hash = ByteText.hash(text)
        var place = Int(truncatingIfNeeded: hash) & mask
        while places[place].position >= 0 {
            let entry = places[place]
            if entry.hash == hash, Int(entry.count) == text.count,
                ByteText.equal(bytes.part(entry.start, entry.count), text)
            {
                return Int(entry.position)
            }
            place = (place + 1) & mask
        }
        return nil
    }

    package func position(of text: String) -> Int? { text.withBytes { position(of: $0) } }

    package func contains(_ text: ByteText.Bytes) -> Bool { position(of: text) != nil }
}
