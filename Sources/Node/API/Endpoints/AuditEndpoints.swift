import Checkpoint
import HTTPTransport
import JSON
import Model
import NodeRuntime
import Placement

/// Who changed what, when, from what to what, and why.
enum AuditEndpoints {
    static let csv = "text/csv"
    static let produces = ["application/json", csv]
    private static let times = [QueryParameter("from"), QueryParameter("to")]
    static let trailQuery =
        QueryParameter.paging + times + [
            QueryParameter.resource, QueryParameter("action"),
            QueryParameter("actor"), QueryParameter("tag_key"),
            QueryParameter("rule_id"), QueryParameter("unsent"),
        ]
    static let reportsQuery = times

    /// Most lines of a report.
    static let reportLinesMax = 10_000

    // MARK: GET /audit/trail

    static let trail: Route.Handler = { call in
        let limit = try call.limit()
        let before = try call.cursorPosition().map(AuditCursor.init(position:))
        var filter = try filter(call.query)
        if try call.query.value("unsent", as: YesOrNo.self) == .yes { filter.newerThan = try await unsent(call) }
        if let name = call.query["resource_id"] {
            guard filter.newerThan == nil else {
                throw Problem.badParameter("unsent", "cannot be asked for together with resource_id")
            }
            // The trail outlives its resource, so a resource that is gone is still known by its ids.
            let reference = ResourceReference(name)
            let known = try await reference.resolve(call)
            if known == nil, call.principal.scope != nil {
                // Nobody can tell any more whether a resource that is gone was within.
                filter.resources = []
            }
            guard let id = known ?? reference.candidates.first else {
                throw Problem.badParameter("resource_id", "must not be empty")
            }
            filter.resource = id
        } else {
            filter.resources = try await call.resourcesWithinScope()
        }
        let page = try await entries(filter, before: before, limit: limit, call)
        let next = page.next.map { call.cursor(at: $0.bytes) }
        guard wantsCSV(call) else {
            return call.json { json in json.page(page.entries, next: next) { $0.entry($1) } }
        }
        var text = CSVText(header: AuditEntry.columns)
        for entry in page.entries { text.row(entry.fields) }
        let headers = next.map { [Problem.Header(name: "x-next-cursor", value: $0)] } ?? []
        return call.bytes(contentType: "text/csv; charset=utf-8", headers: headers, text.bytes)
    }

    // MARK: GET /audit/reports

    static let reports: Route.Handler = { call in
        var filter = try filter(call.query)
        filter.resources = try await call.resourcesWithinScope()
        let counts = try await call.api.node.auditCounts(filter, limit: reportLinesMax, in: call.walk, call.consistency)
        guard wantsCSV(call) else {
            return call.json { json in
                json.page(counts, next: nil) { json, count in
                    json.beginObject()
                    json.member("day", count.day)
                    json.member("action", count.action)
                    json.member("actor", count.actor)
                    json.member("count", count.count)
                    json.endObject()
                }
            }
        }
        var text = CSVText(header: ["day", "action", "actor", "count"])
        for count in counts { text.row([count.day, count.action, count.actor, String(count.count)]) }
        return call.bytes(contentType: "text/csv; charset=utf-8", text.bytes)
    }

    // MARK: Private

    private enum YesOrNo: String, CaseIterable {
        case yes = "true"
        case no = "false"
    }

    /// By group, the last entry that the cluster's successor has.
    private static func unsent(_ call: Call) async throws -> [Int: UInt64] {
        guard let succession = await call.api.node.succession() else {
            throw Problem.conflict("No other cluster took this one's place, so nothing of its history is lacking anywhere.")
        }
        return Dictionary(
            uniqueKeysWithValues: (0...call.api.node.shardCount).map { ($0, succession.auditSequence(of: $0)) })
    }

    /// How many pages of others' entries lie between two of a caller with a scope is not told: they are passed over here.
    private static func entries(
        _ filter: AuditFilter, before: AuditCursor?, limit: Int, _ call: Call
    ) async throws -> AuditPage {
        var page = try await call.api.node.auditTrail(filter, before: before, limit: limit, call.consistency)
        guard call.principal.scope != nil else { return page }
        var entries = page.entries
        var places = page.places
        while entries.count < limit, let next = page.next {
            try call.walk.goOn()
            page = try await call.api.node.auditTrail(
                filter, before: next, limit: limit - entries.count, call.consistency)
            entries += page.entries
            places += page.places
        }
        return AuditPage(entries: entries, places: places, next: page.next)
    }

    private static func wantsCSV(_ call: Call) -> Bool {
        ContentNegotiation.choose(accept: call.request.head.headers.values(of: "accept"), offered: produces) == csv
    }

    private static func filter(_ query: Query) throws(Problem) -> AuditFilter {
        var filter = AuditFilter()
        filter.actor = query["actor"]
        filter.tagKey = query["tag_key"]
        filter.action = try query.value("action", as: AuditEntry.Action.self)
        filter.from = try time("from", query)
        filter.to = try time("to", query)
        if let text = query["rule_id"] {
            guard let id = UUID128(text) else { throw .badParameter("rule_id", "must be a UUID") }
            filter.ruleID = id
        }
        return filter
    }

    private static func time(_ name: String, _ query: Query) throws(Problem) -> Timestamp? {
        guard let text = query[name] else { return nil }
        guard let time = Timestamp(text) else { throw .badParameter(name, "must be a date or a time as in RFC 3339") }
        return time
    }
}

extension AuditCursor {
    fileprivate init(position bytes: [UInt8]) throws(Problem) {
        guard let cursor = AuditCursor(bytes: bytes) else { throw .badCursor }
        self = cursor
    }
}

extension AuditEntry {
    fileprivate static let columns = [
        "id", "at", "actor", "action", "resource_id", "tag_key", "old_value", "new_value", "source", "rule_id", "request_id",
    ]

    fileprivate var fields: [String] {
        [
            id.description, at.description, actor, action.rawValue, resourceID?.description ?? "", tagKey, oldValue ?? "",
            newValue ?? "", source?.rawValue ?? "", ruleID?.description ?? "", requestID,
        ]
    }
}

extension JSONWriter {
    fileprivate mutating func entry(_ entry: AuditEntry) {
        beginObject()
        key("id")
        uuid(entry.id)
        optional("resource_id", entry.resourceID?.uuid)
        member("action", entry.action.rawValue)
        member("tag_key", entry.tagKey)
        optional("old_value", entry.oldValue)
        optional("new_value", entry.newValue)
        member("actor", entry.actor)
        optional("source", entry.source?.rawValue)
        optional("rule_id", entry.ruleID)
        member("request_id", entry.requestID)
        key("at")
        time(entry.at)
        endObject()
    }
}
