extension Schema {
    /// Costs, violations and spellings with the columns of their resource, so that whoever asks need not join. 1e9 is numeric: sums
    /// stay exact. Violations of the tag schema itself have a policy that no row describes (`SchemaPolicy`).
    static let moneyViews: StaticString = """
        CREATE VIEW vtag.cost_lines AS
        SELECT r.id AS resource, r.provider, r.account_id, r.region, r.resource_type, r.resource_id, r.name,
            coalesce((SELECT jsonb_object_agg(t.tag_key, t.tag_value) FROM vtag.virtual_tags t WHERE t.resource_id = r.id),
                '{}'::jsonb) AS tags,
            c.month, c.service, c.currency, round(c.billed_nanos / 1e9, 9) AS billed,
            round(c.effective_nanos / 1e9, 9) AS effective
        FROM vtag.resource_costs c JOIN vtag.resources r ON r.id = c.resource_id;

        CREATE VIEW vtag.violations AS
        SELECT r.id AS resource, r.provider, r.account_id, r.region, r.resource_type, r.resource_id, r.name,
            team.tag_value AS team,
            CASE s.policy_id WHEN '7461672d-7363-8000-8000-000068656d61' THEN 'tag schema' ELSE p.policy_name END AS policy_name,
            CASE s.policy_id WHEN '7461672d-7363-8000-8000-000068656d61' THEN 'MEDIUM' ELSE p.severity END AS severity,
            v.item->>'code' AS code, v.item->>'tag_key' AS tag_key, v.item->>'value' AS value,
            s.waiver_id IS NOT NULL AS is_waived, s.checked_at
        FROM vtag.compliance_status s
        JOIN vtag.resources r ON r.id = s.resource_id
        LEFT JOIN vtag.virtual_tags team ON team.resource_id = r.id AND team.tag_key = 'team'
        LEFT JOIN vtag.compliance_policies p ON p.id = s.policy_id
        CROSS JOIN LATERAL jsonb_array_elements(s.violations) AS v (item)
        WHERE NOT s.is_compliant;

        CREATE VIEW vtag.native_differences AS
        SELECT r.id AS resource, r.provider, r.account_id, r.region, r.resource_type, r.resource_id, r.name,
            t.tag_key, n.key AS native_key, n.value AS native_value, t.tag_value, t.source, t.created_by
        FROM vtag.resources r
        JOIN vtag.virtual_tags t ON t.resource_id = r.id
        LEFT JOIN vtag.tag_schema s ON s.tag_key = t.tag_key
        CROSS JOIN LATERAL jsonb_each_text(r.native_tags) AS n (key, value)
        WHERE n.value <> t.tag_value AND (lower(n.key) = lower(t.tag_key) OR s.aliases ? lower(n.key));

        COMMENT ON VIEW vtag.cost_lines IS 'What each resource cost, by month, service and currency, with its tags as they are now';
        COMMENT ON COLUMN vtag.cost_lines.tags IS 'Effective tags as one object: tags->>''team''';
        COMMENT ON COLUMN vtag.cost_lines.month IS 'First day of the month';
        COMMENT ON COLUMN vtag.cost_lines.service IS 'Service as the bill names it';
        COMMENT ON COLUMN vtag.cost_lines.currency IS 'Currency of the bill';
        COMMENT ON COLUMN vtag.cost_lines.billed IS 'Billed cost, in the currency''s units';
        COMMENT ON COLUMN vtag.cost_lines.effective IS 'Effective cost, with discounts spread, in the currency''s units';
        COMMENT ON VIEW vtag.violations IS 'A row for each thing that a policy found wrong with a resource';
        COMMENT ON COLUMN vtag.violations.team IS 'Value of the tag team; NULL: none';
        COMMENT ON COLUMN vtag.violations.policy_name IS 'The policy; tag schema for what the tag definitions themselves demand';
        COMMENT ON COLUMN vtag.violations.severity IS 'How bad it is: CRITICAL, HIGH, MEDIUM or LOW';
        COMMENT ON COLUMN vtag.violations.code IS 'What is wrong';
        COMMENT ON COLUMN vtag.violations.tag_key IS 'The tag that is wrong or missing';
        COMMENT ON COLUMN vtag.violations.value IS 'Its value';
        COMMENT ON COLUMN vtag.violations.is_waived IS 'Whether a waiver allows it for now';
        COMMENT ON COLUMN vtag.violations.checked_at IS 'When the finding last changed';
        COMMENT ON VIEW vtag.native_differences
            IS 'Virtual tags whose value is not that of the provider''s tag of the same key, in any case or other spelling';
        COMMENT ON COLUMN vtag.native_differences.tag_key IS 'Key of the virtual tag';
        COMMENT ON COLUMN vtag.native_differences.native_key IS 'Key as the provider has it';
        COMMENT ON COLUMN vtag.native_differences.native_value IS 'Value as the provider has it';
        COMMENT ON COLUMN vtag.native_differences.tag_value IS 'Value of the virtual tag';
        COMMENT ON COLUMN vtag.native_differences.source IS 'Who says so: manual, rule, ml or inherited';
        COMMENT ON COLUMN vtag.native_differences.created_by IS 'Person, rule:NAME, model:VERSION or native:KEY';

        -- The resource's own columns mean the same everywhere.
        DO $body$
        DECLARE
            place record;
        BEGIN
            FOR place IN
                SELECT v.attrelid::regclass AS view, v.attname AS name, pg_catalog.col_description(r.attrelid, r.attnum) AS words
                FROM pg_catalog.pg_attribute v JOIN pg_catalog.pg_attribute r
                    ON r.attname = CASE v.attname WHEN 'resource' THEN 'id' ELSE v.attname END
                WHERE v.attrelid IN ('vtag.cost_lines'::regclass, 'vtag.violations'::regclass, 'vtag.native_differences'::regclass)
                    AND r.attrelid = 'vtag.resources'::regclass AND r.attnum > 0
            LOOP
                EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', place.view, place.name, place.words);
            END LOOP;
        END $body$;

        DO $body$
        BEGIN
            IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'vtag_reader') THEN
                GRANT SELECT ON vtag.cost_lines, vtag.violations, vtag.native_differences TO vtag_reader;
            END IF;
        END $body$;
        """
}
