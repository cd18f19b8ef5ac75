import CypherValues

/// The relationships of a partition's nodes in one direction: a sorted set of `AdjacencyKey`s in leaves.
///
/// Leaves are bounded, so that a change costs the same beside a node of a million relationships as anywhere. A copy is
/// O(1); the first
/// change after it copies the table of leaves (some hundred bytes for 8,192 relationships) and one leaf's changes.
struct Adjacency: Sendable {
    private(set) var leaves: ContiguousArray<AdjacencyLeaf>
    /// For each leaf but the first the least key that it may hold; the first takes everything below the second's.
    private var firsts: ContiguousArray<AdjacencyKey>
    private(set) var count = 0
    /// Where `seal(budget:)` goes on.
    private var sealPosition = 0

    init() {
        leaves = [AdjacencyLeaf(UnsafeBufferPointer(start: nil, count: 0))]
        firsts = [AdjacencyKey(node: 0, type: 0, farPartition: 0, farNode: 0, relationship: 0)]
    }

    /// Bytes that it holds.
    var bytes: Int {
        let tables =
            leaves.capacity * MemoryLayout<AdjacencyLeaf>.stride + firsts.capacity * MemoryLayout<AdjacencyKey>.stride
        return leaves.reduce(tables) { $0 + $1.bytes }
    }

    mutating func insert(_ key: AdjacencyKey) {
        let leaf = leaf(of: key)
        leaves[leaf].insert(key)
        count += 1
        if leaves[leaf].changeCount >= AdjacencyLeaf.changesMax { seal(leaf) }
    }

    mutating func remove(_ key: AdjacencyKey) {
        let leaf = leaf(of: key)
        leaves[leaf].remove(key)
        count -= 1
        if leaves[leaf].changeCount >= AdjacencyLeaf.changesMax { seal(leaf) }
    }

    /// How many relationships of the type the node has. O(log n), and a step for every 8,192 of them.
    func count(of node: UInt32, type: UInt16) -> Int {
        // No type has the greatest number (`NameTable.namesMax`).
        count(
            from: AdjacencyKey(node: node, type: type, farPartition: 0, farNode: 0, relationship: 0),
            to: AdjacencyKey(node: node, type: type + 1, farPartition: 0, farNode: 0, relationship: 0))
    }

    /// How many relationships of the type there are between two nodes. O(log n), likewise.
    func count(of node: UInt32, type: UInt16, to far: NodeHandle) -> Int {
        // No node and no relationship has the greatest number (`GraphPartition.numbersMax`).
        let partition = UInt16(far.partition)
        return count(
            from: AdjacencyKey(node: node, type: type, farPartition: partition, farNode: far.local, relationship: 0),
            to: AdjacencyKey(node: node, type: type, farPartition: partition, farNode: far.local, relationship: .max))
    }

    /// How many relationships there are from `first` on and before `end`.
    private func count(from first: AdjacencyKey, to end: AdjacencyKey) -> Int {
        let low = leaf(of: first)
        let high = leaf(of: end)
        let between = leaves[low..<high].reduce(0) { $0 + $1.count }
        return between + leaves[high].rank(of: end) - leaves[low].rank(of: first)
    }

    /// Lends `body` the keys from `first` to the last of its node, ascending, until it answers false. False when it
    /// did.
    @inline(__always)
    func walk(from first: AdjacencyKey, _ body: (AdjacencyKey) -> Bool) -> Bool {
        var leaf = leaf(of: first)
        while true {
            guard leaves[leaf].walk(from: first, body) else { return false }
            leaf += 1
            guard leaf < firsts.count, firsts[leaf].node == first.node else { return true }
        }
    }

    /// Lends `body` all keys of the node, ascending, until it answers false. False when it did.
    @inline(__always)
    func walk(node: UInt32, _ body: (AdjacencyKey) -> Bool) -> Bool {
        walk(from: AdjacencyKey(node: node, type: 0, farPartition: 0, farNode: 0, relationship: 0), body)
    }

    /// Lends the table of leaves to a walk that keeps its own place in it.
    @inline(__always)
    func withLeaves<Value>(
        _ body: (UnsafeBufferPointer<AdjacencyLeaf>, UnsafeBufferPointer<AdjacencyKey>) -> Value
    ) -> Value {
        leaves.withUnsafeBufferPointer { leaves in firsts.withUnsafeBufferPointer { firsts in body(leaves, firsts) } }
    }

    /// Seals leaves that have changes until some `budget` relationships were written anew (one leaf at least), and
    /// returns whether any
    /// leaf is left that has changes. Called again and again it comes by every leaf.
    mutating func seal(budget: Int) -> Bool {
        var left = budget
        var looked = 0
        while looked < leaves.count {
            if sealPosition >= leaves.count { sealPosition = 0 }
            if leaves[sealPosition].changeCount > 0 {
                guard left > 0 else { return true }
                left -= leaves[sealPosition].count
                seal(sealPosition)
                looked = 0
            }
            sealPosition += 1
            looked += 1
        }
        return false
    }

    /// The last leaf that may hold `key`.
    @inline(__always)
    private func leaf(of key: AdjacencyKey) -> Int {
        firsts.withUnsafeBufferPointer { Self.leaf(of: key, in: $0) }
    }

    @inline(__always)
    static func leaf(of key: AdjacencyKey, in firsts: UnsafeBufferPointer<AdjacencyKey>) -> Int {
        var low = 1
        var high = firsts.count
        while low < high {
            let middle = (low + high) / 2
            if key < firsts[middle] { high = middle } else { low = middle + 1 }
        }
        return low - 1
    }

    /// Merges a leaf's changes into its run: two runs when it has grown too long, one with the next leaf when both are
    /// small.
    private mutating func seal(_ leaf: Int) {
        let joins = leaf + 1 < leaves.count && leaves[leaf].count + leaves[leaf + 1].count <= AdjacencyLeaf.sealedMax / 2
        let total = leaves[leaf].count + (joins ? leaves[leaf + 1].count : 0)
        withUnsafeTemporaryAllocation(of: AdjacencyKey.self, capacity: total) { keys in
            var written = leaves[leaf].merged(into: keys)
            if joins { written += leaves[leaf + 1].merged(into: UnsafeMutableBufferPointer(rebasing: keys[written...])) }
            precondition(written == total, "a leaf of \(total) relationships has \(written)")
            let all = UnsafeBufferPointer(keys)
            if joins {
                leaves.remove(at: leaf + 1)
                firsts.remove(at: leaf + 1)
            }
            guard total > AdjacencyLeaf.sealedMax else {
                leaves[leaf] = AdjacencyLeaf(all)
                return
            }
            let half = total / 2
            leaves[leaf] = AdjacencyLeaf(UnsafeBufferPointer(rebasing: all[..<half]))
            leaves.insert(AdjacencyLeaf(UnsafeBufferPointer(rebasing: all[half...])), at: leaf + 1)
            firsts.insert(all[half], at: leaf + 1)
        }
    }
}
