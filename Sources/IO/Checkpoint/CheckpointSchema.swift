/// The tables of the checkpoint, for this version of the software.
///
/// `rows`, `shard_state`, `watermarks` and the `record` columns are what a restart reads, each guarded by CRCs and by
/// digests in the watermark. The rest of the eight tables is the same for people and tools: written in the same
/// transaction, never read back.
enum CheckpointSchema {
    static let version: Int64 = 1
    /// "VTAG", so that `file` and we know the file.
    static let applicationID: Int64 = 0x5654_4147

    static let statements = """
        CREATE TABLE rows (
            id BLOB PRIMARY KEY, crc INTEGER NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE shard_state (
            shard INTEGER, key TEXT, value BLOB NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (shard, key)) WITHOUT ROWID;
        CREATE TABLE watermarks (
            shard INTEGER PRIMARY KEY, incarnation INTEGER NOT NULL, term INTEGER NOT NULL, applied_index INTEGER NOT NULL,
            audit_sequence INTEGER NOT NULL, row_count INTEGER NOT NULL, row_digest INTEGER NOT NULL,
            state_count INTEGER NOT NULL, state_digest INTEGER NOT NULL, crc INTEGER NOT NULL);

        CREATE TABLE resources (
            id BLOB PRIMARY KEY, provider TEXT, resource_id TEXT, resource_type TEXT, name TEXT, account_id TEXT, region TEXT,
            native_tags TEXT, metadata TEXT, version INTEGER, first_seen TEXT, last_seen TEXT, changed_index INTEGER
        ) WITHOUT ROWID;
        CREATE TABLE virtual_tags (
            resource_id BLOB, tag_key TEXT, id BLOB, tag_value TEXT, source TEXT, confidence REAL, rule_id BLOB,
            created_by TEXT, created_at TEXT, updated_at TEXT, changed_index INTEGER, PRIMARY KEY (resource_id, tag_key)
        ) WITHOUT ROWID;
        CREATE TABLE compliance_status (
            resource_id BLOB, policy_id BLOB, id BLOB, is_compliant INTEGER, violations TEXT, checked_at TEXT,
            changed_index INTEGER, PRIMARY KEY (resource_id, policy_id)) WITHOUT ROWID;
        CREATE TABLE virtual_tag_rules (
            id BLOB PRIMARY KEY, rule_name TEXT, description TEXT, priority INTEGER, enabled INTEGER, conditions TEXT,
            actions TEXT, version INTEGER, record BLOB NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE tag_schema (
            id BLOB PRIMARY KEY, tag_key TEXT, display_name TEXT, data_type TEXT, allowed_values TEXT, required INTEGER,
            aliases TEXT, version INTEGER, record BLOB NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE compliance_policies (
            id BLOB PRIMARY KEY, policy_name TEXT, policy_type TEXT, severity TEXT, scope TEXT, rules TEXT, enabled INTEGER,
            version INTEGER, record BLOB NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE ml_inferences (
            id BLOB PRIMARY KEY, resource_id BLOB, model_version TEXT, predictions TEXT, changed_index INTEGER) WITHOUT ROWID;
        CREATE TABLE tag_audit (
            shard INTEGER, sequence INTEGER, at INTEGER NOT NULL, resource_id BLOB, action TEXT, tag_key TEXT, actor TEXT,
            rule_id BLOB, entry BLOB NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (shard, sequence)) WITHOUT ROWID;
        CREATE INDEX tag_audit_by_time ON tag_audit (at, shard, sequence);
        CREATE INDEX tag_audit_by_resource ON tag_audit (resource_id, at, shard, sequence);
        """
}
