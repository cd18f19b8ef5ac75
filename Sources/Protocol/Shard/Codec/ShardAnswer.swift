package import Model

/// The answer to a `ShardQuery`, from applied state.
package enum ShardAnswer: Hashable, Sendable {
    /// Most rows of a page.
    package static let pageRowsMax = 1_000
    /// A page ends before the row that would bring its rows above this many bytes, but has one row at least.
    package static let pageBytesMax = 1 << 20

    /// A row in `RecordCodec`'s form, with its id.
    package struct Row: Hashable, Sendable {
        package let id: ResourceID
        package let bytes: [UInt8]

        package init(id: ResourceID, bytes: [UInt8]) {
            self.id = id
            self.bytes = bytes
        }
    }

    /// What a shard counts.
    package struct Totals: Hashable, Sendable {
        package var counts: InventoryTotals
        package var rows: Int
        /// Rows that wait to be judged under the newest catalogue.
        package var pending: Int
        package var appliedIndex: UInt64

        package init(counts: InventoryTotals, rows: Int, pending: Int, appliedIndex: UInt64) {
            self.counts = counts
            self.rows = rows
            self.pending = pending
            self.appliedIndex = appliedIndex
        }
    }

    /// Nil: there is no such resource.
    case row([UInt8]?)
    /// Nil: no resource carries such a tag.
    case tag(Row?)
    /// `isLast`: the shard has none after these.
    case rows([Row], isLast: Bool)
    case totals(Totals)
    case cleaning(AuditCleaningProgress)
    /// By name.
    case graphs([NamedGraphSummary])

    package var encoded: [UInt8] { PeerForm.encode(self, reserving: 4 << 10) }

    /// Throws `CodecError` for bytes that `encoded` did not make, for rows that cannot be read or whose metadata is no JSON
    /// object, and for what does not answer `query`: another kind of answer, rows out of order or not asked for, a page that
    /// leads nowhere.
    package init(decoding bytes: [UInt8], to query: ShardQuery, checking json: JSONCheck) throws(CodecError) {
        self = try PeerForm.decode(bytes)
        guard answers(query) else { throw CodecError("what came back is no answer to \(query)") }
        switch (self, query) {
        case (.row(let bytes?), .row(let id)): try json.check(row: bytes, of: id)
        case (.tag(let row?), _): try json.check(row: row.bytes, of: row.id)
        case (.rows(let rows, _), _): for row in rows { try json.check(row: row.bytes, of: row.id) }
        case (.row, _), (.tag, _), (.totals, _), (.cleaning, _), (.graphs, _): break
        }
    }

    private func answers(_ query: ShardQuery) -> Bool {
        switch (self, query) {
        case (.row, .row), (.totals, .totals), (.cleaning, .cleaning), (.graphs, .graphs): true
        case (.tag(let row), .tag(let id)): row.map { $0.id.uuid.prefix == id.prefix } ?? true
        case (.rows(let rows, let isLast), .rows(let after, let limit)):
            rows.count <= min(limit, Self.pageRowsMax) && (isLast || !rows.isEmpty)
                && zip(rows, rows.dropFirst()).allSatisfy { $0.id < $1.id }
                && (rows.first.map { first in after.map { $0 < first.id } ?? true } ?? true)
        case (.row, _), (.tag, _), (.rows, _), (.totals, _), (.cleaning, _), (.graphs, _): false
        }
    }
}

extension ShardState {
    /// Answers from applied state; `catalogVersion` is the newest that is in force.
    ///
    /// Throws `CodecError` when the query names what this shard does not own, and when memory is damaged.
    package func answer(_ query: ShardQuery, catalogVersion: UInt64) throws(CodecError) -> ShardAnswer {
        guard query.belongs(to: rows.slots) else {
            throw CodecError("a query names what this shard, which owns slots \(rows.slots), does not keep")
        }
        switch query {
        case .row(let id): return .row(rows[id])
        case .tag(let id): return .tag(try rowCarrying(id))
        case .cleaning: return .cleaning(cleaning)
        case .graphs: return .graphs(graphs.summaries)
        case .rows(let after, let limit): return page(after: after, limit: limit)
        case .totals:
            return .totals(
                ShardAnswer.Totals(
                    counts: totals, rows: rows.count, pending: pending(under: catalogVersion), appliedIndex: appliedIndex))
        }
    }

    private func rowCarrying(_ tag: UUID128) throws(CodecError) -> ShardAnswer.Row? {
        for row in rows.rows(sharingPrefixOf: tag) {
            let record = try RecordCodec.decode(row.bytes, id: row.id)
            if record.tag(withID: tag) != nil { return ShardAnswer.Row(id: row.id, bytes: row.bytes) }
        }
        return nil
    }

    private func page(after: ResourceID?, limit: Int) -> ShardAnswer {
        let limit = max(1, min(limit, ShardAnswer.pageRowsMax))
        let found = rows.rows(after: after, limit: limit + 1)
        var page: [ShardAnswer.Row] = []
        var bytes = 0
        for row in found.prefix(limit) {
            bytes += row.bytes.count
            guard page.isEmpty || bytes <= ShardAnswer.pageBytesMax else { break }
            page.append(ShardAnswer.Row(id: row.id, bytes: row.bytes))
        }
        return .rows(page, isLast: page.count == found.count)
    }
}
