/// The nodes that a breadth-first walk over partitions has met: a bit for each node, and lists of those that the hop
/// at hand met first.
///
/// Owned by one walk. Raw memory, as the walk spends all of its time here; nothing outside this file sees it.
final class ReachedNodes {
    private struct Partition {
        let words: UnsafeMutablePointer<UInt64>
        let wordCount: Int
        var fresh: UnsafeMutablePointer<UInt32>
        var capacity = 0
        var freshCount = 0
        var count = 0
    }

    private let partitions: UnsafeMutableBufferPointer<Partition>
    /// Of all partitions.
    private let words: UnsafeMutablePointer<UInt64>

    /// For each partition: how many numbers of nodes it has.
    init(numbers: [Int]) {
        let wordCounts = numbers.map { ($0 + 63) / 64 }
        let total = wordCounts.reduce(0, +)
        words = .allocate(capacity: total)
        words.initialize(repeating: 0, count: total)
        partitions = .allocate(capacity: numbers.count)
        var first = words
        for (position, count) in wordCounts.enumerated() {
            let partition = Partition(words: first, wordCount: count, fresh: .allocate(capacity: 0))
            partitions.initializeElement(at: position, to: partition)
            first += count
        }
    }

    deinit {
        for partition in partitions { partition.fresh.deallocate() }
        partitions.deallocate()
        words.deallocate()
    }

    /// The numbers of a partition's nodes that were met, ascending.
    func forEach(in partition: Int, _ body: (UInt32) -> Void) {
        let partition = partitions[partition]
        for position in 0..<partition.wordCount {
            var word = partition.words[position]
            while word != 0 {
                body(UInt32(position * 64 + word.trailingZeroBitCount))
                word &= word - 1
            }
        }
    }

    /// How many of a partition's nodes were met, but for those since `takeFresh`.
    func count(in partition: Int) -> Int { partitions[partition].count }

    /// Those of a partition that were met since the last call.
    func takeFresh(in partition: Int) -> [UInt32] {
        let fresh = Array(UnsafeBufferPointer(start: partitions[partition].fresh, count: partitions[partition].freshCount))
        partitions[partition].count += fresh.count
        partitions[partition].freshCount = 0
        return fresh
    }

    /// Meets nodes of one partition. No branch depends on which of them are new: half of them would be mispredicted.
    @inline(__always)
    func meet(_ nodes: UnsafeBufferPointer<UInt32>, in partition: UInt16) {
        let table = partitions.baseAddress.unsafelyUnwrapped + Int(partition)
        if table.pointee.freshCount + nodes.count > table.pointee.capacity { Self.grow(table, by: nodes.count) }
        let words = table.pointee.words
        let wordCount = table.pointee.wordCount
        let fresh = table.pointee.fresh
        var count = table.pointee.freshCount
        for node in nodes {
            let position = Int(node >> 6)
            assert(position < wordCount, "node \(node) is beyond the partition's nodes")
            let word = words[position]
            let shift = UInt64(node & 63)
            fresh[count] = node
            count &+= Int(truncatingIfNeeded: (~word &>> shift) & 1)
            words[position] = word | (1 &<< shift)
        }
        table.pointee.freshCount = count
    }

    @inline(__always)
    func meet(_ node: UInt32, in partition: UInt16) {
        withUnsafePointer(to: node) { meet(UnsafeBufferPointer(start: $0, count: 1), in: partition) }
    }

    private static func grow(_ table: UnsafeMutablePointer<Partition>, by more: Int) {
        let capacity = max(64, 2 * table.pointee.capacity, table.pointee.freshCount + more)
        let moved = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
        moved.moveInitialize(from: table.pointee.fresh, count: table.pointee.freshCount)
        table.pointee.fresh.deallocate()
        table.pointee.fresh = moved
        table.pointee.capacity = capacity
    }
}
