package import Model
import PostgresClient
package import Sink

/// What is sent at once: some of what changed in some shards, and how far these are then.
package struct SinkTransaction: Sendable {
    /// By shard once it is sent.
    package private(set) var parts: [SinkPart] = []
    private var resources = ResourceBatch()
    private var deletions = DeletionBatch()
    private var audit = AuditBatch()
    /// Which of the parts were all that there was, and when.
    private var confirmed: (at: Timestamp, shards: Set<Int>)?
    private var catalog: (rows: SinkCatalog, changedIndex: UInt64)?
    private var items: (changes: SinkItems, changedIndex: UInt64)?

    package init() {}

    /// Rows of all tables.
    package var rowCount: Int {
        resources.rowCount + deletions.count + audit.count + (catalog?.rows.count ?? 0) + (items?.changes.count ?? 0)
    }

    package var isEmpty: Bool { parts.isEmpty }

    /// What follows belongs to this part; a shard has one.
    package mutating func begin(_ shard: Int, from before: SinkProgress, to after: SinkProgress) {
        precondition(before != after && !parts.contains { $0.shard == shard }, "\(before) to \(after) of shard \(shard)")
        parts.append(SinkPart(shard: shard, before: before, after: after))
    }

    /// With its part the shard has everything that it had applied at `moment`; the same moment for all.
    package mutating func confirm(_ shard: Int, at moment: Timestamp) {
        confirmed = (moment, (confirmed?.shards ?? []).union([shard]))
    }

    /// Throws where the row cannot be read. No resource twice.
    package mutating func put(_ id: ResourceID, _ row: [UInt8], shard: Int) throws(CodecError) {
        resources.add(try RecordCodec.decode(row, id: id), row, shard: shard)
    }

    package mutating func delete(_ id: ResourceID, changedIndex: UInt64, shard: Int) {
        deletions.add(id, shard: shard, changedIndex: changedIndex)
    }

    package mutating func add(_ entry: AuditEntry, shard: Int) { audit.add(entry, shard: shard) }

    package mutating func replace(_ catalog: SinkCatalog, changedIndex: UInt64) { self.catalog = (catalog, changedIndex) }

    package mutating func change(_ items: SinkItems, changedIndex: UInt64) { self.items = (items, changedIndex) }

    /// Some moment of each month that the audit entries need a partition of.
    var months: [AuditBatch.MonthNumber: Timestamp] { audit.months }

    /// Some of the statements, made when they are asked for: the server works on those before them meanwhile.
    typealias Stage = () -> [PostgresStatement]

    /// The fence first: it locks the shards' rows, and what follows is not even looked at where it refuses.
    func statements(_ incarnation: UUID128) -> some Sequence<PostgresStatement> {
        var columns = [PostgresColumn(.integer)] + [PostgresColumn](repeating: PostgresColumn(.bigint), count: 6)
        for part in parts.sorted(by: { $0.shard < $1.shard }) {
            columns[0].append(Int32(part.shard))
            columns[1].append(SinkText.number(part.before.term))
            columns[2].append(SinkText.number(part.before.epoch))
            columns[3].append(SinkText.number(part.before.appliedIndex))
            columns[4].append(SinkText.number(part.before.auditSequence))
            columns[5].append(SinkText.number(part.after.appliedIndex))
            columns[6].append(SinkText.number(part.after.auditSequence))
        }
        var parameters = columns.map(\.parameter)
        parameters.insert(.uuid(incarnation), at: 1)
        let advance = PostgresStatement("SELECT vtag.advance($1, $2, $3, $4, $5, $6, $7, $8)", parameters)
        let confirmation = confirmed.map { confirmed in
            let now = parts.filter { confirmed.shards.contains($0.shard) }.map { ($0.shard, $0.after) }
            return Self.confirmation(now, incarnation, at: confirmed.at)
        }
        let stages: [Stage] =
            [
                { [advance] + [confirmation].compactMap(\.self) },
                { catalog.map { $0.rows.statements(changedIndex: $0.changedIndex) } ?? [] },
                { items.map { $0.changes.statements(changedIndex: $0.changedIndex) } ?? [] },
                { audit.statements + deletions.statements },
            ] + resources.stages
        return stages.lazy.flatMap { $0() }
    }

    /// That these shards, where they are, were complete at that time.
    static func confirmation(
        _ shards: [(shard: Int, progress: SinkProgress)], _ incarnation: UUID128, at moment: Timestamp
    ) -> PostgresStatement {
        var columns = [PostgresColumn(.integer), PostgresColumn(.bigint), PostgresColumn(.bigint)]
        for (shard, progress) in shards.sorted(by: { $0.shard < $1.shard }) {
            columns[0].append(Int32(shard))
            columns[1].append(SinkText.number(progress.term))
            columns[2].append(SinkText.number(progress.appliedIndex))
        }
        return PostgresStatement(
            "SELECT vtag.confirm($1, $2, $3, $4, $5)",
            [
                columns[0].parameter, .uuid(incarnation), columns[1].parameter, columns[2].parameter,
                .timestamp(SinkText.time(moment)),
            ])
    }
}
