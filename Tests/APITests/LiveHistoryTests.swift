import JSON
import Model
import NodeRuntime
import Testing

@testable import API
@testable import Checkpoint

/// What the audit history proves, and what it tells of the past.
@Suite("The audit history")
struct LiveHistoryTests {
    private static let id = ResourceID(provider: .aws, nativeID: "vol-0123456789abcdef0")

    private func ingest(_ api: LiveAPI, tags: String) async throws {
        let payload = #"{"Volumes":[{"VolumeId":"vol-0123456789abcdef0","Size":1,"Tags":[\#(tags)]}]}"#
        #expect(try await api.send("POST", "/ingest/aws?region=eu-west-1", json: payload).status == 200)
    }

    private func set(_ api: LiveAPI, _ key: String, _ value: String) async throws {
        let body = #"{"resource_id":"\#(Self.id)","tags":[{"key":"\#(key)","value":"\#(value)"}]}"#
        #expect(try await api.send("POST", "/virtual-tags/apply", json: body).status == 201)
    }

    /// The time of the last entry, in the moment after which the next one is written.
    private func now(_ api: LiveAPI) async throws -> String {
        let newest = try await api.send("GET", "/audit/trail?limit=1").json["items"]?.array?.first
        let time = try #require(newest?["at"]?.string)
        // The next change must bear a later time.
        let moment = try #require(Timestamp(time))
        while wallClock().milliseconds <= moment.milliseconds { await Task.yield() }
        return time
    }

    private func tags(_ api: LiveAPI, at time: String) async throws -> [String: String] {
        let answer = try await api.send("GET", "/resources/\(Self.id)/virtual-tags?at=\(time)")
        #expect(answer.status == 200)
        let items = try answer.json["items"]?.array ?? []
        return Dictionary(
            uniqueKeysWithValues: items.map { ($0["tag_key"]?.string ?? "", $0["tag_value"]?.string ?? "") })
    }

    @Test("The tags of any time are those that there were, also when their resource is gone")
    func asOf() async throws {
        try await LiveAPI.run { api in
            func current() async throws -> [String: String] {
                let items = try await api.send("GET", "/resources/\(Self.id)/virtual-tags").json["items"]?.array ?? []
                return Dictionary(
                    uniqueKeysWithValues: items.map { ($0["tag_key"]?.string ?? "", $0["tag_value"]?.string ?? "") })
            }
            var moments: [(time: String, tags: [String: String])] = []
            func note() async throws { moments.append((try await now(api), try await current())) }
            try await ingest(api, tags: #"{"Key":"team","Value":"web"},{"Key":"env","Value":"prod"}"#)
            try await note()
            try await set(api, "owner", "ann")
            try await note()
            try await set(api, "team", "db")
            try await set(api, "owner", "bob")
            try await note()
            // The provider drops a tag, changes another and has a new one.
            try await ingest(api, tags: #"{"Key":"env","Value":"test"},{"Key":"tier","Value":"1"}"#)
            try await note()
            let owner = PartID.virtualTag(of: Self.id, key: "owner")
            #expect(try await api.send("DELETE", "/virtual-tags/\(owner)").status == 204)
            try await note()
            #expect(try await api.send("DELETE", "/resources/\(Self.id)").status == 204)
            let gone = try await now(api)
            try await ingest(api, tags: #"{"Key":"team","Value":"new"}"#)
            try await note()
            #expect(Set(moments.map(\.tags)).count == moments.count)
            for moment in moments { #expect(try await tags(api, at: moment.time) == moment.tags) }
            #expect(try await tags(api, at: gone) == [:])
            #expect(try await tags(api, at: "2020-01-01T00:00:00Z") == [:])
            #expect(try await tags(api, at: "2999-01-01T00:00:00Z") == moments.last?.tags)
            let past = try await api.send("GET", "/resources/\(Self.id)/virtual-tags?at=\(gone)").json
            #expect(past["existed"]?.bool == false)
            let second = try await api.send("GET", "/resources/\(Self.id)/virtual-tags?at=\(moments[1].time)").json
            let tag = second["items"]?.array?.first { $0["tag_key"]?.string == "owner" }
            #expect(tag?["source"]?.string == "manual" && tag?["created_by"]?.string == "ada")
        }
    }

    @Test("What is no time, and what never was a resource, is refused")
    func refusals() async throws {
        try await LiveAPI.run { api in
            func status(_ target: String) async throws -> Int { try await api.send("GET", target).status }
            let tags = "/resources/\(Self.id)/virtual-tags?at="
            let never = try await status(tags + "2026-01-01")
            #expect(never == 404)
            for text in ["", "soon", "2026-13-01T00:00:00Z"] {
                let refused = try await status(tags + text)
                #expect(refused == 400, "\(text)")
            }
            let cursor = try await status("/audit/verify?cursor=abc")
            #expect(cursor == 400)
        }
    }

    @Test("Verification finds every shard intact, and names the entry that somebody has altered in the file")
    func verification() async throws {
        try await LiveAPI.run { api in
            try await ingest(api, tags: "")
            for value in 0..<5 { try await set(api, "owner", "ann-\(value)") }
            func parts(_ query: String = "") async throws -> [JSONValue] {
                let answer = try await api.send("GET", "/audit/verify\(query)")
                #expect(answer.status == 200)
                return try answer.json["items"]?.array ?? []
            }
            let whole = try await parts()
            #expect(whole.count == 5 && whole.allSatisfy { $0["intact"]?.bool == true })
            #expect(try await parts("?limit=2").count == 2)
            let shard = try #require(whole.first { ($0["last"]?.int ?? 0) > 5 }?["shard"]?.int)
            let intruder = try SQLiteConnection(path: api.directory + "/checkpoint.sqlite", readOnly: false)
            try intruder.execute(
                "UPDATE tag_audit SET new_value = 'eve' WHERE shard = \(shard) AND new_value = 'ann-2'")
            let sequence = Int(try intruder.integer("SELECT sequence FROM tag_audit WHERE new_value = 'eve'"))
            let altered = try await parts().filter { $0["intact"]?.bool == false }
            #expect(altered.map { $0["shard"]?.int } == [shard])
            #expect(altered.first?["fault"]?["sequence"]?.int == sequence)
            #expect(altered.first?["fault"]?["problem"]?.string == "altered")
            #expect(altered.first?["last"]?.int == sequence - 1)
        }
    }
}
