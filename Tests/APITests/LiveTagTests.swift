import JSON
import Model
import Testing

@testable import API

/// Tags set by hand: the same key answers the same, and the schema has its say.
@Suite("Tags set by hand")
struct LiveTagTests {
    private static let id = ResourceID(provider: .aws, nativeID: "vol-0123456789abcdef0")

    private func ingest(_ api: LiveAPI) async throws {
        let payload = #"{"Volumes":[{"VolumeId":"vol-0123456789abcdef0","Size":1}]}"#
        #expect(try await api.send("POST", "/ingest/aws?region=eu-west-1", json: payload).status == 200)
    }

    private func application(_ key: String, _ value: String) -> String {
        #"{"resource_id":"vol-0123456789abcdef0","tags":[{"key":"\#(key)","value":"\#(value)"}]}"#
    }

    @Test("A replayed request is answered as it was, whatever became of the tags and their resource")
    func replay() async throws {
        try await LiveAPI.run { api in
            try await ingest(api)
            let key = [("idempotency-key", "a")]
            let first = try await api.send("POST", "/virtual-tags/apply", headers: key, json: application("owner", "jo"))
            #expect(first.status == 201)
            let tag = try #require(try first.json["tags"]?.array?.first?["id"]?.string)
            let put = [("idempotency-key", "b")]
            let second = try await api.send("PUT", "/virtual-tags/\(tag)", headers: put, json: #"{"tag_value":"al"}"#)
            #expect(second.status == 200)
            func replayed() async throws {
                let again = try await api.send(
                    "POST", "/virtual-tags/apply", headers: key, json: application("owner", "jo"))
                #expect(again.status == 201 && again.body == first.body && again["etag"] == first["etag"])
                let put = try await api.send("PUT", "/virtual-tags/\(tag)", headers: put, json: #"{"tag_value":"al"}"#)
                #expect(put.status == 200 && put.body == second.body && put["etag"] == second["etag"])
            }
            try await replayed()
            #expect(try await api.send("DELETE", "/virtual-tags/\(tag)").status == 204)
            try await replayed()
            #expect(try await api.send("DELETE", "/resources/\(Self.id)").status == 204)
            try await replayed()
            // The same key with another body, and a new request, learn that it is gone.
            #expect(
                try await api.send("POST", "/virtual-tags/apply", headers: key, json: application("owner", "x")).status
                    == 422)
            #expect(try await api.send("POST", "/virtual-tags/apply", json: application("owner", "jo")).status == 404)
            let fresh = [("idempotency-key", "c")]
            #expect(
                try await api.send("POST", "/virtual-tags/apply", headers: fresh, json: application("owner", "jo")).status
                    == 404)
        }
    }

    @Test("The same key with another precondition is another request")
    func preconditions() async throws {
        try await LiveAPI.run { api in
            try await ingest(api)
            let applied = try await api.send("POST", "/virtual-tags/apply", json: application("owner", "jo"))
            let tag = try #require(try applied.json["tags"]?.array?.first?["id"]?.string)
            let etag = try #require(applied["etag"])
            func put(_ headers: [(String, String)]) async throws -> Int {
                try await api.send(
                    "PUT", "/virtual-tags/\(tag)", headers: [("idempotency-key", "k")] + headers,
                    json: #"{"tag_value":"al"}"#
                ).status
            }
            #expect(try await put([("if-match", etag)]) == 200)
            #expect(try await put([("if-match", etag)]) == 200)
            #expect(try await put([]) == 422)
            #expect(try await put([("if-match", "*")]) == 422)
            #expect(try await put([("if-none-match", etag)]) == 422)
        }
    }

    @Test("A value that the schema does not allow is set with a warning, and is a violation until it is mended")
    func schema() async throws {
        try await LiveAPI.run { api in
            try await ingest(api)
            let definitions = [
                #"{"tag_key":"environment","allowed_values":["production","staging"],"aliases":["env"],"value_aliases":{"production":["prd"]}}"#,
                #"{"tag_key":"expires","data_type":"date"}"#,
            ]
            for definition in definitions {
                #expect(try await api.send("POST", "/tag-schema", json: definition).status == 201)
            }
            func violations() async throws -> [String] {
                let path = "/compliance/violations?resource_id=\(Self.id)"
                return try await api.send("GET", path).json["items"]?.array?.flatMap { status in
                    (status["violations"]?.array ?? []).map {
                        "\(status["policy_name"]?.string ?? "") \($0["code"]?.string ?? "") \($0["tag_key"]?.string ?? "")"
                    }
                } ?? []
            }
            let alias = try await api.send("POST", "/virtual-tags/apply", json: application("ENV", "prd"))
            #expect(try alias.json["warnings"]?.array == [])
            #expect(try alias.json["tags"]?.array?.first?["tag_value"]?.string == "production")
            #expect(try await violations() == [])

            let wrong = try await api.send("POST", "/virtual-tags/apply", json: application("env", "prodution"))
            #expect(wrong.status == 201)
            let message = try #require(try wrong.json["warnings"]?.array?.first?["message"]?.string)
            #expect(message.contains("environment") && message.contains("did you mean \"production\"?"), "\(message)")
            #expect(try await violations() == ["tag schema value_not_allowed environment"])
            let bulk = try await api.send(
                "POST", "/virtual-tags/bulk-apply", json: #"{"items":[\#(application("expires", "soon"))]}"#)
            #expect(try bulk.json["warnings"]?.array?.first?["pointer"]?.string == "/items/0/tags")
            #expect(try await violations().count == 2)
            let summary = try await api.send("GET", "/compliance/status").json
            #expect(summary["by_policy"]?.array?.compactMap { $0["policy_name"]?.string } == ["tag schema"])
            #expect(summary["compliant_resources"]?.int == 0)

            let tag = try #require(try wrong.json["tags"]?.array?.first?["id"]?.string)
            let put = try await api.send("PUT", "/virtual-tags/\(tag)", json: #"{"tag_value":"nowhere"}"#)
            #expect(try put.status == 200 && put.json["warnings"]?.array?.first?["pointer"]?.string == "/tag_value")
            _ = try await api.send("PUT", "/virtual-tags/\(tag)", json: #"{"tag_value":"staging"}"#)
            _ = try await api.send("POST", "/virtual-tags/apply", json: application("expires", "2026-12-31"))
            #expect(try await violations() == [])
        }
    }
}
