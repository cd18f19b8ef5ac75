extension Schema {
    /// Version 1: the tables. Ids are as in the API; times are UTC; nested values are JSON.
    ///
    /// Ids of tags and findings are derived from their resource's first 60 bits, which two resources may share: they are unique
    /// within a resource. An index entry holds 2.7 kB at most, and texts from providers may be longer: those are indexed by a
    /// hash, or not at all; whoever writes bounds keys and accounts.
    static let tables: StaticString = """
        CREATE TABLE vtag.resources (
            id uuid PRIMARY KEY, shard integer NOT NULL, changed_index bigint NOT NULL, provider text NOT NULL,
            resource_id text NOT NULL, resource_type text NOT NULL, name text NOT NULL, account_id text NOT NULL,
            region text NOT NULL, native_tags jsonb NOT NULL, metadata jsonb NOT NULL, relationships jsonb NOT NULL,
            version bigint NOT NULL, first_seen timestamptz NOT NULL, last_seen timestamptz NOT NULL);
        CREATE INDEX resources_changed ON vtag.resources (shard, changed_index);
        CREATE INDEX resources_native ON vtag.resources USING hash (resource_id);
        CREATE INDEX resources_account ON vtag.resources (account_id);

        CREATE TABLE vtag.virtual_tags (
            id uuid NOT NULL, resource_id uuid NOT NULL, tag_key text NOT NULL, tag_value text NOT NULL,
            source text NOT NULL CHECK (source IN ('manual', 'rule', 'ml', 'inherited')),
            confidence double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1), rule_id uuid,
            created_by text NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
            PRIMARY KEY (resource_id, id));
        CREATE INDEX virtual_tags_key ON vtag.virtual_tags (tag_key);

        CREATE TABLE vtag.virtual_tag_rules (
            id uuid PRIMARY KEY, changed_index bigint NOT NULL, rule_name text NOT NULL, description text NOT NULL,
            priority integer NOT NULL, enabled boolean NOT NULL, conditions jsonb NOT NULL, actions jsonb NOT NULL,
            stats jsonb NOT NULL, version bigint NOT NULL);

        CREATE TABLE vtag.tag_schema (
            id uuid PRIMARY KEY, changed_index bigint NOT NULL, tag_key text NOT NULL, display_name text NOT NULL,
            data_type text NOT NULL CHECK (data_type IN ('string', 'number', 'boolean', 'date', 'enum')),
            allowed_values jsonb NOT NULL, required boolean NOT NULL, aliases jsonb NOT NULL, version bigint NOT NULL);

        CREATE TABLE vtag.compliance_policies (
            id uuid PRIMARY KEY, changed_index bigint NOT NULL, policy_name text NOT NULL, policy_type text NOT NULL,
            severity text NOT NULL CHECK (severity IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW')), scope jsonb,
            rules jsonb NOT NULL, enabled boolean NOT NULL, version bigint NOT NULL);

        CREATE TABLE vtag.compliance_status (
            id uuid NOT NULL, resource_id uuid NOT NULL, policy_id uuid NOT NULL, is_compliant boolean NOT NULL,
            violations jsonb NOT NULL, waiver_id uuid, checked_at timestamptz NOT NULL,
            PRIMARY KEY (resource_id, policy_id));
        CREATE INDEX compliance_status_violated ON vtag.compliance_status (policy_id) WHERE NOT is_compliant;

        CREATE TABLE vtag.ml_inferences (
            id uuid PRIMARY KEY, changed_index bigint NOT NULL, resource_id uuid NOT NULL, model_version text NOT NULL,
            predictions jsonb NOT NULL);
        CREATE INDEX ml_inferences_resource ON vtag.ml_inferences (resource_id);

        CREATE TABLE vtag.tag_audit (
            shard integer NOT NULL, sequence bigint NOT NULL, id uuid NOT NULL, resource_id uuid, action text NOT NULL,
            tag_key text NOT NULL, old_value text, new_value text, actor text NOT NULL, source text, rule_id uuid,
            request_id text NOT NULL, at timestamptz NOT NULL,
            PRIMARY KEY (shard, sequence, at)) PARTITION BY RANGE (at);
        CREATE INDEX tag_audit_resource ON vtag.tag_audit (resource_id, at);
        CREATE INDEX tag_audit_at ON vtag.tag_audit (at);

        CREATE TABLE vtag.resource_costs (
            resource_id uuid NOT NULL, month date NOT NULL CHECK (extract(day FROM month) = 1), service text NOT NULL,
            currency text NOT NULL, billed_nanos bigint NOT NULL, effective_nanos bigint NOT NULL);
        CREATE UNIQUE INDEX resource_costs_line ON vtag.resource_costs (resource_id, month, md5(service), currency);
        CREATE INDEX resource_costs_month ON vtag.resource_costs (month);

        CREATE TABLE vtag.deleted_resources (
            shard integer NOT NULL, id uuid NOT NULL, changed_index bigint NOT NULL, PRIMARY KEY (shard, id));
        CREATE INDEX deleted_resources_changed ON vtag.deleted_resources (shard, changed_index);

        CREATE TABLE vtag.sink_progress (
            shard integer PRIMARY KEY, incarnation uuid NOT NULL, term bigint NOT NULL, applied_index bigint NOT NULL,
            audit_sequence bigint NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
        """

    /// Version 2: partitions of the audit trail by month, in UTC.
    static let auditPartitions: StaticString = """
        CREATE FUNCTION vtag.prepare_audit_partitions(first timestamptz, last timestamptz) RETURNS integer
        LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
        DECLARE
            month timestamp := date_trunc('month', first AT TIME ZONE 'UTC');
            made integer := 0;
        BEGIN
            IF last - first > interval '100 years' THEN
                RAISE EXCEPTION 'from % to % is more than a hundred years', first, last USING ERRCODE = '22023';
            END IF;
            WHILE month <= last AT TIME ZONE 'UTC' LOOP
                IF to_regclass(format('vtag.%I', to_char(month, '"tag_audit_"YYYY_MM'))) IS NULL THEN
                    -- Taken by making it anyhow: first, so that nobody else makes it meanwhile. Another may have by now.
                    LOCK TABLE vtag.tag_audit IN ACCESS EXCLUSIVE MODE;
                    CONTINUE WHEN to_regclass(format('vtag.%I', to_char(month, '"tag_audit_"YYYY_MM'))) IS NOT NULL;
                    EXECUTE format(
                        'CREATE TABLE vtag.%I PARTITION OF vtag.tag_audit FOR VALUES FROM (%L) TO (%L)',
                        to_char(month, '"tag_audit_"YYYY_MM'), month AT TIME ZONE 'UTC',
                        (month + interval '1 month') AT TIME ZONE 'UTC');
                    made := made + 1;
                END IF;
                month := month + interval '1 month';
            END LOOP;
            RETURN made;
        END $body$;

        CREATE FUNCTION vtag.drop_audit_before(cutoff timestamptz) RETURNS integer
        LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
        DECLARE
            partition text;
            dropped integer := 0;
        BEGIN
            FOR partition IN
                SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'vtag.tag_audit'::regclass AND c.relname ~ '^tag_audit_[0-9]{4}_[0-9]{2}$'
                    AND (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= cutoff
            LOOP
                EXECUTE format('DROP TABLE vtag.%I', partition);
                dropped := dropped + 1;
            END LOOP;
            RETURN dropped;
        END $body$;

        COMMENT ON FUNCTION vtag.prepare_audit_partitions(timestamptz, timestamptz)
            IS 'Makes the monthly partitions of tag_audit for a span of time; returns how many are new';
        COMMENT ON FUNCTION vtag.drop_audit_before(timestamptz)
            IS 'Retention: drops the months of tag_audit that ended at that moment or before; returns how many';
        """
}
