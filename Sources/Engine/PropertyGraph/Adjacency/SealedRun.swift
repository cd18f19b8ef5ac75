/// Up to `AdjacencyLeaf.sealedMax` relationships of neighbouring nodes in one direction, sorted, in exactly the memory
/// that they
/// need. Never changed once it is made.
///
/// Four bytes for the far node and four for the relationship; two more for the type, and two for the far node's
/// partition,
/// unless all of the run have the same; six for every node that has any.
///
/// The struct is a view without a count of references, for walks that must not pay for one at every step; `RunMemory`
/// keeps what it
/// points to.
struct SealedRun: @unchecked Sendable {
    let count: Int
    /// How many nodes have relationships here.
    let nodeCount: Int
    /// Ascending, each once.
    let nodes: UnsafePointer<UInt32>
    /// `nodeCount + 1` members: where each node's relationships begin.
    let starts: UnsafePointer<UInt16>
    let far: UnsafePointer<UInt32>
    let relationships: UnsafePointer<UInt32>
    /// Nil: all are of `uniformType`.
    let types: UnsafePointer<UInt16>?
    let uniformType: UInt16
    /// Nil: all far nodes are in `uniformPartition`.
    let partitions: UnsafePointer<UInt16>?
    let uniformPartition: UInt16
    /// Of the one allocation that holds all of it.
    let bytes: Int
    fileprivate let memory: UnsafeMutableRawPointer

    /// `keys` ascend, and are at most 65,535.
    fileprivate init(_ keys: UnsafeBufferPointer<AdjacencyKey>) {
        precondition(keys.count <= Int(UInt16.max), "a run of \(keys.count) relationships")
        count = keys.count
        uniformType = keys.first?.type ?? 0
        uniformPartition = keys.first?.farPartition ?? 0
        var distinct = 0
        var oneType = true
        var onePartition = true
        var last: UInt32?
        for key in keys {
            if key.node != last { distinct += 1 }
            last = key.node
            oneType = oneType && key.type == uniformType
            onePartition = onePartition && key.farPartition == uniformPartition
        }
        nodeCount = distinct
        let halves = (distinct + 1) + (oneType ? 0 : keys.count) + (onePartition ? 0 : keys.count)
        bytes = 4 * (distinct + 2 * keys.count) + 2 * halves
        memory = .allocate(byteCount: bytes, alignment: 4)
        let nodes = memory.bindMemory(to: UInt32.self, capacity: distinct + 2 * keys.count)
        let far = nodes + distinct
        let relationships = far + keys.count
        let starts = UnsafeMutableRawPointer(relationships + keys.count).bindMemory(to: UInt16.self, capacity: halves)
        let types = starts + distinct + 1
        let partitions = types + (oneType ? 0 : keys.count)
        var node = -1
        last = nil
        for (position, key) in keys.enumerated() {
            if key.node != last {
                node += 1
                nodes[node] = key.node
                starts[node] = UInt16(position)
                last = key.node
            }
            far[position] = key.farNode
            relationships[position] = key.relationship
            if !oneType { types[position] = key.type }
            if !onePartition { partitions[position] = key.farPartition }
        }
        starts[distinct] = UInt16(keys.count)
        self.nodes = UnsafePointer(nodes)
        self.far = UnsafePointer(far)
        self.relationships = UnsafePointer(relationships)
        self.starts = UnsafePointer(starts)
        self.types = oneType ? nil : UnsafePointer(types)
        self.partitions = onePartition ? nil : UnsafePointer(partitions)
    }

    /// Where the node's relationships lie. One comparison where every node has some, as ids are dense; else a short
    /// search.
    @inline(__always)
    func range(of node: UInt32) -> Range<Int> {
        guard nodeCount > 0, node >= nodes[0] else { return 0..<0 }
        // Each entry is at least one more than the one before: the node cannot stand behind this place.
        let guess = min(Int(node - nodes[0]), nodeCount - 1)
        if nodes[guess] == node { return Int(starts[guess])..<Int(starts[guess + 1]) }
        return searched(node, below: guess)
    }

    private func searched(_ node: UInt32, below guess: Int) -> Range<Int> {
        var low = 0
        var high = guess + 1
        while low < high {
            let middle = (low + high) / 2
            if nodes[middle] < node { low = middle + 1 } else { high = middle }
        }
        guard low < nodeCount, nodes[low] == node else {
            let place = low < nodeCount ? Int(starts[low]) : count
            return place..<place
        }
        return Int(starts[low])..<Int(starts[low + 1])
    }

    @inline(__always)
    func type(at position: Int) -> UInt16 { types?[position] ?? uniformType }

    @inline(__always)
    func partition(at position: Int) -> UInt16 { partitions?[position] ?? uniformPartition }

    @inline(__always)
    func key(at position: Int, of node: UInt32) -> AdjacencyKey {
        AdjacencyKey(
            node: node, type: type(at: position), farPartition: partition(at: position), farNode: far[position],
            relationship: relationships[position])
    }

    /// The first position that is not before `key`, among all of the run.
    func lowerBound(_ key: AdjacencyKey) -> Int {
        let range = range(of: key.node)
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = (low + high) / 2
            if self.key(at: middle, of: key.node) < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func contains(_ key: AdjacencyKey) -> Bool {
        let position = lowerBound(key)
        return position < range(of: key.node).upperBound && self.key(at: position, of: key.node) == key
    }

    /// All keys, ascending.
    func forEach(_ body: (AdjacencyKey) -> Void) {
        for node in 0..<nodeCount {
            for position in Int(starts[node])..<Int(starts[node + 1]) { body(key(at: position, of: nodes[node])) }
        }
    }
}

/// Owns the memory of a run.
final class RunMemory: Sendable {
    let run: SealedRun

    /// `keys` ascend, and are at most 65,535.
    init(_ keys: UnsafeBufferPointer<AdjacencyKey>) { run = SealedRun(keys) }

    deinit { run.memory.deallocate() }
}
