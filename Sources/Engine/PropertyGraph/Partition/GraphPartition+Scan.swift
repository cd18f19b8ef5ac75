import CypherValues

/// Finding nodes by what they are.
extension GraphPartition {
    /// The most nodes that a page looks at, whether they match or not: what bounds the time of one step.
    static let lookedAtMax = 65_536

    /// Adds a page's nodes of this partition. Returns where it goes on; nil at the partition's end.
    func scan(
        _ scan: NodeScan, from place: ScanPosition.Place?, into columns: inout NodeColumns
    ) throws(GraphError) -> ScanPosition.Place? {
        let pattern = resolve(scan.pattern)
        guard !pattern.isImpossible else { return nil }
        let fetch = resolve(scan.fetch)
        var left = Self.lookedAtMax
        // False when the page is full.
        func look(at node: UInt32) -> Bool {
            if matches(node, pattern) { append(node, fetch, to: &columns) }
            left -= 1
            return left > 0 && columns.handles.count < scan.limit
        }
        switch place ?? access(scan.pattern) {
        case .nodes(let next):
            for node in Int(next)..<max(Int(next), nodes.count) where !look(at: UInt32(node)) {
                return .nodes(next: UInt32(node) + 1)
            }
            return nil
        case .label(let name, let next):
            var last: UInt32 = 0
            guard let label = labelNames.number(of: name) else { return nil }
            let atEnd = members[Int(label)].walk(from: next) { node in
                last = node
                return look(at: node)
            }
            return atEnd ? nil : .label(name, next: last + 1)
        case .index(let name, let value, let node):
            guard let index = indexes.first(where: { $0.definition.name == name }) else {
                throw .indexNotFound(name: name)
            }
            // Before the first entry stands null, which no index holds.
            let after = value.isNull ? nil : PropertyIndex.Entry(value: value, node: node)
            return walk(index, scan.pattern, after, look)
        }
    }

    private func walk(
        _ index: PropertyIndex, _ pattern: NodePattern, _ after: PropertyIndex.Entry?, _ look: (UInt32) -> Bool
    ) -> ScanPosition.Place? {
        for range in narrowest(index, pattern)?.ranges ?? [] {
            var last: PropertyIndex.Entry?
            let atEnd = index.walk(range, after: after) { entry in
                last = entry
                return look(entry.node)
            }
            if !atEnd, let last { return .index(index.definition.name, after: last.value, last.node) }
        }
        return nil
    }

    /// The way with the fewest nodes to look at: an index, the members of a label, or all nodes.
    private func access(_ pattern: NodePattern) -> ScanPosition.Place {
        var best = (place: ScanPosition.Place.nodes(next: 0), cost: nodeCount)
        for name in pattern.labels {
            guard let label = labelNames.number(of: name) else { continue }
            let count = members[Int(label)].count
            // At the same number, the members: going by number is the cheaper walk.
            if best.place == .nodes(next: 0) || count < best.cost { best = (.label(name, next: 0), count) }
        }
        for index in indexes where pattern.labels.contains(index.definition.label) {
            guard let (_, count) = narrowest(index, pattern), count < best.cost else { continue }
            best = (.index(index.definition.name, after: .null, 0), count)
        }
        return best.place
    }

    /// What of the index one of the pattern's tests leaves, where that is least.
    private func narrowest(_ index: PropertyIndex, _ pattern: NodePattern) -> (ranges: [ValueRange], count: Int)? {
        var best: (ranges: [ValueRange], count: Int)?
        for test in pattern.tests where test.key == index.definition.key {
            guard let ranges = ValueRange.all(for: test.test) else { continue }
            let count = ranges.reduce(0) { $0 + index.count(in: $1) }
            if best.map({ count < $0.count }) ?? true { best = (ranges, count) }
        }
        return best
    }

    /// How many nodes have all of the labels.
    func count(labels: [String]) -> Int {
        let pattern = resolve(NodePattern(labels: labels))
        guard !pattern.isImpossible else { return 0 }
        guard let least = pattern.labels.min(by: { members[Int($0)].count < members[Int($1)].count }) else {
            return nodeCount
        }
        guard pattern.labels.count > 1 else { return members[Int(least)].count }
        var count = 0
        _ = members[Int(least)].walk(from: nil) { node in
            if matches(node, pattern) { count += 1 }
            return true
        }
        return count
    }
}
