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
    private var running: Learning?

    private struct Learning {
        let version: UInt64
        let task: Task<Finding, any Error>
        /// Requests that wait for it: when all of them are gone, it ends.
        var waiting = 0
    }

    /// Whoever asks while the learner runs waits for it rather than starting another.
    func finding(_ node: Node, _ catalog: Catalog, at now: Timestamp, _ consistency: ReadConsistency) async throws -> Finding
    {
        if let last, last.version == catalog.version, now.milliseconds - last.at.milliseconds < Self.goodMilliseconds,
            now >= last.at
        {
            return last
        }
        let task: Task<Finding, any Error>
        if let running, running.version == catalog.version {
            task = running.task
        } else {
            task = Task {
                let walk = Walk(node.walks)
                defer { walk.end() }
                return Finding(
                    version: catalog.version, at: now,
                    proposals: try await node.learnAliases(under: catalog, in: walk, consistency))
            }
            running = Learning(version: catalog.version, task: task)
        }
        running?.waiting += 1
        defer { if running?.task == task { running = nil } }
        let finding = try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            Task { await self.gone(from: task) }
        }
        if (last?.version ?? 0) <= finding.version { last = finding }
        return finding
    }

    private func gone(from task: Task<Finding, any Error>) {
        guard running?.task == task else { return }
        running?.waiting -= 1
        guard running?.waiting == 0 else { return }
        running = nil
        task.cancel()
    }
}
