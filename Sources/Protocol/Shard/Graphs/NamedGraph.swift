package import Model
package import PropertyGraph

/// A graph of users' own, as one shard keeps it whole: one entry of the log is one transaction of it.
package struct NamedGraph: Sendable {
    package let name: String
    /// Index of the entry that made it: no two graphs of a shard have the same, whatever their names.
    package let id: UInt64
    /// Index of the entry that changed it last.
    package internal(set) var version: UInt64
    package internal(set) var graph: LocalGraph
    /// About how many bytes its properties take.
    var propertyBytes: Int

    package init(name: String, id: UInt64, version: UInt64, graph: LocalGraph, propertyBytes: Int) {
        self.name = name
        self.id = id
        self.version = version
        self.graph = graph
        self.propertyBytes = propertyBytes
    }

    /// About how many bytes of memory it takes.
    package var byteCount: Int {
        graph.nodeCount * Self.nodeBytes + graph.relationshipCount * Self.relationshipBytes + propertyBytes
    }

    /// Of a node without properties, in its label's set and with room for them; of a relationship in both directions.
    private static let nodeBytes = 64
    private static let relationshipBytes = 48

    /// The slot whose shard keeps the graph of a name.
    package static func slot(of name: String) -> Slot { UUID128.version5(namespace: namespace, name: name).slot }
    private static let namespace = UUID128(high: 0x8F3C_5A1E_92D4_4B07, low: 0xA6D1_0C7E_35B9_F248)

    package var summary: NamedGraphSummary {
        NamedGraphSummary(
            name: name, version: version, nodes: graph.nodeCount, relationships: graph.relationshipCount, bytes: byteCount)
    }
}

/// What a graph is told of in a list.
package struct NamedGraphSummary: Hashable, Sendable {
    package let name: String
    package let version: UInt64
    package let nodes: Int
    package let relationships: Int
    package let bytes: Int
}

/// What a shard's graphs may be.
package enum NamedGraphLimits {
    /// Graphs of all shards together; of one shard, should all come to it.
    package static let graphsMax = 1_000
    /// About how many bytes of memory one graph may take, and all of one shard.
    package static let graphBytesMax = 1 << 30
    package static let shardBytesMax = 4 << 30
    /// Bytes of one transaction in the log, and changes in it: they are carried out on a shard's event loop, in one go.
    package static let transactionBytesMax = 4 << 20
    package static let transactionChangesMax = 100_000
    /// Longest answer that is kept for an idempotency key, in bytes.
    package static let keptAnswerBytesMax = 4 << 10
    /// Letters, digits, `-`, `_` and `.`, a letter or digit first; at most so many.
    package static let nameBytesMax = 64

    package static func isName(_ name: String) -> Bool {
        func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: false
            }
        }
        return (1...nameBytesMax).contains(name.utf8.count) && name.utf8.first.map(isWord) == true
            && name.utf8.allSatisfy { isWord($0) || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains($0) }
    }
}
