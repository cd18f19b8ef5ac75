package import Model
import PostgresClient
package import Sink

/// The database as of one moment. Valid during `PostgresSource.reading`.
///
/// What is asked for "after" an index comes in the order of the index, a batch at a time, so that memory does not grow with how much
/// there is. A shard's progress says up to where nothing is missing; single rows may be newer, and come again once it has passed
/// them.
package struct SourceSnapshot {
    let connection: PostgresConnection

    /// Most rows that are fetched at once: a few may be large.
    private static let batchRows = 500

    init(_ connection: PostgresConnection) { self.connection = connection }

    // MARK: The cluster

    /// How far each shard is there, by its number; 0 is the system shard.
    package func progress() throws -> [Int: SinkProgress] {
        let rows = try connection.execute(
            "SELECT shard, incarnation, term, applied_index, audit_sequence FROM vtag.sink_progress")
        return try Self.progress(rows)
    }

    static func progress(_ rows: PostgresRows) throws -> [Int: SinkProgress] {
        var found: [Int: SinkProgress] = [:]
        for row in 0..<rows.count {
            found[Int(try rows.get(row, 0, as: Int64.self))] = SinkProgress(
                incarnation: try rows.get(row, 1), term: UInt64(clamping: try rows.get(row, 2, as: Int64.self)),
                appliedIndex: UInt64(clamping: try rows.get(row, 3, as: Int64.self)),
                auditSequence: UInt64(clamping: try rows.get(row, 4, as: Int64.self)))
        }
        return found
    }

    /// When each shard was last known to be all there, by the clock of its leader; the epoch where that was never told.
    package func confirmations() throws -> [Int: Timestamp] {
        let rows = try connection.execute("SELECT shard, confirmed_at FROM vtag.sink_progress")
        var found: [Int: Timestamp] = [:]
        for row in 0..<rows.count { found[Int(try rows.get(row, 0, as: Int64.self))] = try rows.get(row, 1) }
        return found
    }

    /// Throws `incomplete` where the system shard was never sent, or not again since the schema was older.
    package func facts() throws -> SourceFacts {
        let rows = try connection.execute(
            """
            SELECT f.shards, f.catalog_version, EXISTS (SELECT FROM vtag.resources WHERE record = '')
            FROM vtag.cluster_facts f
            """)
        guard rows.count == 1 else {
            throw SourceError.incomplete(
                "the rules and settings of the cluster were not sent to this database yet: let the cluster send them first")
        }
        return SourceFacts(
            shards: Int(try rows.get(0, 0, as: Int64.self)),
            catalogVersion: UInt64(clamping: try rows.get(0, 1, as: Int64.self)),
            lacksRecords: try rows.get(0, 2))
    }

    // MARK: What changed

    /// Resources of a data shard, by the index of their last change. Throws `incomplete` for one without a stored form.
    package func resources(
        of shard: Int, changedAfter index: UInt64, _ take: (SourceResource) throws -> Void
    ) throws {
        try each(
            """
            DECLARE vtag_source NO SCROLL CURSOR FOR SELECT id, changed_index, record FROM vtag.resources
            WHERE shard = $1 AND changed_index > $2 ORDER BY changed_index, id
            """, [.integer(Int32(clamping: shard)), .bigint(Int64(clamping: index))]
        ) { rows, row in
            let id = try rows.get(row, 0, as: UUID128.self)
            let changedIndex = UInt64(clamping: try rows.get(row, 1, as: Int64.self))
            let record = try rows.get(row, 2, as: [UInt8].self)
            guard !record.isEmpty else {
                throw SourceError.incomplete(
                    "resource \(id) was not sent again since the schema was older: let the cluster send it first")
            }
            let written: UInt64
            do throws(CodecError) { written = try RecordCodec.changedIndex(of: record) } catch {
                throw SourceError.damaged(table: "resources", id: "\(id)", reason: error.message)
            }
            guard written == changedIndex else {
                throw SourceError.damaged(
                    table: "resources", id: "\(id)", reason: "its record is of entry \(written), the row of \(changedIndex)")
            }
            try take(SourceResource(id: ResourceID(id), changedIndex: changedIndex, record: record))
        }
    }

    /// Resources of a data shard that are gone, by an index at or above that of their deletion.
    package func deletions(
        of shard: Int, changedAfter index: UInt64, _ take: (ResourceID, _ changedIndex: UInt64) throws -> Void
    ) throws {
        try each(
            """
            DECLARE vtag_source NO SCROLL CURSOR FOR SELECT id, changed_index FROM vtag.deleted_resources
            WHERE shard = $1 AND changed_index > $2 ORDER BY changed_index, id
            """, [.integer(Int32(clamping: shard)), .bigint(Int64(clamping: index))]
        ) { rows, row in
            try take(
                ResourceID(try rows.get(row, 0)), UInt64(clamping: try rows.get(row, 1, as: Int64.self)))
        }
    }

    /// What group 0 keeps, but for the cluster's members and secrets, by the index of its last change; what is gone, too.
    package func items(changedAfter index: UInt64, _ take: (SourceItem) throws -> Void) throws {
        try each(
            """
            DECLARE vtag_source NO SCROLL CURSOR FOR SELECT id, changed_index, record FROM vtag.system_items
            WHERE changed_index > $1 ORDER BY changed_index, id
            """, [.bigint(Int64(clamping: index))]
        ) { rows, row in
            try take(
                SourceItem(
                    id: try rows.get(row, 0), changedIndex: UInt64(clamping: try rows.get(row, 1, as: Int64.self)),
                    record: try rows.find(row, 2)))
        }
    }

    /// Entries of a shard's audit history behind `sequence`, in order. Some may be missing: those whose month was dropped, and those
    /// that the cluster had removed before they were sent.
    package func audit(of shard: Int, after sequence: UInt64, _ take: (AuditEntry) throws -> Void) throws {
        try each(
            """
            DECLARE vtag_source NO SCROLL CURSOR FOR SELECT id, sequence, resource_id, action, tag_key, old_value, new_value,
                actor, source, rule_id, request_id, at FROM vtag.tag_audit
            WHERE shard = $1 AND sequence > $2 ORDER BY sequence
            """, [.integer(Int32(clamping: shard)), .bigint(Int64(clamping: sequence))]
        ) { rows, row in try take(try Self.entry(rows, row, shard: shard)) }
    }

    private static func entry(_ rows: PostgresRows, _ row: Int, shard: Int) throws -> AuditEntry {
        let sequence = UInt64(clamping: try rows.get(row, 1, as: Int64.self))
        func damaged(_ reason: String) -> SourceError {
            .damaged(table: "tag_audit", id: "\(sequence) of shard \(shard)", reason: reason)
        }
        let action = try rows.get(row, 3, as: String.self)
        guard let action = AuditEntry.Action(rawValue: action) else { throw damaged("action \(action) is unknown") }
        let source = try rows.find(row, 8, as: String.self)
        let known = source.flatMap(TagSource.init(rawValue:))
        guard (source == nil) == (known == nil) else { throw damaged("source \(source ?? "") is unknown") }
        return AuditEntry(
            id: try rows.get(row, 0), sequence: sequence,
            resourceID: try rows.find(row, 2, as: UUID128.self).map(ResourceID.init), action: action,
            tagKey: try rows.get(row, 4), oldValue: try rows.find(row, 5), newValue: try rows.find(row, 6),
            actor: try rows.get(row, 7), source: known, ruleID: try rows.find(row, 9), requestID: try rows.get(row, 10),
            at: try rows.get(row, 11))
    }

    // MARK: Private

    /// `declare` declares the cursor `vtag_source`. Its first rows come in the same round trip.
    private func each(
        _ declare: StaticString, _ parameters: [PostgresParameter], _ body: (PostgresRows, Int) throws -> Void
    ) throws {
        let first = try connection.pipeline([PostgresStatement(declare, parameters), PostgresStatement(Self.fetch)])
        guard var rows = first.last else { return }
        while true {
            for row in 0..<rows.count { try body(rows, row) }
            if rows.count < Self.batchRows { break }
            rows = try connection.execute(Self.fetch)
        }
        try connection.execute("CLOSE vtag_source")
    }

    private static let fetch: StaticString = "FETCH FORWARD 500 FROM vtag_source"
}

/// What a cluster has to have that is made from the database.
package struct SourceFacts: Hashable, Sendable {
    /// Data shards.
    package let shards: Int
    /// Version of the catalogue as of the items.
    package let catalogVersion: UInt64
    /// Some resources were not sent again yet since the schema was older.
    package let lacksRecords: Bool

    package init(shards: Int, catalogVersion: UInt64, lacksRecords: Bool) {
        self.shards = shards
        self.catalogVersion = catalogVersion
        self.lacksRecords = lacksRecords
    }
}

/// A resource as the cluster stores it.
package struct SourceResource: Hashable, Sendable {
    package let id: ResourceID
    package let changedIndex: UInt64
    /// The form of `RecordCodec`; only its changed index was looked at.
    package let record: [UInt8]

    package init(id: ResourceID, changedIndex: UInt64, record: [UInt8]) {
        self.id = id
        self.changedIndex = changedIndex
        self.record = record
    }
}

/// Something that group 0 keeps.
package struct SourceItem: Hashable, Sendable {
    package let id: UUID128
    /// At or above that of the entry which changed it.
    package let changedIndex: UInt64
    /// The form of `SystemItem`; nil: it is gone.
    package let record: [UInt8]?

    package init(id: UUID128, changedIndex: UInt64, record: [UInt8]?) {
        self.id = id
        self.changedIndex = changedIndex
        self.record = record
    }
}
