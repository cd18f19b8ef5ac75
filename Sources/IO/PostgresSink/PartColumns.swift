import JSON
import Model
import PostgresClient

/// Effective tags of the resources of a batch.
struct TagColumns {
    private var owners = PostgresColumn(.uuid)
    private var ids = PostgresColumn(.uuid)
    private var keys = PostgresColumn(.text)
    private var values = PostgresColumn(.text)
    private var sources = PostgresColumn(.text)
    private var confidences = PostgresColumn(.double)
    private var rules = PostgresColumn(.uuid)
    private var creators = PostgresColumn(.text)
    private var created = PostgresColumn(.timestamptz)
    private var updated = PostgresColumn(.timestamptz)
    /// How many tags each resource has.
    private var counts = PostgresColumn(.integer)

    mutating func append(_ tags: [VirtualTag], of owner: ResourceID) {
        let distinct = Self.distinct(tags, of: owner)
        counts.append(Int32(distinct.count))
        for (id, tag) in distinct {
            let winner = tag.winner
            owners.append(owner.uuid)
            ids.append(id)
            keys.append(SinkText.indexed(tag.key))
            values.append(tag.value)
            sources.append(winner.source.rawValue)
            confidences.append(Self.confidence(winner.confidence))
            rules.append(winner.ruleID)
            creators.append(winner.createdBy)
            created.append(SinkText.time(winner.createdAt))
            updated.append(SinkText.time(winner.updatedAt))
        }
    }

    /// Ids are hashes of keys that anybody may look for a second key to: of two with the same id the first stays, as for the API.
    static func distinct(_ tags: [VirtualTag], of owner: ResourceID) -> [(id: UUID128, tag: VirtualTag)] {
        var seen = Set<UUID128>(minimumCapacity: tags.count)
        return tags.compactMap { tag in
            let id = PartID.virtualTag(of: owner, key: tag.key)
            return seen.insert(id).inserted ? (id, tag) : nil
        }
    }

    static func confidence(_ value: Double) -> Double { value.isFinite ? max(0, min(value, 1)) : 0 }

    /// What is there already as it should be is left alone. All that is wanted is there afterwards, so only resources that then have
    /// more tags than are wanted have some that are no more. These are looked for resource by resource (`OFFSET 0` sees to that):
    /// otherwise the server may read a whole index of a large table for it.
    func statements(of resources: PostgresParameter) -> [PostgresStatement] {
        let owners = owners.parameter
        let ids = ids.parameter
        return [
            PostgresStatement(
                """
                INSERT INTO vtag.virtual_tags AS t (resource_id, id, tag_key, tag_value, source, confidence, rule_id, created_by,
                    created_at, updated_at)
                SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::uuid[],
                    $8::text[], $9::timestamptz[], $10::timestamptz[])
                ON CONFLICT (resource_id, id) DO UPDATE SET tag_key = excluded.tag_key, tag_value = excluded.tag_value,
                    source = excluded.source, confidence = excluded.confidence, rule_id = excluded.rule_id,
                    created_by = excluded.created_by, created_at = excluded.created_at, updated_at = excluded.updated_at
                WHERE (t.tag_key, t.tag_value, t.source, t.confidence, t.rule_id, t.created_by, t.created_at, t.updated_at)
                    IS DISTINCT FROM (excluded.tag_key, excluded.tag_value, excluded.source, excluded.confidence,
                        excluded.rule_id, excluded.created_by, excluded.created_at, excluded.updated_at)
                """,
                [
                    owners, ids, keys.parameter, values.parameter, sources.parameter, confidences.parameter, rules.parameter,
                    creators.parameter, created.parameter, updated.parameter,
                ]),
            PostgresStatement(
                """
                DELETE FROM vtag.virtual_tags WHERE ctid = ANY (ARRAY (
                    SELECT t.ctid FROM unnest($1::uuid[], $2::integer[]) r (id, wanted) CROSS JOIN LATERAL (
                        SELECT ctid, resource_id, id FROM vtag.virtual_tags WHERE resource_id = r.id OFFSET 0) t
                    WHERE (SELECT count(*) FROM vtag.virtual_tags c WHERE c.resource_id = r.id) > r.wanted
                        AND NOT EXISTS (
                            SELECT FROM unnest($3::uuid[], $4::uuid[]) n (resource_id, id)
                            WHERE n.resource_id = t.resource_id AND n.id = t.id)))
                """, [resources, counts.parameter, owners, ids]),
        ]
    }
}

/// What policies found for the resources of a batch.
struct FindingColumns {
    private var owners = PostgresColumn(.uuid)
    private var policies = PostgresColumn(.uuid)
    private var ids = PostgresColumn(.uuid)
    private var compliant = PostgresColumn(.bool)
    private var violations = PostgresColumn(.jsonb)
    private var waivers = PostgresColumn(.uuid)
    private var checked = PostgresColumn(.timestamptz)

    mutating func append(_ results: [ComplianceResult], of owner: ResourceID) {
        for result in results {
            owners.append(owner.uuid)
            policies.append(result.policyID)
            ids.append(PartID.complianceStatus(of: owner, policy: result.policyID))
            compliant.append(result.isCompliant)
            violations.append(json: SinkText.json(result.violations.json))
            waivers.append(result.waiverID)
            checked.append(SinkText.time(result.checkedAt))
        }
    }

    func statements(of resources: PostgresParameter) -> [PostgresStatement] {
        let owners = owners.parameter
        let policies = policies.parameter
        return [
            PostgresStatement(
                """
                DELETE FROM vtag.compliance_status WHERE ctid = ANY (ARRAY (
                    SELECT s.ctid FROM unnest($1::uuid[]) r (id) CROSS JOIN LATERAL (
                        SELECT ctid, resource_id, policy_id FROM vtag.compliance_status WHERE resource_id = r.id OFFSET 0) s
                    WHERE NOT EXISTS (
                        SELECT FROM unnest($2::uuid[], $3::uuid[]) n (resource_id, policy_id)
                        WHERE n.resource_id = s.resource_id AND n.policy_id = s.policy_id)))
                """, [resources, owners, policies]),
            PostgresStatement(
                """
                INSERT INTO vtag.compliance_status AS s (resource_id, policy_id, id, is_compliant, violations, waiver_id,
                    checked_at)
                SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[], $5::jsonb[], $6::uuid[],
                    $7::timestamptz[])
                ON CONFLICT (resource_id, policy_id) DO UPDATE SET id = excluded.id, is_compliant = excluded.is_compliant,
                    violations = excluded.violations, waiver_id = excluded.waiver_id, checked_at = excluded.checked_at
                WHERE (s.id, s.is_compliant, s.violations, s.waiver_id, s.checked_at) IS DISTINCT FROM (excluded.id,
                    excluded.is_compliant, excluded.violations, excluded.waiver_id, excluded.checked_at)
                """,
                [
                    owners, policies, ids.parameter, compliant.parameter, violations.parameter, waivers.parameter,
                    checked.parameter,
                ]),
        ]
    }
}

/// What the resources of a batch cost.
struct CostColumns {
    private var owners = PostgresColumn(.uuid)
    private var months = PostgresColumn(.integer)
    private var services = PostgresColumn(.text)
    private var currencies = PostgresColumn(.text)
    private var billed = PostgresColumn(.bigint)
    private var effective = PostgresColumn(.bigint)

    mutating func append(_ lines: [CostLine], of owner: ResourceID) {
        for line in lines where Self.isMonth(line.month) {
            owners.append(owner.uuid)
            months.append(line.month)
            services.append(line.service)
            currencies.append(SinkText.indexed(line.currency))
            billed.append(line.billedNanos)
            effective.append(line.effectiveNanos)
        }
    }

    /// `202609` is one.
    static func isMonth(_ month: Int32) -> Bool { (1...9999).contains(month / 100) && (1...12).contains(month % 100) }

    /// Services are told apart by their hashes, as in the index: of two with the same one the first stays.
    func statements(of resources: PostgresParameter) -> [PostgresStatement] {
        let keys = [owners.parameter, months.parameter, services.parameter, currencies.parameter]
        return [
            PostgresStatement(
                """
                DELETE FROM vtag.resource_costs WHERE ctid = ANY (ARRAY (
                    SELECT c.ctid FROM unnest($1::uuid[]) r (id) CROSS JOIN LATERAL (
                        SELECT ctid, * FROM vtag.resource_costs WHERE resource_id = r.id OFFSET 0) c
                    WHERE NOT EXISTS (
                        SELECT FROM unnest($2::uuid[], $3::integer[], $4::text[], $5::text[])
                            n (id, month, service, currency)
                        WHERE n.id = c.resource_id AND pg_catalog.make_date(n.month / 100, n.month % 100, 1) = c.month
                            AND md5(n.service) = md5(c.service) AND n.currency = c.currency)))
                """, [resources] + keys),
            PostgresStatement(
                """
                INSERT INTO vtag.resource_costs AS c (resource_id, month, service, currency, billed_nanos, effective_nanos)
                SELECT DISTINCT ON (n.id, n.month, md5(n.service), n.currency) n.id,
                    pg_catalog.make_date(n.month / 100, n.month % 100, 1), n.service, n.currency, n.billed, n.effective
                FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
                    WITH ORDINALITY n (id, month, service, currency, billed, effective, place)
                ORDER BY n.id, n.month, md5(n.service), n.currency, n.place
                ON CONFLICT (resource_id, month, md5(service), currency) DO UPDATE SET service = excluded.service,
                    billed_nanos = excluded.billed_nanos, effective_nanos = excluded.effective_nanos
                WHERE (c.service, c.billed_nanos, c.effective_nanos)
                    IS DISTINCT FROM (excluded.service, excluded.billed_nanos, excluded.effective_nanos)
                """, keys + [billed.parameter, effective.parameter]),
        ]
    }
}
