import Foundation
import HTTPTransport
import JSON
import Model
import PostgresTesting
import Testing

/// A node of one region, and one that follows it by its database.
struct TwoRegions {
    /// HS256 over a key of 32 zero bytes, for an administrator, until 2100.
    static let token =
        "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsiLCJ0eXAiOiJKV1QifQ.eyJzdWIiOiJhZGEiLCJyb2xlIjoiYWRtaW4iLCJleHAiOjQxMDI0NDQ4MDB9."
        + "UiC_5NfqYoasUhbQkG253K1-Kr86_ueEe4JJIyAkbJY"

    let scratch: Scratch
    let jwks: String

    init() throws {
        scratch = try Scratch()
        jwks = scratch.url.appending(path: "jwks.json").path
        let key = #"{"keys":[{"kty":"oct","kid":"k","alg":"HS256","k":"\#(String(repeating: "A", count: 43))"}]}"#
        try Data(key.utf8).write(to: URL(filePath: jwks))
    }

    func primary(_ name: String, _ address: String) async throws -> NodeProcess {
        try await NodeProcess.serving(
            scratch.url.appending(path: name), ["--jwks", jwks, "--postgres", address, "--region", "us-east-1"])
    }

    func follower(_ name: String, _ address: String, of primary: NodeProcess) async throws -> NodeProcess {
        try await follower(name, address, primaryURLs: primary.url)
    }

    func follower(_ name: String, _ address: String, primaryURLs: String, flags: [String] = []) async throws -> NodeProcess {
        try await NodeProcess.serving(
            scratch.url.appending(path: name),
            [
                "--jwks", jwks, "--follow-postgres", address, "--primary-url", primaryURLs, "--region", "eu-west-1",
            ] + flags)
    }
}

extension NodeProcess {
    func ask(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, key: String? = nil, headers: HTTPFields = [:]
    ) async throws -> Answer {
        try await send(method, path, body, key: key, headers: headers, token: TwoRegions.token)
    }

    func following() async throws -> JSONValue { try await ask(.get, "/cluster").json["following"] ?? .null }

    func isReady() async throws -> Bool { try await ask(.get, "/health/ready").status == 200 }

    func ingest(_ volumes: Range<Int>) async throws -> Answer {
        let list = volumes.map { #"{"VolumeId":"vol-\#($0)","Size":1}"# }.joined(separator: ",")
        return try await ask(.post, "/ingest/aws?operation=ec2.describe-volumes", #"{"Volumes":[\#(list)]}"#)
    }

    func tag(_ id: ResourceID, _ value: String) async throws -> Answer {
        try await ask(
            .post, "/virtual-tags/apply", #"{"resource_id":"\#(id)","tags":[{"key":"round","value":"\#(value)"}]}"#)
    }

    func readsTag(_ id: ResourceID, after revision: String?) async throws -> (value: String?, Answer) {
        let answer = try await ask(
            .get, "/resources/\(id)/virtual-tags", headers: revision.map { ["min-revision": $0] } ?? [:])
        let tags = answer.json["items"]?.array ?? []
        return (tags.first { $0["tag_key"]?.string == "round" }?["tag_value"]?.string, answer)
    }
}

@Suite("A region that follows", .serialized)
struct FollowingRegionTests {
    private let volume = ResourceID(provider: .aws, nativeID: "vol-7")

    @Test("It has what is written, deleted and ruled elsewhere, reads one's writes by their revision, and passes writes on")
    func follows() async throws {
        let address = try PostgresServer.shared.get().makeDatabase()
        let regions = try TwoRegions()
        defer { regions.scratch.remove() }
        let primary = try await regions.primary("us", address)
        defer { if primary.isRunning { primary.kill() } }
        #expect(try await primary.ingest(0..<600).status == 200)
        let follower = try await regions.follower("eu", address, of: primary)
        defer { if follower.isRunning { follower.kill() } }
        try await until { try await follower.isReady() }

        // Read your writes, both ways.
        for round in 0..<20 {
            let writer = round % 2 == 0 ? primary : follower
            let written = try await writer.tag(volume, "r\(round)")
            #expect(written.status == 201, "\(written.text)")
            let revision = try #require(written.headers["revision"])
            let (value, answer) = try await follower.readsTag(volume, after: revision)
            #expect(value == "r\(round)", "\(answer.status) \(answer.text)")
            #expect(answer.headers["staleness-ms"].flatMap { Int($0) } ?? .max < 60_000)
            #expect(answer.headers["as-of-index"] != nil)
        }
        // The same without a revision, on the way that is for speed.
        try await until { try await follower.readsTag(volume, after: nil).value == "r19" }
        #expect(try await follower.readsTag(volume, after: nil).1.headers["as-of-index"] != nil)

        // A rule, by way of the follower, and what it does to rows.
        let rule = """
            {"rule_name":"volumes","conditions":{"field":"resource_type","operator":"eq","value":"ec2.volume"},
             "actions":[{"set_tag":{"key":"kind","value":"disk"}}]}
            """
        let made = try await follower.ask(.post, "/tag-rules", rule, key: "one-rule")
        #expect(made.status == 201, "\(made.text)")
        let catalogue = try #require(made.headers["revision"])
        #expect(catalogue.hasPrefix("0:"))
        let rules = try await follower.ask(.get, "/tag-rules", headers: ["min-revision": catalogue])
        #expect(rules.json["items"]?.array?.first?["rule_name"]?.string == "volumes")
        try await until { try await follower.ask(.get, "/stats").json["tags"]?["rule"]?.int == 600 }

        // Deletions, search, graph.
        let other = ResourceID(provider: .aws, nativeID: "vol-8")
        let deleted = try await follower.ask(.delete, "/resources/\(other)")
        #expect(deleted.status == 204)
        let gone = try await follower.ask(
            .get, "/resources/\(other)", headers: ["min-revision": deleted.headers["revision"] ?? ""])
        #expect(gone.status == 404)
        #expect(try await follower.ask(.get, "/stats").json["resources"]?.int == 599)
        let query = try await follower.ask(.post, "/graph/query", #"{"query":"MATCH (n:Resource) RETURN count(n) AS n"}"#)
        #expect(query.status == 200 && query.text.contains("599"), "\(query.text)")

        // Graphs of users' own are not in the database: they are asked and changed where they are.
        #expect(try await follower.ask(.put, "/graphs/teams").status == 201)
        let team = try await follower.ask(
            .post, "/graph/query", #"{"query":"CREATE (t:Team {name: 'red'}) RETURN t.name","graph":"teams"}"#)
        #expect(team.status == 200 && team.headers["as-of-index"] == nil, "\(team.text)")
        let read = try await follower.ask(.post, "/db/teams/query/v2", #"{"statement":"MATCH (t:Team) RETURN t.name"}"#)
        #expect(read.status == 202 && read.text.contains("red"), "\(read.text)")
        #expect(try await follower.ask(.get, "/graphs").json["items"]?.array?.count == 1)

        // What only the primary region has, and what nobody has yet.
        let trail = try await follower.ask(.get, "/audit/trail?resource_id=\(volume)")
        #expect(trail.status == 200 && trail.headers["as-of-index"] == nil)
        let newest = try await follower.ask(.get, "/resources/\(volume)", headers: ["read-consistency": "linearizable"])
        #expect(newest.status == 200 && newest.headers["as-of-index"] == nil)
        let past = try await follower.ask(.get, "/resources/\(volume)/virtual-tags?at=2020-01-01T00:00:00Z")
        #expect(past.status != 503, "\(past.text)")
        let far = try await follower.ask(
            .get, "/resources/\(volume)", headers: ["min-revision": "1:99999999", "prefer": "wait=0"])
        #expect(far.status == 504)
        #expect(far.json["revision"]?.string?.hasPrefix("1:") == true)
        for node in [primary, follower] {
            let bad = try await node.ask(.get, "/resources/\(volume)", headers: ["min-revision": "1:+5"])
            #expect(bad.status == 400 && bad.text.contains("SHARD:INDEX"))
        }

        let state = try await follower.following()
        #expect(state["state"]?.string == "following")
        #expect(state["loaded_shards"]?.int == 5)
        #expect(try await follower.metric("vtag_follow_up", token: TwoRegions.token) == 1)
        #expect(try await primary.following() == .null)

        // Nobody there to take it.
        primary.kill()
        // A connection that was kept is found to be dead by what may be sent again.
        #expect(try await follower.ask(.get, "/audit/trail").status == 503)
        let refused = try await follower.tag(volume, "nobody")
        #expect(refused.status == 503 && refused.text.contains("nothing of the request happened"), "\(refused.text)")
        #expect(try await follower.readsTag(volume, after: nil).value == "r19")
        #expect(follower.terminate() == 0)
        await follower.close()
        await primary.close()
    }

    @Test(
        "Its database may be killed, hold a row that cannot be read, or be another cluster's: it serves on, says why, and catches up"
    )
    func faults() async throws {
        let server = try PostgresServer()
        let address = try server.makeDatabase()
        let regions = try TwoRegions()
        defer { regions.scratch.remove() }
        let primary = try await regions.primary("us", address)
        defer { if primary.isRunning { primary.kill() } }
        #expect(try await primary.ingest(0..<300).status == 200)
        let follower = try await regions.follower("eu", address, of: primary)
        defer { if follower.isRunning { follower.kill() } }
        try await until { try await follower.isReady() }

        server.kill()
        #expect(try await primary.tag(volume, "while away").status == 201)
        try await until { try await follower.following()["state"]?.string == "stalled" }
        #expect(try await follower.readsTag(volume, after: nil).1.status == 200)
        #expect(try await follower.isReady())
        try server.start()
        try await until { try await follower.readsTag(volume, after: nil).value == "while away" }
        try await until { try await follower.following()["state"]?.string == "following" }

        // A row that nobody can read: its shard stays, the others go on.
        let shard = try PostgresServer.psql(address, "SELECT shard FROM vtag.resources WHERE id = '\(volume)'")
        try PostgresServer.psql(
            address,
            "UPDATE vtag.resources r SET record = '\\x00', changed_index = p.applied_index + 1 FROM vtag.sink_progress p "
                + "WHERE p.shard = r.shard AND r.id = '\(volume)'")
        #expect(try await primary.ingest(300..<400).status == 200)
        try await until { try await follower.following()["stopped_shards"]?.array?.first?["number"]?.int == Int(shard) }
        let stopped = try await follower.following()["stopped_shards"]?.array ?? []
        #expect(stopped.count == 1)
        #expect(stopped.first?["reason"]?.string?.contains("\(volume)") == true)
        #expect(try await follower.readsTag(volume, after: nil).value == "while away")
        // Written again, it is mended.
        #expect(try await primary.tag(volume, "mended").status == 201)
        try await until { try await follower.readsTag(volume, after: nil).value == "mended" }

        // Another cluster takes the database over.
        primary.kill()
        let successor = "11111111-2222-4333-8444-555555555555"
        try PostgresServer.psql(
            address,
            "UPDATE vtag.sink_progress SET incarnation = '\(successor)', term = 1; DELETE FROM vtag.resources WHERE id = '\(volume)'"
        )
        try await until { try await follower.following()["cluster"]?.string == successor }
        try await until { try await follower.readsTag(volume, after: nil).1.status == 404 }
        #expect(try await follower.ask(.get, "/stats").json["resources"]?.int == 399)
        #expect(follower.terminate() == 0)
        await follower.close()
        await primary.close()
    }

    @Test(
        "Flags that do not go together are refused",
        arguments: [
            (["--follow-postgres", "host=127.0.0.1 dbname=x"], "needs --primary-url"),
            (["--primary-url", "http://127.0.0.1:1"], "needs --follow-postgres"),
            (["--follow-postgres", "host=127.0.0.1 dbname=x", "--primary-url", "http://127.0.0.1:1"], "needs --jwks"),
            (
                [
                    "--follow-postgres", "host=127.0.0.1 dbname=x", "--primary-url", "http://127.0.0.1:1", "--postgres",
                    "host=127.0.0.1 dbname=x",
                ], "does not go with --follow-postgres"
            ),
            (
                [
                    "--follow-postgres", "host=127.0.0.1 dbname=x", "--jwks", "keys.json", "--primary-url",
                    "http://example.com",
                ], "http is for this machine alone"
            ),
        ])
    func flags(_ flags: [String], _ words: String) async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        guard case .ended(let status, let message) = try await NodeProcess.start(scratch.url, flags) else {
            Issue.record("it serves")
            return
        }
        #expect(status == 64)
        #expect(message.contains(words), "\(message)")
    }
}
