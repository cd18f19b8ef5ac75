import JSON
import Model
import Testing

@testable import API

@Suite("Named graphs over a socket")
struct LiveNamedGraphTests {
    private func ask(
        _ api: LiveAPI, _ graph: String, _ query: String, token: String? = nil, headers: [(String, String)] = []
    ) async throws -> Answer {
        let body = JSONValue.object([.init("query", .string(query)), .init("graph", .string(graph))])
        return try await api.send(
            "POST", "/graph/query", token: token, headers: headers, json: String(decoding: body.serialised, as: UTF8.self))
    }

    @Test("A graph is made, written, read on every node, listed and dropped")
    func life() async throws {
        try await LiveAPI.run { api in
            #expect(try await ask(api, "people", "RETURN 1").status == 404)
            #expect(try await api.send("PUT", "/graphs/people").status == 201)
            #expect(try await api.send("PUT", "/graphs/people").status == 200)
            var answer = try await ask(
                api, "people", "CREATE (a:Person {name: 'Ann'})-[:KNOWS {since: 2020}]->(b:Person {name: 'Bob'}) RETURN a, b"
            )
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try answer.json["stats"]?["nodes_created"]?.int == 2)
            #expect(try answer.json["stats"]?["properties_set"]?.int == 3)
            let ann = try answer.json["rows"]?.array?.first?.array?.first?["id"]?.string
            for _ in 0..<6 {
                answer = try await ask(api, "people", "MATCH (a:Person)-[:KNOWS]->(b) RETURN a, b.name")
                #expect(try answer.json["rows"]?.array?.first?.array?.first?["id"]?.string == ann, "\(answer.text)")
            }
            answer = try await ask(api, "people", "PROFILE MATCH (a:Person) RETURN count(a)")
            #expect(try answer.json["rows"]?.array?.first?.array?.first?.int == 2)
            #expect(try answer.json["plan"]?.array?.isEmpty == false, "\(answer.text)")
            answer = try await api.send("GET", "/graphs/people")
            #expect(try answer.json["nodes"]?.int == 2 && answer.json["relationships"]?.int == 1)
            let tag = try #require(answer["etag"])
            #expect(try await api.send("GET", "/graphs/people", headers: [("if-none-match", tag)]).status == 304)
            let typed = try await api.send(
                "POST", "/db/people/query/v2", json: #"{"statement":"MATCH (n) SET n.x = 1","includeCounters":true}"#)
            #expect(try typed.status == 202 && typed.json["counters"]?["propertiesSet"]?.int == 2, "\(typed.text)")
            #expect(try await api.send("DELETE", "/graphs/people", headers: [("if-match", tag)]).status == 412)
            #expect(try await api.send("PUT", "/graphs/teams").status == 201)
            var names: [String] = []
            var cursor = ""
            repeat {
                let page = try await api.send("GET", "/graphs?limit=1" + cursor).json
                names += (page["items"]?.array ?? []).compactMap { $0["name"]?.string }
                cursor = page["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(names == ["people", "teams"])
            #expect(try await api.send("DELETE", "/graphs/people").status == 204)
            #expect(try await api.send("DELETE", "/graphs/people").status == 404)
            answer = try await api.send("POST", "/db/people/query/v2", json: #"{"statement":"RETURN 1"}"#)
            #expect(
                try answer.status == 404
                    && answer.json["errors"]?.array?.first?["code"]?.string == "Neo.ClientError.Database.DatabaseNotFound")
        }
    }

    @Test("Who may only read changes nothing, a limited token sees no graph, and names that cannot be are refused")
    func refusals() async throws {
        try await LiveAPI.run { api in
            #expect(try await api.send("PUT", "/graphs/g").status == 201)
            let viewer = try await api.token(.viewer)
            #expect(try await ask(api, "g", "CREATE ()", token: viewer).status == 403)
            #expect(try await ask(api, "g", "MATCH (n) RETURN count(n)", token: viewer).status == 200)
            #expect(try await ask(api, "g", "CREATE ()", token: try await api.token(.tagger)).status == 200)
            #expect(try await api.send("PUT", "/graphs/h", token: try await api.token(.tagger)).status == 403)
            let limited = try await TwoAccounts.token(.admin, api)
            #expect(try await ask(api, "g", "MATCH (n) RETURN count(n)", token: limited).status == 403)
            let typed = try await api.send(
                "POST", "/db/g/query/v2", token: limited, json: #"{"statement":"MATCH (n) RETURN count(n)"}"#)
            #expect(typed.status == 403)
            for name in ["inventory", "neo4j", "System", "-a", "a%20b", "%C3%A4", String(repeating: "a", count: 65)] {
                #expect(try await api.send("PUT", "/graphs/\(name)").status == 422, "\(name)")
            }
            let inventory = try await api.send("POST", "/graph/query", json: #"{"query":"CREATE ()"}"#)
            #expect(inventory.status == 422 && inventory.text.contains("PUT /graphs/NAME"))
            let failed = try await ask(api, "g", "MATCH (n) SET n.p = {a: 1}")
            #expect(
                try failed.status == 400 && failed.json["opencypher"]?["class"]?.string == "TypeError", "\(failed.text)")
            let wrong = try await ask(api, "g", "MATCH (n RETURN n")
            #expect(try wrong.json["opencypher"]?["phase"]?.string == "compile time")
        }
    }

    @Test("A repeated Idempotency-Key is answered the same and writes nothing; with another query it is refused")
    func idempotency() async throws {
        try await LiveAPI.run { api in
            #expect(try await api.send("PUT", "/graphs/g").status == 201)
            let key = [("idempotency-key", "once")]
            let first = try await ask(api, "g", "CREATE (n:N) RETURN n", headers: key)
            for _ in 0..<3 {
                let again = try await ask(api, "g", "CREATE (n:N) RETURN n", headers: key)
                #expect(try again.status == 200 && again.json["rows"] == first.json["rows"], "\(again.text)")
            }
            #expect(try await ask(api, "g", "CREATE (n:M) RETURN n", headers: key).status == 422)
            #expect(try await api.send("GET", "/graphs/g").json["nodes"]?.int == 1)
        }
    }

    @Test("Writers through all nodes at a time both count, streamed answers included")
    func writers() async throws {
        try await LiveAPI.run { api in
            #expect(try await api.send("PUT", "/graphs/counter").status == 201)
            #expect(try await ask(api, "counter", "CREATE (:Counter {value: 0})").status == 200)
            let count = 24
            try await withThrowingTaskGroup(of: Answer.self) { group in
                for number in 0..<count {
                    let headers = number.isMultiple(of: 3) ? [("accept", "application/x-ndjson")] : []
                    group.addTask {
                        try await ask(
                            api, "counter", "MATCH (c:Counter) SET c.value = c.value + 1 RETURN c.value", headers: headers)
                    }
                }
                for try await answer in group { #expect(answer.status == 200, "\(answer.text)") }
            }
            let value = try await ask(api, "counter", "MATCH (c:Counter) RETURN c.value").json["rows"]
            #expect(value?.array?.first?.array?.first?.int == count)
        }
    }
}
