package import Cypher
import CypherSyntax
import CypherValues
import Model
import NIOCore
import PropertyGraph
package import Shard

// Graphs of users' own. Each belongs to the shard that its name hashes to: one entry of that shard's log is one transaction of
// the graph, so it is durable and replicated as everything else of the shard.

extension Node {
    func shard(ofGraph name: String) -> Int { shard(of: NamedGraph.slot(of: name)) }

    // MARK: Graphs

    /// True when it is new. Throws `NamedGraphError.limit` where there are too many.
    package func createGraph(_ name: String, by context: WriteContext) async throws -> Bool {
        let here = try await namedGraphs(.linearizable)
        let isKnown = here.contains { $0.name == name }
        guard isKnown || here.count < NamedGraphLimits.graphsMax else {
            throw NamedGraphError.limit(
                "There are \(NamedGraphLimits.graphsMax) graphs already; drop one that is not needed")
        }
        let reply = try await submit(.graph(.create(name)), shard: shard(ofGraph: name), by: context)
        switch reply.outcomes.first {
        case .created?: return true
        case .unchanged?: return false
        case .invalid(let why)?: throw NamedGraphError.limit(why)
        default: throw NodeError.foreignAnswer
        }
    }

    package func dropGraph(
        _ name: String, _ precondition: Precondition, by context: WriteContext
    ) async throws(NodeError) -> Outcome {
        let reply = try await submit(.graph(.drop(name, precondition)), shard: shard(ofGraph: name), by: context)
        guard let outcome = reply.outcomes.first else { throw .foreignAnswer }
        return outcome
    }

    /// All of them, by name.
    package func namedGraphs(_ consistency: ReadConsistency) async throws -> [NamedGraphSummary] {
        let found = try await withThrowingTaskGroup(of: [NamedGraphSummary].self) { group in
            for shard in 0..<shardCount { group.addTask { try await self.graphs(ofShard: shard, consistency) } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return found.sorted { $0.name < $1.name }
    }

    package func namedGraph(_ name: String, _ consistency: ReadConsistency) async throws -> NamedGraphSummary? {
        try await graphs(ofShard: shard(ofGraph: name), consistency).first { $0.name == name }
    }

    private func graphs(ofShard shard: Int, _ consistency: ReadConsistency) async throws -> [NamedGraphSummary] {
        guard case .graphs(let graphs) = try await ask(.graphs, shard: shard, consistency) else {
            throw NodeError.foreignAnswer
        }
        return graphs
    }

    // MARK: Queries

    /// Runs a query of a named graph; one that writes on the leader of its shard, where it answers once its changes are applied.
    ///
    /// - Parameters:
    ///   - query: the request's text, read.
    ///   - walk: its turn among the queries of the graph here.
    ///   - take: called with some rows at a time, as the request wants them spelled.
    /// Throws `CypherError`, `NamedGraphError`, `WalkRefusal`, `NodeError`, and what `take` throws.
    package nonisolated func query(
        _ request: NamedGraphRequest, _ query: CypherQuery, in walk: Walk, _ take: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> GraphQueryEnd {
        if !query.writes, let answer = try await readHere(request, query, in: walk, take) { return answer.end }
        let shard = shard(ofGraph: request.graph)
        let isRepeatable = !query.writes || request.context.idempotency != nil
        let outcome = try await leaders.retrying(group: shard + 1, isRepeatable: isRepeatable) {
            () async throws(NodeError) -> NamedGraphOutcome in
            do throws(NodeError) {
                guard query.writes else { throw .notLeader(nil) }
                return try await writeHere(request, query)
            } catch .notLeader(let leader) {
                guard let peers else { throw .notLeader(nil) }
                let known = query.writes ? (leader ?? peers.likelyLeader(of: shard)).map { [$0] } : peers.replicas(of: shard)
                return try await peers.query(request, shard: shard, of: known ?? [], except: identity.replicaID)
            }
        }
        switch outcome {
        case .answered(let answer):
            if !answer.rows.isEmpty { try await take(answer.rows) }
            return answer.end
        case .failed(let error): throw error
        case .refused(let error): throw error
        case .full: throw WalkRefusal.full(graphQueries.limits)
        }
    }

    /// Nil where there is no replica that could answer here.
    private func readHere(
        _ request: NamedGraphRequest, _ query: CypherQuery, in walk: Walk, _ take: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> NamedGraphAnswer? {
        guard let host = shards[shard(ofGraph: request.graph)] else { return nil }
        let graph: NamedGraph?
        do throws(NodeError) {
            graph = try await host.eventLoop.result { host.namedGraph(request.graph, request.consistency, $0) }
        } catch {
            if case .notLeader = error { return nil }
            throw error
        }
        guard let graph else { throw NamedGraphError.noGraph(request.graph) }
        try await walk.begin()
        defer { walk.end() }
        return try await run(query, request).read(graph.graph, take)
    }

    /// For another node.
    func answer(_ request: NamedGraphRequest) async -> Result<NamedGraphOutcome, NodeError> {
        do throws(NodeError) {
            let query: CypherQuery
            do throws(CypherError) {
                query = try preparedQueries.query(request.text)
            } catch {
                return .success(.failed(error))
            }
            if query.writes { return .success(try await writeHere(request, query)) }
            let rows = GatheredRows(separator: request.rows.separator)
            let walk = Walk(graphQueries, for: request.context.actor, isLimited: false)
            return .success(
                try await Self.outcome {
                    guard var answer = try await readHere(request, query, in: walk, { try await rows.take($0) }) else {
                        throw NodeError.notLeader(nil)
                    }
                    answer.rows = await rows.bytes
                    return answer
                })
        } catch {
            return .failure(error)
        }
    }

    private func run(_ query: CypherQuery, _ request: NamedGraphRequest) -> NamedGraphRun {
        NamedGraphRun(query: query, request: request, zones: options.queries.zones, now: now())
    }

    // MARK: Writing

    /// Times that a query is run again as the graph was changed meanwhile by an entry of another leader's, or dropped and made.
    private static var attemptsMax: Int { 5 }

    /// Carries a query that writes out, if this node leads the graph's shard. One at a time for each graph: readers have snapshots.
    private func writeHere(
        _ request: NamedGraphRequest, _ query: CypherQuery
    ) async throws(NodeError) -> NamedGraphOutcome {
        guard let host = shards[shard(ofGraph: request.graph)] else { throw .notLeader(nil) }
        // Before it waits for its turn: what this node does not lead it cannot write.
        try await host.eventLoop.result { host.checkLeads($0) }
        return try await Self.outcome {
            try await graphWriters.inTurn(on: request.graph, for: request.context.actor) {
                let walk = Walk(graphQueries, for: request.context.actor, isLimited: false)
                try await walk.begin()
                defer { walk.end() }
                for _ in 0..<Self.attemptsMax {
                    if let answer = try await attempt(request, query, on: host) { return answer }
                }
                throw NamedGraphError.changedMeanwhile
            }
        }
    }

    /// Nil where the graph is another one by now.
    private func attempt(
        _ request: NamedGraphRequest, _ query: CypherQuery, on host: ShardHost
    ) async throws -> NamedGraphAnswer? {
        let idempotency = request.context.idempotency
        let found = try await host.eventLoop.result { host.graphToWrite(request.graph, idempotency, $0) }
        if let kept = found.kept { return try NamedGraphAnswer(decoding: kept) }
        guard let graph = found.graph else { throw NamedGraphError.noGraph(request.graph) }
        var (answer, log, grows) = try await run(query, request).write(graph.graph)
        guard !log.isEmpty else { return answer }
        let kept = idempotency == nil ? nil : answer.encoded
        if let kept, kept.count > NamedGraphLimits.keptAnswerBytesMax {
            let most = NamedGraphLimits.keptAnswerBytesMax
            throw NamedGraphError.limit(
                "With an Idempotency-Key the answer is kept, and may have \(most) bytes; return less")
        }
        let started = NIODeadline.now()
        let transaction = GraphTransaction(
            name: graph.name, version: graph.version, mutations: log.encoded, grows: grows, answer: kept)
        let reply = try await submitHere(
            .graph(.change(transaction)), shard: shard(ofGraph: graph.name), by: request.context)
        answer.milliseconds += (NIODeadline.now() - started).nanoseconds / 1_000_000
        switch reply.outcomes.first {
        case .updated?: return try reply.answer.map { bytes in try NamedGraphAnswer(decoding: bytes) } ?? answer
        case .preconditionFailed?, .notFound?: return nil
        case .invalid(let why)?: throw NamedGraphError.limit(why)
        default: throw NodeError.foreignAnswer
        }
    }

    private static func outcome(
        _ body: () async throws -> NamedGraphAnswer
    ) async throws(NodeError) -> NamedGraphOutcome {
        do {
            return .answered(try await body())
        } catch let error as CypherError {
            return .failed(error)
        } catch let error as NamedGraphError {
            return .refused(error)
        } catch is WalkRefusal {
            return .full
        } catch let error as NodeError {
            throw error
        } catch let error as CodecError {
            throw .damaged(error.message)
        } catch is CancellationError {
            throw .stopping
        } catch {
            throw .damaged("\(error)")
        }
    }
}

/// The rows that are gathered for another node.
private actor GatheredRows {
    private(set) var bytes: [UInt8] = []
    private let separator: UInt8

    init(separator: UInt8) { self.separator = separator }

    func take(_ more: [UInt8]) throws { try NamedGraphRun.append(more, to: &bytes, separator: separator) }
}
