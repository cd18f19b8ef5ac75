/// Where a node lives: its partition and its dense number there. Valid within one graph, and never given to users: they see element ids.
package struct NodeHandle: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package init(partition: UInt32, local: UInt32) { rawValue = UInt64(partition) << 32 | UInt64(local) }

    package var partition: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
    package var local: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "\(partition):\(local)" }
}

/// Where a relationship lives: the partition of its start node, and its dense number there.
package struct RelationshipHandle: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
    package init(partition: UInt32, local: UInt32) { rawValue = UInt64(partition) << 32 | UInt64(local) }

    package var partition: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }
    package var local: UInt32 { UInt32(truncatingIfNeeded: rawValue) }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "\(partition):\(local)" }
}
