import NodeRuntime

/// How far the newest version of the catalogue has come, for all who watch at once: one look serves them all.
actor ExecutionWatch {
    /// Between two looks, in milliseconds.
    static let pauseMilliseconds: Int64 = 200
    /// Most requests that wait at once.
    static let watchersMax = 64

    nonisolated let watchers = WorkSlots(watchersMax)
    private var last: (at: ContinuousClock.Instant, statistics: NodeStatistics)?
    private var running: Task<NodeStatistics, any Error>?

    /// As of now, or of a moment ago.
    func statistics(_ node: Node, _ consistency: ReadConsistency) async throws -> NodeStatistics {
        // What this node has costs nobody a question.
        guard consistency == .linearizable else { return try await node.statistics(consistency) }
        if let last, .now - last.at < .milliseconds(Self.pauseMilliseconds) { return last.statistics }
        if let running { return try await running.value }
        let task = Task { try await node.statistics(consistency) }
        running = task
        defer { running = nil }
        let statistics = try await task.value
        last = (.now, statistics)
        return statistics
    }
}
