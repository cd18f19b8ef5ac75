import Synchronization

/// Lets those who write to the same named graph have their turns one after the other: each sees what the one before it did.
final class GraphWriters: Sendable {
    /// Writers of one graph that wait; beyond, they are refused.
    static let waitingMax = 256

    private struct Turns {
        let gate = WalkGate(WalkGate.Limits(atOnce: 1, waitingMax: GraphWriters.waitingMax))
        var users = 0
    }

    private let graphs = Mutex<[String: Turns]>([:])

    /// Throws `WalkRefusal.full` where too many wait, or the wait is too long, and what `body` throws.
    func inTurn<Value: Sendable>(
        on graph: String, for subject: String, _ body: () async throws -> Value
    ) async throws -> Value {
        let gate = graphs.withLock { graphs in
            graphs[graph, default: Turns()].users += 1
            return graphs[graph]?.gate
        }
        defer {
            graphs.withLock { graphs in
                graphs[graph]?.users -= 1
                if graphs[graph]?.users == 0 { graphs[graph] = nil }
            }
        }
        guard let gate else { preconditionFailure("turns of the graph \(graph) were just made") }
        try await gate.enter(for: subject)
        defer { gate.leave(for: subject) }
        return try await body()
    }
}
