import Logging
import Model
import Synchronization
import Testing

@testable import API

@Suite("What goes with every answer, and what never gets into the log")
struct SecurityHeaderTests {
    @Test("Every answer says nosniff and how it may be kept; under TLS also that TLS is to stay", arguments: [false, true])
    func headers(isSecure: Bool) async throws {
        var configuration = API.Configuration()
        configuration.isSecure = isSecure
        try await LiveAPI.run(configuration) { api in
            let payload = #"{"Volumes":[{"VolumeId":"vol-0123456789abcdef0","Size":1}]}"#
            #expect(try await api.send("POST", "/ingest/aws?region=eu-west-1", json: payload).status == 200)
            let resource = "/resources/\(ResourceID(provider: .aws, nativeID: "vol-0123456789abcdef0"))"
            let viewer = try await api.token(.viewer)
            _ = try await api.send("GET", "/stats", token: viewer)
            let tag = try #require(try await api.send("GET", "\(resource)/virtual-tags", token: viewer)["etag"])
            var answers: [(String, Answer)] = [
                ("no route", try await api.send("GET", "/nothing")),
                ("refused by the transport", try await api.send(raw: "BREW / HTTP/1.1\r\nhost: a\r\n\r\n")),
                ("not modified", try await api.send("GET", resource, headers: [("if-none-match", tag)])),
                ("point read", try await api.send("GET", "\(resource)/virtual-tags", token: viewer)),
                (
                    "point read, not modified",
                    try await api.send(
                        "GET", "\(resource)/virtual-tags", token: viewer, headers: [("if-none-match", tag)])
                ),
            ]
            for route in Route.all {
                answers.append((route.name, try await route.probe(api, token: viewer)))
                answers.append(("\(route.name), nobody", try await route.probe(api, token: "")))
            }
            for (name, answer) in answers {
                #expect(answer["x-content-type-options"] == "nosniff", "\(name)")
                let kept = answer["cache-control"]
                #expect(kept == "no-store" || answer["etag"] != nil && kept == "private, no-cache", "\(name): \(kept ?? "")")
                #expect(
                    answer["strict-transport-security"] == (isSecure ? "max-age=31536000" : nil), "\(name)")
            }
        }
    }

    @Test("No token, key or part of one is logged, at any level, however it came and whatever became of it")
    func secrets() async throws {
        let log = LogText()
        var logger = Logger(label: "test") { _ in CapturingHandler(log: log) }
        logger.logLevel = .trace
        var secrets: [String] = []
        try await LiveAPI.run(logger: logger) { api in
            let good = try await api.token(.admin)
            let limited = try await TwoAccounts.token(.governor, api)
            let bad = [
                try await api.token(.admin, lifetime: -120), String(good.dropLast(4)) + "AAAA",
                try await TestSigner("HS256").token(), "not-a-token-but-a-secret-all-the-same",
            ]
            for token in [good, limited] + bad {
                secrets += token.split(separator: ".").suffix(2).map(String.init)
                for route in Route.all { _ = try await route.probe(api, token: token) }
                // In the query, as webhooks send it, and where it does not belong.
                for path in ["/events/eventbridge", "/resources", "/nothing"] {
                    _ = try await api.send("POST", "\(path)?access_token=\(token)", token: "", body: Array("{}".utf8))
                    _ = try await api.send("GET", "\(path)?access_token=\(token)", token: "")
                }
                _ = try await api.send("GET", "/\(token)", headers: [("x-request-id", token)])
                _ = try await api.send(
                    raw: "GET /stats HTTP/1.1\r\nhost: a\r\nauthorization: Bearer \(token)\r\nbad header\r\n\r\n")
            }
            logger.notice("The log is read")
        }
        let text = log.text
        #expect(text.contains("The log is read"))
        for secret in secrets { #expect(!text.contains(secret)) }
    }
}

/// All that was logged.
private final class LogText: Sendable {
    private let value = Mutex("")
    var text: String { value.withLock { $0 } }
    func append(_ line: String) { value.withLock { $0 += line + "\n" } }
}

private struct CapturingHandler: LogHandler {
    let log: LogText
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        log.append("\(event.level) \(event.message) \(metadata) \(event.metadata ?? [:])")
    }
}
