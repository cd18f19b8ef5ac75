import JSON
import Model
import Testing

@testable import API

@Suite("Governance over a socket")
struct LiveGovernanceTests {
    private func ingest(_ api: LiveAPI, _ range: Range<Int>, account: String = "123456789012", tags: [String: String] = [:])
        async throws
    {
        let list = tags.sorted { $0.key < $1.key }.map { #"{"Key":"\#($0.key)","Value":"\#($0.value)"}"# }
        let instances = range.map {
            #"{"InstanceId":"i-\#(String(repeating: "0", count: 12))\#(10_000 + $0)","Tags":[\#(list.joined(separator: ","))]}"#
        }
        let body = #"{"Reservations":[{"OwnerId":"\#(account)","Instances":[\#(instances.joined(separator: ","))]}]}"#
        #expect(try await api.send("POST", "/ingest/aws?region=eu-west-1", json: body).status == 200)
    }

    private func owned(_ api: LiveAPI) async throws {
        let policy =
            #"{"policy_name":"owned","policy_type":"REQUIRED_TAGS","severity":"HIGH","rules":{"required_tags":["owner"]}}"#
        #expect(try await api.send("POST", "/compliance/policies", json: policy).status == 201)
    }

    private func waiver(_ expires: Timestamp, name: String = "w") -> String {
        #"{"waiver_name":"\#(name)","reason":"moves soon","scope":{"field":"account_id","operator":"eq","value":"111111111111"},"policies":["owned"],"expires_at":"\#(expires)"}"#
    }

    /// Looks at the summary until it is as wanted and nothing is pending.
    private func summary(_ api: LiveAPI, until isWanted: (JSONValue) -> Bool) async throws -> JSONValue {
        while true {
            let summary = try await api.send("GET", "/compliance/status").json
            if summary["pending"]?.int == 0, isWanted(summary) { return summary }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test("A waiver: its violations stay in sight and do not count, until it expires without anybody asking")
    func waiverLife() async throws {
        try await LiveAPI.run { api in
            try await ingest(api, 0..<3)
            try await ingest(api, 3..<5, account: "111111111111")
            try await owned(api)
            _ = try await summary(api) { $0["compliant_resources"]?.int == 0 }
            let expiry = WallClock.system.now.adding(milliseconds: 1_500)
            let made = try await api.send("POST", "/compliance/waivers", json: waiver(expiry))
            #expect(made.status == 201, "\(made.text)")
            #expect(try made.json["approver"]?.string == "ada")
            let id = try #require(try made.json["id"]?.string)
            let during = try await summary(api) { $0["compliant_resources"]?.int == 2 }
            #expect(during["waived_resources"]?.int == 2 && during["score"]?.double == 40)
            #expect(during["by_policy"]?.array?.first?["waived"]?.int == 2)
            let waived = try await api.send("GET", "/compliance/violations?waived=true").json["items"]?.array ?? []
            #expect(waived.count == 2 && waived.allSatisfy { $0["waiver_name"]?.string == "w" })
            #expect(waived.allSatisfy { $0["is_compliant"]?.bool == false && $0["waiver_id"]?.string == id })
            #expect(try await api.send("GET", "/compliance/violations?waived=false").json["items"]?.array?.count == 3)
            #expect(try await api.send("GET", "/compliance/violations").json["items"]?.array?.count == 5)
            // It reads back as it can be sent.
            let read = try await api.send("GET", "/compliance/waivers/\(id)")
            #expect(try await api.send("PUT", "/compliance/waivers/\(id)", body: read.body).status == 200)

            let after = try await summary(api) { $0["waived_resources"]?.int == 0 }
            #expect(after["compliant_resources"]?.int == 0 && WallClock.system.now >= expiry)
            let trail = try await api.send("GET", "/audit/trail?tag_key=w").json["items"]?.array ?? []
            #expect(trail.compactMap { $0["action"]?.string } == ["waiver_expired", "waiver_created"])
            #expect(try await api.send("DELETE", "/compliance/waivers/\(id)").status == 204)
        }
    }

    @Test("Bad waivers are refused with their places; names are taken once; governors alone make them")
    func badWaivers() async throws {
        try await LiveAPI.run { api in
            try await owned(api)
            let ahead = WallClock.system.now.adding(milliseconds: 3_600_000)
            let wrong = try await api.send(
                "POST", "/compliance/waivers", json: waiver(ahead).replacing("[\"owned\"]", with: "[\"ownd\"]"))
            #expect(wrong.status == 409)
            let error = try wrong.json["errors"]?.array?.first
            #expect(error?["pointer"]?.string == "/policies/0")
            #expect(error?["message"]?.string?.contains("did you mean \"owned\"?") == true)
            let past = try await api.send("POST", "/compliance/waivers", json: waiver(Timestamp(milliseconds: 0)))
            #expect(try past.status == 201 && past.json["warnings"]?.array?.first?["pointer"]?.string == "/expires_at")
            let id = try #require(try past.json["id"]?.string)
            #expect(try await api.send("DELETE", "/compliance/waivers/\(id)").status == 204)
            let soon = try await api.send(
                "POST", "/compliance/waivers",
                json: waiver(ahead).replacing("\(ahead)", with: "soon"))
            #expect(try soon.status == 422 && soon.json["errors"]?.array?.first?["pointer"]?.string == "/expires_at")
            let tagger = try await api.token(.tagger)
            #expect(try await api.send("POST", "/compliance/waivers", token: tagger, json: waiver(ahead)).status == 403)
            #expect(try await api.send("POST", "/compliance/waivers", json: waiver(ahead)).status == 201)
            #expect(try await api.send("POST", "/compliance/waivers", json: waiver(ahead)).status == 409)
            #expect(try await api.send("GET", "/compliance/violations?waived=maybe").status == 400)
        }
    }

    @Test("A violation says what is wrong, what set the tag, and which change would mend it")
    func fixes() async throws {
        try await LiveAPI.run { api in
            try await ingest(api, 0..<1, tags: ["Environment": "prodution", "ownr": "ada"])
            try await owned(api)
            let definition = #"{"tag_key":"environment","allowed_values":["production","staging"]}"#
            #expect(try await api.send("POST", "/tag-schema", json: definition).status == 201)
            _ = try await summary(api) { $0["by_policy"]?.array?.count == 2 }
            let items = try await api.send("GET", "/compliance/violations").json["items"]?.array ?? []
            let found = items.flatMap { $0["violations"]?.array ?? [] }
            let value = try #require(found.first { $0["code"]?.string == "value_not_allowed" })
            #expect(value["fix"]?["action"]?.string == "set_tag" && value["fix"]?["tag_value"]?.string == "production")
            #expect(value["source"]?.string == "inherited")
            #expect(value["suggested_fix"]?.string?.contains("at the provider") == true)
            let missing = try #require(found.first { $0["code"]?.string == "missing_tag" })
            #expect(missing["fix"]?["action"]?.string == "rename_tag" && missing["fix"]?["from"]?.string == "ownr")
            let csv = try await api.send("GET", "/compliance/violations?limit=1", headers: [("accept", "text/csv")])
            #expect(csv["content-type"] == "text/csv; charset=utf-8" && csv["x-next-cursor"] != nil)
            #expect(csv.text.split(separator: "\r\n").count == 2)
            #expect(csv.text.hasPrefix("resource_id,native_id,"))
        }
    }

    @Test("Scores go by account, tag and cost; what they cannot be grouped by is refused; the history ends today")
    func scores() async throws {
        try await LiveAPI.run { api in
            try await ingest(api, 0..<3, tags: ["team": "a", "owner": "jo"])
            try await ingest(api, 3..<5, account: "111111111111", tags: ["team": "b"])
            try await owned(api)
            _ = try await summary(api) { $0["compliant_resources"]?.int == 3 }
            let teams = try await api.send("GET", "/compliance/scores?group_by=tags.Team").json
            #expect(teams["score"]?.double == 60 && teams["group_count"]?.int == 2)
            #expect(teams["groups"]?.array?.map { "\($0["value"]?.string ?? "") \($0.cellScore)" } == ["b 0.0", "a 100.0"])
            let accounts = try await api.send("GET", "/compliance/scores?group_by=account_id&limit=1").json
            #expect(accounts["groups"]?.array?.map { $0["value"]?.string } == ["111111111111"])
            let policies = try await api.send("GET", "/compliance/scores").json
            #expect(policies["groups"]?.array?.first?["value"]?.string == "owned")
            for query in ["group_by=name", "group_by=tags.", "month=2026-13", "month=2026", "month=26-01"] {
                #expect(try await api.send("GET", "/compliance/scores?\(query)").status == 400, "\(query)")
            }
            let csv = try await api.send(
                "GET", "/compliance/scores?group_by=region", headers: [("accept", "text/csv")]
            ).text.split(separator: "\r\n")
            #expect(csv.last == "eu-west-1,60.0,5,3,0,2,0,,,,")
            let history = try await api.send("GET", "/compliance/history").json["items"]?.array ?? []
            #expect(history.last?["score"]?.double == 60)
            #expect(history.last?["day"]?.string == String(WallClock.system.now.description.prefix(10)))
            #expect(try await api.send("GET", "/compliance/history?to=2000-01-01").json["items"]?.array == [])
            #expect(try await api.send("GET", "/compliance/history?from=yesterday").status == 400)
        }
    }

    @Test("Costs weigh: the part of the money that complies")
    func costs() async throws {
        try await LiveAPI.run { api in
            let rows = [("i-0000000000000001", "90"), ("i-0000000000000002", "10")].map { id, cost in
                "\(cost),\(cost),USD,2026-09-01T00:00:00Z,2026-10-01T00:00:00Z,2026-09-01T00:00:00Z,2026-09-02T00:00:00Z,123456789012,AWS,Amazon EC2,\(id),eu-west-1"
            }
            let head =
                "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,SubAccountId,ProviderName,ServiceName,ResourceId,RegionId"
            let body = ([head] + rows).joined(separator: "\n") + "\n"
            let taken = try await api.send("POST", "/ingest/focus", type: "text/csv", body: Array(body.utf8))
            #expect(taken.status == 200, "\(taken.text)")
            let name = try await api.send("GET", "/resources").json["items"]?.array?.first {
                $0["resource_id"]?.string?.contains("0001") == true
            }
            let id = try #require(name?["id"]?.string)
            try await owned(api)
            let tag = #"{"resource_id":"\#(id)","tags":[{"key":"owner","value":"jo"}]}"#
            #expect(try await api.send("POST", "/virtual-tags/apply", json: tag).status == 201)
            _ = try await summary(api) { $0["compliant_resources"]?.int == 1 }
            let cost = try await api.send("GET", "/compliance/scores?month=2026-09").json["costs"]?.array?.first
            #expect(cost?["currency"]?.string == "USD" && cost?["cost_score"]?.double == 90)
            #expect(try await api.send("GET", "/compliance/scores?month=2026-08").json["costs"]?.array == [])
        }
    }

    @Test("Proposed aliases are listed with evidence, accepted into the schema, rejected for good, and taken back")
    func proposals() async throws {
        try await LiveAPI.run { api in
            try await ingest(api, 0..<40, tags: ["environment": "production"])
            try await ingest(api, 40..<42, tags: ["enviroment": "production", "teem": "x"])
            try await ingest(api, 42..<50, tags: ["team": "x"])
            func list(_ query: String = "") async throws -> [JSONValue] {
                try await api.send("GET", "/tag-schema/proposals\(query)").json["items"]?.array ?? []
            }
            let found = try await list()
            #expect(Set(found.compactMap { $0["alias"]?.string }) == ["enviroment", "teem"])
            #expect(try await list("?tag_key=team&kind=key").count == 1)
            #expect(try await list("?kind=value").isEmpty)
            let slip = try #require(found.first { $0["alias"]?.string == "enviroment" })
            #expect(slip["evidence"]?["alias_resources"]?.int == 2 && slip["evidence"]?["resources"]?.int == 40)
            #expect(slip["evidence"]?["samples"]?.array?.count == 2)
            let id = try #require(slip["id"]?.string)
            // Nothing is applied by itself.
            #expect(try await api.send("GET", "/tag-schema").json["items"]?.array == [])
            let accepted = try await api.send("POST", "/tag-schema/proposals/\(id)/accept")
            #expect(try accepted.status == 200 && accepted.json["aliases"]?.array == [.string("enviroment")])
            _ = try await summary(api) { _ in true }
            #expect(try await api.send("GET", "/resources?tag=environment%3Dproduction").json["items"]?.array?.count == 42)
            #expect(try await list().compactMap { $0["alias"]?.string } == ["teem"])
            #expect(try await api.send("POST", "/tag-schema/proposals/\(id)/accept").status == 200)

            let other = try #require(try await list().first?["id"]?.string)
            let rejected = try await api.send("POST", "/tag-schema/proposals/\(other)/reject")
            #expect(try rejected.status == 200 && rejected.json["rejected_by"]?.string == "ada")
            #expect(try await list().isEmpty)
            #expect(try await list("?state=rejected").compactMap { $0["alias"]?.string } == ["teem"])
            #expect(try await api.send("POST", "/tag-schema/proposals/\(other)/reconsider").status == 204)
            #expect(try await list().count == 1)
            #expect(try await api.send("POST", "/tag-schema/proposals/\(other)/reconsider").status == 404)
            let none = UUID128(high: 1, low: 1)
            #expect(try await api.send("POST", "/tag-schema/proposals/\(none)/accept").status == 404)
            let viewer = try await api.token(.viewer)
            #expect(try await api.send("POST", "/tag-schema/proposals/\(other)/accept", token: viewer).status == 403)
        }
    }

    @Test("Definitions: what a provider would not take is named, and violates there; case follows; required is judged")
    func definitions() async throws {
        try await LiveAPI.run { api in
            func warnings(_ json: String) async throws -> [String] {
                let answer = try await api.send("POST", "/tag-schema", json: json)
                let id = try answer.json["id"]?.string ?? ""
                _ = try await api.send("DELETE", "/tag-schema/\(id)")
                return (try answer.json[answer.status == 201 ? "warnings" : "errors"]?.array ?? []).map {
                    "\(answer.status) \($0["pointer"]?.string ?? "")"
                }
            }
            #expect(try await warnings(#"{"tag_key":"aws:x","providers":["aws"]}"#) == ["201 /tag_key"])
            #expect(try await warnings(#"{"tag_key":"Team","providers":["gcp"]}"#) == ["201 /tag_key"])
            #expect(try await warnings(#"{"tag_key":"a?","providers":["azure","asure"]}"#) == ["422 /providers/1"])
            #expect(
                try await warnings(#"{"tag_key":"a","allowed_values":["x","Y"],"case_policy":"lower","providers":["gcp"]}"#)
                    == ["201 /allowed_values/1", "201 /allowed_values/1"])
            #expect(try await warnings(#"{"tag_key":"a","case_policy":"camel"}"#) == ["422 /case_policy"])

            try await ingest(api, 0..<1, tags: ["note": "50% off", "stage": "PROD"])
            for definition in [
                #"{"tag_key":"note","providers":["aws"]}"#, #"{"tag_key":"stage","case_policy":"lower"}"#,
                #"{"tag_key":"owner","required":true}"#,
            ] {
                #expect(try await api.send("POST", "/tag-schema", json: definition).status == 201)
            }
            _ = try await summary(api) { _ in true }
            let items = try await api.send("GET", "/compliance/violations").json["items"]?.array ?? []
            let found = items.flatMap { $0["violations"]?.array ?? [] }
            #expect(
                found.map { "\($0["code"]?.string ?? "") \($0["tag_key"]?.string ?? "")" } == [
                    "provider_limit note", "missing_tag owner",
                ])
            #expect(found.first?["message"]?.string?.contains("which AWS does not take") == true)
            #expect(try await api.send("GET", "/resources?tag=stage%3Dprod").json["items"]?.array?.count == 1)
        }
    }
}

extension JSONValue {
    fileprivate var cellScore: String { "\(self["score"]?.double ?? -1)" }
}
