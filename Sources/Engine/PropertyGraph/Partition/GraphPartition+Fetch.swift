import CypherValues

/// An `EntityFetch` with the partition's numbers for its names; a key that the partition never saw is nil.
enum ResolvedFetch: Sendable {
    case handle
    case properties([UInt16?])
    case entity
}

/// A `NodePattern` with the partition's numbers for its names.
struct ResolvedPattern: Sendable {
    var labels: [UInt16] = []
    var tests: ResolvedTests
    /// It asks for a label that no node has: nothing matches.
    var isImpossible = false
    /// Every node that exists matches.
    var isAny: Bool { labels.isEmpty && tests.tests.isEmpty }
}

/// `PropertyTest`s with the partition's numbers for their keys.
struct ResolvedTests: Sendable {
    var tests: [(key: UInt16?, test: PropertyTest.Test)] = []

    func hold(for row: PropertyRow) -> Bool {
        for (key, test) in tests {
            guard test.holds(for: key.map { row.value(of: $0) } ?? .null) else { return false }
        }
        return true
    }
}

extension GraphPartition {
    func resolve(_ fetch: EntityFetch) -> ResolvedFetch {
        switch fetch {
        case .handle: .handle
        case .properties(let keys): .properties(keys.map { keyNames.number(of: $0) })
        case .entity: .entity
        }
    }

    func resolve(_ tests: [PropertyTest]) -> ResolvedTests {
        ResolvedTests(tests: tests.map { (keyNames.number(of: $0.key), $0.test) })
    }

    func resolve(_ pattern: NodePattern) -> ResolvedPattern {
        let labels = pattern.labels.map { labelNames.number(of: $0) }
        return ResolvedPattern(
            labels: labels.compactMap { $0 }, tests: resolve(pattern.tests), isImpossible: labels.contains(nil))
    }

    /// The types' numbers, ascending; those that the partition never saw are left out.
    func resolve(types: [String]) -> [UInt16] { Set(types.compactMap { typeNames.number(of: $0) }).sorted() }

    func matches(_ node: UInt32, _ pattern: ResolvedPattern) -> Bool {
        guard Int(node) < nodes.count, !pattern.isImpossible else { return false }
        let record = nodes[Int(node)]
        guard record.exists else { return false }
        if !pattern.labels.isEmpty {
            let labels = labelSets[record.labels]
            for label in pattern.labels where !labels.contains(label) { return false }
        }
        return pattern.tests.tests.isEmpty || pattern.tests.hold(for: nodeProperties[Int(node)])
    }

    /// Appends the node with what is wanted of it. One that is gone comes as a deleted one.
    func append(_ node: UInt32, _ fetch: ResolvedFetch, to columns: inout NodeColumns) {
        columns.handles.append(handle(node))
        switch fetch {
        case .handle: break
        case .properties(let keys):
            let row = exists(node) ? nodeProperties[Int(node)] : []
            Self.append(keys, of: row, to: &columns.properties)
        case .entity: columns.nodes.append(entity(node))
        }
    }

    func append(_ relationship: UInt32, _ fetch: ResolvedFetch, to columns: inout RelationshipColumns) {
        columns.handles.append(relationshipHandle(relationship))
        switch fetch {
        case .handle: break
        case .properties(let keys):
            let row = relationshipExists(relationship) ? properties(of: relationships[Int(relationship)]) : []
            Self.append(keys, of: row, to: &columns.properties)
        case .entity: columns.relationships.append(relationshipEntity(relationship))
        }
    }

    private static func append(_ keys: [UInt16?], of row: PropertyRow, to columns: inout [[CypherValue]]) {
        if columns.isEmpty { columns = Array(repeating: [], count: keys.count) }
        for (position, key) in keys.enumerated() { columns[position].append(key.map { row.value(of: $0) } ?? .null) }
    }

    private func entity(_ node: UInt32) -> NodeValue {
        guard exists(node) else { return NodeValue(handle: handle(node), isDeleted: true) }
        return NodeValue(
            handle: handle(node), elementId: elementId(of: node), labels: labelSets.names[Int(nodes[Int(node)].labels)],
            properties: map(nodeProperties[Int(node)]))
    }

    /// What a user named the node by; nil: it goes by its handle.
    func elementId(of node: UInt32) -> String? {
        guard exists(node), case .string(let text) = nodeProperties[Int(node)].value(of: Property.elementIdKey) else {
            return nil
        }
        return text
    }

    /// An end in another partition goes by its handle: what it was named by is known there.
    private func relationshipEntity(_ relationship: UInt32) -> RelationshipValue {
        let handle = relationshipHandle(relationship)
        guard relationshipExists(relationship) else {
            let nowhere = NodeHandle(partition: UInt32(number), local: .max)
            return RelationshipValue(handle: handle, type: "", start: nowhere, end: nowhere, isDeleted: true)
        }
        let record = relationships[Int(relationship)]
        return RelationshipValue(
            handle: handle, type: typeNames[record.type], start: self.handle(record.start),
            end: NodeHandle(partition: UInt32(record.endPartition), local: record.end),
            startElementId: elementId(of: record.start),
            endElementId: record.endPartition == number ? elementId(of: record.end) : nil,
            properties: map(properties(of: record)))
    }

    private func map(_ row: PropertyRow) -> CypherMap {
        CypherMap(row.lazy.filter { $0.key != Property.elementIdKey }.map { (keyNames[$0.key], $0.value) })
    }
}
