import Model
import NodeRuntime
import Shard
import TaggingRules

/// What the alias learner found last, so that paging through it and deciding on it does not read the inventory each time.
actor LearnedAliases {
    /// How long what was learnt is good, where the catalogue stays the same.
    private static let goodMilliseconds: Int64 = 60_000

    struct Finding: Sendable {
        let version: UInt64
        let at: Timestamp
        let proposals: [AliasProposal]
    }

    private var last: Finding?
    private var running: (version: UInt64, task: Task<Finding, any Error>)?

    /// Whoever asks while the learner runs waits for it rather than starting another.
    func finding(_ node: Node, _ catalog: Catalog, at now: Timestamp, _ consistency: ReadConsistency) async throws -> Finding
    {
        if let last, last.version == catalog.version, now.milliseconds - last.at.milliseconds < Self.goodMilliseconds,
            now >= last.at
        {
            return last
        }
        if let running, running.version == catalog.version { return try await running.task.value }
        let task = Task {
            Finding(
                version: catalog.version, at: now, proposals: try await node.learnAliases(under: catalog, consistency))
        }
        running = (catalog.version, task)
        defer { if running?.task == task { running = nil } }
        let finding = try await task.value
        if (last?.version ?? 0) <= finding.version { last = finding }
        return finding
    }
}
