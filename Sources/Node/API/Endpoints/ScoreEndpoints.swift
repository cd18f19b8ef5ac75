import Compliance
import HTTPTransport
import JSON
import Model
import NodeRuntime
import Shard
import TaggingRules

/// The compliance score: by whatever resources are told apart by, and day by day.
enum ScoreEndpoints {
    static let scoresQuery = [
        QueryParameter("group_by", charactersMax: "tags.".count + TagLimits.keyBytesMax), QueryParameter("month"),
        QueryParameter("limit"),
    ]
    static let historyQuery = [QueryParameter("from"), QueryParameter("to")]

    // MARK: GET /compliance/scores

    static let scores: Route.Handler = { call in
        let limit = try call.limit()
        let (name, grouping) = try await grouping(call)
        let month = try month(call.query)
        let names = try await PolicyNames(call)
        let tally = try await call.api.node.complianceScores(by: grouping, month: month, in: call.walk, call.consistency)
        let groups = tally.worstFirst.map { group, score in
            (grouping == .policy ? group.flatMap { UUID128($0) }.flatMap { names[$0] }?.name ?? group : group, score)
        }
        guard !ComplianceEndpoints.wantsCSV(call) else { return csv(call, name, tally, groups) }
        return call.json { json in
            json.beginObject()
            json.member("group_by", name)
            json.members(of: tally.total)
            json.key("groups")
            json.beginArray()
            for (group, score) in groups.prefix(limit) {
                json.beginObject()
                json.optional("value", group)
                json.members(of: score)
                json.endObject()
            }
            json.endArray()
            json.member("group_count", groups.count)
            json.key("others")
            if let others = tally.others {
                json.beginObject()
                json.members(of: others)
                json.endObject()
            } else {
                json.null()
            }
            json.endObject()
        }
    }

    /// All groups; a line for each currency where there are several, and one with empty costs where there is none.
    private static func csv(
        _ call: Call, _ name: String, _ tally: ComplianceTally, _ groups: [(String?, ComplianceScore)]
    ) -> HTTPResponse {
        var text = CSVText(header: [name] + columns)
        for (group, score) in groups { text.rows(of: score, after: [group ?? ""]) }
        if let others = tally.others { text.rows(of: others, after: ["(others)"]) }
        return call.bytes(contentType: "text/csv; charset=utf-8", text.bytes)
    }

    fileprivate static let columns = [
        "score", "resources", "compliant", "waived", "violations", "waived_violations", "currency", "cost",
        "compliant_cost", "cost_score",
    ]

    private static let groupings: [(name: String, grouping: ComplianceRow.Grouping)] = [
        ("policy", .policy), ("severity", .severity), ("provider", .provider), ("account_id", .account),
        ("region", .region), ("resource_type", .resourceType),
    ]

    private static func grouping(_ call: Call) async throws -> (String, ComplianceRow.Grouping) {
        let text = call.query["group_by"] ?? "policy"
        if let found = groupings.first(where: { $0.name == text }) { return found }
        let key = text.hasPrefix("tags.") ? String(text.dropFirst("tags.".count)) : ""
        guard TagLimits.problem(key: key, value: "") == nil else {
            let names = groupings.map(\.name).joined(separator: ", ")
            throw Problem.badParameter("group_by", "must be one of \(names), or tags.KEY such as tags.team")
        }
        return ("tags.\(key)", .tag(try await call.catalogHere().ruleSet.normaliser.key(key)))
    }

    /// `2026-09`.
    static func month(_ query: Query) throws(Problem) -> Int32? {
        guard let text = query["month"] else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count == 7, parts.count == 2, let year = Int32(parts[0]), let month = Int32(parts[1]),
            (0...9999).contains(year), (1...12).contains(month), !text.contains("+"),
            text.utf8.count(where: { $0 == 0x2D }) == 1
        else { throw .badParameter("month", "must be a month such as 2026-09") }
        return year * 100 + month
    }

    // MARK: GET /compliance/history

    /// The days that were kept, and today as it is now.
    static let history: Route.Handler = { call in
        let from = try day("from", call.query)
        let to = try day("to", call.query)
        let today = try await call.api.node.scoreNow(in: call.walk, call.consistency)
        let kept = try await call.api.node.governance(call.consistency).days.filter { $0.day < today.day }
        let days = (kept + [today]).filter { (from ?? .min) <= $0.day && $0.day <= (to ?? .max) }
        let names = try await PolicyNames(call)
        guard !ComplianceEndpoints.wantsCSV(call) else {
            var text = CSVText(header: ["day", "at"] + columns)
            for day in days { text.rows(of: day.score, after: [day.text, day.at.description]) }
            return call.bytes(contentType: "text/csv; charset=utf-8", text.bytes)
        }
        return call.json { json in
            json.page(days, next: nil) { json, day in
                json.beginObject()
                json.member("day", day.text)
                json.key("at")
                json.time(day.at)
                json.members(of: day.score)
                json.key("by_policy")
                json.beginArray()
                for policy in day.policies {
                    json.beginObject()
                    json.key("policy_id")
                    json.uuid(policy.id)
                    json.optional("policy_name", names[policy.id]?.name)
                    json.member("evaluated", policy.evaluated)
                    json.member("compliant", policy.compliant)
                    json.endObject()
                }
                json.endArray()
                json.endObject()
            }
        }
    }

    private static func day(_ name: String, _ query: Query) throws(Problem) -> Int32? {
        guard let text = query[name] else { return nil }
        guard text.utf8.count == 10, let time = Timestamp(text) else {
            throw .badParameter(name, "must be a day such as 2026-03-01")
        }
        return ScoreDay(at: time, score: ComplianceScore(), policies: []).day
    }
}

extension JSONWriter {
    fileprivate mutating func members(of score: ComplianceScore) {
        key("score")
        double(score.score)
        member("resources", score.resources)
        member("compliant", score.compliant)
        member("waived", score.waived)
        member("violations", score.violations)
        member("waived_violations", score.waivedViolations)
        key("costs")
        beginArray()
        for (currency, cost) in score.costs.sorted(by: { $0.key < $1.key }) {
            beginObject()
            member("currency", currency)
            key("cost")
            double(cost.total.units)
            key("compliant_cost")
            double(cost.compliant.units)
            key("cost_score")
            if let score = cost.score { double(score) } else { null() }
            endObject()
        }
        endArray()
    }
}

extension CSVText {
    fileprivate mutating func rows(of score: ComplianceScore, after fields: [String]) {
        let counts =
            ["\(score.score)"]
            + [score.resources, score.compliant, score.waived, score.violations, score.waivedViolations].map(String.init)
        if score.costs.isEmpty { row(fields + counts + ["", "", "", ""]) }
        for (currency, cost) in score.costs.sorted(by: { $0.key < $1.key }) {
            row(
                fields + counts + [
                    currency, "\(cost.total.units)", "\(cost.compliant.units)", cost.score.map { "\($0)" } ?? "",
                ])
        }
    }
}

extension Int64 {
    /// Billionths as units.
    fileprivate var units: Double { Double(self) / 1e9 }
}
