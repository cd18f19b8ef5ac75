/// The nodes of one partition that a breadth-first walk has met: a bit for each number, and the list of those met in the hop at hand.
///
/// Owned by one walk. The pointers are for the kernel below: whoever writes to `fresh` has reserved the room.
final class ReachedNodes {
    private let words: UnsafeMutablePointer<UInt64>
    private let wordCount: Int
    private var fresh: UnsafeMutablePointer<UInt32>
    private var capacity: Int
    private var freshCount = 0

    /// For numbers below `count`.
    init(count: Int) {
        wordCount = (count + 63) / 64
        words = .allocate(capacity: max(1, wordCount))
        words.initialize(repeating: 0, count: max(1, wordCount))
        capacity = 256
        fresh = .allocate(capacity: capacity)
    }

    deinit {
        words.deallocate()
        fresh.deallocate()
    }

    /// How many nodes were met.
    var count: Int { (0..<wordCount).reduce(0) { $0 + words[$1].nonzeroBitCount } }

    /// The numbers of those that were met, ascending.
    func forEach(_ body: (UInt32) -> Void) {
        for position in 0..<wordCount {
            var word = words[position]
            while word != 0 {
                body(UInt32(position * 64 + word.trailingZeroBitCount))
                word &= word - 1
            }
        }
    }

    /// Those met since the last call.
    func takeFresh() -> [UInt32] {
        defer { freshCount = 0 }
        return Array(UnsafeBufferPointer(start: fresh, count: freshCount))
    }

    /// Meets nodes. No branch depends on which of them are new: half of them would be mispredicted.
    @inline(__always)
    func meet(_ nodes: UnsafeBufferPointer<UInt32>) {
        reserve(nodes.count)
        var count = freshCount
        for node in nodes { meet(node, &count) }
        freshCount = count
    }

    @inline(__always)
    func meet(_ node: UInt32) {
        reserve(1)
        meet(node, &freshCount)
    }

    @inline(__always)
    private func meet(_ node: UInt32, _ count: inout Int) {
        let position = Int(node >> 6)
        assert(position < wordCount, "node \(node) is beyond the partition's nodes")
        let word = words[position]
        let bit = UInt64(1) << UInt64(node & 63)
        fresh[count] = node
        count &+= Int(truncatingIfNeeded: (~word >> UInt64(node & 63)) & 1)
        words[position] = word | bit
    }

    @inline(__always)
    private func reserve(_ more: Int) {
        if freshCount + more > capacity { grow(more) }
    }

    private func grow(_ more: Int) {
        let larger = max(2 * capacity, freshCount + more)
        let moved = UnsafeMutablePointer<UInt32>.allocate(capacity: larger)
        moved.moveInitialize(from: fresh, count: freshCount)
        fresh.deallocate()
        fresh = moved
        capacity = larger
    }
}
