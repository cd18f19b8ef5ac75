import Model
import Shard

/// Which rows of a shard changed since the graph last asked; on the shard's event loop.
struct GraphFeed {
    /// More are not kept: the graph then takes all rows anew.
    static let changesMax = 100_000

    /// Nil: the graph has none of the rows, or not all that changed is known.
    private var changed: Set<ResourceID>?

    mutating func noted(_ rows: [ResourceID]) {
        guard changed != nil else { return }
        changed?.formUnion(rows)
        if let count = changed?.count, count > Self.changesMax { changed = nil }
    }

    /// Other rows took the place of all.
    mutating func replaced() { changed = nil }

    /// What is new; from now on changes are noted.
    mutating func take(_ state: ShardState) -> GraphChanges {
        defer { changed = [] }
        return GraphChanges(rows: state.rows, changed: changed.map(Array.init))
    }

    /// Nobody asks any more.
    mutating func close() { changed = nil }
}

/// A shard's rows at one moment, and which of them are new to the graph; nil: all of them.
struct GraphChanges: Sendable {
    let rows: SlotTable
    let changed: [ResourceID]?
}
