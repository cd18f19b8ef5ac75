import CypherValues

/// Which pages of a graph differ from those that were stored last: nodes and relationships in stretches of fixed length.
package struct PageChanges: Sendable, Hashable {
    /// Nodes of one page, and relationships of one: powers of two, small enough that a change rewrites little.
    package static let nodesOfPage = 64
    package static let relationshipsOfPage = 128

    package internal(set) var nodePages: Set<Int> = []
    package internal(set) var relationshipPages: Set<Int> = []
    /// Something changed, if only an index: names, counts and chains of free numbers are stored anew.
    package internal(set) var head = false
    /// By how many bytes properties grew, about.
    package internal(set) var bytes = 0

    package init() {}

    /// All pages of a graph.
    package init(all graph: LocalGraph) {
        let (nodes, relationships) = graph.pageCounts
        nodePages = Set(0..<nodes)
        relationshipPages = Set(0..<relationships)
        head = true
    }

    package var count: Int { nodePages.count + relationshipPages.count + (head ? 1 : 0) }

    package mutating func formUnion(_ other: PageChanges) {
        nodePages.formUnion(other.nodePages)
        relationshipPages.formUnion(other.relationshipPages)
        head = head || other.head
        bytes += other.bytes
    }

    mutating func node(_ number: UInt32) {
        head = true
        nodePages.insert(Int(number) / Self.nodesOfPage)
    }

    mutating func relationship(_ number: UInt32) {
        head = true
        relationshipPages.insert(Int(number) / Self.relationshipsOfPage)
    }

    mutating func replaced(_ old: CypherValue, by new: CypherValue) {
        bytes += (new.isNull ? 0 : new.footprintBytes) - (old.isNull ? 0 : old.footprintBytes)
    }
}

extension PropertyRow {
    /// About how many bytes it takes.
    var footprintBytes: Int { reduce(0) { $0 + $1.value.footprintBytes } }
}
