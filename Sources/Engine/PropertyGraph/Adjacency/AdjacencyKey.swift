import CypherValues

/// One relationship as one of its ends has it: whose it is, its type, the node at the other end, and its number. The
/// order of these
/// parts is the order in which adjacency is stored.
///
/// Numbers are dense and of 32 bits. A relationship's number counts within the partition of its start node: for an
/// outgoing one that is the
/// partition at hand, for an incoming one that of the far node.
package struct AdjacencyKey: Hashable, Comparable, Sendable {
    package let node: UInt32
    package let type: UInt16
    package let farPartition: UInt16
    package let farNode: UInt32
    package let relationship: UInt32

    init(node: UInt32, type: UInt16, farPartition: UInt16, farNode: UInt32, relationship: UInt32) {
        self.node = node
        self.type = type
        self.farPartition = farPartition
        self.farNode = farNode
        self.relationship = relationship
    }

    var far: NodeHandle { NodeHandle(partition: UInt32(farPartition), local: farNode) }

    @inline(__always)
    private var high: UInt64 { UInt64(node) << 32 | UInt64(type) << 16 | UInt64(farPartition) }
    @inline(__always)
    private var low: UInt64 { UInt64(farNode) << 32 | UInt64(relationship) }

    @inline(__always)
    package static func < (a: Self, b: Self) -> Bool { a.high == b.high ? a.low < b.low : a.high < b.high }
}
