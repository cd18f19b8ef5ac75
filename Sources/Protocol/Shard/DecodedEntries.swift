import DequeModule

/// Entries that were read when they came and are not applied yet, so that they need not be read twice. Bounded: those that
/// do not fit are read again.
struct DecodedEntries: Sendable {
    private struct Decoded: Sendable {
        let index: UInt64
        let term: UInt64
        let byteCount: Int
        let payload: EntryPayload
    }

    /// Entries come in the order of their indexes; a leader that replaces the end of the log begins anew there.
    private var entries: Deque<Decoded> = []
    private var byteCount = 0

    /// What is kept at most, by the length of the bytes that it was read from.
    private static let bytesMax = 4 << 20
    private static let entriesMax = 4096

    mutating func keep(_ payload: EntryPayload, of count: Int, index: UInt64, term: UInt64) {
        while let last = entries.last, last.index >= index { byteCount -= entries.removeLast().byteCount }
        guard entries.count < Self.entriesMax, byteCount + count <= Self.bytesMax else { return }
        entries.append(Decoded(index: index, term: term, byteCount: count, payload: payload))
        byteCount += count
    }

    /// Takes out the entry of that index where it is of that term, and forgets those before it.
    mutating func take(index: UInt64, term: UInt64) -> EntryPayload? {
        while let first = entries.first, first.index <= index {
            let entry = entries.removeFirst()
            byteCount -= entry.byteCount
            if entry.index == index, entry.term == term { return entry.payload }
        }
        return nil
    }
}
