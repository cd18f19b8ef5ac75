package import Conditions
package import Cypher
import CypherSyntax
package import CypherValues
package import InventoryGraph
import Model
import NIOCore
package import PropertyGraph

/// What a query of the graph may take; beside it what the engine's own budget says.
package struct GraphQueryLimits: Hashable, Sendable {
    /// Longest time that it may run, in milliseconds.
    package var milliseconds: Int64 = 30_000
    package var budget = QueryBudget(rowsMax: 50_000_000, memoryBytesMax: 256 << 20)

    package init() {}
}

/// What a query that ran to its end leaves beside its rows.
package struct GraphQueryEnd: Sendable {
    package let rows: Int
    package let milliseconds: Int64
    /// Of EXPLAIN and PROFILE.
    package let plan: PlanDescription?
    /// What it changed.
    package var counts = MutationCounts()
}

extension Node {
    /// Runs a query that only reads over the inventory's graph as it is when the query begins. Off the event loops, in slices.
    ///
    /// - Parameters:
    ///   - scope: nothing outside it is in the graph.
    ///   - walk: its turn among the queries of the graph.
    ///   - take: called with some rows at a time.
    /// Throws `CypherError`, `GraphRefusal` where the graph is not ready in time, `WalkRefusal` where too many wait, `NodeError` where the rows cannot be had, and what `take` throws.
    package nonisolated func query(
        _ query: CypherQuery, parameters: CypherMap, of scope: ResourceScope?, _ consistency: ReadConsistency,
        within limits: GraphQueryLimits, in walk: Walk, _ take: @Sendable ([[CypherValue]]) async throws -> Void
    ) async throws -> GraphQueryEnd {
        precondition(!query.writes, "a query that writes was admitted: \(query.text.prefix(200))")
        try await walk.begin()
        defer { walk.end() }
        let start = NIODeadline.now()
        let deadline = start + .milliseconds(limits.milliseconds)
        let (graph, nodesAsked) = try await self.graph.keeper(of: scope).graph(consistency, by: deadline)
        return try await withTaskExecutorPreference(globalConcurrentExecutor) {
            let now = self.now().milliseconds
            let evaluation = EvaluationContext(
                parameters: parameters,
                statementTime: CypherValues.Instant(epochSeconds: now / 1_000, nanosecond: Int32(now % 1_000) * 1_000_000),
                seed: UInt64.random(in: .min ... .max), zones: timeZones,
                limits: ValueLimits(bytesMax: limits.budget.memoryBytesMax / 2, howToRaise: Self.howToRaise))
            evaluation.interruption = { () throws(CypherError) in try Self.checkTime(deadline, limits) }
            let execution = try QueryExecution(query, evaluation: evaluation, budget: limits.budget)
            var rows = 0
            while true {
                switch try execution.step(sliceRows: Self.sliceGraphRows) {
                case .rows(let more):
                    rows += more.count
                    try await take(more)
                case .asks(let request):
                    do throws(GraphError) { execution.answer(try graph.read(request)) } catch { throw CypherError(error) }
                case .paused: await Task.yield()
                case .finished:
                    return GraphQueryEnd(
                        rows: rows, milliseconds: (NIODeadline.now() - start).nanoseconds / 1_000_000,
                        plan: execution.planDescription.map { query.mode == .profile ? $0.under(nodesAsked) : $0 })
                }
                try Self.checkTime(deadline, limits)
            }
        }
    }

    /// What lies around a resource, in the graph as it is when the walk begins. A walk whose `start` is nil afterwards began nowhere.
    ///
    /// Throws as `query` does.
    package nonisolated func neighbourhood(
        _ neighbourhood: NeighbourhoodWalk, of scope: ResourceScope?, _ consistency: ReadConsistency, in walk: Walk
    ) async throws -> NeighbourhoodWalk {
        try await walk.begin()
        defer { walk.end() }
        let limits = GraphQueryLimits()
        let deadline = NIODeadline.now() + .milliseconds(limits.milliseconds)
        let graph = try await self.graph.keeper(of: scope).graph(consistency, by: deadline).graph
        return try await withTaskExecutorPreference(globalConcurrentExecutor) {
            var neighbourhood = neighbourhood
            while case .asks(let request) = neighbourhood.next() {
                do throws(GraphError) { neighbourhood.answer(try graph.read(request)) } catch { throw CypherError(error) }
                try Self.checkTime(deadline, limits)
                await Task.yield()
            }
            return neighbourhood
        }
    }

    private static var howToRaise: String { "give the query more with \"memory_mib\"" }

    /// The time zones, for queries and their parameters.
    package var timeZones: any TimeZoneSource { options.queries.zones }

    /// Rows that one slice takes through operators: about a millisecond.
    private static var sliceGraphRows: Int { 4_096 }

    private static func checkTime(_ deadline: NIODeadline, _ limits: GraphQueryLimits) throws(CypherError) {
        if Task.isCancelled {
            throw CypherError(.cancelled, .runtime, .cancelled, "The query was called off as its client has gone")
        }
        guard NIODeadline.now() > deadline else { return }
        throw .limit(
            .deadline,
            "The query was ended after \(limits.milliseconds / 1_000) s; ask for less (a narrower MATCH, a LIMIT), or give it more with \"timeout_seconds\""
        )
    }
}

extension PlanDescription {
    /// As a profile has it: what lies before the first operator. However many steps a query takes, they are taken here.
    fileprivate func under(_ nodesAsked: Int) -> PlanDescription {
        let rounds = nodesAsked == 0 ? "no round to other nodes" : "one round to each of \(nodesAsked) other nodes"
        return PlanDescription(
            name: "GraphOfThisNode", details: "brought up to date with \(rounds)", rows: nil, requests: nil, inputs: [self])
    }
}
