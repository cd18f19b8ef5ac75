package import Model
import Placement
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
        let digests = try rows.map {
            ResultDigest.row(try RecordCodec.decode($0.bytes, id: $0.id), $0.bytes, shard: shard)
        }
        return (digests, isLast)
    }

    /// The same of what group 0 keeps, but for the cluster's own members and secrets.
    package func catalogDigests() async throws -> [ResultDigest.Row] {
        let items = try await replicatedItems()
        let tables = items.compactMap { item -> ResultDigest.Row? in
            guard case .catalog(let item) = item, let table = item.sinkTable else { return nil }
            return ResultDigest.row(SinkCatalog.Row(id: item.id, columns: item.columns), in: table)
        }
        return ResultDigest.combined(tables + items.map { ResultDigest.row($0.sinkItem) })
    }

    /// As of everything that was acknowledged before.
    private func replicatedItems() async throws(NodeError) -> [SystemItem] {
        let system = self.system
        let state = try await leaders.retrying(group: SystemShard.group, isRepeatable: true) {
            () async throws(NodeError) -> SystemState in
            try await system.eventLoop.result { completion in
                system.confirmRead { result in completion(result.map { system.shard.state }) }
            }
        }
        return Array(state.replicated.values)
    }
}

extension SystemItem {
    var sinkItem: SinkItems.Item { SinkItems.Item(id: id, kind: kind.text, record: encoded) }
}

extension SystemItem.Kind {
    /// What it is called in PostgreSQL.
    fileprivate var text: String {
        switch self {
        case .catalog(.rule): "rule"
        case .catalog(.definition): "definition"
        case .catalog(.policy): "policy"
        case .catalog(.waiver): "waiver"
        case .cluster(.settings): "settings"
        case .cluster(.member): "member"
        case .cluster(.placement): "placement"
        case .cluster(.cursorKey): "cursor_key"
        case .cluster(.succession): "succession"
        case .governance(.score): "score"
        case .governance(.rejection): "rejection"
        case .governance(.retention): "retention"
        case .governance(.hold): "hold"
        case .governance(.cleaning): "cleaning"
        case .plan: "plan"
        }
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
