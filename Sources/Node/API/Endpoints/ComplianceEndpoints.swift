import Compliance
import HTTPTransport
import JSON
import Model
import NIOCore
import NodeRuntime
import Shard

/// What the policies found.
enum ComplianceEndpoints {
    static let statusQuery = [QueryParameter.resource]
    static let violationsQuery =
        QueryParameter.paging + [
            QueryParameter("policy_id"), QueryParameter("severity"), QueryParameter("waived"),
            QueryParameter.resource,
        ]
    static let csv = "text/csv"
    static let produces = ["application/json", csv]

    // MARK: GET /compliance/status

    static let status: Route.Handler = { call in
        guard let name = call.query["resource_id"] else { return try await summary(call) }
        guard let record = try await ResourceReference(name).record(call) else {
            throw Problem.notFound("There is no resource with this resource_id.")
        }
        var renderer = StatusRenderer(try await PolicyNames(call))
        return call.json { json in
            json.page(record.compliance, next: nil) { json, result in renderer.write(result, of: record, to: &json) }
        }
    }

    private static func summary(_ call: Call) async throws -> HTTPResponse {
        let statistics = try await call.statistics()
        let totals = statistics.totals
        let policies = try await PolicyNames(call)
        return call.json { json in
            json.beginObject()
            json.key("score")
            json.double(score(totals.compliantResources, of: totals.resources))
            json.member("resources", totals.resources)
            json.member("compliant_resources", totals.compliantResources)
            json.member("waived_resources", totals.waivedResources)
            json.key("by_policy")
            json.beginArray()
            for policy in policies.inOrder {
                let found = totals.byPolicy[policy.id]
                // A policy that judges none of the caller's resources is about others.
                guard found != nil || call.principal.scope == nil else { continue }
                json.beginObject()
                json.key("policy_id")
                json.uuid(policy.id)
                json.member("policy_name", policy.name)
                json.member("severity", policy.severity.rawValue)
                json.member("enabled", policy.enabled)
                json.member("evaluated", found?.evaluated ?? 0)
                json.member("compliant", found?.compliant ?? 0)
                json.member("waived", found?.waived ?? 0)
                json.member("violations", found?.violations ?? 0)
                json.key("score")
                json.double(score(found?.compliant ?? 0, of: found?.evaluated ?? 0))
                json.endObject()
            }
            json.endArray()
            json.member("pending", statistics.pending)
            json.member("version", statistics.catalogVersion)
            json.endObject()
        }
    }

    /// Per cent, to two digits; 100 where there is nothing to judge.
    private static func score(_ part: Int, of whole: Int) -> Double {
        whole == 0 ? 100 : ComplianceScore.percent(Double(part), of: Double(whole))
    }

    // MARK: GET /compliance/violations

    static let violations: Route.Handler = { call in
        let limit = try call.limit()
        let filter = ViolationFilter(
            policyID: try policyID(call.query),
            severity: try call.query.value("severity", as: CompliancePolicy.Severity.self),
            isWaived: try call.query.value("waived", as: Choice.self).map { $0 == .true },
            policies: try await PolicyNames(call))
        var position = try call.cursorPosition().map(ViolationPosition.init) ?? ViolationPosition()
        let records = try await records(call, after: position.after, limit: limit + 1, filter)
        var items: [(ResourceRecord, ComplianceResult)] = []
        var hasMore = false
        collecting: for record in records {
            let results = record.compliance.filter(filter.matches)
            for result in results.dropFirst(position.skipped) {
                guard items.count < limit else {
                    hasMore = true
                    break collecting
                }
                items.append((record, result))
                position.skipped += 1
            }
            position = ViolationPosition(after: record.resource.id, skipped: 0)
        }
        let next = hasMore ? call.cursor(at: position.bytes) : nil
        var renderer = StatusRenderer(filter.policies)
        guard wantsCSV(call) else {
            return call.json { json in
                json.page(items, next: next) { json, item in renderer.write(item.1, of: item.0, to: &json) }
            }
        }
        var text = CSVText(header: StatusRenderer.columns)
        for (record, result) in items { renderer.write(result, of: record, to: &text) }
        let headers = next.map { [Problem.Header(name: "x-next-cursor", value: $0)] } ?? []
        return call.bytes(contentType: "text/csv; charset=utf-8", headers: headers, text.bytes)
    }

    static func wantsCSV(_ call: Call) -> Bool {
        ContentNegotiation.choose(accept: call.request.head.headers.values(of: "accept"), offered: produces) == csv
    }

    private enum Choice: String, CaseIterable { case `true`, `false` }

    private static func records(
        _ call: Call, after: ResourceID?, limit: Int, _ filter: ViolationFilter
    ) async throws -> [ResourceRecord] {
        if let name = call.query["resource_id"] {
            guard let record = try await ResourceReference(name).record(call) else { return [] }
            return after.map { $0 < record.resource.id } ?? true ? [record] : []
        }
        return try await call.scan(after: after, limit: limit) { $0.compliance.contains(where: filter.matches) }
    }

    private static func policyID(_ query: Query) throws(Problem) -> UUID128? {
        guard let text = query["policy_id"] else { return nil }
        guard let id = UUID128(text) else { throw .badParameter("policy_id", "must be a UUID") }
        return id
    }
}

/// Which results are listed.
private struct ViolationFilter: Sendable {
    let policyID: UUID128?
    let severity: CompliancePolicy.Severity?
    /// Nil: whether waived or not.
    let isWaived: Bool?
    let policies: PolicyNames

    func matches(_ result: ComplianceResult) -> Bool {
        guard !result.isCompliant else { return false }
        if let policyID, result.policyID != policyID { return false }
        if let isWaived, result.isWaived != isWaived { return false }
        if let severity, policies[result.policyID]?.severity != severity { return false }
        return true
    }
}

/// Where a page of violations ends: after all of one resource, and so many of the next.
private struct ViolationPosition {
    var after: ResourceID?
    var skipped = 0

    init(after: ResourceID? = nil, skipped: Int = 0) {
        self.after = after
        self.skipped = skipped
    }

    init(_ bytes: [UInt8]) throws(Problem) {
        guard bytes.count == 4 || bytes.count == 20 else { throw .badCursor }
        skipped = bytes[..<4].reduce(0) { $0 << 8 | Int($1) }
        if bytes.count == 20 { after = try ResourceEndpoints.cursorID(Array(bytes[4...])) }
    }

    var bytes: [UInt8] {
        withUnsafeBytes(of: UInt32(clamping: skipped).bigEndian) { Array($0) }
            + (after.map(ResourceEndpoints.position) ?? [])
    }
}
