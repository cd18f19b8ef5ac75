package import Model
package import PostgresClient
package import Sink

/// Reads back what the sink wrote, for those who compare. Its calls block.
package struct ResultReader {
    private let connection: PostgresConnection

    package init(_ connection: PostgresConnection) { self.connection = connection }

    /// How far each shard is.
    package func progress() throws(PostgresError) -> [Int: SinkProgress] {
        let rows = try connection.execute(
            "SELECT shard, incarnation, term, applied_index, audit_sequence FROM vtag.sink_progress")
        var found: [Int: SinkProgress] = [:]
        for row in 0..<rows.count {
            found[Int(try rows.get(row, 0, as: Int64.self))] = SinkProgress(
                incarnation: try rows.get(row, 1), term: UInt64(clamping: try rows.get(row, 2, as: Int64.self)),
                appliedIndex: UInt64(clamping: try rows.get(row, 3, as: Int64.self)),
                auditSequence: UInt64(clamping: try rows.get(row, 4, as: Int64.self)))
        }
        return found
    }

    /// Resources with ids from `first` to `last`, in any order; those too of which there are but parts.
    package func digests(from first: UUID128, through last: UUID128) throws(PostgresError) -> [ResultDigest.Row] {
        var parts: [UUID128: (changedIndex: UInt64, digest: DigestParts)] = [:]
        func change(_ id: UUID128, _ body: (inout DigestParts) -> Void) {
            // Shard -1: there is no such resource.
            body(&parts[id, default: (0, DigestParts(shard: -1, changedIndex: 0))].digest)
        }
        try connection.transaction { connection throws(PostgresError) in
            try connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            let range = [PostgresParameter.uuid(first), .uuid(last)]
            var rows = try connection.execute(
                """
                SELECT id, shard, changed_index, provider, resource_id, resource_type, name, account_id, region, native_tags,
                    metadata, relationships, version, first_seen, last_seen, record
                FROM vtag.resources WHERE id BETWEEN $1 AND $2
                """, range)
            for row in 0..<rows.count {
                let index = UInt64(clamping: try rows.get(row, 2, as: Int64.self))
                var digest = DigestParts(shard: Int(try rows.get(row, 1, as: Int64.self)), changedIndex: index)
                digest.add(
                    texts: try rows.list(row, 3..<9), json: try rows.list(row, 9..<12),
                    numbers: [try rows.get(row, 12), ResultDigest.hash(ofRecord: try rows.get(row, 15))],
                    times: try rows.list(row, 13..<15), as: .resource)
                parts[try rows.get(row, 0)] = (index, digest)
            }
            rows = try connection.execute(
                """
                SELECT resource_id, id, rule_id, tag_key, tag_value, source, created_by, confidence, created_at, updated_at
                FROM vtag.virtual_tags WHERE resource_id BETWEEN $1 AND $2
                """, range)
            for row in 0..<rows.count {
                let texts: [String] = try rows.list(row, 3..<7)
                let times: [Timestamp] = try rows.list(row, 8..<10)
                let (id, rule) = (try rows.get(row, 1, as: UUID128.self), try rows.find(row, 2, as: UUID128.self))
                let confidence = try rows.get(row, 7, as: Double.self)
                change(try rows.get(row, 0)) {
                    $0.add(
                        ids: [id, rule], texts: texts, numbers: [Int64(bitPattern: confidence.bitPattern)], times: times,
                        as: .tag)
                }
            }
            rows = try connection.execute(
                """
                SELECT resource_id, policy_id, id, waiver_id, violations, is_compliant::integer, checked_at
                FROM vtag.compliance_status WHERE resource_id BETWEEN $1 AND $2
                """, range)
            for row in 0..<rows.count {
                let ids = [
                    try rows.find(row, 1, as: UUID128.self), try rows.find(row, 2), try rows.find(row, 3),
                ]
                let (json, number) = (try rows.get(row, 4, as: [UInt8].self), try rows.get(row, 5, as: Int64.self))
                let time = try rows.get(row, 6, as: Timestamp.self)
                change(try rows.get(row, 0)) {
                    $0.add(ids: ids, json: [json], numbers: [number], times: [time], as: .finding)
                }
            }
            rows = try connection.execute(
                """
                SELECT resource_id, service, currency, (extract(year FROM month) * 100 + extract(month FROM month))::bigint,
                    billed_nanos, effective_nanos
                FROM vtag.resource_costs WHERE resource_id BETWEEN $1 AND $2
                """, range)
            for row in 0..<rows.count {
                let texts: [String] = try rows.list(row, 1..<3)
                let numbers: [Int64] = try rows.list(row, 3..<6)
                change(try rows.get(row, 0)) { $0.add(texts: texts, numbers: numbers, as: .cost) }
            }
        }
        return parts.map { ResultDigest.Row(id: $0.key, changedIndex: $0.value.changedIndex, digest: $0.value.digest.value) }
    }

    /// All that group 0 keeps: rules, definitions and policies by their columns too.
    package func catalogDigests() throws(PostgresError) -> [ResultDigest.Row] {
        let queries: [(SinkCatalog.Table, StaticString)] = [
            (
                .rules,
                """
                SELECT id, rule_name, description, priority::text, enabled::integer::text, conditions::text, actions::text,
                    version::text FROM vtag.virtual_tag_rules
                """
            ),
            (
                .definitions,
                """
                SELECT id, tag_key, display_name, data_type, allowed_values::text, required::integer::text, aliases::text,
                    version::text FROM vtag.tag_schema
                """
            ),
            (
                .policies,
                """
                SELECT id, policy_name, policy_type, severity, coalesce(scope::text, ''), rules::text, enabled::integer::text,
                    version::text FROM vtag.compliance_policies
                """
            ),
        ]
        var found: [ResultDigest.Row] = []
        for (table, query) in queries {
            let names = SinkCatalog.names(of: table)
            let rows = try connection.execute(query)
            for row in 0..<rows.count {
                let texts: [String] = try rows.list(row, 1..<(1 + names.count))
                let columns = zip(names, texts).map { (name: $0, value: $1) }
                found.append(ResultDigest.row(SinkCatalog.Row(id: try rows.get(row, 0), columns: columns), in: table))
            }
        }
        let items = try connection.execute("SELECT id, kind, record FROM vtag.system_items WHERE record IS NOT NULL")
        for row in 0..<items.count {
            let item = SinkItems.Item(id: try items.get(row, 0), kind: try items.get(row, 1), record: try items.get(row, 2))
            found.append(ResultDigest.row(item))
        }
        return ResultDigest.combined(found)
    }

    /// Of the audit entries of those ids: each as often as it is there, as texts in a fixed order (`AuditText`).
    package func audit(_ ids: [UUID128]) throws(PostgresError) -> [UUID128: [AuditText]] {
        var column = PostgresColumn(.uuid)
        for id in ids { column.append(id) }
        let rows = try connection.execute(
            """
            SELECT id, resource_id::text, action, tag_key, old_value, new_value, actor, source, rule_id::text, at
            FROM vtag.tag_audit WHERE id = ANY ($1)
            """, [column.parameter])
        var found: [UUID128: [AuditText]] = [:]
        for row in 0..<rows.count {
            var texts: [String?] = []
            for position in 1..<9 { texts.append(try rows.find(row, position, as: String.self)) }
            texts.append(try rows.get(row, 9, as: Timestamp.self).description)
            found[try rows.get(row, 0), default: []].append(AuditText(texts))
        }
        return found
    }

    /// What each shard's history is short of, or has too much of: entries, distinct sequences, lowest and highest of them.
    package func auditCounts() throws(PostgresError) -> [Int: AuditCount] {
        let rows = try connection.execute(
            """
            SELECT shard, count(*), count(DISTINCT sequence), min(sequence), max(sequence) FROM vtag.tag_audit GROUP BY shard
            """)
        var found: [Int: AuditCount] = [:]
        for row in 0..<rows.count {
            let numbers: [Int64] = try rows.list(row, 1..<5)
            found[Int(try rows.get(row, 0, as: Int64.self))] = AuditCount(
                entries: numbers[0], sequences: numbers[1], first: numbers[2], last: numbers[3])
        }
        return found
    }

    package struct AuditCount: Hashable, Sendable {
        package let entries, sequences, first, last: Int64
    }
}

/// What an audit entry says, for comparing: resource, action, key, old and new value, actor, source, rule, time.
package struct AuditText: Hashable, Sendable {
    private let texts: [String?]

    package init(_ texts: [String?]) { self.texts = texts.map { $0?.replacing("\u{0}", with: "\u{FFFD}") } }
}

extension PostgresRows {
    fileprivate func list<Value: PostgresDecodable>(
        _ row: Int, _ columns: Range<Int>
    ) throws(PostgresError) -> [Value] {
        var values: [Value] = []
        for column in columns { values.append(try get(row, column)) }
        return values
    }
}
