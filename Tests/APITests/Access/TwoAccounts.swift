import FoundationEssentials
import JSON
import Model
import Testing

@testable import API

/// An inventory of two accounts, a token that is limited to one of them, and what it may ask.
enum TwoAccounts {
    static let inside = "111111111111"
    static let outside = "222222222222"
    static let insideName = "i-0aaaaaaaaaaaaaaa1"
    static let outsideName = "i-0bbbbbbbbbbbbbbb2"
    private static let insideNames = [insideName, "i-0aaaaaaaaaaaaaaa2", "i-0aaaaaaaaaaaaaaa3"]
    private static let outsideNames = ["i-0bbbbbbbbbbbbbbb1", outsideName] + (10..<40).map { "i-0bbbbbbbbbbbbbb\($0)" }
    static var insideCount: Int { insideNames.count }
    static var outsideCount: Int { outsideNames.count }

    static func token(_ role: Role, _ api: LiveAPI, accounts: [String] = [inside]) async throws -> String {
        let scope = JSONValue.object([.init("accounts", .array(accounts.map(JSONValue.string)))])
        let now = Int64(Date().timeIntervalSince1970)
        return try await api.issuer.issue(subject: "limited", role: role, scope: scope, at: now, lifetime: 600)
    }

    static func instances(_ named: [(id: String, name: String)], account: String) -> String {
        let instances = named.map { #"{"InstanceId":"\#($0.id)","Tags":[{"Key":"Name","Value":"\#($0.name)"}]}"# }
        return #"{"Reservations":[{"OwnerId":"\#(account)","Instances":[\#(instances.joined(separator: ","))]}]}"#
    }

    /// The same catalogue on both; returns the id of an execution that is done.
    static func fill(_ api: LiveAPI, withOutside: Bool) async throws -> String {
        let catalogue = [
            (
                "/tag-rules",
                #"{"rule_name":"environment","conditions":{"field":"provider","operator":"eq","value":"aws"},"actions":[{"set_tag":{"key":"environment","value":"production"}}]}"#
            ),
            (
                "/tag-rules",
                #"{"rule_name":"secret-rule","conditions":{"field":"account_id","operator":"eq","value":"\#(outside)"},"actions":[{"set_tag":{"key":"secret-key","value":"secret-value"}}]}"#
            ),
            (
                "/compliance/policies",
                #"{"policy_name":"owned","policy_type":"REQUIRED_TAGS","rules":{"required_tags":["owner"]}}"#
            ),
            (
                "/compliance/policies",
                #"{"policy_name":"secret-policy","policy_type":"REQUIRED_TAGS","rules":{"required_tags":["owner"]},"scope":{"field":"account_id","operator":"eq","value":"\#(outside)"}}"#
            ),
            ("/tag-schema", #"{"tag_key":"environment","allowed_values":["production","staging"]}"#),
        ]
        for (path, document) in catalogue {
            let answer = try await api.send("POST", path, json: document)
            #expect(answer.status == 201, "\(path): \(answer.text)")
        }
        let here = instances(insideNames.map { ($0, "web") }, account: inside)
        #expect(try await api.send("POST", "/ingest/aws?region=eu-west-1", json: here).json["created"]?.int == insideCount)
        if withOutside {
            let there = instances(outsideNames.map { ($0, "secret-\($0)") }, account: outside)
            #expect(
                try await api.send("POST", "/ingest/aws?region=eu-west-1", json: there).json["created"]?.int == outsideCount)
            let now = Int64(Date().timeIntervalSince1970)
            let other = try await api.issuer.issue(subject: "secret-actor", role: .admin, at: now, lifetime: 600)
            let body = #"{"resource_id":"\#(outsideName)","tags":[{"key":"owner","value":"secret-owner"}]}"#
            #expect(try await api.send("POST", "/virtual-tags/apply", token: other, json: body).status == 201)
        }
        let started = try await api.send("POST", "/compliance/recheck", body: [])
        let id = try #require(try started.json["id"]?.string, "\(started.text)")
        while try await api.send("GET", "/executions/\(id)").json["status"]?.string == "running" {}
        return id
    }

    /// The id of a tag outside.
    static func outsideTag(_ api: LiveAPI) async throws -> String {
        let path = "/resources/\(ResourceID(provider: .aws, nativeID: outsideName))/virtual-tags"
        let tags = try await api.send("GET", path).json["items"]?.array ?? []
        return try #require(tags.first { $0["tag_key"]?.string == "owner" }?["id"]?.string)
    }

    // MARK: Questions

    struct Question: CustomStringConvertible {
        let route: String
        let method: String
        let target: String
        var type = "application/json"
        var body: String?
        var headers: [(String, String)] = []
        /// What it must be answered with; nil: whatever a node answers that has nothing outside.
        var expected: Int?

        var description: String { "\(method) \(target)" }

        func ask(_ api: LiveAPI, _ token: String) async throws -> Answer {
            try await api.send(
                method, target, token: token, type: type, headers: headers, body: body.map { Array($0.utf8) })
        }
    }

    /// - Parameter tag: the id of a tag outside.
    static func questions(tag: String, execution: String) -> [Question] {
        let id = ResourceID(provider: .aws, nativeID: outsideName)
        let own = ResourceID(provider: .aws, nativeID: insideName)
        var questions: [Question] = []
        func ask(
            _ route: String, _ target: String, _ body: String? = nil, type: String = "application/json",
            headers: [(String, String)] = [], status expected: Int? = nil
        ) {
            let method = String(route.prefix { $0 != " " })
            questions.append(
                Question(
                    route: route, method: method, target: target, type: type, body: body, headers: headers,
                    expected: expected))
        }
        for path in [
            "GET /stats", "GET /compliance/status", "GET /compliance/violations", "GET /audit/trail",
            "GET /audit/reports", "GET /resources", "GET /export/focus",
        ] { ask(path, String(path.dropFirst(4)), status: 200) }
        ask("GET /executions/{id}", "/executions/\(execution)", status: 200)

        // Reading what lies outside.
        ask("GET /resources/{id}", "/resources/\(id)", status: 404)
        ask("GET /resources/{id}", "/resources/\(id)", headers: [("if-none-match", "*")], status: 404)
        ask("GET /resources/{id}", "/resources/\(own)", status: 200)
        ask("GET /resources/{id}/virtual-tags", "/resources/\(id)/virtual-tags", status: 404)
        ask("GET /resources/{id}/virtual-tags", "/resources/\(own)/virtual-tags", status: 200)
        for query in [
            "resource_id=\(outsideName)", "account_id=\(outside)", "name=secret-\(outsideName)", "tag=owner%3Dsecret-owner",
            "tag=environment%3Dproduction", "limit=1", "limit=3", "region=eu-west-1&provider=aws",
        ] { ask("GET /resources", "/resources?\(query)", status: 200) }
        ask("GET /compliance/status", "/compliance/status?resource_id=\(id)", status: 404)
        ask("GET /compliance/status", "/compliance/status?resource_id=\(own)", status: 200)
        ask("GET /compliance/violations", "/compliance/violations?resource_id=\(outsideName)", status: 200)
        ask("GET /compliance/violations", "/compliance/violations?limit=1", status: 200)
        for query in [
            "resource_id=\(id)", "resource_id=\(outsideName)", "actor=secret-actor", "tag_key=secret-key", "limit=2",
        ] {
            ask("GET /audit/trail", "/audit/trail?\(query)", status: 200)
        }

        ask("GET /resources/{id}/virtual-tags", "/resources/\(id)/virtual-tags?at=2099-01-01", status: 404)
        ask("GET /resources/{id}/virtual-tags", "/resources/\(own)/virtual-tags?at=2099-01-01", status: 200)
        for query in ["", "?rules=all", "?tag_key=owner&rules=all"] {
            ask("GET /resources/{id}/explain", "/resources/\(id)/explain\(query)", status: 404)
            ask("GET /resources/{id}/explain", "/resources/\(own)/explain\(query)", status: 200)
        }

        // The graph, in all the ways in which it could tell.
        for path in ["neighbors", "neighbors?types=RESOURCE,IN_REGION,TAGGED&depth=4", "impact"] {
            let route = "GET /resources/{id}/\(path.prefix { $0 != "?" })"
            ask(route, "/resources/\(id)/\(path)", status: 404)
            ask(route, "/resources/\(own)/\(path)", status: 200)
        }
        for query in [
            "MATCH (n) RETURN count(n), collect(DISTINCT labels(n))", "MATCH ()-[r]->() RETURN type(r), count(*)",
            "MATCH (n) WHERE n.name STARTS WITH 'secret' RETURN n", "MATCH (n:Resource {id: '\(id)'}) RETURN n",
            "MATCH (a:Account)-[:RESOURCE]->(r) RETURN a.id, count(r)", "MATCH (t:Tag) RETURN t.key, t.value, t.source",
            "MATCH (:Resource {id: '\(own)'})-[*1..3]-(x) RETURN count(DISTINCT x)",
            "MATCH (a:Account), (b:Account), p = shortestPath((a)-[*..6]-(b)) WHERE a.id <> b.id RETURN length(p)",
            "MATCH (g:Region) RETURN g.name, COUNT { (g)--() }", "CALL db.labels()", "CALL db.propertyKeys()",
            "CALL db.schema.visualization()", "CALL db.indexes()", "EXPLAIN MATCH (r:Resource)-[:TAGGED]->(t) RETURN r",
            "PROFILE MATCH (r:Resource)-[:TAGGED]->(t) RETURN count(*)", "MATCH (n) DETACH DELETE n",
        ] {
            let refused = query.hasSuffix("DELETE n") ? 422 : nil as Int?
            let text = query.replacing("'", with: "\\u0027")
            ask("POST /graph/query", "/graph/query", #"{"query":"\#(text)"}"#, status: refused ?? 200)
            ask("POST /db/{name}/query/v2", "/db/neo4j/query/v2", #"{"statement":"\#(text)"}"#, status: refused ?? 202)
        }

        // Trying rules out.
        for condition in [
            #"{"all":[]}"#, #"{"field":"account_id","operator":"eq","value":"\#(outside)"}"#,
            #"{"field":"name","operator":"starts_with","value":"secret-"}"#,
            #"{"field":"tags.owner","operator":"exists"}"#,
        ] {
            let rule =
                #"{"rule_name":"trial","priority":1,"conditions":\#(condition),"actions":[{"set_tag":{"key":"x","value":"${name}"}}]}"#
            ask("POST /tag-rules/test", "/tag-rules/test", rule, status: 200)
        }

        ask(
            "POST /virtual-tags/lookup", "/virtual-tags/lookup",
            #"{"resource_ids":["\#(outsideName)","\#(id)","\#(own)"]}"#, status: 200)

        // Writing to what lies outside.
        let tags = #""tags":[{"key":"owner","value":"me"}]"#
        for name in [outsideName, id.description, outsideName.uppercased()] {
            ask("POST /virtual-tags/apply", "/virtual-tags/apply", #"{"resource_id":"\#(name)",\#(tags)}"#, status: 404)
        }
        ask(
            "POST /virtual-tags/apply", "/virtual-tags/apply", #"{"resource_id":"\#(id)",\#(tags)}"#,
            headers: [("idempotency-key", "one")], status: 404)
        ask(
            "POST /virtual-tags/bulk-apply", "/virtual-tags/bulk-apply",
            #"{"items":[{"resource_id":"\#(outsideName)",\#(tags)},{"resource_id":"\#(id)",\#(tags)},{"resource_id":"\#(own)",\#(tags)}]}"#,
            status: 200)
        ask(
            "POST /virtual-tags/bulk-apply", "/virtual-tags/bulk-apply",
            #"{"where":{"field":"account_id","operator":"eq","value":"\#(outside)"},\#(tags)}"#, status: 200)
        ask("POST /virtual-tags/bulk-apply", "/virtual-tags/bulk-apply", #"{"where":{"all":[]},\#(tags)}"#, status: 200)
        for headers in [[], [("if-match", "*")], [("if-match", "\"1\"")], [("if-none-match", "*")]] {
            ask("PUT /virtual-tags/{id}", "/virtual-tags/\(tag)", #"{"tag_value":"me"}"#, headers: headers, status: 404)
            ask("DELETE /virtual-tags/{id}", "/virtual-tags/\(tag)", headers: headers, status: 404)
            ask("DELETE /resources/{id}", "/resources/\(id)", headers: headers, status: 404)
            ask(
                "PUT /resources/{id}", "/resources/\(id)",
                #"{"provider":"aws","resource_id":"\#(outsideName)","resource_type":"ec2.instance","account_id":"\#(outside)"}"#,
                headers: headers)
        }
        return questions + payloads
    }

    /// Providers' payloads that speak of what lies outside.
    private static var payloads: [Question] {
        func question(_ path: String, _ body: String, type: String = "application/json", query: String = "") -> Question {
            Question(route: "POST \(path)", method: "POST", target: path + query, type: type, body: body, expected: 200)
        }
        let gcp =
            #"{"name":"//compute.googleapis.com/projects/other/zones/z/disks/d","assetType":"compute.googleapis.com/Disk"}"#
        let data = Data(#"{"asset":\#(gcp),"window":{"startTime":"2026-09-01T09:59:00Z"}}"#.utf8).base64EncodedString()
        func event(_ kind: String, _ detail: String) -> String {
            #"{"version":"0","id":"\#(kind)","detail-type":"\#(kind)","source":"aws.ec2","account":"\#(outside)","time":"2026-09-01T10:00:00Z","region":"eu-west-1","resources":["arn:aws:ec2:eu-west-1:\#(outside):instance/\#(outsideName)"],"detail":\#(detail)}"#
        }
        let grid =
            #"{"id":"e-1","topic":"/subscriptions/S","subject":"/subscriptions/S/resourceGroups/RG/providers/A.B/c/d","eventType":"Microsoft.Resources.ResourceWriteSuccess","eventTime":"2026-09-01T10:00:00Z","data":{},"dataVersion":"2"}"#
        let focus =
            "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ProviderName,ResourceId,ResourceName,ResourceType,ServiceName,SubAccountId,RegionId,Tags\n"
            + "1.5,1,USD,2026-09-01 00:00:00,2026-09-18 22:00:00,AWS,\(outsideName),NULL,NULL,EC2,\(outside),eu-west-1,NULL\n"
        return [
            question(
                "/ingest/aws", instances([(outsideName, "mine"), ("i-0ddddddddddddddd1", "new")], account: outside),
                query: "?region=eu-west-1"),
            question("/ingest/aws", instances([(insideName, "again")], account: inside), query: "?region=eu-west-1"),
            question("/ingest/gcp", "[\(gcp)]"),
            question(
                "/ingest/azure",
                #"[{"id":"/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/disks/d","name":"d","type":"Microsoft.Compute/disks"}]"#
            ),
            question("/ingest/focus", focus, type: "text/csv"),
            question(
                "/events/eventbridge",
                event("EC2 Instance State-change Notification", #"{"instance-id":"\#(outsideName)","state":"terminated"}"#)),
            Question(
                route: "POST /events/eventbridge", method: "POST", target: "/events/eventbridge",
                body: event(
                    "Tag Change on Resource",
                    #"{"changed-tag-keys":["a"],"service":"ec2","resource-type":"instance","tags":{"a":"b"}}"#),
                expected: 422),
            Question(
                route: "POST /events/pubsub", method: "POST", target: "/events/pubsub",
                body:
                    #"{"message":{"data":"\#(data)","messageId":"9","publishTime":"2026-09-01T10:00:00.5Z"},"subscription":"s"}"#,
                expected: 422),
            question("/events/eventgrid", "[\(grid)]"),
        ]
    }
}
