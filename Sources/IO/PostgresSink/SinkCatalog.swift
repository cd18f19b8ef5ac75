package import Model
import PostgresClient

/// All rules, definitions and policies as of one version of the catalogue: few enough to be compared as a whole.
package struct SinkCatalog: Sendable {
    package enum Table: Sendable { case rules, definitions, policies }

    /// One row, by the names of the columns; JSON as text, truth as 0 or 1, nothing as an empty text.
    package struct Row: Sendable {
        package let id: UUID128
        package let columns: [String: String]

        package init(id: UUID128, columns: [(name: String, value: String)]) {
            self.id = id
            self.columns = Dictionary(columns.map { ($0.name, $0.value) }) { first, _ in first }
        }
    }

    private var rows: [Table: [Row]] = [:]

    package init() {}

    package mutating func add(_ row: Row, to table: Table) { rows[table, default: []].append(row) }

    var count: Int { rows.values.reduce(0) { $0 + $1.count } }

    /// What is there and differs gets `changedIndex`; what is not here any more is deleted.
    func statements(changedIndex: UInt64) -> [PostgresStatement] {
        let index = PostgresParameter.bigint(SinkText.number(changedIndex))
        return [
            PostgresStatement("DELETE FROM vtag.virtual_tag_rules WHERE NOT id = ANY ($1::uuid[])", [ids(.rules)]),
            PostgresStatement(
                """
                INSERT INTO vtag.virtual_tag_rules AS r (changed_index, stats, id, rule_name, description, priority, enabled,
                    conditions, actions, version)
                SELECT $1, '{}', n.id, n.name, n.description, n.priority::integer, n.enabled = '1', n.conditions::jsonb,
                    n.actions::jsonb, n.version::bigint
                FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
                    n (id, name, description, priority, enabled, conditions, actions, version)
                ON CONFLICT (id) DO UPDATE SET changed_index = excluded.changed_index, rule_name = excluded.rule_name,
                    description = excluded.description, priority = excluded.priority, enabled = excluded.enabled,
                    conditions = excluded.conditions, actions = excluded.actions, version = excluded.version
                WHERE (r.rule_name, r.description, r.priority, r.enabled, r.conditions, r.actions, r.version)
                    IS DISTINCT FROM (excluded.rule_name, excluded.description, excluded.priority, excluded.enabled,
                        excluded.conditions, excluded.actions, excluded.version)
                """,
                [index, ids(.rules)]
                    + texts(.rules)),
            PostgresStatement("DELETE FROM vtag.tag_schema WHERE NOT id = ANY ($1::uuid[])", [ids(.definitions)]),
            PostgresStatement(
                """
                INSERT INTO vtag.tag_schema AS d (changed_index, id, tag_key, display_name, data_type, allowed_values, required,
                    aliases, version)
                SELECT $1, n.id, n.key, n.display, n.type, n.allowed::jsonb, n.required = '1', n.aliases::jsonb,
                    n.version::bigint
                FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
                    n (id, key, display, type, allowed, required, aliases, version)
                ON CONFLICT (id) DO UPDATE SET changed_index = excluded.changed_index, tag_key = excluded.tag_key,
                    display_name = excluded.display_name, data_type = excluded.data_type,
                    allowed_values = excluded.allowed_values, required = excluded.required, aliases = excluded.aliases,
                    version = excluded.version
                WHERE (d.tag_key, d.display_name, d.data_type, d.allowed_values, d.required, d.aliases, d.version)
                    IS DISTINCT FROM (excluded.tag_key, excluded.display_name, excluded.data_type, excluded.allowed_values,
                        excluded.required, excluded.aliases, excluded.version)
                """,
                [index, ids(.definitions)]
                    + texts(.definitions)),
            PostgresStatement("DELETE FROM vtag.compliance_policies WHERE NOT id = ANY ($1::uuid[])", [ids(.policies)]),
            PostgresStatement(
                """
                INSERT INTO vtag.compliance_policies AS p (changed_index, id, policy_name, policy_type, severity, scope, rules,
                    enabled, version)
                SELECT $1, n.id, n.name, n.type, n.severity, nullif(n.scope, '')::jsonb, n.rules::jsonb, n.enabled = '1',
                    n.version::bigint
                FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
                    n (id, name, type, severity, scope, rules, enabled, version)
                ON CONFLICT (id) DO UPDATE SET changed_index = excluded.changed_index, policy_name = excluded.policy_name,
                    policy_type = excluded.policy_type, severity = excluded.severity, scope = excluded.scope,
                    rules = excluded.rules, enabled = excluded.enabled, version = excluded.version
                WHERE (p.policy_name, p.policy_type, p.severity, p.scope, p.rules, p.enabled, p.version)
                    IS DISTINCT FROM (excluded.policy_name, excluded.policy_type, excluded.severity, excluded.scope,
                        excluded.rules, excluded.enabled, excluded.version)
                """,
                [index, ids(.policies)]
                    + texts(.policies)),
        ]
    }

    /// Columns that hold JSON.
    static let nested: Set = ["conditions", "actions", "allowed_values", "aliases", "scope", "rules"]

    static func names(of table: Table) -> [String] {
        switch table {
        case .rules: ["rule_name", "description", "priority", "enabled", "conditions", "actions", "version"]
        case .definitions: ["tag_key", "display_name", "data_type", "allowed_values", "required", "aliases", "version"]
        case .policies: ["policy_name", "policy_type", "severity", "scope", "rules", "enabled", "version"]
        }
    }

    private func ids(_ table: Table) -> PostgresParameter {
        var column = PostgresColumn(.uuid)
        for row in rows[table] ?? [] { column.append(row.id) }
        return column.parameter
    }

    private func texts(_ table: Table) -> [PostgresParameter] {
        Self.names(of: table).map { name in
            var column = PostgresColumn(.text)
            for row in rows[table] ?? [] {
                let text = row.columns[name] ?? ""
                column.append(
                    Self.nested.contains(name)
                        ? String(decoding: SinkText.json(Array(text.utf8)), as: UTF8.self) : text)
            }
            return column.parameter
        }
    }
}
