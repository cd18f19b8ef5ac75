extension Schema {
    /// Version 3: the analysts' views, and a role that reads everything and writes nothing.
    static let views: StaticString = """
        CREATE VIEW vtag.effective_tags AS
        SELECT r.id AS resource, r.provider, r.account_id, r.region, r.resource_type, r.resource_id, r.name,
            t.tag_key, t.tag_value, t.source, t.confidence, t.rule_id, t.created_by, t.updated_at
        FROM vtag.resources r JOIN vtag.virtual_tags t ON t.resource_id = r.id;

        CREATE VIEW vtag.effective_tags_wide AS
        SELECT r.id AS resource, r.provider, r.account_id, r.region, r.resource_type, r.resource_id, r.name,
            coalesce((SELECT jsonb_object_agg(t.tag_key, t.tag_value) FROM vtag.virtual_tags t WHERE t.resource_id = r.id),
                '{}'::jsonb) AS tags
        FROM vtag.resources r;

        CREATE VIEW vtag.resource_compliance AS
        SELECT r.id AS resource, r.provider, r.account_id, t.tag_value AS team,
            coalesce(s.violated, 0) AS violated_policies, coalesce(s.waived, 0) AS waived_policies,
            coalesce(s.violated, 0) = coalesce(s.waived, 0) AS is_compliant
        FROM vtag.resources r
        LEFT JOIN vtag.virtual_tags t ON t.resource_id = r.id AND t.tag_key = 'team'
        LEFT JOIN (
            SELECT resource_id, count(*) AS violated, count(waiver_id) AS waived
            FROM vtag.compliance_status WHERE NOT is_compliant GROUP BY resource_id) s ON s.resource_id = r.id;

        CREATE VIEW vtag.compliance_by_account AS
        SELECT provider, account_id, count(*) AS resources, count(*) FILTER (WHERE is_compliant) AS compliant,
            count(*) FILTER (WHERE is_compliant AND waived_policies > 0) AS waived,
            round(100.0 * count(*) FILTER (WHERE is_compliant) / count(*), 2) AS score
        FROM vtag.resource_compliance GROUP BY provider, account_id;

        CREATE VIEW vtag.compliance_by_team AS
        SELECT team, count(*) AS resources, count(*) FILTER (WHERE is_compliant) AS compliant,
            count(*) FILTER (WHERE is_compliant AND waived_policies > 0) AS waived,
            round(100.0 * count(*) FILTER (WHERE is_compliant) / count(*), 2) AS score
        FROM vtag.resource_compliance GROUP BY team;

        CREATE VIEW vtag.cost_by_tag_month AS
        SELECT t.tag_key, t.tag_value, c.month, c.currency, count(DISTINCT c.resource_id) AS resources,
            round(sum(c.billed_nanos) / 1000000000, 9) AS billed, round(sum(c.effective_nanos) / 1000000000, 9) AS effective
        FROM vtag.resource_costs c JOIN vtag.virtual_tags t ON t.resource_id = c.resource_id
        GROUP BY t.tag_key, t.tag_value, c.month, c.currency;

        DO $body$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'vtag_reader') THEN
                CREATE ROLE vtag_reader NOLOGIN;
            END IF;
        EXCEPTION
            -- Made by the migration of another database at this moment; or not ours to make: see `vtag postgres check`.
            WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
        END $body$;

        DO $body$
        BEGIN
            IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'vtag_reader') THEN
                GRANT USAGE ON SCHEMA vtag TO vtag_reader;
                GRANT SELECT ON ALL TABLES IN SCHEMA vtag TO vtag_reader;
                ALTER DEFAULT PRIVILEGES IN SCHEMA vtag GRANT SELECT ON TABLES TO vtag_reader;
            END IF;
        END $body$;
        """
}
