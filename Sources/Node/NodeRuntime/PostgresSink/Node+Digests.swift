package import Model
package import PostgresSink
import Shard

extension Node {
    /// Hashes of what should be in PostgreSQL of a data shard, from 1: of the resources after `after` (from the first when nil) in the
    /// order of their ids; `isLast` where there are no more.
    package func resultDigests(
        of shard: Int, after: ResourceID?, limit: Int
    ) async throws -> (rows: [ResultDigest.Row], isLast: Bool) {
        guard case .rows(let rows, let isLast) = try await ask(.rows(after: after, limit: limit), shard: shard - 1) else {
            throw NodeError.foreignAnswer
        }
        return (try rows.map { ResultDigest.row(try RecordCodec.decode($0.bytes, id: $0.id), shard: shard) }, isLast)
    }

    /// The same of all rules, definitions and policies.
    package func catalogDigests() async throws -> [ResultDigest.Row] {
        let catalog = try await catalog()
        let items =
            catalog.rules.map(CatalogItem.rule) + catalog.definitions.map(CatalogItem.definition)
            + catalog.policies.map(CatalogItem.policy)
        return items.compactMap { item in
            item.sinkTable.map { ResultDigest.row(SinkCatalog.Row(id: item.id, columns: item.columns), in: $0) }
        }.sorted { $0.id < $1.id }
    }
}

extension CatalogItem {
    /// Where it is in PostgreSQL; nil: nowhere.
    var sinkTable: SinkCatalog.Table? {
        switch self {
        case .rule: .rules
        case .definition: .definitions
        case .policy: .policies
        case .waiver: nil
        }
    }
}
