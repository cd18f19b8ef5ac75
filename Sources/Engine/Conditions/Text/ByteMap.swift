/// A fixed set of texts, each with its position: asked with bytes, so that a look-up makes no String.
///
/// Open addressing at half load over one array of bytes. Look-ups are O(1) and do not allocate.
package struct ByteMap: Sendable {
    private struct Entry: Sendable {
        let hash: UInt64
        let start: Int32
        let count: Int32
        let position: Int32
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []
    /// Positions in `entries`, -1 for a free place. The count is a power of two.
    private var places: [Int32]

    /// Where a text repeats, the first one counts.
    package init(_ texts: [String]) {
        var capacity = 4
        while capacity < texts.count * 2 { capacity *= 2 }
        places = Array(repeating: -1, count: capacity)
        for (position, text) in texts.enumerated() {
            text.withBytes { insert($0, position: Int32(position)) }
        }
    }

    package var isEmpty: Bool { entries.isEmpty }

    private mutating func insert(_ text: ByteText.Bytes, position: Int32) {
        let hash = ByteText.hash(text)
        guard find(text, hash) == nil else { return }
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[place] >= 0 { place = (place + 1) & (places.count - 1) }
        places[place] = Int32(entries.count)
        entries.append(Entry(hash: hash, start: Int32(bytes.count), count: Int32(text.count), position: position))
        bytes.append(contentsOf: text)
    }

    /// The position that the text had in the array that the map was made from.
    package func position(of text: ByteText.Bytes) -> Int? { find(text, ByteText.hash(text)) }

    package func position(of text: String) -> Int? { text.withBytes { position(of: $0) } }

    package func contains(_ text: ByteText.Bytes) -> Bool { position(of: text) != nil }

    /// For a text whose hash is known already.
    package func find(_ text: ByteText.Bytes, _ hash: UInt64) -> Int? {
        var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
        while places[place] >= 0 {
            let entry = entries[Int(places[place])]
            if entry.hash == hash, Int(entry.count) == text.count {
                let same = bytes.withUnsafeBufferPointer { all in
                    let start = Int(entry.start)
                    return ByteText.equal(ByteText.Bytes(rebasing: all[start..<(start + text.count)]), text)
                }
                if same { return Int(entry.position) }
            }
            place = (place + 1) & (places.count - 1)
        }
        return nil
    }
}
