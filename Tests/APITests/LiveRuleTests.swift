import Glibc
import JSON
import Model
import Testing

@testable import API

@Suite("Rules over a socket")
struct LiveRuleTests {
    private static let names = ["web-1", "web-2", "db-1"]

    private static func id(_ name: String) -> ResourceID {
        ResourceID(provider: .aws, nativeID: "arn:aws:sqs:eu-west-1:111122223333:\(name)")
    }

    /// Three queues; web-1 has an owner, and each cost ten dollars.
    private func fill(_ api: LiveAPI) async throws {
        for name in Self.names {
            let owner = name == "web-1" ? #","native_tags":{"Owner":"ann"}"# : ""
            let document =
                #"{"provider":"aws","resource_id":"arn:aws:sqs:eu-west-1:111122223333:\#(name)","resource_type":"sqs.queue","name":"\#(name)","region":"eu-west-1"\#(owner)}"#
            #expect(try await api.send("PUT", "/resources/\(Self.id(name))", json: document).status == 201)
        }
        let header = "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ProviderName,ResourceId,ServiceName"
        let rows = Self.names.map { "10.5,10,USD,2026-09-01T00:00:00Z,AWS,arn:aws:sqs:eu-west-1:111122223333:\($0),SQS" }
        let csv = ([header] + rows).joined(separator: "\n") + "\n"
        let answer = try await api.send("POST", "/ingest/focus", type: "text/csv", body: Array(csv.utf8))
        #expect(answer.status == 200, "\(answer.text)")
    }

    private func rule(_ name: String, _ value: String, priority: Int, when: String, more: String = "") -> String {
        #"{"rule_name":"\#(name)","priority":\#(priority),"conditions":\#(when),"actions":[{"set_tag":{"key":"team","value":"\#(value)"}}]\#(more)}"#
    }

    private func team(_ api: LiveAPI, of name: String) async throws -> String? {
        let tags = try await api.send("GET", "/resources/\(Self.id(name))/virtual-tags").json["items"]?.array ?? []
        return tags.first { $0["tag_key"]?.string == "team" }?["tag_value"]?.string
    }

    /// Until the sweep under the newest catalogue has come by.
    private func settle(_ api: LiveAPI) async throws {
        while try await api.send("GET", "/stats").json["pending"]?.int != 0 { await Task.yield() }
    }

    private let web = #"{"field":"name","operator":"starts_with","value":"web-"}"#

    @Test("A resource is explained: who won, who was overruled by whom, and why a rule did not match")
    func explain() async throws {
        try await LiveAPI.run { api in
            try await fill(api)
            #expect(
                try await api.send("POST", "/tag-rules", json: rule("web", "shop", priority: 1, when: web)).status == 201)
            let all = rule("rest", "ops", priority: 2, when: #"{"field":"provider","operator":"eq","value":"aws"}"#)
            #expect(try await api.send("POST", "/tag-rules", json: all).status == 201)
            let application = #"{"resource_id":"\#(Self.id("web-2"))","tags":[{"key":"team","value":"mine"}]}"#
            #expect(try await api.send("POST", "/virtual-tags/apply", json: application).status == 201)
            try await settle(api)

            let path = "/resources/\(Self.id("web-2"))/explain?tag_key=TEAM"
            let answer = try await api.send("GET", path, token: try await api.token(.viewer))
            #expect(answer.status == 200)
            let json = try answer.json
            #expect(json["tag_key"]?.string == "team" && json["settled"]?.bool == true)
            let tag = try #require(json["tags"]?.array?.first)
            #expect(tag["tag_value"]?.string == "mine" && tag["source"]?.string == "manual")
            #expect(tag["provenance"]?.array?.compactMap { $0["tag_value"]?.string } == ["shop", "ops"])
            #expect(tag["provenance"]?.array?.first?["shadowed_by"]?.string == "ada")
            let rules = json["rules"]?.array ?? []
            #expect(rules.map { $0["matched"]?.bool } == [true, true])
            #expect(rules.map { $0["actions"]?.array?.first?["outcome"]?.string } == ["shadowed", "shadowed"])

            let other = try await api.send("GET", "/resources/\(Self.id("db-1"))/explain?tag_key=team").json
            let failed = other["rules"]?.array?.first?["failed"]?.array?.first
            #expect(failed?["pointer"]?.string == "/conditions")
            #expect(failed?["message"]?.string == #"name is "db-1", which does not meet starts_with "web-""#)
            #expect(other["rules"]?.array?.first?["conditions"]?["found"]?.string == "db-1")

            #expect(try await api.send("GET", "/resources/\(Self.id("none"))/explain").status == 404)
            #expect(try await api.send("GET", "\(path)&rules=some").status == 400)
            #expect(try await api.send("GET", "/resources/\(Self.id("db-1"))/explain?tag_key=").status == 400)
        }
    }

    @Test("Lint counts over the whole inventory and pages; a new rule's answer warns of what the rules alone tell")
    func lint() async throws {
        try await LiveAPI.run { api in
            try await fill(api)
            let definition = #"{"tag_key":"team","allowed_values":["shop","ops"]}"#
            #expect(try await api.send("POST", "/tag-schema", json: definition).status == 201)
            let fine = try await api.send("POST", "/tag-rules", json: rule("web", "shop", priority: 1, when: web))
            #expect(try fine.json["warnings"]?.array == [])
            let odd = try await api.send("POST", "/tag-rules", json: rule("late", "shopp", priority: 2, when: web))
            let warnings = try odd.json["warnings"]?.array ?? []
            #expect(odd.status == 201 && warnings.map { $0["pointer"]?.string } == ["/actions/0", "/actions/0"])
            #expect(warnings.first?["message"]?.string?.contains(#"did you mean "shop"?"#) == true)
            let never = rule(
                "never", "ops", priority: 9, when: web,
                more: #","effective_start":"2020-02-01","effective_end":"2020-01-01""#)
            let taken = try await api.send("POST", "/tag-rules", json: never).json["warnings"]?.array ?? []
            #expect(taken.first?["pointer"]?.string == "/effective_end")
            let nobody = #"{"field":"name","operator":"eq","value":"nobody"}"#
            #expect(
                try await api.send("POST", "/tag-rules", json: rule("nobody", "ops", priority: 3, when: nobody)).status
                    == 201)

            let answer = try await api.send("GET", "/tag-rules/lint").json
            #expect(answer["scanned"]?.int == 3 && answer["next_cursor"]?.isNull == true)
            let items = answer["items"]?.array ?? []
            #expect(
                items.map { "\($0["rule_name"]?.string ?? "") \($0["code"]?.string ?? "") \($0["proof"]?.string ?? "")" }
                    == [
                        "late forbidden_value rules", "late shadowed rules", "nobody matches_nothing inventory",
                        "late overlap inventory",
                    ])
            #expect(items.last?["count"]?.int == 2 && items.last?["samples"]?.array?.count == 2)

            var paged: [JSONValue] = []
            var cursor: String? = ""
            while let next = cursor {
                let page = try await api.send("GET", "/tag-rules/lint?limit=1\(next.isEmpty ? "" : "&cursor=\(next)")").json
                paged += page["items"]?.array ?? []
                cursor = page["next_cursor"]?.string
            }
            #expect(paged == items)
            #expect(try await api.send("GET", "/tag-rules/lint?cursor=abc").status == 400)
        }
    }

    @Test("A trial tells counts, values before and after, cost moved, conflicts and samples, and changes nothing")
    func trial() async throws {
        try await LiveAPI.run { api in
            try await fill(api)
            #expect(
                try await api.send("POST", "/tag-rules", json: rule("web", "shop", priority: 5, when: web)).status == 201)
            try await settle(api)
            let draft = rule("first", "ops", priority: 1, when: #"{"field":"name","operator":"ends_with","value":"-1"}"#)
            let answer = try await api.send("POST", "/tag-rules/test", json: draft)
            #expect(answer.status == 200, "\(answer.text)")
            let json = try answer.json
            #expect(json["scanned"]?.int == 3 && json["matched"]?.int == 2 && json["would_change"]?.int == 2)
            let moved = json["cost_moved"]?.array?.first
            #expect(moved?["effective_cost"]?.string == "20" && moved?["billed_cost"]?.string == "21")
            let key = json["by_key"]?.array?.first
            #expect(key?["tag_key"]?.string == "team" && key?["added"]?.int == 1 && key?["changed"]?.int == 1)
            let values = (key?["values"]?.array ?? []).map { value in
                "\(value["tag_value"]?.string ?? "-") \(value["before"]?.int ?? -1) \(value["after"]?.int ?? -1) "
                    + "\(value["cost_after"]?.array?.first?["effective_cost"]?.string ?? "0")"
            }
            #expect(values == ["- 1 0 0", "ops 0 2 20", "shop 2 1 10"])
            let conflict = json["conflicts"]?.array?.first
            #expect(conflict?["rule_name"]?.string == "web" && conflict?["outcome"]?.string == "wins")
            #expect(conflict?["count"]?.int == 1 && json["samples"]?.array?.count == 2)
            #expect(try await api.send("GET", "/tag-rules").json["items"]?.array?.count == 1)
            #expect(try await team(api, of: "web-1") == "shop")

            // In the place of its namesake, and one that has ended does nothing.
            let same = try await api.send("POST", "/tag-rules/test", json: rule("web", "shop", priority: 5, when: web))
            #expect(try same.json["would_change"]?.int == 0)
            let ended = rule("old", "x", priority: 1, when: web, more: #","effective_end":"2020-01-01""#)
            #expect(try await api.send("POST", "/tag-rules/test", json: ended).json["matched"]?.int == 0)
            let coming = rule("new", "x", priority: 1, when: web, more: #","effective_start":"2999-01-01""#)
            #expect(try await api.send("POST", "/tag-rules/test", json: coming).json["matched"]?.int == 2)
        }
    }

    private func soon(_ milliseconds: Int64) -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(milliseconds: Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000 + milliseconds)
    }

    /// Whether the moment comes before or after the node takes the rule makes no difference in the end.
    @Test("A rule starts and ends by itself when its time comes")
    func time() async throws {
        try await LiveAPI.run { api in
            try await fill(api)
            let starting = rule("timed", "x", priority: 1, when: web, more: #","effective_start":"\#(soon(500))""#)
            let created = try await api.send("POST", "/tag-rules", json: starting)
            try #require(created.status == 201, "\(created.text)")
            while try await team(api, of: "web-1") != "x" { await Task.yield() }
            let path = try #require(created["location"])
            // Nobody changed the rule.
            #expect(try await api.send("GET", path)["etag"] == created["etag"])
            let ending = rule("timed", "x", priority: 1, when: web, more: #","effective_end":"\#(soon(500))""#)
            try #require(try await api.send("PUT", path, json: ending).status == 200)
            while try await team(api, of: "web-1") != nil { await Task.yield() }
            #expect(try await api.send("GET", path).json["version"]?.int == 2)
        }
    }

    @Test("An execution is to be polled until nothing is pending; one that was never is not found")
    func executions() async throws {
        try await LiveAPI.run { api in
            try await fill(api)
            let created = try await api.send("POST", "/tag-rules", json: rule("web", "shop", priority: 1, when: web))
            let path = try #require(created["location"])
            let started = try await api.send("POST", "\(path)/execute")
            #expect(started.status == 202)
            let first = try #require(started["location"])
            let second = try #require(try await api.send("POST", "/compliance/recheck")["location"])
            for location in [second, first] {
                var execution = try await api.send("GET", location).json
                while execution["status"]?.string != "completed" {
                    #expect(["running", "superseded"].contains(execution["status"]?.string))
                    await Task.yield()
                    execution = try await api.send("GET", location).json
                }
                #expect(execution["pending"]?.int == 0 && execution["superseded_by"]?.isNull == true)
            }
            #expect(try await api.send("GET", "/executions/\(Self.id("x"))").status == 404)
        }
    }

    @Test("10,000 values are taken, more are refused with the limit named, and so are conditions that are too deep")
    func limits() async throws {
        try await LiveAPI.run { api in
            func values(_ count: Int) -> String {
                let list = (0..<count).map { "\"\($0)\"" }.joined(separator: ",")
                return rule("many", "x", priority: 1, when: #"{"field":"name","operator":"in","value":[\#(list)]}"#)
            }
            #expect(try await api.send("POST", "/tag-rules", json: values(10_000)).status == 201)
            let more = try await api.send("POST", "/tag-rules/test", json: values(10_001))
            #expect(more.status == 422 && more.text.contains("10000"))
            func deep(_ depth: Int) -> String {
                let open = String(repeating: #"{"not":"#, count: depth)
                return rule("deep", "x", priority: 1, when: open + web + String(repeating: "}", count: depth))
            }
            #expect(try await api.send("POST", "/tag-rules", json: deep(15)).status == 201)
            let deeper = try await api.send("POST", "/tag-rules", json: deep(16))
            #expect(deeper.status == 422 && deeper.text.contains("16"))
            let deepest = try await api.send("POST", "/tag-rules", json: deep(1_000))
            #expect(deepest.status == 400 && deepest.text.contains("64"), "\(deepest.text)")
        }
    }
}
