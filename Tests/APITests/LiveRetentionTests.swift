import JSON
import Model
import NodeRuntime
import Synchronization
import Testing

@testable import API
@testable import Checkpoint

/// A clock that stands until it is moved.
private final class HandClock: Sendable {
    private let time = Mutex(Timestamp("2026-01-10T12:00:00Z") ?? Timestamp(milliseconds: 0))

    var now: Timestamp { time.withLock { $0 } }
    func move(to text: String) throws {
        let moment = try #require(Timestamp(text))
        time.withLock { $0 = moment }
    }
}

@Suite("Retention of the audit history, over a socket")
struct LiveRetentionTests {
    private static let (kept, other) = ("vol-0aaaaaaaaaaaaaaa1", "vol-0bbbbbbbbbbbbbbb2")

    private static func id(_ name: String) -> ResourceID { ResourceID(provider: .aws, nativeID: name) }

    private func ingest(_ api: LiveAPI, _ name: String) async throws {
        let payload = #"{"Volumes":[{"VolumeId":"\#(name)","Size":1,"Tags":[{"Key":"env","Value":"prod"}]}]}"#
        #expect(try await api.send("POST", "/ingest/aws?region=eu-west-1", json: payload).status == 200)
    }

    private func set(_ api: LiveAPI, _ name: String, _ key: String, _ value: String) async throws {
        let body = #"{"resource_id":"\#(name)","tags":[{"key":"\#(key)","value":"\#(value)"}]}"#
        #expect(try await api.send("POST", "/virtual-tags/apply", json: body).status == 201)
    }

    /// Two volumes that changed in January, March and June.
    private func live(_ api: LiveAPI, _ clock: HandClock) async throws {
        for name in [Self.kept, Self.other] {
            try clock.move(to: "2026-01-10T12:00:00Z")
            try await ingest(api, name)
            try await set(api, name, "team", "web")
            try await set(api, name, "owner", "ann")
        }
        try clock.move(to: "2026-03-10T12:00:00Z")
        for name in [Self.kept, Self.other] { try await set(api, name, "team", "db") }
        try clock.move(to: "2026-06-10T12:00:00Z")
        for name in [Self.kept, Self.other] { try await set(api, name, "team", "core") }
    }

    private func trail(_ api: LiveAPI, _ name: String) async throws -> [String] {
        let answer = try await api.send("GET", "/audit/trail?limit=1000&resource_id=\(name)")
        return try (answer.json["items"]?.array ?? []).compactMap { $0["at"]?.string }.map { String($0.prefix(7)) }
    }

    private func tags(_ api: LiveAPI, _ name: String, at time: String) async throws -> Answer {
        try await api.send("GET", "/resources/\(Self.id(name))/virtual-tags?at=\(time)")
    }

    private func verification(_ api: LiveAPI) async throws -> [JSONValue] {
        try await api.send("GET", "/audit/verify").json["items"]?.array ?? []
    }

    @Test(
        "Whole months beyond the retention go, what is held stays, the chain verifies, and the past says from when on it is known"
    )
    func cleanUp() async throws {
        let clock = HandClock()
        try await LiveAPI.run(now: { clock.now }) { api in
            try await live(api, clock)
            let untouched = try await api.send("GET", "/audit/retention").json
            #expect(untouched["months"]?.isNull == true && untouched["last_cleanup"]?.isNull == true)
            let placed = try await api.send(
                "POST", "/audit/holds", json: #"{"hold_name":"case","reason":"r","scope":{"resources":["\#(Self.kept)"]}}"#)
            #expect(placed.status == 201)
            let put = try await api.send("PUT", "/audit/retention", json: #"{"months":2}"#)
            #expect(put.status == 200 && put["etag"] == "\"1\"")
            await api.node.keepRetention()

            let retention = try await api.send("GET", "/audit/retention").json
            #expect(retention["horizon"]?.string == "2026-04-01T00:00:00.000Z")
            let last = try #require(retention["last_cleanup"])
            #expect(last["state"]?.string == "finished", "\(last)")
            #expect(last["held"]?.int == 4, "\(last)")
            #expect(try await trail(api, Self.kept) == ["2026-06", "2026-03", "2026-01", "2026-01", "2026-01"])
            #expect(try await trail(api, Self.other) == ["2026-06"])

            let found = try await verification(api)
            #expect(found.allSatisfy { $0["intact"]?.bool == true }, "\(found)")
            // Those of the other volume, and what group 0 did in January.
            let removed = found.reduce(0) { $0 + ($1["removed"]?["entries"]?.int ?? 0) }
            #expect(removed >= 4 && last["removed"]?.int == removed, "\(last)")
            #expect(found.allSatisfy { $0["removed"]?["months"]?.int == 2 })

            // Of the one that is held all of the past is known.
            let january = try await tags(api, Self.kept, at: "2026-02-01")
            let told = try january.json["items"]?.array?.first { $0["tag_key"]?.string == "team" }
            #expect(told?["tag_value"]?.string == "web" && told?["created_by"]?.string == "ada")
            let gone = try await tags(api, Self.other, at: "2026-02-01")
            #expect(gone.status == 410)
            #expect(try gone.json["detail"]?.string?.contains("2026-04-01T00:00:00.000Z") == true)
            // From the horizon on it is known of the other one, too.
            let may = try await tags(api, Self.other, at: "2026-05-01").json
            #expect(may["existed"]?.bool == true)
            let values = Dictionary(
                uniqueKeysWithValues: (may["items"]?.array ?? []).map {
                    ($0["tag_key"]?.string ?? "", $0["tag_value"]?.string)
                })
            #expect(values == ["env": "prod", "team": "db", "owner": "ann"])
            let owner = may["items"]?.array?.first { $0["tag_key"]?.string == "owner" }
            #expect(owner?["source"]?.string == "manual" && owner?["created_by"]?.string == "ada")
            #expect(may["items"]?.array?.first { $0["tag_key"]?.string == "team" }?["source"]?.isNull == true)

            // Nothing more happens within the month; in the next one, with the hold released, the rest goes.
            await api.node.keepRetention()
            #expect(try await api.send("GET", "/audit/retention").json["last_cleanup"] == last)
            let id = try #require(try placed.json["id"]?.string)
            #expect(try await api.send("DELETE", "/audit/holds/\(id)").status == 204)
            try clock.move(to: "2026-07-02T00:00:00Z")
            await api.node.keepRetention()
            #expect(try await trail(api, Self.kept) == ["2026-06"])
            #expect(try await verification(api).allSatisfy { $0["intact"]?.bool == true })
            let actions =
                try await api.send("GET", "/audit/trail?limit=1000").json["items"]?.array?
                .compactMap { $0["action"]?.string } ?? []
            for action in ["retention_changed", "hold_placed", "hold_released", "audit_cleaned"] {
                #expect(actions.contains(action), "\(action)")
            }
        }
    }

    @Test("A byte flipped beside what was removed is named")
    func tampering() async throws {
        let clock = HandClock()
        try await LiveAPI.run(now: { clock.now }) { api in
            try await live(api, clock)
            _ = try await api.send(
                "POST", "/audit/holds", json: #"{"hold_name":"case","reason":"r","scope":{"tag_keys":["owner"]}}"#)
            _ = try await api.send("PUT", "/audit/retention", json: #"{"months":1}"#)
            await api.node.keepRetention()
            let intruder = try SQLiteConnection(path: api.directory + "/checkpoint.sqlite", readOnly: false)
            try intruder.execute("UPDATE tag_audit SET actor = 'eve' WHERE tag_key = 'owner'")
            let sequence = Int(try intruder.integer("SELECT min(sequence) FROM tag_audit WHERE actor = 'eve'"))
            let faults = try await verification(api).filter { $0["intact"]?.bool == false }
            #expect(!faults.isEmpty && faults.allSatisfy { $0["fault"]?["problem"]?.string == "altered" })
            #expect(faults.contains { $0["fault"]?["sequence"]?.int == sequence })
        }
    }

    @Test("Bad input is named by its place, and who is no administrator learns nothing of holds")
    func refusals() async throws {
        try await LiveAPI.run { api in
            func put(_ body: String) async throws -> (Int, String?) {
                let answer = try await api.send("PUT", "/audit/retention", json: body)
                return (answer.status, try answer.json["errors"]?.array?.first?["pointer"]?.string)
            }
            for body in [#"{"months":0}"#, #"{"months":1201}"#, #"{"months":"a"}"#, #"{"months":1.5}"#, "{}"] {
                #expect(try await put(body) == (422, "/months"), "\(body)")
            }
            #expect(try await put(#"{"month":3}"#) == (422, "/month"))
            func place(_ scope: String, name: String = "h", reason: String = "r") async throws -> (Int, String?) {
                let body = #"{"hold_name":"\#(name)","reason":"\#(reason)","scope":\#(scope)}"#
                let answer = try await api.send("POST", "/audit/holds", json: body)
                return (answer.status, try answer.json["errors"]?.array?.first?["pointer"]?.string)
            }
            #expect(try await place("{}") == (422, "/scope"))
            #expect(try await place("[]") == (422, "/scope"))
            #expect(try await place(#"{"actors":[]}"#) == (422, "/scope/actors"))
            #expect(try await place(#"{"actor":["a"]}"#) == (422, "/scope/actor"))
            #expect(try await place(#"{"from":"soon"}"#) == (422, "/scope/from"))
            #expect(try await place(#"{"from":"2026-02-01","to":"2026-01-01"}"#) == (422, "/scope/to"))
            #expect(try await place(#"{"actors":["a"]}"#, reason: "  ") == (422, "/reason"))
            #expect(try await place(#"{"actors":["a"]}"#) == (201, nil))
            #expect(try await place(#"{"actors":["b"]}"#) == (409, nil))
            let holds = try await api.send("GET", "/audit/holds").json["items"]?.array
            #expect(holds?.count == 1)
            let id = try #require(holds?.first?["id"]?.string)
            let one = try await api.send("GET", "/audit/holds/\(id)")
            #expect(one.status == 200 && one["etag"] != nil)
            #expect(try await api.send("DELETE", "/audit/holds/\(id)", headers: [("if-match", "\"77\"")]).status == 412)
            #expect(try await api.send("GET", "/audit/holds", token: try await api.token(.governor)).status == 403)
            #expect(try await api.send("DELETE", "/audit/holds/\(id)").status == 204)
            #expect(try await api.send("DELETE", "/audit/holds/\(id)").status == 404)
            // A key answers the same; with another body it is refused.
            let key = [("idempotency-key", "k-1")]
            let body = #"{"hold_name":"once","reason":"r","scope":{"actors":["a"]}}"#
            let first = try await api.send("POST", "/audit/holds", headers: key, json: body)
            #expect(try await api.send("POST", "/audit/holds", headers: key, json: body).body == first.body)
            #expect(first.status == 201)
            let stale = try await api.send(
                "PUT", "/audit/retention", headers: [("if-match", "\"5\"")], json: #"{"months":3}"#)
            #expect(stale.status == 412)
            #expect(try await put(#"{"months":3}"#) == (200, nil))
            #expect(try await put(#"{"months":null}"#) == (200, nil))
        }
    }
}
