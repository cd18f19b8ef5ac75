import JSON
import Model
import Shard
import Testing

@testable import API

@Suite("Plans over a socket")
struct LivePlanTests {
    private static let names = ["web-1", "web-2", "db-1"]

    private static func id(_ name: String) -> ResourceID {
        ResourceID(provider: .aws, nativeID: "arn:aws:sqs:eu-west-1:111122223333:\(name)")
    }

    private func fill(_ api: LiveAPI) async throws {
        for name in Self.names {
            let document =
                #"{"provider":"aws","resource_id":"arn:aws:sqs:eu-west-1:111122223333:\#(name)","resource_type":"sqs.queue","name":"\#(name)"}"#
            #expect(try await api.send("PUT", "/resources/\(Self.id(name))", json: document).status == 201)
        }
        let header = "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ProviderName,ResourceId,ServiceName"
        let rows = Self.names.map { "10.5,10,USD,2026-09-01T00:00:00Z,AWS,arn:aws:sqs:eu-west-1:111122223333:\($0),SQS" }
        let csv = ([header] + rows).joined(separator: "\n") + "\n"
        #expect(try await api.send("POST", "/ingest/focus", type: "text/csv", body: Array(csv.utf8)).status == 200)
    }

    private func settle(_ api: LiveAPI) async throws {
        while try await api.send("GET", "/stats").json["pending"]?.int != 0 { await Task.yield() }
    }

    private func rule(_ name: String, _ value: String, prefix: String, priority: Int = 1) -> String {
        #"{"rule_name":"\#(name)","priority":\#(priority),"conditions":{"field":"name","operator":"starts_with","value":"\#(prefix)"},"actions":[{"set_tag":{"key":"team","value":"\#(value)"}}]}"#
    }

    private func change(_ kind: String, _ action: String, _ definition: String? = nil, more: String = "") -> String {
        #"{"kind":"\#(kind)","action":"\#(action)"\#(definition.map { #","definition":\#($0)"# } ?? "")\#(more)}"#
    }

    private func plan(_ changes: String..., figures: Bool = true) -> String {
        #"{"figures":\#(figures),"changes":[\#(changes.joined(separator: ","))]}"#
    }

    private func teams(_ api: LiveAPI) async throws -> [String?] {
        var teams: [String?] = []
        for name in Self.names {
            let tags = try await api.send("GET", "/resources/\(Self.id(name))/virtual-tags").json["items"]?.array ?? []
            teams.append(tags.first { $0["tag_key"]?.string == "team" }?["tag_value"]?.string)
        }
        return teams
    }

    private let needsTeam =
        #"{"policy_name":"has-team","policy_type":"REQUIRED_TAGS","severity":"HIGH","rules":{"required_tags":["team"]}}"#

    @Test("What a plan says is what its application does: tags, costs, violations; and nothing before it")
    func exact() async throws {
        try await LiveAPI.run { api in
            try await fill(api)
            #expect(try await api.send("POST", "/tag-rules", json: rule("db", "data", prefix: "db-")).status == 201)
            #expect(try await api.send("POST", "/compliance/policies", json: needsTeam).status == 201)
            try await settle(api)
            let before = try await api.send("GET", "/compliance/violations").json["items"]?.array?.count
            let body = plan(
                change("rule", "create", rule("web", "shop", prefix: "web-")),
                change("rule", "update", rule("db", "store", prefix: "db-")),
                change("definition", "create", #"{"tag_key":"team","allowed_values":["shop"]}"#))
            let governor = try await api.token(.governor)
            let answer = try await api.send("POST", "/plans", token: governor, json: body)
            #expect(answer.status == 201, "\(answer.text)")
            let made = try answer.json
            let figures = try #require(made["figures"])
            #expect(figures["scanned"]?.int == 3 && figures["would_change"]?.int == 3 && figures["matched"]?.int == 3)
            #expect(figures["cost_moved"]?.array?.first?["effective_cost"]?.string == "30")
            let team = figures["by_key"]?.array?.first
            #expect(team?["added"]?.int == 2 && team?["changed"]?.int == 1 && team?["removed"]?.int == 0)
            #expect(figures["by_rule"]?.array?.map { $0["matched"]?.int } == [2, 1])
            #expect(figures["violations_disappearing"]?.int == 2 && figures["violations_appearing"]?.int == 1)
            #expect(made["summary"]?["create"]?.int == 2 && made["summary"]?["update"]?.int == 1)
            #expect(made["warnings"]?.array?.contains { $0["pointer"]?.string == "/changes/1/definition/actions/0" } == true)
            let update = made["changes"]?.array?[1]
            #expect(update?["from_version"]?.int == 1 && update?["after"]?["version"]?.int == 2)
            #expect(update?["before"]?["actions"]?.array?.first?["set_tag"]?["value"]?.string == "data")
            #expect(try await teams(api) == [nil, nil, "data"] && before == 2)

            let path = try #require(answer["location"])
            let seen = try await api.send("GET", path, token: try await api.token(.viewer))
            #expect(try seen.json == made && seen["etag"] == answer["etag"])
            #expect(try await api.send("GET", path, headers: [("if-none-match", seen["etag"] ?? "")]).status == 304)
            #expect(try await api.send("GET", "/plans?limit=1").json["items"]?.array?.first?["status"]?.string == "planned")

            let applied = try await api.send("POST", "\(path)/apply", token: governor)
            #expect(applied.status == 200, "\(applied.text)")
            let again = try await api.send("POST", "\(path)/apply")
            #expect(try again.json == applied.json && again.status == 200)
            let execution = try #require(try applied.json["execution_id"]?.string)
            var status: String? = "running"
            while status == "running" {
                status = try await api.send("GET", "/executions/\(execution)?wait=5").json["status"]?.string
            }
            #expect(status == "completed")
            #expect(try await teams(api) == ["shop", "shop", "store"])
            let after = try await api.send("GET", "/compliance/violations").json["items"]?.array?.count
            #expect(after == 1)
            let trail = try await api.send("GET", "/audit/trail?action=rule_updated").json["items"]?.array
            let name = try #require(made["id"]?.string)
            #expect(trail?.count == 1 && trail?.first?["new_value"]?.string == "version 2, plan \(name)")
            #expect(trail?.first?["actor"]?.string == "governor-1")
            #expect(try await api.send("DELETE", path, token: governor).status == 204)
            #expect(try await api.send("GET", path).status == 404)
            #expect(try await api.send("POST", "\(path)/apply").status == 404)
        }
    }

    @Test(
        "A plan that is stale is refused with what has changed since, from which version to which; another's plan does it, too"
    )
    func stale() async throws {
        try await LiveAPI.run { api in
            let rules = try await api.send("POST", "/tag-rules", json: rule("db", "data", prefix: "db-")).json
            let id = try #require(rules["id"]?.string)
            let bodies = (
                plan(change("rule", "delete", more: #","name":"db""#)),
                plan(change("rule", "update", rule("db", "b", prefix: "db-"), more: #","id":"\#(id)","version":1"#))
            )
            let first = try #require(try await api.send("POST", "/plans", json: bodies.0)["location"])
            let second = try #require(try await api.send("POST", "/plans", json: bodies.1)["location"])
            // Two governors at once: one of them is first.
            async let one = api.send("POST", "\(first)/apply")
            async let other = api.send("POST", "\(second)/apply")
            let answers = try await [one, other]
            #expect(answers.map(\.status).sorted() == [200, 409])
            let refusal = try #require(answers.first { $0.status == 409 })
            #expect(try refusal.json["type"]?.string == "urn:vtag:problem:plan-stale", "\(refusal.text)")
            let drift = try refusal.json["changed_since"]?.array?.first
            #expect(drift?["name"]?.string == "db" && drift?["from_version"]?.int == 1, "\(refusal.text)")
            let loser = answers[0].status == 409 ? first : second
            #expect(try await api.send("GET", loser).json["status"]?.string == "stale")

            // What the plan is not about counts as well: it makes other figures.
            let third = try #require(
                try await api.send("POST", "/plans", json: plan(change("rule", "create", rule("x", "x", prefix: "x"))))[
                    "location"])
            #expect(try await api.send("POST", "/compliance/policies", json: needsTeam).status == 201)
            let late = try await api.send("POST", "\(third)/apply")
            #expect(late.status == 409)
            let created = try late.json["changed_since"]?.array?.first
            #expect(created?["kind"]?.string == "policy" && created?["change"]?.string == "created")
            #expect(created?["from_version"]?.isNull == true && created?["to_version"]?.int == 1)
        }
    }

    @Test("Everything wrong with a plan is a 422 with pointers; it has limits, and nothing of it is kept")
    func invalid() async throws {
        try await LiveAPI.run { api in
            #expect(try await api.send("POST", "/tag-rules", json: rule("db", "data", prefix: "db-")).status == 201)
            #expect(
                try await api.send("POST", "/tag-schema", json: #"{"tag_key":"team","aliases":["squad"]}"#).status == 201)
            let good = rule("new", "x", prefix: "n")
            for (changes, pointer) in [
                (change("rule", "create", #"{"rule_name":"x"}"#), "/changes/0/definition/conditions"),
                (change("rule", "make", good), "/changes/0/action"), (change("waiver", "create", good), "/changes/0/kind"),
                (change("rule", "update", good), "/changes/0/definition/rule_name"),
                (change("rule", "delete"), "/changes/0"),
                (change("rule", "delete", more: #","name":"dbs""#), "/changes/0/name"),
                (change("rule", "delete", more: #","id":"\#(UUID128(high: 1, low: 1))""#), "/changes/0/id"),
                (change("rule", "delete", good, more: #","name":"db""#), "/changes/0/definition"),
                (change("rule", "delete", more: #","name":"db","version":7"#), "/changes/0/version"),
                (change("rule", "create", good, more: #","name":"new""#), "/changes/0/name"),
                (change("rule", "create", good, more: #","colour":1"#), "/changes/0/colour"),
                (change("rule", "create", good) + "," + change("rule", "create", good), "/changes/1/definition/rule_name"),
                (change("rule", "create", rule("db", "x", prefix: "n")), "/changes/0/definition/rule_name"),
                (
                    change("definition", "create", #"{"tag_key":"crew","aliases":["Squad"]}"#),
                    "/changes/0/definition/aliases/0"
                ),
                ("", "/changes"), ("7", "/changes/0"),
            ] {
                let answer = try await api.send("POST", "/plans", json: plan(changes))
                #expect(answer.status == 422, "\(changes): \(answer.text)")
                #expect(try answer.json["errors"]?.array?.first?["pointer"]?.string == pointer, "\(answer.text)")
            }
            // Names may be swapped, and a spelling handed over, as all of it happens at once.
            let swap = plan(
                change("rule", "update", rule("other", "x", prefix: "n"), more: #","name":"db""#),
                change("rule", "create", rule("db", "x", prefix: "n")),
                change("definition", "delete", more: #","name":"team""#),
                change("definition", "create", #"{"tag_key":"crew","aliases":["squad"]}"#))
            #expect(try await api.send("POST", "/plans", json: swap).status == 201)
            let same = try await api.send(
                "POST", "/plans", json: plan(change("rule", "update", rule("db", "data", prefix: "db-"))))
            #expect(try same.json["changes"]?.array == [] && same.json["summary"]?["unchanged"]?.int == 1)
            #expect(try await api.send("GET", "/plans").json["items"]?.array?.count == 2)
            let many = (0...CatalogPlan.changesMax).map { _ in "7" }.joined(separator: ",")
            let refused = try await api.send("POST", "/plans", json: plan(many))
            #expect(refused.status == 422 && refused.text.contains("\(CatalogPlan.changesMax)"))
        }
    }

    @Test("A plan of 10,000 rules is made and applied in one change of the catalogue")
    func large() async throws {
        try await LiveAPI.run(logSegmentBytes: 64 << 20) { api in
            try await fill(api)
            let rules = (0..<CatalogPlan.changesMax).map { number in
                change("rule", "create", rule("rule-\(number)", "team-\(number)", prefix: "web-\(number)", priority: number))
            }
            let made = try await api.send("POST", "/plans", json: plan(rules.joined(separator: ",")))
            #expect(made.status == 201, "\(made.text.prefix(500))")
            let figures = try made.json["figures"]
            #expect(figures?["would_change"]?.int == 2 && figures?["matched"]?.int == 2)
            #expect(figures?["rules_omitted"]?.int == CatalogPlan.changesMax - 1_000)
            let version = try await api.send("GET", "/tag-rules/lint?limit=1").json["catalog_version"]?.int
            let applied = try await api.send("POST", "\(try #require(made["location"]))/apply")
            #expect(applied.status == 200, "\(applied.text.prefix(500))")
            try await settle(api)
            #expect(try await teams(api) == ["team-1", "team-2", nil])
            #expect(try made.json["catalog_version"]?.int == version)
        }
    }

    @Test("The same Idempotency-Key makes one plan")
    func repeated() async throws {
        try await LiveAPI.run { api in
            let body = plan(change("rule", "create", rule("x", "x", prefix: "x")), figures: false)
            let first = try await api.send("POST", "/plans", headers: [("idempotency-key", "k1")], json: body)
            let second = try await api.send("POST", "/plans", headers: [("idempotency-key", "k1")], json: body)
            #expect(first.status == 201 && second.status == 201)
            #expect(try first.json == second.json && first.json["figures"]?.isNull == true)
            #expect(try await api.send("GET", "/plans").json["items"]?.array?.count == 1)
        }
    }
}

@Suite("Room for so much work at once")
struct WorkSlotTests {
    @Test("There are so many slots and no more, until one is freed")
    func limit() throws {
        let slots = WorkSlots(2)
        let first = try #require(slots.take())
        let second = slots.take()
        #expect(second != nil)
        #expect(slots.take() == nil)
        first.free()
        #expect(slots.take() != nil)
        #expect(slots.take() == nil)
    }
}
