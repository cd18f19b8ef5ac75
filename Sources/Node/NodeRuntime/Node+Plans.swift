package import Shard

extension Node {
    /// The catalogue in force and the plans for it, as of one moment.
    package func plans(
        _ consistency: ReadConsistency = .linearizable
    ) async throws(NodeError) -> (catalog: Catalog, plans: PlanTable) {
        let system = self.system
        let loop = loops[0]
        return try await leaders.retrying(group: SystemShard.group, isRepeatable: true) {
            () async throws(NodeError) -> (catalog: Catalog, plans: PlanTable) in
            try await system.eventLoop.result { completion in
                switch consistency {
                case .stale, .including: completion(.success((loop.catalog, system.shard.state.plans)))
                case .linearizable:
                    system.confirmRead { result in completion(result.map { (loop.catalog, system.shard.state.plans) }) }
                }
            }
        }
    }
}
