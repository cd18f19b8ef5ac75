import JSON
import Model
import PostgresClient

/// Rows of the inventory, all that became of some resources. No resource may be in it twice.
///
/// They are sent as columns of arrays, each of which the server takes apart with `unnest`.
struct ResourceBatch {
    private struct Row {
        let record: ResourceRecord
        /// The stored form of the record.
        let bytes: [UInt8]
        let shard: Int

        var id: ResourceID { record.resource.id }
    }

    private var rows: [Row] = []
    /// Rows in all tables.
    private(set) var rowCount = 0

    /// - Parameter bytes: the stored form of `record`.
    mutating func add(_ record: ResourceRecord, _ bytes: [UInt8], shard: Int) {
        rows.append(Row(record: record, bytes: bytes, shard: shard))
        rowCount += 1 + record.tags.count + record.compliance.count + record.resource.costs.count
    }

    /// Table by table, so that the tags, which are the most, can be put into columns while the server works on the others.
    var stages: [SinkTransaction.Stage] {
        guard !rows.isEmpty else { return [] }
        var ids = PostgresColumn(.uuid)
        for row in rows { ids.append(row.id.uuid) }
        let owners = ids.parameter
        return [
            { resourceStatements(owners) },
            {
                var findings = FindingColumns()
                for row in rows { findings.append(row.record.compliance, of: row.id) }
                return findings.statements(of: owners)
            },
            {
                var costs = CostColumns()
                for row in rows { costs.append(row.record.resource.costs, of: row.id) }
                return costs.statements(of: owners)
            },
            {
                var tags = TagColumns()
                for row in rows { tags.append(row.record.tags, of: row.id) }
                return tags.statements(of: owners)
            },
        ]
    }

    private func resourceStatements(_ ids: PostgresParameter) -> [PostgresStatement] {
        var shards = PostgresColumn(.integer)
        var changedIndexes = PostgresColumn(.bigint)
        var records = PostgresColumn(.bytea)
        var resources = ResourceColumns()
        for row in rows {
            shards.append(Int32(row.shard))
            changedIndexes.append(SinkText.number(row.record.changedIndex))
            records.append(bytes: row.bytes)
            resources.append(row.record.resource)
        }
        return [
            PostgresStatement(
                """
                INSERT INTO vtag.resources (id, shard, changed_index, provider, resource_id, resource_type, name, account_id,
                    region, native_tags, metadata, relationships, version, first_seen, last_seen, record)
                SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                    $8::text[], $9::text[], $10::jsonb[], $11::jsonb[], $12::jsonb[], $13::bigint[], $14::timestamptz[],
                    $15::timestamptz[], $16::bytea[])
                ON CONFLICT (id) DO UPDATE SET shard = excluded.shard, changed_index = excluded.changed_index,
                    provider = excluded.provider, resource_id = excluded.resource_id,
                    resource_type = excluded.resource_type, name = excluded.name, account_id = excluded.account_id,
                    region = excluded.region, native_tags = excluded.native_tags, metadata = excluded.metadata,
                    relationships = excluded.relationships, version = excluded.version, first_seen = excluded.first_seen,
                    last_seen = excluded.last_seen, record = excluded.record
                """, [ids, shards.parameter, changedIndexes.parameter] + resources.parameters + [records.parameter]),
            PostgresStatement(
                """
                DELETE FROM vtag.deleted_resources d USING unnest($1::integer[], $2::uuid[]) n (shard, id)
                WHERE d.shard = n.shard AND d.id = n.id
                """, [shards.parameter, ids]),
        ]
    }
}

/// Resources that are gone.
struct DeletionBatch {
    private(set) var count = 0
    private var ids = PostgresColumn(.uuid)
    private var shards = PostgresColumn(.integer)
    private var changedIndexes = PostgresColumn(.bigint)

    mutating func add(_ id: ResourceID, shard: Int, changedIndex: UInt64) {
        count += 1
        ids.append(id.uuid)
        shards.append(Int32(shard))
        changedIndexes.append(SinkText.number(changedIndex))
    }

    var statements: [PostgresStatement] {
        guard count > 0 else { return [] }
        let ids = ids.parameter
        return [
            PostgresStatement("DELETE FROM vtag.resources WHERE id = ANY ($1::uuid[])", [ids]),
            PostgresStatement("DELETE FROM vtag.virtual_tags WHERE resource_id = ANY ($1::uuid[])", [ids]),
            PostgresStatement("DELETE FROM vtag.compliance_status WHERE resource_id = ANY ($1::uuid[])", [ids]),
            PostgresStatement("DELETE FROM vtag.ml_inferences WHERE resource_id = ANY ($1::uuid[])", [ids]),
            PostgresStatement("DELETE FROM vtag.resource_costs WHERE resource_id = ANY ($1::uuid[])", [ids]),
            PostgresStatement(
                """
                INSERT INTO vtag.deleted_resources (shard, id, changed_index)
                SELECT * FROM unnest($1::integer[], $2::uuid[], $3::bigint[])
                ON CONFLICT (shard, id) DO UPDATE SET changed_index = excluded.changed_index
                """, [shards.parameter, ids, changedIndexes.parameter]),
        ]
    }
}

private struct ResourceColumns {
    private var texts = [PostgresColumn](repeating: PostgresColumn(.text), count: 6)
    private var values = [PostgresColumn](repeating: PostgresColumn(.jsonb), count: 3)
    private var versions = PostgresColumn(.bigint)
    private var firstSeen = PostgresColumn(.timestamptz)
    private var lastSeen = PostgresColumn(.timestamptz)

    var parameters: [PostgresParameter] {
        (texts + values + [versions, firstSeen, lastSeen]).map(\.parameter)
    }

    mutating func append(_ resource: Resource) {
        texts[0].append(resource.provider.rawValue)
        texts[1].append(resource.resourceID)
        texts[2].append(resource.resourceType)
        texts[3].append(resource.name)
        texts[4].append(SinkText.indexed(resource.accountID))
        texts[5].append(resource.region)
        values[0].append(json: SinkText.json(resource.nativeTags.json))
        values[1].append(json: SinkText.json(resource.metadata.bytes))
        values[2].append(json: resource.relationships.json)
        versions.append(SinkText.number(resource.version))
        firstSeen.append(SinkText.time(resource.firstSeen))
        lastSeen.append(SinkText.time(resource.lastSeen))
    }
}

extension TagList {
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for tag in tags {
            writer.key(tag.key)
            writer.string(tag.value)
        }
        writer.endObject()
        return writer.bytes
    }
}

extension [Relationship] {
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginArray()
        for relationship in self {
            writer.beginObject()
            writer.key("type")
            writer.string(relationship.type.name)
            writer.key("target")
            writer.string(relationship.target.uuid.description)
            writer.endObject()
        }
        writer.endArray()
        return writer.bytes
    }
}

extension [Violation] {
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginArray()
        for violation in self {
            writer.beginObject()
            writer.key("code")
            writer.string(violation.code.rawValue)
            writer.key("tag_key")
            writer.string(violation.tagKey)
            writer.key("value")
            writer.string(violation.value)
            writer.endObject()
        }
        writer.endArray()
        return writer.bytes
    }
}
