import HTTPTransport
import JSON
import Model
import Testing

@testable import API

@Suite("The API over a socket")
struct LiveAPITests {
    private static let instance =
        #"{"Reservations":[{"OwnerId":"123456789012","Instances":[{"InstanceId":"i-0123456789abcdef0","Tags":[{"Key":"Name","Value":"web-1"}]}]}]}"#
    private static let id = ResourceID(provider: .aws, nativeID: "i-0123456789abcdef0")

    private func describe(_ count: Int) -> String {
        let instances = (0..<count).map { #"{"InstanceId":"i-\#(String(repeating: "0", count: 12))\#(10_000 + $0)"}"# }
        return #"{"Reservations":[{"OwnerId":"123456789012","Instances":[\#(instances.joined(separator: ","))]}]}"#
    }

    @Test("Without a token only health answers; a bad one is refused with a challenge; the role decides")
    func authentication() async throws {
        try await LiveAPI.run { api in
            #expect(try await api.send("GET", "/health/ready", token: "").status == 200)
            for route in Route.all where route.role != nil {
                let path = route.template.replacing("{id}", with: Self.id.description)
                let answer = try await api.send(route.method.name, path, token: "", body: [])
                #expect(answer.status == 401, "\(route.method) \(path)")
                #expect(answer["www-authenticate"]?.hasPrefix("Bearer ") == true)
                #expect(answer["content-type"] == "application/problem+json")
            }
            let expired = try await api.send("GET", "/stats", token: try await api.token(.admin, lifetime: -120))
            #expect(expired.status == 401)
            #expect(expired["www-authenticate"]?.contains("error=\"invalid_token\"") == true)
            let tagger = try await api.token(.tagger)
            let forbidden = try await api.send("POST", "/tag-rules", token: tagger, json: "{}")
            #expect(forbidden.status == 403)
            #expect(try forbidden.json["detail"]?.string == "This needs the role governor; the token's role is tagger.")
            // A cached token keeps its own role.
            #expect(try await api.send("GET", "/stats", token: tagger).status == 200)
            #expect(try await api.send("POST", "/tag-rules", token: tagger, json: "{}").status == 403)
        }
    }

    @Test("Unknown paths are 404, other methods 405 with Allow, unknown parameters 400 by name")
    func routing() async throws {
        try await LiveAPI.run { api in
            for path in ["/", "/nothing", "/resources/", "//resources", "/resources/a/b/c", "/graphql"] {
                #expect(try await api.send("GET", path).status == 404, "\(path)")
            }
            let answer = try await api.send("PATCH", "/tag-rules")
            #expect(answer.status == 405)
            #expect(answer["allow"] == "GET, HEAD, POST")
            let unknown = try await api.send("GET", "/resources?limits=1")
            #expect(unknown.status == 400)
            #expect(try unknown.json["errors"]?.array?.first?["pointer"]?.string == "?limits")
            for limit in ["0", "1001", "x", "-1"] {
                #expect(try await api.send("GET", "/resources?limit=\(limit)").status == 400)
            }
            #expect(try await api.send("GET", "/stats", headers: [("accept", "image/png")]).status == 406)
            #expect(try await api.send("GET", "/stats", headers: [("x-request-id", "mine-1")])["x-request-id"] == "mine-1")
            #expect(try await api.send("GET", "/stats", headers: [("x-request-id", "bad id")])["x-request-id"] != "bad id")
        }
    }

    @Test("What the transport refuses is a problem document too, and its detail says what was wrong")
    func refusedByTransport() async throws {
        try await LiveAPI.run { api in
            let long = String(repeating: "a", count: 40_000)
            for (bytes, status, words) in [
                ("GET / HTTP/1.1\nHost: a\n\n", 400, "LF alone"),
                ("GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n", 414, "8192 bytes of targetBytesMax"),
                ("GET / HTTP/1.1\r\nHost: a\r\nA: \(long)\r\n\r\n", 431, "32768 bytes of headerBytesMax"),
                ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "chunked"),
                ("GET / HTTP/4.2\r\nHost: a\r\n\r\n", 505, "HTTP/2"),
                ("BREW /stats HTTP/1.1\r\nHost: a\r\n\r\n", 501, "does not know the request's method"),
            ] {
                let answer = try await api.send(raw: bytes)
                #expect(answer.status == status)
                #expect(answer["content-type"] == "application/problem+json")
                let problem = try answer.json
                #expect(problem["status"]?.int == status)
                #expect(
                    problem["title"]?.string?.isEmpty == false
                        && problem["type"]?.string?.hasPrefix("urn:vtag:problem:") == true)
                #expect(problem["detail"]?.string?.contains(words) == true, "\(answer.text)")
                #expect(problem["request_id"]?.string == answer["x-request-id"])
            }
            #expect(try await api.send("PROPFIND", "/stats").status == 405)
        }
    }

    @Test("A line of NDJSON without end is read to its limit; the lines before it count")
    func endlessLine() async throws {
        try await LiveAPI.run { api in
            let body = Array((Self.instance + "\n" + #"{"a":""#).utf8) + Array(repeating: UInt8(ascii: "x"), count: 30 << 20)
            let answer = try await api.send("POST", "/ingest/aws?region=eu-west-1", type: "application/x-ndjson", body: body)
            #expect(answer.status == 413)
            #expect(
                try answer.json["detail"]?.string?.hasPrefix("Line 1, counted from 0, is longer than the 4194304 bytes")
                    == true)
            #expect(try await api.send("GET", "/resources/\(Self.id)").status == 200)
        }
    }

    @Test("A payload becomes a resource with relationships; again it is unchanged; tags, ETags and deletion follow")
    func resourceLife() async throws {
        try await LiveAPI.run { api in
            let first = try await api.send("POST", "/ingest/aws?region=eu-west-1", json: Self.instance)
            #expect(first.status == 200)
            #expect(try first.json["created"]?.int == 1)
            #expect(
                try await api.send("POST", "/ingest/aws?region=eu-west-1", json: Self.instance).json["unchanged"]?.int == 1)

            let found = try await api.send("GET", "/resources?resource_id=i-0123456789abcdef0").json["items"]?.array
            #expect(found?.first?["id"]?.string == Self.id.description)
            let one = try await api.send("GET", "/resources/\(Self.id)")
            let tag = try #require(one["etag"])
            #expect(try await api.send("GET", "/resources/\(Self.id)", headers: [("if-none-match", tag)]).status == 304)

            let body = #"{"resource_id":"i-0123456789abcdef0","tags":[{"key":"owner","value":"jo"}]}"#
            let applied = try await api.send("POST", "/virtual-tags/apply", json: body)
            #expect(applied.status == 201)
            let tagID = try #require(try applied.json["tags"]?.array?.first?["id"]?.string)
            #expect(try await api.send("GET", "/resources/\(Self.id)", headers: [("if-none-match", tag)]).status == 200)

            let value = #"{"tag_value":"al"}"#
            #expect(
                try await api.send("PUT", "/virtual-tags/\(tagID)", headers: [("if-match", tag)], json: value).status == 412)
            let fresh = try #require(applied["etag"])
            #expect(
                try await api.send("PUT", "/virtual-tags/\(tagID)", headers: [("if-match", fresh)], json: value).status
                    == 200)
            #expect(try await api.send("DELETE", "/virtual-tags/\(tagID)").status == 204)
            #expect(try await api.send("DELETE", "/virtual-tags/\(tagID)").status == 404)

            let trail = try await api.send("GET", "/audit/trail?tag_key=owner").json["items"]?.array ?? []
            #expect(trail.compactMap { $0["action"]?.string } == ["tag_removed", "tag_changed", "tag_added"])
            let csv = try await api.send("GET", "/audit/trail?limit=1", headers: [("accept", "text/csv")])
            #expect(csv["content-type"] == "text/csv; charset=utf-8" && csv["x-next-cursor"] != nil)
            #expect(try await api.send("DELETE", "/resources/\(Self.id)").status == 204)
            #expect(try await api.send("GET", "/resources/\(Self.id)").status == 404)
        }
    }

    @Test("The fast way and the general way answer a resource's tags with the same bytes")
    func pointRead() async throws {
        try await LiveAPI.run { api in
            _ = try await api.send("POST", "/ingest/aws", json: Self.instance)
            let tags = [
                ("owner", "jo"), ("quote\"d", "back\\slash\ttab"), ("ünï", "😀 \u{7f3}"),
                ("long", String(repeating: "x", count: 300)),
            ]
            let list = tags.map { #"{"key":\#(quoted($0.0)),"value":\#(quoted($0.1))}"# }.joined(separator: ",")
            let applied = try await api.send(
                "POST", "/virtual-tags/apply", json: #"{"resource_id":"\#(Self.id)","tags":[\#(list)]}"#)
            #expect(applied.status == 201)
            let path = "/resources/\(Self.id)/virtual-tags"
            let general = try await api.send("GET", path, headers: [("x-request-id", "r")])
            // Connections are spread over the event loops: some of these are on the shard's own.
            for _ in 0..<8 {
                let answer = try await api.send("GET", path)
                #expect(answer.body == general.body)
                #expect(answer["etag"] == general["etag"])
                #expect(try await api.send("GET", path, headers: [("if-none-match", answer["etag"] ?? "")]).status == 304)
            }
        }
    }

    private func quoted(_ text: String) -> String { String(decoding: JSONValue.string(text).serialised, as: UTF8.self) }

    @Test("Pages give every resource once; a cursor is good for its query alone")
    func pagination() async throws {
        try await LiveAPI.run { api in
            #expect(
                try await api.send("POST", "/ingest/aws?region=eu-west-1", json: describe(57)).json["created"]?.int == 57)
            var seen: [String] = []
            var cursor: String?
            repeat {
                let page = try await api.send("GET", "/resources?limit=10\(cursor.map { "&cursor=\($0)" } ?? "")").json
                seen += page["items"]?.array?.compactMap { $0["id"]?.string } ?? []
                cursor = page["next_cursor"]?.string
            } while cursor != nil
            #expect(seen.count == 57 && seen == seen.sorted() && Set(seen).count == 57)
            let first = try #require(try await api.send("GET", "/resources?limit=10").json["next_cursor"]?.string)
            #expect(try await api.send("GET", "/resources?cursor=\(first)&provider=aws").status == 400)
            #expect(try await api.send("GET", "/compliance/violations?cursor=\(first)").status == 400)
            #expect(try await api.send("GET", "/resources?cursor=\(first)A").status == 400)
            #expect(try await api.send("GET", "/resources?cursor=x").status == 400)
        }
    }

    @Test("The same idempotency key answers the same and does nothing twice; with another body it is 422")
    func idempotency() async throws {
        try await LiveAPI.run { api in
            let rule = #"{"rule_name":"a","conditions":{"all":[]},"actions":[{"set_tag":{"key":"k","value":"v"}}]}"#
            let key = [("idempotency-key", "abc")]
            let first = try await api.send("POST", "/tag-rules", headers: key, json: rule)
            #expect(first.status == 201)
            let again = try await api.send("POST", "/tag-rules", headers: key, json: rule)
            #expect(again.status == 201 && again.body == first.body)
            let other = try await api.send("POST", "/tag-rules", headers: key, json: rule.replacing("\"a\"", with: "\"b\""))
            #expect(other.status == 422)
            #expect(try await api.send("POST", "/tag-rules", json: rule).status == 409)
            #expect(
                try await api.send("POST", "/tag-rules", headers: [("idempotency-key", "ä b")], json: rule).status == 400)
        }
    }

    @Test("Lines are taken one by one; a bad line is named and the others count")
    func lines() async throws {
        try await LiveAPI.run { api in
            let lines = (0..<5_000).map {
                #"{"Instances":[{"InstanceId":"i-\#(String(repeating: "0", count: 12))\#(10_000 + $0)"}]}"#
            }
            let text = lines[..<3].joined(separator: "\n") + "\n{bad\n\n" + lines[3...].joined(separator: "\n")
            let answer = try await api.send(
                "POST", "/ingest/aws?region=eu-west-1", type: "application/x-ndjson", body: Array(text.utf8)
            ).json
            #expect(answer["created"]?.int == 5_000)
            #expect(answer["error_count"]?.int == 1)
            #expect(answer["errors"]?.array?.first?["index"]?.int == 3)
        }
    }

    @Test(
        "Malformed bodies get 400, 413, 415 or 422, never 500",
        arguments: [
            ("", 400), ("{", 400), ("\u{FEFF}{}", 400), (#"{"a":1}"#, 422), ("[]", 422), ("null", 422), (#""x""#, 422),
            (#"{"resource_id":5,"tags":[]}"#, 422), (#"{"resource_id":"x","tags":[{"key":"a","value":"b"}]}"#, 404),
            (#"{"resource_id":"x","resource_id":"y","tags":[{"key":"a","value":"b"}]}"#, 422),
            (#"{"resource_id":"x","tags":[{"key":"","value":"b"}]}"#, 422), (#"{"resource_id":"x\u0000","tags":[]}"#, 422),
        ])
    func malformed(body: String, status: Int) async throws {
        try await LiveAPI.run { api in
            let answer = try await api.send("POST", "/virtual-tags/apply", json: body)
            #expect(answer.status == status)
        }
    }

    @Test("Deep, long, unencodable and mislabelled bodies are refused with their reason")
    func hostileBodies() async throws {
        try await LiveAPI.run { api in
            let deep = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
            #expect(try await api.send("POST", "/ingest/aws", json: deep).status == 400)
            #expect(try await api.send("POST", "/tag-rules", json: deep).status == 400)
            #expect(try await api.send("POST", "/tag-rules", body: [0x22, 0xFF, 0x22]).status == 400)
            #expect(try await api.send("POST", "/tag-rules", type: "text/html", body: Array("{}".utf8)).status == 415)
            #expect(try await api.send("POST", "/tag-rules", type: nil, body: Array("{}".utf8)).status == 415)
            let long = try await api.send("POST", "/tag-rules", body: Array(repeating: 0x20, count: Route.jsonBytesMax + 1))
            #expect(long.status == 413)
            #expect(
                try await api.send("POST", "/ingest/focus", type: "text/csv", body: Array("a,b\n1,2\n".utf8)).status == 400)
        }
    }

    @Test("A bulk request does what it can, and names the items it cannot do")
    func bulk() async throws {
        try await LiveAPI.run { api in
            _ = try await api.send("POST", "/ingest/aws?region=eu-west-1", json: describe(20))
            let item = { (id: String) in #"{"resource_id":"\#(id)","tags":[{"key":"a","value":"b"}]}"# }
            let first = "i-\(String(repeating: "0", count: 12))10000"
            let items = [first, "i-none", first].map(item).joined(separator: ",")
            let answer = try await api.send("POST", "/virtual-tags/bulk-apply", json: #"{"items":[\#(items)]}"#).json
            #expect(answer["applied"]?.int == 1)
            #expect(answer["failed"]?.array?.compactMap { $0["index"]?.int } == [1, 2])
            let query =
                #"{"where":{"field":"provider","operator":"eq","value":"aws"},"tags":[{"key":"cloud","value":"aws"}]}"#
            #expect(try await api.send("POST", "/virtual-tags/bulk-apply", json: query).json["applied"]?.int == 20)
            let listed = try await api.send("GET", "/resources?tag=cloud%3Daws&limit=1000").json["items"]?.array
            #expect(listed?.count == 20)
        }
    }

    @Test("Events: handshakes are answered, a repeated message changes nothing")
    func events() async throws {
        try await LiveAPI.run { api in
            let validation =
                #"[{"id":"1","eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"512d"}}]"#
            #expect(
                try await api.send("POST", "/events/eventgrid", json: validation).json["validationResponse"]?.string
                    == "512d")
            let options = try await api.send(
                "OPTIONS", "/events/eventgrid", token: "", headers: [("webhook-request-origin", "azure")])
            #expect(options.status == 200 && options["webhook-allowed-origin"] == "azure")
            let event =
                #"{"id":"e1","detail-type":"Tag Change on Resource","account":"123456789012","region":"eu-west-1","resources":["arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0"],"detail":{"service":"ec2","resource-type":"instance","tags":{"Env":"prod"}}}"#
            let governor = try await api.token(.governor)
            let taken = try await api.send("POST", "/events/eventbridge?access_token=\(governor)", token: "", json: event)
            #expect(try taken.json["accepted"]?.int == 1)
            _ = try await api.send("POST", "/events/eventbridge", json: event)
            #expect(try await api.send("GET", "/resources/\(Self.id)").json["version"]?.int == 1)
            #expect(try await api.send("POST", "/events/pubsub", json: #"{"message":5}"#).status == 422)
        }
    }
}
