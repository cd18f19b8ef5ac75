/// The tables of `checkpoint.sqlite`.
///
/// `records`, `shard_state`, the `record` columns of the system tables, `tombstones` and `tag_audit` are what a restart
/// relies on; each of their rows carries a CRC32C, and `watermarks` tells how many there are and the sum of their hashes.
/// The other columns and tables are the same facts for people and tools that read SQL.
///
/// Ids are 16-byte blobs in network order, times are milliseconds since 1970 in UTC, nested values are JSON text. `row`
/// is a resource's number: its shard in the upper bits, counting from there, so that a shard lies in one piece and new
/// resources go to its end; `resources`, `virtual_tags` and `compliance_status` have the same numbers, and lie in the same
/// order. The index of the entry that last changed a resource is in `records`. `number` is an audit entry's:
/// its shard in the upper bits, below them its sequence in the shard, which is dense from 1; what clean-ups removed is told
/// by `audit_removals` of its watermark, and by `audit_removed`. So a shard's part of the
/// file is the same on every node that has it, row numbers aside, and can be taken out and put in by itself.
enum CheckpointSchema {
    /// "VTAG" in the file's header.
    static let applicationID: Int32 = 0x5654_4147
    /// The version that this code writes; a higher one is refused.
    static let version: Int32 = 5
    /// Bits of a resource's or an audit entry's number that count inside its shard.
    static let rowBits: Int64 = 40

    static let tables: Set = [
        "resources", "virtual_tags", "virtual_tag_rules", "tag_schema", "compliance_policies", "compliance_waivers",
        "compliance_scores", "alias_rejections", "catalog_plans", "compliance_status", "legal_holds", "audit_retention",
        "ml_inferences", "tag_audit", "audit_removed", "cluster_settings", "cluster_members", "shard_placements", "records",
        "shard_state",
        "tombstones", "watermarks", "totals",
    ]

    /// Makes all tables in one transaction.
    static func create(_ connection: SQLiteConnection) throws {
        try connection.transaction {
            try connection.execute(resources + governance + cluster + bookkeeping)
            try connection.execute("PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version)")
        }
    }

    private static let resources = """
        CREATE TABLE records (
            row INTEGER PRIMARY KEY, id BLOB NOT NULL, changed_index INTEGER NOT NULL, audit_head INTEGER NOT NULL,
            crc INTEGER NOT NULL, record BLOB NOT NULL);
        CREATE UNIQUE INDEX records_id ON records (id);
        CREATE TABLE resources (
            row INTEGER PRIMARY KEY, id BLOB NOT NULL, provider TEXT NOT NULL, resource_id TEXT NOT NULL,
            resource_type TEXT NOT NULL, name TEXT NOT NULL, account_id TEXT NOT NULL, region TEXT NOT NULL,
            native_tags TEXT NOT NULL, metadata TEXT NOT NULL, version INTEGER NOT NULL, first_seen INTEGER NOT NULL,
            last_seen INTEGER NOT NULL);
        CREATE TABLE virtual_tags (
            row INTEGER NOT NULL, tag_key TEXT NOT NULL, id BLOB NOT NULL, resource_id BLOB NOT NULL,
            tag_value TEXT NOT NULL, source TEXT NOT NULL, confidence REAL NOT NULL, rule_id BLOB, created_by TEXT NOT NULL,
            created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (row, tag_key)) WITHOUT ROWID;
        CREATE TABLE compliance_status (
            row INTEGER NOT NULL, policy_id BLOB NOT NULL, id BLOB NOT NULL, resource_id BLOB NOT NULL,
            is_compliant INTEGER NOT NULL, violations TEXT NOT NULL, waiver_id BLOB, checked_at INTEGER NOT NULL,
            PRIMARY KEY (row, policy_id)) WITHOUT ROWID;
        CREATE TABLE ml_inferences (
            id BLOB PRIMARY KEY, resource_id BLOB NOT NULL, model_version TEXT NOT NULL, predictions TEXT NOT NULL,
            changed_index INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE tombstones (
            shard INTEGER NOT NULL, id BLOB NOT NULL, changed_index INTEGER NOT NULL, audit_head INTEGER NOT NULL,
            PRIMARY KEY (shard, id)) WITHOUT ROWID;

        """

    private static let governance = """
        CREATE TABLE virtual_tag_rules (
            id BLOB PRIMARY KEY, rule_name TEXT, description TEXT, priority INTEGER, enabled INTEGER, conditions TEXT,
            actions TEXT, stats TEXT, version INTEGER, changed_index INTEGER NOT NULL, crc INTEGER NOT NULL,
            record BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE tag_schema (
            id BLOB PRIMARY KEY, tag_key TEXT, display_name TEXT, data_type TEXT, allowed_values TEXT, required INTEGER,
            aliases TEXT, version INTEGER, changed_index INTEGER NOT NULL, crc INTEGER NOT NULL, record BLOB NOT NULL)
            WITHOUT ROWID;
        CREATE TABLE compliance_policies (
            id BLOB PRIMARY KEY, policy_name TEXT, policy_type TEXT, severity TEXT, scope TEXT, rules TEXT,
            enabled INTEGER, version INTEGER, changed_index INTEGER NOT NULL, crc INTEGER NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE compliance_waivers (
            id BLOB PRIMARY KEY, waiver_name TEXT, reason TEXT, scope TEXT, policies TEXT, approver TEXT,
            expires_at INTEGER, version INTEGER, changed_index INTEGER NOT NULL, crc INTEGER NOT NULL,
            record BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE compliance_scores (
            id BLOB PRIMARY KEY, day TEXT, at INTEGER, score REAL, resources INTEGER, compliant INTEGER, waived INTEGER,
            violations INTEGER, changed_index INTEGER NOT NULL, crc INTEGER NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE alias_rejections (
            id BLOB PRIMARY KEY, tag_key TEXT, tag_value TEXT, alias TEXT, rejected_by TEXT, at INTEGER,
            changed_index INTEGER NOT NULL, crc INTEGER NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE catalog_plans (
            id BLOB PRIMARY KEY, description TEXT, changes INTEGER, created_by TEXT, created_at INTEGER, expires_at INTEGER,
            applied_by TEXT, applied_at INTEGER, changed_index INTEGER NOT NULL, crc INTEGER NOT NULL,
            record BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE tag_audit (
            number INTEGER PRIMARY KEY, previous INTEGER NOT NULL, stamp INTEGER NOT NULL, shard INTEGER NOT NULL,
            sequence INTEGER NOT NULL, at INTEGER NOT NULL, id BLOB NOT NULL, resource_id BLOB, rule_id BLOB,
            action TEXT NOT NULL, tag_key TEXT NOT NULL, old_value TEXT, new_value TEXT, actor TEXT NOT NULL, source TEXT,
            request_id TEXT NOT NULL, changed_index INTEGER NOT NULL, hash BLOB NOT NULL, crc INTEGER NOT NULL);
        CREATE TABLE audit_removed (
            number INTEGER PRIMARY KEY, hash BLOB NOT NULL, entries BLOB NOT NULL, crc INTEGER NOT NULL);
        CREATE TABLE legal_holds (
            id BLOB PRIMARY KEY, hold_name TEXT, reason TEXT, placed_by TEXT, placed_at INTEGER,
            changed_index INTEGER NOT NULL, crc INTEGER NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE audit_retention (
            id BLOB PRIMARY KEY, months INTEGER, changed_by TEXT, before INTEGER, started_at INTEGER, finished_at INTEGER,
            changed_index INTEGER NOT NULL, crc INTEGER NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;

        """

    /// `replica` is a 64-bit number without a sign, as text; `replicas` is a JSON array of these.
    private static let cluster = """
        CREATE TABLE cluster_settings (
            id BLOB PRIMARY KEY, cluster_id TEXT, shards INTEGER, replication_factor INTEGER,
            changed_index INTEGER NOT NULL, crc INTEGER NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE cluster_members (
            id BLOB PRIMARY KEY, replica TEXT, name TEXT, peer_address TEXT, api_address TEXT, region TEXT, zone TEXT,
            edge INTEGER, state TEXT, since INTEGER, changed_index INTEGER NOT NULL, crc INTEGER NOT NULL,
            record BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE shard_placements (
            id BLOB PRIMARY KEY, shard INTEGER, replicas TEXT, preferred_leader TEXT, revision INTEGER,
            changed_index INTEGER NOT NULL, crc INTEGER NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;

        """

    /// `shard_state` holds what is small, and the pages of users' own graphs, whose keys begin with `graph/`.
    private static let bookkeeping = """
        CREATE TABLE shard_state (
            shard INTEGER NOT NULL, key TEXT NOT NULL, changed_index INTEGER NOT NULL, crc INTEGER NOT NULL,
            value BLOB NOT NULL, PRIMARY KEY (shard, key)) WITHOUT ROWID;
        CREATE TABLE watermarks (
            shard INTEGER PRIMARY KEY, term INTEGER NOT NULL, applied_index INTEGER NOT NULL,
            audit_sequence INTEGER NOT NULL, audit_stamp INTEGER NOT NULL, audit_skew INTEGER NOT NULL,
            audit_hash BLOB NOT NULL, audit_removals BLOB NOT NULL, row_count INTEGER NOT NULL, row_digest INTEGER NOT NULL,
            state_count INTEGER NOT NULL, state_digest INTEGER NOT NULL, tombstone_count INTEGER NOT NULL,
            tombstone_digest INTEGER NOT NULL, installed_index INTEGER NOT NULL, installed_term INTEGER NOT NULL,
            configuration BLOB NOT NULL, crc INTEGER NOT NULL);
        CREATE TABLE totals (
            one INTEGER PRIMARY KEY CHECK (one = 1), watermark_count INTEGER NOT NULL, watermark_digest INTEGER NOT NULL,
            crc INTEGER NOT NULL);

        """
}
