/// A sorted set in chunks: finding is two binary searches, a change moves one chunk's elements, and a copy is O(1), of
/// which a change
/// then copies the table of chunks and one chunk.
struct SortedChunks<Element: Comparable & Sendable>: Sendable {
    /// A chunk of more elements than this is split.
    private static var chunkMax: Int { 512 }

    private var chunks: ContiguousArray<ContiguousArray<Element>> = []
    private(set) var count = 0

    init() {}

    /// False when it was there.
    @discardableResult
    mutating func insert(_ element: Element) -> Bool {
        guard !chunks.isEmpty else {
            chunks.append([element])
            count = 1
            return true
        }
        let (chunk, position) = lowerBound(element)
        if position < chunks[chunk].count, chunks[chunk][position] == element { return false }
        chunks[chunk].insert(element, at: position)
        count += 1
        if chunks[chunk].count > Self.chunkMax { split(chunk, at: position) }
        return true
    }

    /// False when it was not there.
    @discardableResult
    mutating func remove(_ element: Element) -> Bool {
        guard !chunks.isEmpty else { return false }
        let (chunk, position) = lowerBound(element)
        guard position < chunks[chunk].count, chunks[chunk][position] == element else { return false }
        chunks[chunk].remove(at: position)
        count -= 1
        if chunks[chunk].isEmpty { chunks.remove(at: chunk) }
        return true
    }

    func contains(_ element: Element) -> Bool {
        guard !chunks.isEmpty else { return false }
        let (chunk, position) = lowerBound(element)
        return position < chunks[chunk].count && chunks[chunk][position] == element
    }

    /// Lends `body` the elements from `first` on (from the least when nil), ascending, until it answers false.
    /// Returns whether that was at the end.
    @inline(__always)
    func walk(from first: Element?, _ body: (Element) -> Bool) -> Bool {
        guard !chunks.isEmpty else { return true }
        var (chunk, position) = first.map { lowerBound($0) } ?? (0, 0)
        while chunk < chunks.count {
            while position < chunks[chunk].count {
                guard body(chunks[chunk][position]) else { return false }
                position += 1
            }
            chunk += 1
            position = 0
        }
        return true
    }

    /// The element before `element`, and the first that is not before it.
    func neighbours(of element: Element) -> (before: Element?, from: Element?) {
        guard !chunks.isEmpty else { return (nil, nil) }
        let (chunk, position) = lowerBound(element)
        let before = position > 0 ? chunks[chunk][position - 1] : chunk > 0 ? chunks[chunk - 1].last : nil
        let from =
            position < chunks[chunk].count ? chunks[chunk][position] : chunk + 1 < chunks.count ? chunks[chunk + 1][0] : nil
        return (before, from)
    }

    /// How many elements are before `element`. O(chunks).
    func rank(of element: Element) -> Int {
        guard !chunks.isEmpty else { return 0 }
        let (chunk, position) = lowerBound(element)
        return chunks[..<chunk].reduce(position) { $0 + $1.count }
    }

    /// Where the first element is that is not before `element`: at the end of its chunk when all of the chunk are.
    private func lowerBound(_ element: Element) -> (chunk: Int, position: Int) {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle][0] < element { low = middle + 1 } else { high = middle }
        }
        if low < chunks.count, chunks[low][0] == element || low == 0 { return (low, 0) }
        let chunk = low - 1
        low = 0
        high = chunks[chunk].count
        while low < high {
            let middle = (low + high) / 2
            if chunks[chunk][middle] < element { low = middle + 1 } else { high = middle }
        }
        return (chunk, low)
    }

    /// In halves; where elements come in ascending order, so that the full chunk stays full.
    private mutating func split(_ chunk: Int, at position: Int) {
        let isLast = position == chunks[chunk].count - 1
        let cut = isLast ? Self.chunkMax : chunks[chunk].count / 2
        let rest = ContiguousArray(chunks[chunk][cut...])
        chunks[chunk].removeSubrange(cut...)
        chunks.insert(rest, at: chunk + 1)
    }
}
