import PostgresClient
import Testing

@Suite("The analysts' views")
struct ViewTests {
    /// Three resources: two of team pay, of which one violates a policy and one violates and is waived; one without a team.
    static func filled() throws -> PostgresConnection {
        let connection = try MigratorTests.migrated()
        try connection.run(
            script: """
                INSERT INTO vtag.resources SELECT ('00000000-0000-5000-8000-00000000000' || n)::uuid, 1, n, 'aws', 'i-' || n,
                    'ec2.instance', 'name ' || n, 'account', 'eu-west-1', '{}', '{}', '[]', 1, now(), now(), 'x'
                    FROM generate_series(1, 3) AS n;
                INSERT INTO vtag.virtual_tags SELECT gen_random_uuid(), ('00000000-0000-5000-8000-00000000000' || n)::uuid, key,
                    value, 'manual', 1, NULL, 'ann', now(), now()
                    FROM (VALUES (1, 'team', 'pay'), (1, 'env', 'prod'), (2, 'team', 'pay'), (3, 'env', 'dev')) AS t (n, key, value);
                INSERT INTO vtag.compliance_status SELECT gen_random_uuid(), ('00000000-0000-5000-8000-00000000000' || n)::uuid,
                    gen_random_uuid(), compliant, '[]', waiver, now()
                    FROM (VALUES (1, false, NULL), (2, false, gen_random_uuid()), (2, true, NULL), (3, true, NULL))
                        AS s (n, compliant, waiver);
                INSERT INTO vtag.resource_costs SELECT ('00000000-0000-5000-8000-00000000000' || n)::uuid, '2026-09-01', service,
                    'EUR', nanos, nanos / 2
                    FROM (VALUES (1, 'ec2', 1500000001), (1, 'ebs', 2), (2, 'ec2', 500000000), (3, 'ec2', 9)) AS c (n, service, nanos);
                """)
        return connection
    }

    private func texts(_ rows: PostgresRows, columns: Int) throws -> [[String?]] {
        try (0..<rows.count).map { row in try (0..<columns).map { try rows.find(row, $0, as: String.self) } }
    }

    @Test("Compliance counts a waived violation as met, and resources without a team under NULL")
    func compliance() throws {
        let connection = try Self.filled()
        let teams = try connection.execute(
            """
            SELECT team, resources::text, compliant::text, waived::text, score::text FROM vtag.compliance_by_team
            ORDER BY team NULLS LAST
            """)
        #expect(try texts(teams, columns: 5) == [["pay", "2", "1", "1", "50.00"], [nil, "1", "1", "0", "100.00"]])
        let accounts = try connection.execute(
            "SELECT account_id, resources::text, compliant::text, waived::text, score::text FROM vtag.compliance_by_account")
        #expect(try texts(accounts, columns: 5) == [["account", "3", "2", "1", "66.67"]])
    }

    @Test("Costs add up exactly by tag and month")
    func costs() throws {
        let rows = try Self.filled().execute(
            """
            SELECT tag_key, tag_value, month::text, resources::text, billed::text, effective::text
            FROM vtag.cost_by_tag_month ORDER BY tag_key, tag_value
            """)
        #expect(
            try texts(rows, columns: 6) == [
                ["env", "dev", "2026-09-01", "1", "0.000000009", "0.000000004"],
                ["env", "prod", "2026-09-01", "1", "1.500000003", "0.750000001"],
                ["team", "pay", "2026-09-01", "2", "2.000000003", "1.000000001"],
            ])
    }

    @Test("Effective tags are there as rows and as one object for each resource")
    func tags() throws {
        let connection = try Self.filled()
        #expect(try connection.execute("SELECT * FROM vtag.effective_tags").count == 4)
        let wide = try connection.execute(
            "SELECT resource_id, tags->>'team', tags->>'env' FROM vtag.effective_tags_wide ORDER BY resource_id")
        #expect(try texts(wide, columns: 3) == [["i-1", "pay", "prod"], ["i-2", "pay", nil], ["i-3", nil, "dev"]])
    }

    @Test("A line of costs has its resource's tags; one without tags is there, too")
    func costLines() throws {
        let rows = try Self.filled().execute(
            """
            SELECT resource_id, tags->>'team', service, billed::text, effective::text FROM vtag.cost_lines
            ORDER BY resource_id, service
            """)
        #expect(
            try texts(rows, columns: 5) == [
                ["i-1", "pay", "ebs", "0.000000002", "0.000000001"],
                ["i-1", "pay", "ec2", "1.500000001", "0.750000000"],
                ["i-2", "pay", "ec2", "0.500000000", "0.250000000"],
                ["i-3", nil, "ec2", "0.000000009", "0.000000004"],
            ])
    }

    @Test("Each thing that is wrong is a row, under its policy's name, the tag schema's under its own")
    func violations() throws {
        let connection = try Self.filled()
        try connection.run(
            script: """
                DELETE FROM vtag.compliance_status;
                INSERT INTO vtag.compliance_policies
                    (id, changed_index, policy_name, policy_type, severity, scope, rules, enabled, version)
                    VALUES ('00000000-0000-8000-8000-000000000001', 1, 'owned', 'REQUIRED_TAGS', 'HIGH', NULL, '{}', true, 1);
                INSERT INTO vtag.compliance_status SELECT gen_random_uuid(), ('00000000-0000-5000-8000-00000000000' || n)::uuid,
                    policy::uuid, false, violations::jsonb, waiver, now()
                    FROM (VALUES
                        (1, '00000000-0000-8000-8000-000000000001',
                            '[{"code": "missing_tag", "tag_key": "owner", "value": ""},
                                {"code": "missing_tag", "tag_key": "app", "value": ""}]', gen_random_uuid()),
                        (3, '7461672d-7363-8000-8000-000068656d61',
                            '[{"code": "value_not_allowed", "tag_key": "env", "value": "dev"}]', NULL))
                        AS s (n, policy, violations, waiver);
                """)
        let rows = try connection.execute(
            """
            SELECT resource_id, team, policy_name, severity, code, tag_key, is_waived::text FROM vtag.violations
            ORDER BY resource_id, tag_key
            """)
        #expect(
            try texts(rows, columns: 7) == [
                ["i-1", "pay", "owned", "HIGH", "missing_tag", "app", "true"],
                ["i-1", "pay", "owned", "HIGH", "missing_tag", "owner", "true"],
                ["i-3", nil, "tag schema", "MEDIUM", "value_not_allowed", "env", "false"],
            ])
    }

    @Test("Another spelling of the same key is compared, another key is not")
    func nativeDifferences() throws {
        let connection = try Self.filled()
        try connection.run(
            script: """
                INSERT INTO vtag.tag_schema
                    (id, changed_index, tag_key, display_name, data_type, allowed_values, required, aliases, version)
                    VALUES (gen_random_uuid(), 1, 'env', 'Environment', 'string', '[]', false, '["stage"]', 1);
                UPDATE vtag.resources SET native_tags = '{"Stage": "PROD", "Team": "pay", "team-lead": "ann"}'
                WHERE resource_id = 'i-1';
                """)
        let rows = try connection.execute(
            "SELECT resource_id, tag_key, native_key, native_value, tag_value FROM vtag.native_differences")
        #expect(try texts(rows, columns: 5) == [["i-1", "env", "Stage", "PROD", "prod"]])
    }
}
