import CypherValues
import Model

/// A part of a graph in its stored form. All pages of a graph of one partition make it again, with the same handles.
package enum GraphPage: Hashable, Sendable {
    /// Names, counts, chains of free numbers, definitions of indexes.
    case head
    case nodes(Int)
    case relationships(Int)
}

/// What a page holds, as it was read; what it refers to is checked when the graph is made.
struct StoredHead: Sendable {
    var labels: [String] = []
    var types: [String] = []
    var keys: [String] = []
    var nodes = 0
    var relationships = 0
    var freeNode: UInt32?
    var freeRelationship: UInt32?
    var indexes: [IndexDefinition] = []
}

enum StoredNode: Sendable {
    case free(next: UInt32)
    case used(labels: [UInt16], properties: PropertyRow)
}

enum StoredRelationship: Sendable {
    case free(next: UInt32)
    case used(start: UInt32, end: UInt32, type: UInt16, properties: PropertyRow)
}

private let pageFormat: UInt8 = 1

extension LocalGraph {
    /// How many pages of nodes, and of relationships, there are.
    package var pageCounts: (nodes: Int, relationships: Int) {
        let (nodes, relationships) = (partitions[0].nodes.count, partitions[0].relationships.count)
        return (
            (nodes + PageChanges.nodesOfPage - 1) / PageChanges.nodesOfPage,
            (relationships + PageChanges.relationshipsOfPage - 1) / PageChanges.relationshipsOfPage
        )
    }

    /// The page's stored form. Only of a graph of one partition, between two transactions.
    package func bytes(of page: GraphPage) -> [UInt8] {
        precondition(partitions.count == 1 && !isInTransaction, "only a whole graph has pages")
        return lend(0) { $0.pointee.bytes(of: page) }
    }

    /// From now on it notes which pages change.
    package mutating func trackChanges() {
        for partition in partitions.indices { partitions[partition].changes = PageChanges() }
    }

    /// What changed since the last call; nil where it is not noted.
    package mutating func takeChanges() -> PageChanges? {
        guard let changes = partitions[0].changes else { return nil }
        partitions[0].changes = PageChanges()
        return changes
    }
}

extension GraphPartition {
    fileprivate func bytes(of page: GraphPage) -> [UInt8] {
        var writer = ByteWriter(reserving: 4 << 10)
        writer.byte(pageFormat)
        switch page {
        case .head: writeHead(&writer)
        case .nodes(let number):
            let first = number * PageChanges.nodesOfPage
            let range = first..<min(nodes.count, first + PageChanges.nodesOfPage)
            writer.varint(range.count)
            for node in range { write(nodes[node], nodeProperties[node], &writer) }
        case .relationships(let number):
            let first = number * PageChanges.relationshipsOfPage
            let range = first..<min(relationships.count, first + PageChanges.relationshipsOfPage)
            writer.varint(range.count)
            for relationship in range { write(relationships[relationship], &writer) }
        }
        return writer.bytes
    }

    private func writeHead(_ writer: inout ByteWriter) {
        for names in [labelNames.names, typeNames.names, keyNames.names] {
            writer.varint(names.count)
            for name in names { writer.string(name) }
        }
        writer.varint(nodes.count)
        writer.varint(relationships.count)
        writer.varint(UInt64(freeNode ?? .max))
        writer.varint(UInt64(freeRelationship ?? .max))
        writer.varint(indexes.count)
        for index in indexes {
            writer.string(index.definition.name)
            writer.string(index.definition.label)
            writer.string(index.definition.key)
        }
    }

    private func write(_ record: NodeRecord, _ row: PropertyRow, _ writer: inout ByteWriter) {
        guard record.exists else {
            writer.byte(0)
            return writer.varint(UInt64(record.outgoing))
        }
        writer.byte(1)
        let labels = labelSets[record.labels]
        writer.varint(labels.count)
        for label in labels { writer.varint(UInt64(label)) }
        write(row, &writer)
    }

    private func write(_ record: RelationshipRecord, _ writer: inout ByteWriter) {
        guard record.exists else {
            writer.byte(0)
            return writer.varint(UInt64(record.end))
        }
        writer.byte(1)
        writer.varint(UInt64(record.start))
        writer.varint(UInt64(record.end))
        writer.varint(UInt64(record.type))
        write(properties(of: record), &writer)
    }

    private func write(_ row: PropertyRow, _ writer: inout ByteWriter) {
        writer.varint(row.count)
        for property in row {
            writer.varint(UInt64(property.key))
            writer.value(property.value)
        }
    }
}

// MARK: - Reading

extension StoredHead {
    init(from reader: inout ByteReader) throws(CodecError) {
        try reader.pageFormat()
        labels = try reader.names()
        types = try reader.names()
        keys = try reader.names()
        nodes = try reader.number()
        relationships = try reader.number()
        freeNode = try reader.free()
        freeRelationship = try reader.free()
        for _ in 0..<(try reader.count()) {
            let (name, label) = (try reader.string(), try reader.string())
            indexes.append(IndexDefinition(name: name, label: label, key: try reader.string()))
        }
        guard reader.atEnd else { throw CodecError("bytes are left over after a graph's head") }
    }
}

extension [StoredNode] {
    init(from reader: inout ByteReader) throws(CodecError) {
        self = []
        try reader.pageFormat()
        let count = try reader.count()
        guard count <= PageChanges.nodesOfPage else { throw CodecError("a page of \(count) nodes") }
        for _ in 0..<count {
            guard try reader.byte() == 1 else {
                append(.free(next: try reader.uint32()))
                continue
            }
            var labels: [UInt16] = []
            for _ in 0..<(try reader.count()) { labels.append(try reader.uint16()) }
            append(.used(labels: labels, properties: try reader.row()))
        }
        guard reader.atEnd else { throw CodecError("bytes are left over after a page of nodes") }
    }
}

extension [StoredRelationship] {
    init(from reader: inout ByteReader) throws(CodecError) {
        self = []
        try reader.pageFormat()
        let count = try reader.count()
        guard count <= PageChanges.relationshipsOfPage else { throw CodecError("a page of \(count) relationships") }
        for _ in 0..<count {
            guard try reader.byte() == 1 else {
                append(.free(next: try reader.uint32()))
                continue
            }
            let (start, end) = (try reader.uint32(), try reader.uint32())
            let type = try reader.uint16()
            append(.used(start: start, end: end, type: type, properties: try reader.row()))
        }
        guard reader.atEnd else { throw CodecError("bytes are left over after a page of relationships") }
    }
}

extension ByteReader {
    fileprivate mutating func pageFormat() throws(CodecError) {
        guard try byte() == PropertyGraph.pageFormat else {
            throw CodecError("a graph's page has a format that this version does not know")
        }
    }

    fileprivate mutating func uint16() throws(CodecError) -> UInt16 {
        guard let value = UInt16(exactly: try varint()) else { throw CodecError("a number is out of its range") }
        return value
    }

    fileprivate mutating func uint32() throws(CodecError) -> UInt32 {
        guard let value = UInt32(exactly: try varint()) else { throw CodecError("a number is out of its range") }
        return value
    }

    fileprivate mutating func number() throws(CodecError) -> Int {
        let value = Int(try uint32())
        guard value <= GraphPartition.numbersMax else { throw CodecError("a graph has too much in it") }
        return value
    }

    fileprivate mutating func free() throws(CodecError) -> UInt32? {
        let value = try uint32()
        return value == .max ? nil : value
    }

    fileprivate mutating func names() throws(CodecError) -> [String] {
        var names: [String] = []
        for _ in 0..<(try count()) { names.append(try string()) }
        return names
    }

    fileprivate mutating func row() throws(CodecError) -> PropertyRow {
        var row: PropertyRow = []
        for _ in 0..<(try count()) {
            let key = try uint16()
            row.append(Property(key: key, value: try value()))
        }
        return row
    }
}
