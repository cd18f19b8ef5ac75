extension Schema {
    /// Version 6: what a cluster needs to be made from the database alone, and a following region to answer as the cluster does. The
    /// other columns are for people: losing claims, and whatever SQL has no form for, are in the stored forms only.
    ///
    /// Rows that are there already have no stored form yet: each shard's progress goes back to its beginning, so that they are sent
    /// once more. Software of an older version, which would write rows without it, is refused from now on, as the column has no
    /// default. A stored form is compressed with what takes little time, where the server has it.
    static let records: StaticString = """
        ALTER TABLE vtag.resources ADD COLUMN record bytea NOT NULL DEFAULT '';
        ALTER TABLE vtag.resources ALTER COLUMN record DROP DEFAULT;
        CREATE INDEX resources_unsent ON vtag.resources (shard) WHERE record = '';

        CREATE TABLE vtag.system_items (
            id uuid PRIMARY KEY, changed_index bigint NOT NULL, kind text NOT NULL, record bytea);
        CREATE INDEX system_items_changed ON vtag.system_items (changed_index);

        CREATE TABLE vtag.cluster_facts (
            one boolean PRIMARY KEY DEFAULT true CHECK (one), shards integer NOT NULL, catalog_version bigint NOT NULL);

        CREATE TABLE vtag.takeovers (
            incarnation uuid NOT NULL, shard integer NOT NULL, former uuid NOT NULL, term bigint NOT NULL,
            applied_index bigint NOT NULL, audit_sequence bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(),
            taken_by text NOT NULL DEFAULT current_user, PRIMARY KEY (incarnation, shard));

        DO $body$
        BEGIN
            ALTER TABLE vtag.resources ALTER COLUMN record SET COMPRESSION lz4;
            ALTER TABLE vtag.system_items ALTER COLUMN record SET COMPRESSION lz4;
        EXCEPTION
            -- A server that was built without it.
            WHEN feature_not_supported THEN NULL;
        END $body$;

        UPDATE vtag.sink_progress SET applied_index = 0, updated_at = now();

        COMMENT ON COLUMN vtag.resources.record
            IS 'The resource as the cluster stores it, losing claims and all; empty: not sent again yet since the schema was older';
        COMMENT ON TABLE vtag.system_items
            IS 'Rules, definitions, policies, waivers, plans, holds and the like, as the cluster stores them';
        COMMENT ON COLUMN vtag.system_items.id IS 'Id of the item';
        COMMENT ON COLUMN vtag.system_items.changed_index IS 'Log index in the system shard of the last change, or shortly after';
        COMMENT ON COLUMN vtag.system_items.kind IS 'What it is: rule, waiver, plan …';
        COMMENT ON COLUMN vtag.system_items.record IS 'Its stored form; NULL: it is gone';
        COMMENT ON TABLE vtag.cluster_facts IS 'What a new cluster has to have like the one that wrote this: one row';
        COMMENT ON COLUMN vtag.cluster_facts.one IS 'Always true: there is one row';
        COMMENT ON COLUMN vtag.cluster_facts.shards IS 'Number of shards, beside the system shard';
        COMMENT ON COLUMN vtag.cluster_facts.catalog_version IS 'Version of the catalogue of rules, definitions, policies and waivers';
        COMMENT ON TABLE vtag.takeovers IS 'Clusters that took this database over from another one, and how far each shard was then';
        COMMENT ON COLUMN vtag.takeovers.incarnation IS 'The cluster that took over';
        COMMENT ON COLUMN vtag.takeovers.shard IS 'Shard; 0 is the system shard';
        COMMENT ON COLUMN vtag.takeovers.former IS 'The cluster that wrote here before; it is refused from then on';
        COMMENT ON COLUMN vtag.takeovers.term IS 'The shard''s term then: later ones are the new cluster''s';
        COMMENT ON COLUMN vtag.takeovers.applied_index IS 'Where the shard''s log of the new cluster begins';
        COMMENT ON COLUMN vtag.takeovers.audit_sequence IS 'The last audit entry of the former cluster that is here';
        COMMENT ON COLUMN vtag.takeovers.at IS 'When';
        COMMENT ON COLUMN vtag.takeovers.taken_by IS 'The database user who did';
        """
}
