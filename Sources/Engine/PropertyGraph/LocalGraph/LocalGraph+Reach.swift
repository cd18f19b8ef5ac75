import CypherValues

/// Distinct nodes within so many hops: breadth first, one bit a node for those that were met.
extension LocalGraph {
    func reach(_ request: Reach) -> ReachResult {
        precondition(
            (0...1).contains(request.minimum) && request.minimum <= request.maximum && request.maximum <= Reach.hopsMax,
            "a reach of \(request.minimum) to \(request.maximum) hops")
        var result = ReachResult()
        let reached = ReachedNodes(numbers: partitions.map(\.nodes.count))
        var frontier = [[UInt32]](repeating: [], count: partitions.count)
        for node in Set(request.nodes) where exists(node) { frontier[Int(node.partition)].append(node.local) }
        // Who starts is met only when nought hops are enough, or when a walk comes back to it.
        if request.minimum == 0 {
            for partition in partitions.indices {
                for node in frontier[partition] { reached.meet(node, in: UInt16(partition)) }
                frontier[partition] = reached.takeFresh(in: partition)
            }
        }
        let types = partitions.map { request.types.isEmpty ? nil : $0.resolve(types: request.types) }
        for _ in 0..<request.maximum {
            guard frontier.contains(where: { !$0.isEmpty }) else { break }
            for partition in partitions.indices where !frontier[partition].isEmpty {
                result.relationshipsWalked += partitions[partition].advance(
                    frontier[partition], request.direction, types[partition], reached)
            }
            frontier = partitions.indices.map { reached.takeFresh(in: $0) }
        }
        for partition in partitions { gather(reached, partition, request, &result) }
        return result
    }

    private func gather(
        _ reached: ReachedNodes, _ partition: GraphPartition, _ request: Reach, _ result: inout ReachResult
    ) {
        let pattern = partition.resolve(request.far)
        // Within a transaction a node may be met that it has deleted.
        if request.wants == .count, pattern.isAny, !pattern.isImpossible, partition.freedNodes.isEmpty {
            result.count += reached.count(in: Int(partition.number))
            return
        }
        reached.forEach(in: Int(partition.number)) { node in
            guard partition.matches(node, pattern) else { return }
            result.count += 1
            if request.wants == .nodes { result.nodes.append(partition.handle(node)) }
        }
    }
}

extension GraphPartition {
    fileprivate func advance(
        _ frontier: [UInt32], _ direction: GraphDirection, _ types: [UInt16]?, _ reached: ReachedNodes
    ) -> Int {
        let forward = direction == .incoming ? 0 : outgoing.advance(frontier, types, reached)
        let backward = direction == .outgoing ? 0 : incoming.advance(frontier, types, reached)
        return forward + backward
    }
}
