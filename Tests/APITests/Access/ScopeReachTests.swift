import HTTPTransport
import JSON
import Model
import Testing

@testable import API

/// What a token that is limited to one account gets of each route.
///
/// The heart of it is a comparison: one node holds the token's account and another one, a second node holds the token's
/// account alone, and every answer must be the same on both. What lies outside does not exist.
@Suite("A token with a scope")
struct ScopeReachTests {
    /// Written out a second time: a route that is new, or whose reach has changed, needs a decision here.
    static let expected: [String: Route.Reach] = [
        "GET /health/live": .everybody, "GET /health/ready": .everybody, "OPTIONS /events/eventgrid": .everybody,
        "GET /openapi.yaml": .everybody,
        // The schema is the vocabulary that tags are written in.
        "GET /tag-schema": .everybody, "GET /tag-schema/{id}": .everybody,

        "GET /stats": .scoped, "GET /executions/{id}": .scoped,
        "POST /ingest/aws": .scoped, "POST /ingest/gcp": .scoped, "POST /ingest/azure": .scoped,
        "POST /ingest/focus": .scoped,
        "POST /events/eventbridge": .scoped, "POST /events/pubsub": .scoped, "POST /events/eventgrid": .scoped,
        "GET /resources": .scoped, "GET /resources/{id}": .scoped, "PUT /resources/{id}": .scoped,
        "DELETE /resources/{id}": .scoped, "GET /resources/{id}/virtual-tags": .scoped,
        "GET /resources/{id}/explain": .scoped,
        "POST /virtual-tags/apply": .scoped, "POST /virtual-tags/bulk-apply": .scoped,
        "PUT /virtual-tags/{id}": .scoped, "DELETE /virtual-tags/{id}": .scoped,
        "POST /tag-rules/test": .scoped,
        "GET /compliance/status": .scoped, "GET /compliance/violations": .scoped,
        "GET /audit/trail": .scoped, "GET /audit/reports": .scoped,
        "GET /export/focus": .scoped, "POST /virtual-tags/lookup": .scoped,

        // They are about all resources at once: conditions and names of rules and policies tell of other accounts.
        "GET /metrics": .whole, "GET /cluster": .whole, "GET /cluster/shards/{number}/digests": .whole,
        "POST /cluster/nodes/{name}/drain": .whole, "POST /cluster/nodes/{name}/activate": .whole,
        "POST /region/promote": .whole,
        "GET /tag-rules/lint": .whole, "GET /tag-rules": .whole, "GET /tag-rules/{id}": .whole, "POST /tag-rules": .whole,
        "PUT /tag-rules/{id}": .whole,
        "DELETE /tag-rules/{id}": .whole, "POST /tag-rules/{id}/execute": .whole,
        "POST /tag-schema": .whole, "PUT /tag-schema/{id}": .whole, "DELETE /tag-schema/{id}": .whole,
        "GET /compliance/policies": .whole, "GET /compliance/policies/{id}": .whole, "POST /compliance/policies": .whole,
        "PUT /compliance/policies/{id}": .whole, "DELETE /compliance/policies/{id}": .whole,
        "POST /compliance/recheck": .whole,
        // A graph of what lies within is made for them.
        "POST /graph/query": .scoped, "POST /db/{name}/query/v2": .scoped,
        "GET /resources/{id}/neighbors": .scoped, "GET /resources/{id}/impact": .scoped,
        // A graph of users' own is about anything.
        "GET /graphs": .whole, "GET /graphs/{name}": .whole, "PUT /graphs/{name}": .whole, "DELETE /graphs/{name}": .whole,
        "GET /audit/verify": .whole, "GET /audit/retention": .whole, "PUT /audit/retention": .whole,
        "GET /audit/holds": .whole, "POST /audit/holds": .whole, "GET /audit/holds/{id}": .whole,
        "DELETE /audit/holds/{id}": .whole,
        // They show rules and policies, and change them.
        "GET /plans": .whole, "POST /plans": .whole, "GET /plans/{id}": .whole, "DELETE /plans/{id}": .whole,
        "POST /plans/{id}/apply": .whole,
        "GET /compliance/waivers": .whole, "GET /compliance/waivers/{id}": .whole, "POST /compliance/waivers": .whole,
        "PUT /compliance/waivers/{id}": .whole, "DELETE /compliance/waivers/{id}": .whole,
        "GET /compliance/scores": .whole, "GET /compliance/history": .whole, "GET /tag-schema/proposals": .whole,
        "POST /tag-schema/proposals/{id}/accept": .whole, "POST /tag-schema/proposals/{id}/reject": .whole,
        "POST /tag-schema/proposals/{id}/reconsider": .whole,
    ]

    @Test("Every route has a decision here, every decision a route, and every scoped route is asked below")
    func complete() {
        let table = Dictionary(uniqueKeysWithValues: Route.all.map { ($0.name, $0.reach) })
        #expect(Set(table.keys).subtracting(Self.expected.keys) == [])
        #expect(Set(Self.expected.keys).subtracting(table.keys) == [])
        for (name, reach) in Self.expected { #expect(table[name] == reach, "\(name)") }
        let asked = Set(TwoAccounts.questions(tag: "", execution: "").map(\.route))
        #expect(Set(Self.expected.filter { $0.value == .scoped }.keys) == asked)
    }

    @Test("What is about all resources is closed to it, even to an administrator")
    func whole() async throws {
        try await LiveAPI.run { api in
            let token = try await TwoAccounts.token(.admin, api)
            for route in Route.all {
                let answer = try await route.probe(api, token: token)
                let isClosed = try answer.status == 403 && answer.json["type"]?.string == "urn:vtag:problem:beyond-scope"
                #expect(isClosed == (Self.expected[route.name] == .whole), "\(route.name) answered \(answer.status)")
            }
        }
    }

    @Test("Every answer is the one of a node that never heard of what lies outside")
    func indistinguishable() async throws {
        try await LiveAPI.run { both in
            try await LiveAPI.run { alone in
                let execution = try await TwoAccounts.fill(both, withOutside: true)
                #expect(try await TwoAccounts.fill(alone, withOutside: false) == execution)
                let tokens = (try await TwoAccounts.token(.admin, both), try await TwoAccounts.token(.admin, alone))
                let tag = try await TwoAccounts.outsideTag(both)
                for question in TwoAccounts.questions(tag: tag, execution: execution) {
                    let first = try await question.ask(both, tokens.0)
                    let second = try await question.ask(alone, tokens.1)
                    #expect(first.status == second.status, "\(question): \(first.text) and not \(second.text)")
                    #expect(first.comparable == second.comparable, "\(question): \(first.text) and not \(second.text)")
                    #expect(!first.text.contains("secret"), "\(question): \(first.text)")
                    if let expected = question.expected { #expect(first.status == expected, "\(question): \(first.text)") }
                }
                // The writes among them changed nothing outside.
                let outside = try await both.send("GET", "/resources?account_id=\(TwoAccounts.outside)").json["items"]?.array
                #expect(outside?.count == TwoAccounts.outsideCount)
                #expect(outside?.allSatisfy { $0["native_tags"]?["Name"]?.string?.hasPrefix("secret-") == true } == true)
                let trail = try await both.send("GET", "/audit/trail?actor=limited&limit=1000").json["items"]?.array ?? []
                let touched = Set(trail.compactMap { $0["resource_id"]?.string })
                #expect(touched.isDisjoint(with: Set((outside ?? []).compactMap { $0["id"]?.string })))
                #expect(!touched.isEmpty)
            }
        }
    }

    @Test("What is written is what is seen afterwards, and pages hold what lies within alone")
    func within() async throws {
        try await LiveAPI.run { api in
            _ = try await TwoAccounts.fill(api, withOutside: true)
            let token = try await TwoAccounts.token(.admin, api)
            #expect(try await api.send("GET", "/stats", token: token).json["resources"]?.int == TwoAccounts.insideCount)
            #expect(
                try await api.send("GET", "/stats").json["resources"]?.int
                    == TwoAccounts.insideCount + TwoAccounts.outsideCount)
            var seen = 0
            var cursor: String?
            repeat {
                let page = try await api.send(
                    "GET", "/resources?limit=1" + (cursor.map { "&cursor=\($0)" } ?? ""), token: token
                ).json
                let items = page["items"]?.array ?? []
                #expect(items.allSatisfy { $0["account_id"]?.string == TwoAccounts.inside })
                seen += items.count
                cursor = page["next_cursor"]?.string
            } while cursor != nil
            #expect(seen == TwoAccounts.insideCount)
            let bulk = try await api.send(
                "POST", "/virtual-tags/bulk-apply", token: token,
                json: #"{"where":{"all":[]},"tags":[{"key":"swept","value":"yes"}]}"#)
            #expect(try bulk.json["applied"]?.int == TwoAccounts.insideCount)
            let tagged = try await api.send("GET", "/resources?tag=swept%3Dyes").json["items"]?.array
            #expect(tagged?.count == TwoAccounts.insideCount)
        }
    }

    @Test("An ingest is taken item by item: those outside are refused, by the line that they stand on")
    func ingest() async throws {
        try await LiveAPI.run { api in
            let token = try await TwoAccounts.token(.governor, api)
            let lines = [TwoAccounts.inside, TwoAccounts.outside, TwoAccounts.inside].enumerated().map {
                TwoAccounts.instances([("i-0ccccccccccccccc\($0)", "n")], account: $1)
            }
            let answer = try await api.send(
                "POST", "/ingest/aws?region=eu-west-1", token: token, type: "application/x-ndjson",
                body: Array((lines.joined(separator: "\n") + "\n").utf8))
            #expect(try answer.json["created"]?.int == 2)
            let errors = try answer.json["errors"]?.array ?? []
            #expect(errors.map { $0["index"]?.int } == [1])
            #expect(errors.first?["detail"]?.string?.hasPrefix("not permitted") == true)
            // An id that another account has is refused in the same words, and stays theirs.
            #expect(try await api.send("POST", "/ingest/aws?region=eu-west-1", json: lines[1]).status == 200)
            let claimed = try await api.send(
                "POST", "/ingest/aws?region=eu-west-1", token: token,
                json: TwoAccounts.instances([("i-0ccccccccccccccc1", "mine")], account: TwoAccounts.inside))
            #expect(try claimed.json["errors"]?.array?.first?["detail"] == errors.first?["detail"])
            let id = ResourceID(provider: .aws, nativeID: "i-0ccccccccccccccc1")
            #expect(try await api.send("GET", "/resources/\(id)").json["account_id"]?.string == TwoAccounts.outside)
        }
    }

    @Test("The same Idempotency-Key under another scope is another request")
    func idempotency() async throws {
        try await LiveAPI.run { api in
            _ = try await TwoAccounts.fill(api, withOutside: true)
            func apply(_ accounts: [String]) async throws -> Int {
                let token = try await TwoAccounts.token(.tagger, api, accounts: accounts)
                let body = #"{"resource_id":"\#(TwoAccounts.outsideName)","tags":[{"key":"a","value":"b"}]}"#
                return try await api.send(
                    "POST", "/virtual-tags/apply", token: token, headers: [("idempotency-key", "k")], json: body
                ).status
            }
            #expect(try await apply([TwoAccounts.inside, TwoAccounts.outside]) == 201)
            #expect(try await apply([TwoAccounts.inside, TwoAccounts.outside]) == 201)
            #expect(try await apply([TwoAccounts.inside]) == 422)
        }
    }

    @Test("Point reads of a limited token ask the row; those of others take the short way, side by side on one connection")
    func pointReads() async throws {
        try await LiveAPI.run { api in
            _ = try await TwoAccounts.fill(api, withOutside: true)
            let token = try await TwoAccounts.token(.viewer, api)
            let (inside, outside) = (TwoAccounts.insideName, TwoAccounts.outsideName)
            for _ in 0..<3 {
                for (name, caller, status) in [(inside, token, 200), (outside, token, 404), (outside, nil, 200)] {
                    let path = "/resources/\(ResourceID(provider: .aws, nativeID: name))/virtual-tags"
                    #expect(try await api.send("GET", path, token: caller).status == status)
                }
            }
        }
    }
}

extension Answer {
    /// The body without what differs between any two nodes: times, and ids that are drawn or count.
    fileprivate var comparable: JSONValue? { (try? json).map(Self.plain) }

    private static func plain(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            return .object(
                members.filter { $0.name != "request_id" && $0.name != "milliseconds" }.map { member in
                    // Sealed, so that its text says nothing; that there is one does.
                    member.name == "next_cursor" && !member.value.isNull
                        ? .init(member.name, .string("cursor")) : .init(member.name, plain(member.value))
                })
        case .array(let elements):
            return .array(
                elements.map(plain).sorted { $0.serialised.lexicographicallyPrecedes($1.serialised) })
        case .string(let text):
            if let id = UUID128(text), id.version != 5 { return .string("id") }
            return text.count > 10 && Timestamp(text) != nil ? .string("time") : value
        case .null, .bool, .int, .double: return value
        }
    }
}
