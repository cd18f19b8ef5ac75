/// A stretch of adjacency: a sealed run, and what changed since it was sealed.
struct AdjacencyLeaf: Sendable {
    /// A leaf of more relationships is split when it is sealed.
    static let sealedMax = 8_192
    /// A leaf with this many changes is sealed at once: some 20 µs, spread over as many writes.
    static let changesMax = 512

    struct Change: Sendable {
        let key: AdjacencyKey
        /// The relationship is in the run, and gone.
        let isRemoval: Bool
    }

    private let memory: RunMemory
    let run: SealedRun
    /// Sorted by key, each once: additions are not in the run, removals are.
    private var changes: ContiguousArray<Change> = []
    /// As `changes.count`, where reading it counts no reference.
    private(set) var changeCount = 0
    /// Relationships that are there.
    private(set) var count: Int

    /// `keys` ascend, and are at most `sealedMax`.
    init(_ keys: UnsafeBufferPointer<AdjacencyKey>) {
        memory = RunMemory(keys)
        run = memory.run
        count = run.count
    }

    /// Bytes that the leaf holds, those of the struct itself aside.
    var bytes: Int { run.bytes + changes.capacity * MemoryLayout<Change>.stride }

    mutating func insert(_ key: AdjacencyKey) {
        let position = changePosition(of: key)
        if position < changes.count, changes[position].key == key {
            precondition(changes[position].isRemoval, "\(key) is there already")
            changes.remove(at: position)
        } else {
            changes.insert(Change(key: key, isRemoval: false), at: position)
        }
        count += 1
        changeCount = changes.count
    }

    mutating func remove(_ key: AdjacencyKey) {
        let position = changePosition(of: key)
        if position < changes.count, changes[position].key == key {
            precondition(!changes[position].isRemoval, "\(key) is gone already")
            changes.remove(at: position)
        } else {
            precondition(run.contains(key), "\(key) is not there")
            changes.insert(Change(key: key, isRemoval: true), at: position)
        }
        count -= 1
        changeCount = changes.count
    }

    /// How many relationships that are there stand before `key`.
    func rank(of key: AdjacencyKey) -> Int {
        let changed = changes[..<changePosition(of: key)].reduce(0) { $0 + ($1.isRemoval ? -1 : 1) }
        return run.lowerBound(key) + changed
    }

    /// Lends `body` the keys from `first` to the last of its node, ascending, until it answers false. False when it
    /// did.
    @inline(__always)
    func walk(from first: AdjacencyKey, _ body: (AdjacencyKey) -> Bool) -> Bool {
        let node = first.node
        let end = run.range(of: node).upperBound
        var position = run.lowerBound(first)
        if changeCount > 0 {
            var change = changePosition(of: first)
            while change < changes.count, changes[change].key.node == node {
                let changed = changes[change]
                while position < end {
                    let key = run.key(at: position, of: node)
                    guard key < changed.key else { break }
                    guard body(key) else { return false }
                    position += 1
                }
                if changed.isRemoval { position += 1 } else if !body(changed.key) { return false }
                change += 1
            }
        }
        while position < end {
            guard body(run.key(at: position, of: node)) else { return false }
            position += 1
        }
        return true
    }

    /// Writes all keys that are there to `target`, ascending, and returns how many there are.
    func merged(into target: UnsafeMutableBufferPointer<AdjacencyKey>) -> Int {
        var written = 0
        var change = 0
        func put(_ key: AdjacencyKey) {
            target.initializeElement(at: written, to: key)
            written += 1
        }
        changes.withUnsafeBufferPointer { changes in
            run.forEach { key in
                while change < changes.count, changes[change].key < key {
                    put(changes[change].key)
                    change += 1
                }
                if change < changes.count, changes[change].key == key { change += 1 } else { put(key) }
            }
            while change < changes.count {
                put(changes[change].key)
                change += 1
            }
        }
        return written
    }

    /// The first change that is not before `key`.
    private func changePosition(of key: AdjacencyKey) -> Int {
        changes.withUnsafeBufferPointer { changes in
            var low = 0
            var high = changes.count
            while low < high {
                let middle = (low + high) / 2
                if changes[middle].key < key { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }
}
