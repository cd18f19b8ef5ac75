/// A node as it is stored, its properties and relationships aside.
struct NodeRecord: Sendable {
    /// In the place of a set of labels: the node is gone.
    static let gone = UInt32.max

    /// A number of `LabelSets`, or `gone`.
    var labels: UInt32
    /// How many relationships begin at it. Of a number that is free: the next free one.
    var outgoing: UInt32 = 0
    var incoming: UInt32 = 0

    var exists: Bool { labels != Self.gone }
}

extension PagedArray<NodeRecord> {
    /// Whether there is such a node. Of the table alone, so that whoever asks through a pointer copies no partition.
    @inline(__always)
    func holds(_ node: UInt32) -> Bool { Int(node) < count && self[Int(node)].exists }
}

/// A relationship as the partition of its start node stores it.
struct RelationshipRecord: Sendable {
    /// In the place of a type: the relationship is gone.
    static let gone = UInt16.max

    var start: UInt32
    /// Of one that is gone: the next free number.
    var end: UInt32
    var endPartition: UInt16
    var type: UInt16
    /// 0: no properties; else one more than their row's number.
    var row: UInt32

    var exists: Bool { type != Self.gone }
}

/// Sets of labels by number: most nodes share their set with many others.
struct LabelSets: Sendable {
    /// Numbers of labels, ascending.
    private(set) var sets: [[UInt16]] = [[]]
    /// The same, spelt out.
    private(set) var names: [[String]] = [[]]
    private var numbers: [[UInt16]: UInt32] = [[]: 0]

    subscript(number: UInt32) -> [UInt16] { sets[Int(number)] }

    mutating func intern(_ labels: [UInt16], names table: NameTable) -> UInt32 {
        if let number = numbers[labels] { return number }
        let number = UInt32(sets.count)
        sets.append(labels)
        names.append(labels.map { table[$0] })
        numbers[labels] = number
        return number
    }
}
