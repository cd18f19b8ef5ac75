import Model
import Shard

/// Which rows of a shard changed since each graph last asked; on the shard's event loop.
struct GraphFeed {
    /// More are not kept for one graph: it then takes all rows anew.
    static let changesMax = 100_000

    /// By the graph's number. Without an entry a graph has none of the rows, or not all that changed is known.
    private var changed: [Int: Set<ResourceID>] = [:]

    mutating func noted(_ rows: [ResourceID]) {
        for graph in changed.keys {
            changed[graph]?.formUnion(rows)
            if let count = changed[graph]?.count, count > Self.changesMax { changed[graph] = nil }
        }
    }

    /// Other rows took the place of all.
    mutating func replaced() { changed = [:] }

    /// What is new to the graph; from now on changes are noted for it.
    mutating func take(_ state: ShardState, for graph: Int) -> GraphChanges {
        defer { changed[graph] = [] }
        return GraphChanges(rows: state.rows, changed: changed[graph].map(Array.init))
    }

    /// The graph is let go of.
    mutating func close(_ graph: Int) { changed[graph] = nil }
}

/// A shard's rows at one moment, and which of them are new to the graph; nil: all of them.
struct GraphChanges: Sendable {
    let rows: SlotTable
    let changed: [ResourceID]?
}
