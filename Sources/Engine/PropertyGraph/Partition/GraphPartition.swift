package import CypherValues

/// One partition of a graph: its nodes, their relationships in both directions, and the indexes over them.
///
/// A value: a copy is O(1) and stays what it is while the original is written to, so a long query reads a copy. A
/// relationship is stored
/// with its start node (its record, its properties, the outgoing side) and mirrored with its end node (the incoming
/// side);
/// whoever writes keeps both sides in step (`LocalGraph`). Touched by one thread at a time, like everything of its
/// shard.
package struct GraphPartition: Sendable {
    /// The most nodes, and the most relationships, of one partition.
    static let numbersMax = Int(UInt32.max) - 1

    let number: UInt16
    var labelNames = NameTable(kind: "labels")
    var typeNames = NameTable(kind: "relationship types")
    var keyNames = NameTable(kind: "property keys")
    var labelSets = LabelSets()

    var nodes = PagedArray<NodeRecord>()
    var nodeProperties = PagedArray<PropertyRow>()
    var nodeCount = 0
    var elementIds = SortedChunks<ElementId>()

    var relationships = PagedArray<RelationshipRecord>()
    var relationshipCount = 0
    var relationshipProperties = PagedArray<PropertyRow>()
    var outgoing = Adjacency()
    var incoming = Adjacency()

    /// By number of the label: its nodes.
    var members: [SortedChunks<UInt32>] = []
    /// By number of the type: how many relationships it has.
    var typeCounts: [Int] = []
    var indexes: [PropertyIndex] = []

    /// Free numbers form chains through the records; these are the first of each. Nil: none is free.
    var freeNode: UInt32?
    var freeRelationship: UInt32?
    var freeRows: UInt32?
    /// Numbers that this transaction freed. They are given again only after its commit: until then it may ask for what
    /// it deleted.
    var freedNodes: [UInt32] = []
    var freedRelationships: [UInt32] = []
    /// What changed, where somebody stores the partition page by page; nil: nobody does.
    var changes: PageChanges?

    package init(number: UInt16) { self.number = number }

    /// What a user named a node by.
    struct ElementId: Comparable, Sendable {
        let text: String
        let node: UInt32

        static func < (a: Self, b: Self) -> Bool { a.text == b.text ? a.node < b.node : a.text < b.text }
    }

    func handle(_ node: UInt32) -> NodeHandle { NodeHandle(partition: UInt32(number), local: node) }
    func relationshipHandle(_ relationship: UInt32) -> RelationshipHandle {
        RelationshipHandle(partition: UInt32(number), local: relationship)
    }

    func exists(_ node: UInt32) -> Bool { nodes.holds(node) }
    func relationshipExists(_ relationship: UInt32) -> Bool {
        Int(relationship) < relationships.count && relationships[Int(relationship)].exists
    }

    /// The node that a user named so.
    package func node(elementId: String) -> NodeHandle? {
        let (_, from) = elementIds.neighbours(of: ElementId(text: elementId, node: 0))
        guard let from, from.text == elementId else { return nil }
        return handle(from.node)
    }

    /// Merges changes of the adjacency into its sealed runs, some `budget` relationships (about 3 ns each, at least
    /// one leaf of 8,192).
    /// Returns whether there is more to do.
    package mutating func seal(budget: Int) -> Bool {
        outgoing.seal(budget: budget) || incoming.seal(budget: budget)
    }

    /// Bytes of the adjacency of both directions and of the relationships' records, before properties.
    package var relationshipBytes: Int {
        outgoing.bytes + incoming.bytes + relationships.count * MemoryLayout<RelationshipRecord>.stride
    }
}
