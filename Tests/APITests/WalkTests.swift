import Glibc
import JSON
import Model
import NIOPosix
import NodeRuntime
import Testing

@testable import API

/// Requests that read all rows take turns; the others do not wait for them.
@Suite("Requests that read the whole inventory")
struct WalkTests {
    private static let walks = [
        ("GET", "/compliance/scores"), ("GET", "/compliance/history"), ("GET", "/tag-rules/lint"),
        ("POST", "/tag-rules/test"), ("GET", "/tag-schema/proposals"), ("GET", "/audit/reports"), ("GET", "/audit/verify"),
        ("POST", "/virtual-tags/bulk-apply"),
    ]

    private static func body(_ path: String) -> [UInt8]? {
        switch path {
        case "/tag-rules/test":
            Array(
                #"{"rule_name":"r","priority":1,"conditions":{"all":[]},"actions":[{"set_tag":{"key":"a","value":"b"}}]}"#
                    .utf8)
        case "/virtual-tags/bulk-apply": Array(#"{"where":{"all":[]},"tags":[{"key":"a","value":"b"}]}"#.utf8)
        default: nil
        }
    }

    private static var narrow: WalkGate.Limits {
        var limits = WalkGate.Limits()
        (limits.atOnce, limits.waitingMax) = (1, 0)
        return limits
    }

    @Test("With all places taken they are refused with the way out, and everything else is answered")
    func refused() async throws {
        try await LiveAPI.run(walks: Self.narrow) { api in
            _ = try await TwoAccounts.fill(api, withOutside: true)
            let limited = try await TwoAccounts.token(.admin, api)
            try await api.node.walks.enter(for: "another")
            for (method, path) in Self.walks {
                let answer = try await api.send(method, path, body: Self.body(path))
                #expect(answer.status == 503, "\(method) \(path): \(answer.text)")
                #expect(answer["retry-after"] == "5")
                #expect(try answer.json["type"]?.string == "urn:vtag:problem:walks-full")
            }
            // The sums of a limited token are counted by a walk; those of others are there.
            for path in ["/stats", "/compliance/status"] {
                #expect(try await api.send("GET", path, token: limited).status == 503)
                #expect(try await api.send("GET", path).status == 200)
            }
            let read = "/resources/\(ResourceID(provider: .aws, nativeID: TwoAccounts.insideName))/virtual-tags"
            #expect(try await api.send("GET", read).status == 200)
            #expect(try await api.send("GET", "/resources?region=eu-west-1").status == 200)
            let tag = #"{"resource_id":"\#(TwoAccounts.insideName)","tags":[{"key":"k","value":"v"}]}"#
            #expect(try await api.send("POST", "/virtual-tags/apply", json: tag).status == 201)
            let metrics = try await api.send("GET", "/metrics").text
            #expect(metrics.contains("vtag_walks_running 1\n"))
            #expect(metrics.contains("vtag_walks_total{outcome=\"refused\"} \(Self.walks.count + 2)\n"))
            api.node.walks.leave(for: "another")
            for (method, path) in Self.walks {
                let answer = try await api.send(method, path, body: Self.body(path))
                #expect(answer.status == 200, "\(method) \(path): \(answer.text)")
            }
            #expect(api.node.walks.counts.running == 0)
        }
    }

    @Test("One that waits gets its place when another ends, and lets go of it when its client goes")
    func waiting() async throws {
        var limits = Self.narrow
        (limits.waitingMax, limits.waitMillisecondsMax) = (1, 600_000)
        try await LiveAPI.run(walks: limits) { api in
            let gate = api.node.walks
            try await gate.enter(for: "another")
            async let answer = api.send("GET", "/compliance/scores")
            while gate.counts.waiting == 0 { await Task.yield() }
            #expect(try await api.send("GET", "/compliance/scores").status == 503)
            gate.leave(for: "another")
            #expect(try await answer.status == 200)
            try await gate.enter(for: "another")
            let connection = try await api.open(
                "GET /compliance/scores HTTP/1.1\r\nhost: a\r\nauthorization: Bearer \(api.admin)\r\n\r\n")
            while gate.counts.waiting == 0 { await Task.yield() }
            connection.reset()
            while gate.counts.waiting > 0 { await Task.yield() }
            gate.leave(for: "another")
            #expect(gate.counts.running == 0)
        }
    }

    @Test("One that takes too long is ended, and says so")
    func overdue() async throws {
        var limits = WalkGate.Limits()
        limits.walkMillisecondsMax = -1
        try await LiveAPI.run(walks: limits) { api in
            _ = try await TwoAccounts.fill(api, withOutside: true)
            let answer = try await api.send("GET", "/compliance/scores")
            #expect(answer.status == 503)
            #expect(try answer.json["type"]?.string == "urn:vtag:problem:walk-too-long")
            // What writes on its way is not broken off.
            let bulk = try await api.send("POST", "/virtual-tags/bulk-apply", body: Self.body("/virtual-tags/bulk-apply"))
            #expect(bulk.status == 200)
            #expect(api.node.walks.counts.overdue == 1 && api.node.walks.counts.running == 0)
        }
    }
}
