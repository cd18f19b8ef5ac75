/// One hop of a breadth-first walk over one partition's adjacency.
extension Adjacency {
    /// Meets the far nodes of `frontier`, each in its own partition. `types`: ascending, nil for all. Returns how many
    /// relationships it walked.
    func advance(_ frontier: [UInt32], _ types: [UInt16]?, _ reached: ReachedNodes) -> Int {
        withLeaves { leaves, firsts in
            var walked = 0
            for node in frontier {
                let first = AdjacencyKey(node: node, type: 0, farPartition: 0, farNode: 0, relationship: 0)
                var leaf = Self.leaf(of: first, in: firsts)
                repeat {
                    if leaves[leaf].changeCount == 0 {
                        walked += leaves[leaf].run.advance(node, types, reached)
                    } else {
                        walked += leaves[leaf].advance(first, types, reached)
                    }
                    leaf += 1
                } while leaf < firsts.count && firsts[leaf].node == node
            }
            return walked
        }
    }
}

extension AdjacencyLeaf {
    /// Where there are changes beside the run.
    fileprivate func advance(_ first: AdjacencyKey, _ types: [UInt16]?, _ reached: ReachedNodes) -> Int {
        var walked = 0
        _ = walk(from: first) { key in
            guard types?.contains(key.type) ?? true else { return true }
            reached.meet(key.farNode, in: key.farPartition)
            walked += 1
            return true
        }
        return walked
    }
}

extension SealedRun {
    @inline(__always)
    fileprivate func advance(_ node: UInt32, _ types: [UInt16]?, _ reached: ReachedNodes) -> Int {
        let range = range(of: node)
        guard !range.isEmpty else { return 0 }
        if let types {
            guard self.types == nil else { return advance(range, types, reached) }
            guard types.contains(uniformType) else { return 0 }
        }
        if partitions == nil {
            reached.meet(UnsafeBufferPointer(start: far + range.lowerBound, count: range.count), in: uniformPartition)
        } else {
            for position in range { reached.meet(far[position], in: partition(at: position)) }
        }
        return range.count
    }

    /// Where types differ within the run.
    private func advance(_ range: Range<Int>, _ types: [UInt16], _ reached: ReachedNodes) -> Int {
        var walked = 0
        for position in range where types.contains(type(at: position)) {
            reached.meet(far[position], in: partition(at: position))
            walked += 1
        }
        return walked
    }
}
