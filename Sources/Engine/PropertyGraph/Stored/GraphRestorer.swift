import CypherValues
package import Model

/// Makes a graph again from its pages, which come in any order. Whatever does not fit together is refused.
package struct GraphRestorer: Sendable {
    private var head: StoredHead?
    private var nodes: [Int: [StoredNode]] = [:]
    private var relationships: [Int: [StoredRelationship]] = [:]

    package init() {}

    /// Throws `CodecError` for bytes that are no such page.
    package mutating func take(_ page: GraphPage, _ reader: inout ByteReader) throws(CodecError) {
        switch page {
        case .head: head = try StoredHead(from: &reader)
        case .nodes(let number): nodes[number] = try [StoredNode](from: &reader)
        case .relationships(let number): relationships[number] = try [StoredRelationship](from: &reader)
        }
    }

    /// The graph, which notes its changes from now on; and about how many bytes its properties take.
    package consuming func graph() throws(CodecError) -> (graph: LocalGraph, bytes: Int) {
        guard let head else { throw CodecError("a graph has no head") }
        var partition = GraphPartition(number: 0)
        do throws(GraphError) {
            for name in head.labels { _ = try partition.internLabel(name) }
            for name in head.types { try partition.internType(name) }
            for name in head.keys { _ = try partition.keyNames.intern(name) }
        } catch {
            throw CodecError("a graph has too many names")
        }
        guard partition.labelNames.names.count == head.labels.count, partition.typeNames.names.count == head.types.count,
            partition.keyNames.names.count == head.keys.count
        else { throw CodecError("a graph has a name twice") }
        var bytes = 0
        for number in 0..<Self.pages(head.nodes, PageChanges.nodesOfPage) {
            guard let page = self.nodes.removeValue(forKey: number) else {
                throw CodecError("page \(number) of nodes is missing")
            }
            for node in page { try partition.restore(node, bytes: &bytes) }
        }
        guard partition.nodes.count == head.nodes, nodes.isEmpty else {
            throw CodecError("a graph has other nodes than it says")
        }
        for number in 0..<Self.pages(head.relationships, PageChanges.relationshipsOfPage) {
            guard let page = relationships.removeValue(forKey: number) else {
                throw CodecError("page \(number) of relationships is missing")
            }
            for relationship in page { try partition.restore(relationship, bytes: &bytes) }
        }
        guard partition.relationships.count == head.relationships, relationships.isEmpty else {
            throw CodecError("a graph has other relationships than it says")
        }
        partition.freeNode = head.freeNode
        partition.freeRelationship = head.freeRelationship
        try partition.checkFree()
        do throws(GraphError) {
            for index in head.indexes { try partition.createIndex(index) }
        } catch {
            throw CodecError("a graph has an index that cannot be")
        }
        var graph = LocalGraph()
        graph.partitions = [partition]
        graph.trackChanges()
        return (graph, bytes)
    }

    private static func pages(_ count: Int, _ size: Int) -> Int { (count + size - 1) / size }
}

extension GraphPartition {
    fileprivate mutating func internType(_ name: String) throws(GraphError) {
        let type = try typeNames.intern(name)
        if Int(type) == typeCounts.count { typeCounts.append(0) }
    }

    fileprivate mutating func restore(_ stored: StoredNode, bytes: inout Int) throws(CodecError) {
        let (labels, row): ([UInt16], PropertyRow)
        switch stored {
        case .used(let given, let properties): (labels, row) = (given, properties)
        case .free(let next):
            nodes.append(NodeRecord(labels: NodeRecord.gone, outgoing: next))
            return nodeProperties.append([])
        }
        guard zip(labels, labels.dropFirst()).allSatisfy(<), labels.allSatisfy({ Int($0) < labelNames.names.count }) else {
            throw CodecError("a node has labels that cannot be")
        }
        try check(row, mayBeNamed: true)
        let node = UInt32(nodes.count)
        nodes.append(NodeRecord(labels: labelSets.intern(labels, names: labelNames)))
        nodeProperties.append(row)
        nodeCount += 1
        bytes += row.footprintBytes
        if case .string(let text) = row.value(of: Property.elementIdKey) {
            elementIds.insert(ElementId(text: text, node: node))
        }
        for label in labels { members[Int(label)].insert(node) }
    }

    fileprivate mutating func restore(_ stored: StoredRelationship, bytes: inout Int) throws(CodecError) {
        switch stored {
        case .free(let next):
            relationships.append(
                RelationshipRecord(start: 0, end: next, endPartition: 0, type: RelationshipRecord.gone, row: 0))
        case .used(let start, let end, let type, let row):
            guard exists(start), exists(end), Int(type) < typeNames.names.count else {
                throw CodecError("a relationship has ends or a type that cannot be")
            }
            try check(row, mayBeNamed: false)
            bytes += row.footprintBytes
            restore(RelationshipRecord(start: start, end: end, endPartition: 0, type: type, row: 0), row)
        }
    }

    private func check(_ row: PropertyRow, mayBeNamed: Bool) throws(CodecError) {
        for property in row {
            let isName = mayBeNamed && property.key == Property.elementIdKey
            guard isName || Int(property.key) < keyNames.names.count, property.value.isStorable else {
                throw CodecError("a property that cannot be")
            }
        }
    }

    /// Every number that is free stands once in its chain.
    fileprivate func checkFree() throws(CodecError) {
        var left = nodes.count - nodeCount
        var next = freeNode
        while let number = next {
            guard left > 0, Int(number) < nodes.count, !nodes[Int(number)].exists else {
                throw CodecError("free nodes cannot be")
            }
            left -= 1
            next = nodes[Int(number)].outgoing == .max ? nil : nodes[Int(number)].outgoing
        }
        guard left == 0 else { throw CodecError("free nodes are missing") }
        left = relationships.count - relationshipCount
        next = freeRelationship
        while let number = next {
            guard left > 0, Int(number) < relationships.count, !relationships[Int(number)].exists else {
                throw CodecError("free relationships cannot be")
            }
            left -= 1
            next = relationships[Int(number)].end == .max ? nil : relationships[Int(number)].end
        }
        guard left == 0 else { throw CodecError("free relationships are missing") }
    }
}
