import HTTPTransport
import JSON
import Model
import NIOCore
import NodeRuntime
import Shard

/// Running the rules and policies over everything again, and how far that has come.
///
/// Rules are always in force, so an execution is a new version of the catalogue: it is done when no row is left that was
/// judged under an older one. Its id holds the version; nothing else needs to be kept. A newer version takes the place of
/// one that is still running: rows are judged under the newest alone.
enum ExecutionEndpoints {
    // MARK: POST /tag-rules/{id}/execute, POST /compliance/recheck

    static func executeRule(_ rules: CatalogEndpoints) -> Route.Handler {
        { call in
            _ = try await rules.item(try call.id(rules.kind.noun), call)
            return try await execute(call)
        }
    }

    static let recheck: Route.Handler = { call in try await execute(call) }

    private static func execute(_ call: Call) async throws -> HTTPResponse {
        let reply = try await call.api.node.submit(.reapply, by: try await call.stamp(body: nil).context())
        if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: "execution") { throw problem }
        let execution = Execution(version: try await call.catalog().version)
        let statistics = try await call.statistics()
        let location = Problem.Header(name: "location", value: "/executions/\(execution.id)")
        return call.json(202, headers: [location]) { $0.execution(execution, statistics) }
    }

    // MARK: GET /executions/{id}

    static let getQuery = [QueryParameter("wait")]
    /// Longest wait in seconds.
    static let waitSecondsMax = 30

    static let get: Route.Handler = { call in
        let seconds = try call.query.integer("wait", in: 1...waitSecondsMax)
        if let seconds, let execution = Execution(id: try call.id("execution")) {
            try await wait(for: execution, seconds, call)
        }
        let statistics = try await call.statistics()
        guard let execution = Execution(id: try call.id("execution")), execution.version <= statistics.catalogVersion else {
            throw Problem.notFound("There is no execution with this id.")
        }
        return call.json { $0.execution(execution, statistics) }
    }

    /// Returns once the execution has come further or has ended, the time is over, or the node stops.
    ///
    /// Who is limited to some resources waits for the end alone: how far the others have come is not for them.
    private static func wait(for execution: Execution, _ seconds: Int, _ call: Call) async throws {
        guard let slot = call.api.executions.watchers.take() else {
            throw Problem.unavailable(
                "\(ExecutionWatch.watchersMax) requests wait for executions on this node already. Ask without \"wait\", or try again."
            )
        }
        defer { slot.free() }
        let deadline = ContinuousClock.now + .seconds(seconds)
        var first: Int?
        while true {
            let statistics = try await call.api.executions.statistics(call.api.node, call.consistency)
            guard statistics.pending > 0, statistics.catalogVersion == execution.version else { return }
            if let first, first != statistics.pending, call.principal.scope == nil { return }
            first = first ?? statistics.pending
            guard ContinuousClock.now < deadline, !call.api.isStopping else { return }
            try await Task.sleep(for: .milliseconds(ExecutionWatch.pauseMilliseconds))
        }
    }
}

/// A version of the catalogue that is, or was, applied to all rows.
struct Execution: Equatable {
    /// Tells ids of executions from others.
    private static let mark: UInt64 = 0x7661_6c69_6461_7465 & 0x3FFF_FFFF_FFFF_FFFF

    let version: UInt64

    init(version: UInt64) { self.version = version }

    init?(id: UUID128) {
        self.init(version: ((id.high >> 16) << 12) | (id.high & 0xFFF))
        guard self.id == id else { return nil }
    }

    var id: UUID128 { .stamped(high: ((version >> 12) << 16) | (version & 0xFFF), low: Self.mark, version: 8) }
}

extension JSONWriter {
    fileprivate mutating func execution(_ execution: Execution, _ statistics: NodeStatistics) {
        let isNewest = execution.version == statistics.catalogVersion
        let status = statistics.pending == 0 ? "completed" : isNewest ? "running" : "superseded"
        beginObject()
        key("id")
        uuid(execution.id)
        member("version", execution.version)
        member("status", status)
        optional("superseded_by", status == "superseded" ? Execution(version: statistics.catalogVersion).id : nil)
        member("resources", statistics.totals.resources)
        member("pending", statistics.pending)
        endObject()
    }
}
