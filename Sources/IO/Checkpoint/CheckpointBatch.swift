package import Model

/// What one data shard hands to the checkpoint: all that changed after its last watermark. Written in one transaction.
package struct CheckpointBatch: Sendable {
    /// A row that is gone since the entry at `index`.
    package struct Deletion: Hashable, Sendable {
        package let id: ResourceID
        package let index: UInt64

        package init(id: ResourceID, index: UInt64) {
            self.id = id
            self.index = index
        }
    }

    package let shard: Int
    package let watermark: Watermark
    /// The group's configuration as of the watermark; bytes that mean nothing here.
    package let configuration: [UInt8]
    /// The rows that changed, as they are now. `RecordCodec`'s form; the columns are read from it.
    package let rows: [(id: ResourceID, bytes: [UInt8])]
    /// The rows that are gone.
    package let deleted: [Deletion]
    /// In order of their sequence. One that is there already is written again unchanged (after a crash between two batches).
    package let audit: [AuditEntry]
    /// Entries that go, in this order, after those that came.
    package let removals: [AuditRemoval]
    /// Small things of the state machine, by key; nil values are dropped.
    package let state: [(key: String, value: [UInt8]?)]
    /// More of it, too large to be kept in memory all at once: lends each key and value to what it is given, any number of times.
    package let pages: Pages

    package typealias Pages = @Sendable ((String, [UInt8]?) throws -> Void) throws -> Void

    package init(
        shard: Int, watermark: Watermark, configuration: [UInt8], rows: [(id: ResourceID, bytes: [UInt8])],
        deleted: [Deletion], audit: [AuditEntry], removals: [AuditRemoval] = [],
        state: [(key: String, value: [UInt8]?)], pages: @escaping Pages = { _ in }
    ) {
        self.shard = shard
        self.watermark = watermark
        self.configuration = configuration
        self.rows = rows
        self.deleted = deleted
        self.audit = audit
        self.removals = removals
        self.state = state
        self.pages = pages
    }
}

/// What the system shard hands over.
package struct SystemCheckpointBatch: Sendable {
    package enum Table: String, CaseIterable, Sendable {
        case rules = "virtual_tag_rules"
        case definitions = "tag_schema"
        case policies = "compliance_policies"
        case settings = "cluster_settings"
        case members = "cluster_members"
        case placements = "shard_placements"
        case waivers = "compliance_waivers"
        case scores = "compliance_scores"
        case rejections = "alias_rejections"
        case plans = "catalog_plans"
        case holds = "legal_holds"
        case retention = "audit_retention"
    }

    /// One row: the stored form, and its columns for readers of the tables (JSON text for nested values).
    package struct Item: Sendable {
        package let table: Table
        package let id: UUID128
        /// Nil: deleted.
        package let record: [UInt8]?
        package let columns: [(name: String, value: String)]

        package init(table: Table, id: UUID128, record: [UInt8]?, columns: [(name: String, value: String)]) {
            self.table = table
            self.id = id
            self.record = record
            self.columns = columns
        }
    }

    package let watermark: Watermark
    /// As of a data shard.
    package let configuration: [UInt8]
    package let items: [Item]
    package let audit: [AuditEntry]
    package let removals: [AuditRemoval]
    package let state: [(key: String, value: [UInt8]?)]

    package init(
        watermark: Watermark, configuration: [UInt8], items: [Item], audit: [AuditEntry], removals: [AuditRemoval] = [],
        state: [(key: String, value: [UInt8]?)]
    ) {
        self.watermark = watermark
        self.configuration = configuration
        self.items = items
        self.audit = audit
        self.removals = removals
        self.state = state
    }
}

/// How far a shard's copy has come. Stored in the same transaction as what it covers.
package struct Watermark: Hashable, Sendable {
    /// Term of the entry at `appliedIndex`.
    package let term: UInt64
    package let appliedIndex: UInt64
    /// Number of the last audit entry.
    package let auditSequence: UInt64

    package init(term: UInt64, appliedIndex: UInt64, auditSequence: UInt64) {
        self.term = term
        self.appliedIndex = appliedIndex
        self.auditSequence = auditSequence
    }
}
