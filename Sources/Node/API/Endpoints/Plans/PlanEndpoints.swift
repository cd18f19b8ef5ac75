import Conditions
import HTTPTransport
import JSON
import Model
import NIOCore
import NodeRuntime
import Shard

/// Plans: what changes of rules, definitions and policies would do, kept until somebody applies exactly these changes.
enum PlanEndpoints {
    /// Longest document of a plan in bytes.
    static let bodyBytesMax = 8 << 20
    /// Resources that are judged in one go, off the event loops.
    static let pageSize = 1_000
    /// Most changes since that are told one by one.
    static let driftsMax = 1_000

    static let listQuery = QueryParameter.paging

    // MARK: POST /plans

    static let create: Route.Handler = { call in
        // The place is for work, not for waiting for a slow sender.
        let body = try await call.body(upTo: bodyBytesMax)
        let stamp = try await call.stamp(body: body)
        try await call.walk.begin()
        let plan = try await plan(of: body, call)
        let reply = try await call.api.node.submit(.keepPlan(plan), by: stamp.context())
        if let outcome = reply.outcomes.first, let problem = Problem(outcome, noun: "plan") { throw problem }
        let standing = try await standing(of: reply.subject ?? plan.id, call) {
            Problem.conflict("The plan was dropped after it was made.")
        }
        let location = Problem.Header(name: "location", value: "/plans/\(standing.plan.id)")
        return await answer(201, standing, [location], call)
    }

    private static func plan(of body: ByteBuffer, _ call: Call) async throws -> CatalogPlan {
        let catalog = try await call.catalog()
        let (actor, now) = (call.principal.subject, call.api.clock.now)
        let (draft, trial) = try await Task(executorPreference: globalConcurrentExecutor) {
            let document = try Call.parse(body) { JSONValue($0) }
            do throws(ValidationErrors) {
                let draft = try PlanDraft(document, for: actor, in: catalog, at: now)
                return (draft, PlanTrial(draft.changes, in: catalog))
            } catch {
                throw Problem(error)
            }
        }.value
        var impact: PlanImpact?
        if draft.wantsFigures {
            var counted = PlanImpact()
            try await call.forEachPage(of: pageSize) { records in
                await trial.run(on: records, at: now)
            } then: {
                counted.add($0)
            }
            impact = counted
        }
        let warnings = await PlanReport.warnings(about: draft, in: trial.after, inForce: trial.before)
        let report = PlanReport(draft: draft, trial: trial, impact: impact, warnings: warnings)
        return try await Task(executorPreference: globalConcurrentExecutor) {
            let plan = CatalogPlan(
                id: .random(), description: draft.description, createdBy: actor, createdAt: now, changes: draft.changes,
                unchanged: UInt64(draft.unchanged), under: catalog, report: report.encoded)
            if let objection = plan.objection { throw Problem.invalid([.init("/changes", objection)]) }
            return plan
        }.value
    }

    // MARK: GET /plans, GET /plans/{id}, DELETE /plans/{id}

    static let list: Route.Handler = { call in
        let limit = try call.limit()
        let after = try call.cursorPosition().map { try PlanPosition($0) }
        let (catalog, table) = try await call.api.node.plans(call.consistency)
        let now = call.api.clock.now
        let plans = table.newestFirst.filter { plan in
            plan.expiresAt > now && (after.map { PlanPosition(plan) < $0 } ?? true)
        }
        let page = plans.prefix(limit)
        let next = plans.count > limit ? page.last.map { call.cursor(at: PlanPosition($0).bytes) } : nil
        let standings = await Task(executorPreference: globalConcurrentExecutor) {
            let seen = catalog.seen
            return page.map { PlanStanding($0, to: seen, version: catalog.version) }
        }.value
        return call.json { $0.page(standings, next: next) { $0.planSummary($1) } }
    }

    static let get: Route.Handler = { call in
        let standing = try await standing(of: try call.id("plan"), call) { notFound }
        return await answer(200, standing, [], call)
    }

    static let drop: Route.Handler = { call in
        let id = try call.id("plan")
        let precondition = try ConditionalRequest.precondition(of: call.request.head)
        if precondition != .none {
            let standing = try await standing(of: id, call) { notFound }
            switch precondition {
            case .none, .exists: break
            case .absent: throw Problem.stale
            case .unchangedSince(let index): if index != standing.tag.index { throw Problem.stale }
            }
        }
        let reply = try await call.api.node.submit(.dropPlan(id), by: try await call.stamp(body: nil).context())
        if let outcome = reply.outcomes.first, outcome == .notFound { throw notFound }
        return call.empty(204)
    }

    // MARK: POST /plans/{id}/apply

    static let apply: Route.Handler = { call in
        let id = try call.id("plan")
        let reply = try await call.api.node.submit(.applyPlan(id), by: try await call.stamp(body: nil).context())
        let outcome = reply.outcomes.first ?? .notFound
        let standing = try await standing(of: id, call) {
            outcome.succeeded ? Problem.conflict("The plan was applied, and dropped since.") : notFound
        }
        switch outcome {
        case .updated, .unchanged: return await answer(200, standing, [], call)
        case .conflict(let detail):
            throw standing.drift.isEmpty ? Problem.conflict("Nothing was applied: \(detail).") : stale(standing)
        default: throw Problem(outcome, noun: "plan") ?? notFound
        }
    }

    private static func stale(_ standing: PlanStanding) -> Problem {
        let told = standing.drift.prefix(3).map(\.words).joined(separator: "; ")
        let more = standing.drift.count > 3 ? "; and \(standing.drift.count - 3) more" : ""
        var problem = Problem(
            409, "plan-stale", "Plan is stale",
            detail: "Nothing was applied, as the plan no longer says what would happen: \(told)\(more). Make a new plan.")
        problem.members = [
            .init("changed_since", .array(standing.drift.prefix(driftsMax).map(\.json))),
            .init("changed_since_omitted", .int(max(0, standing.drift.count - driftsMax))),
        ]
        return problem
    }

    // MARK: Plans and their answers

    private static let notFound = Problem.notFound(
        "There is no plan with this id; plans are kept for \(CatalogPlan.ageMillisecondsMax / 3_600_000) hours, the last \(CatalogPlan.countMax) of them."
    )

    private static func standing(
        of id: UUID128, _ call: Call, orElse missing: () -> Problem
    ) async throws -> PlanStanding {
        let (catalog, plans) = try await call.api.node.plans(call.consistency)
        guard let plan = plans[id], plan.application != nil || plan.expiresAt > call.api.clock.now else { throw missing() }
        return await Task(executorPreference: globalConcurrentExecutor) { PlanStanding(plan, in: catalog) }.value
    }

    /// Long plans are long answers: they are written off the event loops.
    private static func answer(
        _ status: Int, _ standing: PlanStanding, _ headers: [Problem.Header], _ call: Call
    ) async -> HTTPResponse {
        await Task(executorPreference: globalConcurrentExecutor) {
            call.entity(status, tag: standing.tag, headers: headers) { $0.plan(standing) }
        }.value
    }
}

/// Where a page of plans ends.
private struct PlanPosition: Comparable {
    let createdAt: Timestamp
    let id: UUID128

    init(_ plan: CatalogPlan) { (createdAt, id) = (plan.createdAt, plan.id) }

    init(_ bytes: [UInt8]) throws(Problem) {
        guard bytes.count == 24 else { throw .badCursor }
        func word(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        createdAt = Timestamp(milliseconds: Int64(bitPattern: word(0..<8)))
        id = UUID128(high: word(8..<16), low: word(16..<24))
    }

    var bytes: [UInt8] {
        let words = (UInt64(bitPattern: createdAt.milliseconds).bigEndian, id.high.bigEndian, id.low.bigEndian)
        return withUnsafeBytes(of: words) { Array($0) }
    }

    static func < (left: Self, right: Self) -> Bool { (left.createdAt, left.id) < (right.createdAt, right.id) }
}
