import Cypher
import CypherSyntax
import CypherValues
import Model
import NIOCore
import PropertyGraph
import Shard

/// One run of a query over a snapshot of a named graph: off the event loops, in slices.
struct NamedGraphRun: Sendable {
    let query: CypherQuery
    let request: NamedGraphRequest
    let zones: any TimeZoneSource
    let now: Timestamp
    let start = NIODeadline.now()

    /// Rows that one slice takes through operators: about a millisecond.
    private static let sliceRows = 4_096

    private var deadline: NIODeadline { start + .milliseconds(request.limits.milliseconds) }

    /// - Parameter take: called with some rows at a time.
    func read(
        _ graph: LocalGraph, _ take: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> NamedGraphAnswer {
        precondition(!query.writes, "a query that writes was to read: \(query.text.prefix(200))")
        return try await withTaskExecutorPreference(globalConcurrentExecutor) {
            var answer = NamedGraphAnswer()
            let execution = try execution()
            while try await step(execution, &answer, take, { request throws(GraphError) in try graph.read(request) }) {}
            return ended(answer, execution)
        }
    }

    /// The rows all at once, and what is to be changed, and whether the graph grows by it: the graph itself stays as it is.
    func write(_ graph: LocalGraph) async throws -> (answer: NamedGraphAnswer, log: MutationLog, grows: Bool) {
        try await withTaskExecutorPreference(globalConcurrentExecutor) {
            let before = graph
            var graph = graph
            var (answer, log, rows) = (NamedGraphAnswer(), MutationLog(), [UInt8]())
            let execution = try execution()
            graph.begin()
            var goesOn = true
            while goesOn {
                let bytes = CollectedRows()
                goesOn = try await step(execution, &answer, { await bytes.take($0) }) { request throws(GraphError) in
                    let response = try graph.answer(request)
                    if case .mutate(let mutations) = request { log.append(mutations) }
                    return response
                }
                try Self.append(await bytes.taken, to: &rows, separator: request.rows.separator)
                try checkSize(log, execution.counts)
            }
            do throws(GraphError) { try graph.commit() } catch { throw CypherError(error) }
            answer.rows = rows
            let grows =
                graph.nodeCount > before.nodeCount || graph.relationshipCount > before.relationshipCount
                || graph.takeChanges().map { $0.bytes > 0 } ?? true
            return (ended(answer, execution), log, grows)
        }
    }

    static func append(_ more: [UInt8], to rows: inout [UInt8], separator: UInt8) throws(NamedGraphError) {
        guard !more.isEmpty else { return }
        guard rows.count + more.count < GraphRows.answerBytesMax else { throw .answerTooLarge }
        if !rows.isEmpty { rows.append(separator) }
        rows += more
    }

    private func execution() throws(CypherError) -> QueryExecution {
        let limits = request.limits
        let evaluation = EvaluationContext(
            parameters: request.parameters,
            statementTime: Instant(
                epochSeconds: now.milliseconds / 1_000, nanosecond: Int32(now.milliseconds % 1_000) * 1_000_000),
            seed: UInt64.random(in: .min ... .max), zones: zones,
            limits: ValueLimits(
                bytesMax: limits.budget.memoryBytesMax / 2, howToRaise: "give the query more with \"memory_mib\""))
        evaluation.interruption = { () throws(CypherError) in try checkTime() }
        return try QueryExecution(query, evaluation: evaluation, budget: limits.budget)
    }

    /// False at the end.
    private func step(
        _ execution: QueryExecution, _ answer: inout NamedGraphAnswer, _ take: ([UInt8]) async throws -> Void,
        _ ask: (GraphRequest) throws(GraphError) -> GraphResponse
    ) async throws -> Bool {
        try checkTime()
        switch try execution.step(sliceRows: Self.sliceRows) {
        case .rows(let rows):
            answer.rowCount += rows.count
            if !rows.isEmpty { try await take(request.rendered(rows)) }
        case .asks(let request):
            do throws(GraphError) { execution.answer(try ask(request)) } catch { throw CypherError(error) }
        case .paused: await Task.yield()
        case .finished: return false
        }
        return true
    }

    private func ended(_ answer: NamedGraphAnswer, _ execution: QueryExecution) -> NamedGraphAnswer {
        var answer = answer
        answer.counts = execution.counts
        answer.plan = execution.planDescription
        answer.milliseconds = (NIODeadline.now() - start).nanoseconds / 1_000_000
        return answer
    }

    private func checkSize(_ log: MutationLog, _ counts: MutationCounts) throws(CypherError) {
        let (changes, bytes) = (NamedGraphLimits.transactionChangesMax, NamedGraphLimits.transactionBytesMax)
        // What is estimated is larger than what is written.
        guard counts.sum > changes || log.byteCount > 8 * bytes else { return }
        throw .limit(
            .memory,
            "One query may make \(changes) changes, of \(bytes >> 20) MiB; make them in parts, as with WITH n LIMIT 10000")
    }

    private func checkTime() throws(CypherError) {
        if Task.isCancelled {
            throw CypherError(.cancelled, .runtime, .cancelled, "The query was called off as its client has gone")
        }
        guard NIODeadline.now() > deadline else { return }
        throw .limit(
            .deadline,
            "The query was ended after \(request.limits.milliseconds / 1_000) s; ask for less (a narrower MATCH, a LIMIT), or give it more with \"timeout_seconds\""
        )
    }
}

/// Rows of one step.
private actor CollectedRows {
    private(set) var taken: [UInt8] = []

    func take(_ bytes: [UInt8]) { taken = bytes }
}
