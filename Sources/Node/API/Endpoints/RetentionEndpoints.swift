import Conditions
import HTTPTransport
import JSON
import Model
import NodeRuntime
import Shard

/// For how long the audit history is kept.
enum RetentionEndpoints {
    // MARK: GET /audit/retention

    static let get: Route.Handler = { call in try await answer(call) }

    // MARK: PUT /audit/retention

    static let put: Route.Handler = { call in
        let (value, body) = try await call.document()
        var errors = ValidationErrors()
        let reader = ObjectReader(value, at: .root, accepting: ["months"], ignoring: readOnly, into: &errors)
        let months = reader?.int("months", in: 1...AuditRetention.monthsMax, into: &errors)
        if let reader, value["months"] == nil {
            errors.add("the field is required; null keeps everything for ever", at: reader.place(of: "months"))
        }
        guard errors.isEmpty else { throw Problem(errors) }
        let precondition = try ConditionalRequest.precondition(of: call.request.head)
        let reply = try await call.api.node.submit(
            .retention(.keep(months: months, precondition)), by: try await call.stamp(body: body).context())
        if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: "retention") { throw problem }
        do { try await call.api.node.fenceCleaning(at: reply.index) } catch { throw Problem.notFenced("retention") }
        return try await answer(call)
    }

    private static let readOnly = [
        "version", "changed_by", "changed_at", "horizon", "next_cleanup_at", "last_cleanup",
    ]

    /// No 304: the clean-up goes on while the retention stays as it is.
    private static func answer(_ call: Call) async throws -> HTTPResponse {
        let state = try await call.api.node.governance(call.consistency).retention
        var progress: [AuditCleaningProgress] = []
        if let cleaning = state.underWay {
            progress = try await call.api.node.cleaningProgress(call.consistency).map {
                $0.run == cleaning.run ? $0 : AuditCleaningProgress()
            }
        }
        let retention = state.retention
        let now = call.api.clock.now
        let tag = EntityTag(index: retention?.version ?? 0)
        return call.json(headers: [.init(name: "etag", value: tag.text)]) { json in
            json.beginObject()
            json.optional("months", retention?.months)
            json.member("version", retention?.version ?? 0)
            json.optional("changed_by", retention?.changedBy)
            json.optional("changed_at", retention?.changedAt)
            json.optional("horizon", state.cleaning?.before)
            json.optional("next_cleanup_at", retention?.months == nil ? nil : now.startOfMonth(back: -1))
            json.key("last_cleanup")
            if let cleaning = state.cleaning { json.cleaning(cleaning, progress) } else { json.null() }
            json.endObject()
        }
    }
}

extension JSONWriter {
    /// - Parameter progress: of each group, where it is under way.
    fileprivate mutating func cleaning(_ cleaning: AuditCleaning, _ progress: [AuditCleaningProgress]) {
        beginObject()
        member("state", cleaning.finishedAt == nil ? "running" : "finished")
        key("before")
        time(cleaning.before)
        member("months", cleaning.months)
        key("started_at")
        time(cleaning.startedAt)
        optional("finished_at", cleaning.finishedAt)
        member("removed", progress.reduce(cleaning.removed) { $0 + $1.removed })
        member("held", progress.reduce(cleaning.held) { $0 + $1.held })
        if cleaning.finishedAt == nil {
            member("shards", progress.count)
            member("shards_done", progress.count { $0.run == cleaning.run && $0.isDone })
        }
        endObject()
    }

    mutating func optional(_ name: StaticString, _ value: Int?) {
        key(name)
        if let value { int(value) } else { null() }
    }

    mutating func optional(_ name: StaticString, _ value: Timestamp?) {
        key(name)
        if let value { time(value) } else { null() }
    }
}
