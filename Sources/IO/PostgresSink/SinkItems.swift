package import Model
import PostgresClient

/// What changed of what group 0 keeps, in its stored form: what a new cluster or another region needs of it.
package struct SinkItems: Sendable {
    package struct Item: Hashable, Sendable {
        package let id: UUID128
        /// For people who look at the table.
        package let kind: String
        package let record: [UInt8]

        package init(id: UUID128, kind: String, record: [UInt8]) {
            self.id = id
            self.kind = kind
            self.record = record
        }
    }

    private var items: [Item] = []
    private let removed: [UUID128]
    /// Whatever else is in the database is gone.
    private let isWhole: Bool
    private let shards: Int
    private let catalogVersion: UInt64

    /// - Parameters:
    ///   - isWhole: all items are going to be put; what else the database has is gone.
    ///   - removed: what is gone, where the database is known otherwise.
    package init(isWhole: Bool, shards: Int, catalogVersion: UInt64, removed: [UUID128] = []) {
        self.isWhole = isWhole
        self.shards = shards
        self.catalogVersion = catalogVersion
        self.removed = removed
    }

    package mutating func put(_ item: Item) { items.append(item) }

    var count: Int { items.count + removed.count }

    /// What is there and differs gets `changedIndex`. What is gone stays as a row without a record, for those who keep a copy.
    func statements(changedIndex: UInt64) -> [PostgresStatement] {
        let index = PostgresParameter.bigint(SinkText.number(changedIndex))
        var ids = PostgresColumn(.uuid)
        var kinds = PostgresColumn(.text)
        var records = PostgresColumn(.bytea)
        var gone = PostgresColumn(.uuid)
        for item in items {
            ids.append(item.id)
            kinds.append(item.kind)
            records.append(bytes: item.record)
        }
        for id in removed { gone.append(id) }
        return [
            PostgresStatement(
                """
                INSERT INTO vtag.cluster_facts AS f (shards, catalog_version) VALUES ($1, $2)
                ON CONFLICT (one) DO UPDATE SET shards = excluded.shards, catalog_version = excluded.catalog_version
                WHERE (f.shards, f.catalog_version) IS DISTINCT FROM (excluded.shards, excluded.catalog_version)
                """, [.integer(Int32(shards)), .bigint(SinkText.number(catalogVersion))]),
            isWhole
                ? PostgresStatement(
                    """
                    UPDATE vtag.system_items SET record = NULL, changed_index = $1
                    WHERE record IS NOT NULL AND NOT id = ANY ($2::uuid[])
                    """, [index, ids.parameter])
                : PostgresStatement(
                    """
                    UPDATE vtag.system_items SET record = NULL, changed_index = $1
                    WHERE record IS NOT NULL AND id = ANY ($2::uuid[])
                    """, [index, gone.parameter]),
            PostgresStatement(
                """
                INSERT INTO vtag.system_items AS i (changed_index, id, kind, record)
                SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::bytea[])
                ON CONFLICT (id) DO UPDATE SET changed_index = excluded.changed_index, kind = excluded.kind,
                    record = excluded.record
                WHERE i.record IS DISTINCT FROM excluded.record
                """, [index, ids.parameter, kinds.parameter, records.parameter]),
        ]
    }
}
