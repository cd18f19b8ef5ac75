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
}
