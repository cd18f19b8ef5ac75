import Model
import NIOCore
import Shard

/// Which rows of a shard changed since each graph last asked; on the shard's event loop.
struct GraphFeed {
    /// More are not kept for one graph: it then takes all rows anew.
    static let changesMax = 100_000
    /// Graphs of other nodes at the same time; beyond, the one that has not asked for longest is forgotten.
    static let distantMax = 64
    /// A graph of another node that has not asked for so long is gone, or its node is.
    static let distantTime = TimeAmount.minutes(5)

    /// Whose graph it is.
    enum Reader: Hashable {
        /// One of this node's, by its number.
        case here(Int)
        /// One of another node's, by the number that this drew.
        case distant(UInt64)
    }

    /// Without an entry a graph has none of the rows, or not all that changed is known.
    private var changed: [Reader: Set<ResourceID>] = [:]
    private var lastAsked: [UInt64: NIODeadline] = [:]

    mutating func noted(_ rows: [ResourceID]) {
        // A copy of the keys alone: the sets are then changed where they lie.
        for reader in Array(changed.keys) {
            changed[reader]?.formUnion(rows)
            if let count = changed[reader]?.count, count > Self.changesMax { close(reader) }
        }
    }

    /// Other rows took the place of all.
    mutating func replaced() {
        changed = [:]
        lastAsked = [:]
    }

    /// What is new to the graph; from now on changes are noted for it.
    mutating func take(_ state: ShardState, for reader: Reader) -> GraphChanges {
        defer { changed[reader] = [] }
        return GraphChanges(rows: state.rows, changed: changed[reader].map(Array.init))
    }

    /// The graph is let go of.
    mutating func close(_ reader: Reader) {
        changed[reader] = nil
        if case .distant(let number) = reader { lastAsked[number] = nil }
    }

    // MARK: Other nodes

    /// Answers a graph of another node, with about so many bytes at most.
    mutating func answer(
        _ query: GraphRowsQuery, _ rows: SlotTable, bytesMax: Int = GraphRowsQuery.bytesMax
    ) -> GraphRowsAnswer {
        let reader = Reader.distant(query.feed)
        if query.part == .first {
            forgetDistant()
            changed[reader] = []
        }
        guard changed[reader] != nil else { return .unknownFeed }
        lastAsked[query.feed] = .now()
        switch query.part {
        case .first: return Self.page(rows, after: nil, bytesMax)
        case .after(let id): return Self.page(rows, after: id, bytesMax)
        case .changed: return takeSome(rows, for: reader, bytesMax)
        }
    }

    private static func page(_ rows: SlotTable, after id: ResourceID?, _ bytesMax: Int) -> GraphRowsAnswer {
        // An id of another shard is in no table.
        guard id.map({ rows.slots.contains(Int($0.slot.number)) }) ?? true else { return .unknownFeed }
        var page: [GraphRowsAnswer.Row] = []
        var bytes = 0
        for row in rows.rows(after: id, limit: GraphRowsQuery.rowsMax) {
            page.append(GraphRowsAnswer.Row(id: row.id, bytes: row.bytes))
            bytes += row.bytes.count
            if bytes > bytesMax { return .rows(page, isLast: false) }
        }
        return .rows(page, isLast: page.count < GraphRowsQuery.rowsMax)
    }

    private mutating func takeSome(_ rows: SlotTable, for reader: Reader, _ bytesMax: Int) -> GraphRowsAnswer {
        var page: [GraphRowsAnswer.Row] = []
        var bytes = 0
        while page.count < GraphRowsQuery.rowsMax, bytes <= bytesMax, let id = changed[reader]?.popFirst() {
            let row = rows[id]
            page.append(GraphRowsAnswer.Row(id: id, bytes: row))
            bytes += row?.count ?? 0
        }
        return .rows(page, isLast: changed[reader]?.isEmpty ?? true)
    }

    private mutating func forgetDistant() {
        let now = NIODeadline.now()
        for (number, asked) in lastAsked where now - asked > Self.distantTime { close(.distant(number)) }
        while lastAsked.count >= Self.distantMax, let oldest = lastAsked.min(by: { $0.value < $1.value })?.key {
            close(.distant(oldest))
        }
    }
}

/// A shard's rows at one moment, and which of them are new to the graph; nil: all of them.
struct GraphChanges: Sendable {
    let rows: SlotTable
    let changed: [ResourceID]?
}
