import Glibc
import HTTPTransport
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import API

@Suite("Keys at a URL")
struct KeyRotationTests {
    private static let second: Int64 = 1_000

    // MARK: When

    @Test("A set is fetched again when its age is over, within bounds whatever its source says")
    func age() {
        for (maxAge, seconds) in [(nil, 300), (600, 600), (1, 60), (0, 60), (Int64.max, 86_400)] as [(Int64?, Int64)] {
            var rotation = KeyRotation(dueAt: 0)
            let (first, second) = (rotation.timePassed(at: 0), rotation.timePassed(at: 0))
            #expect(first && !second, "one fetch at a time")
            rotation.fetched(maxAgeSeconds: maxAge, at: 100)
            #expect(rotation.dueAt == 100 + seconds * Self.second)
            let (early, due) = (rotation.timePassed(at: rotation.dueAt - 1), rotation.timePassed(at: rotation.dueAt))
            #expect(!early && due)
        }
    }

    @Test("Unknown keys ask for one fetch in thirty seconds at most, and a failed one is tried again after as long")
    func unknownKeys() {
        var rotation = KeyRotation(dueAt: 0)
        _ = rotation.timePassed(at: 0)
        #expect(rotation.isWorthWaiting(at: 1), "a fetch is under way")
        rotation.fetched(maxAgeSeconds: nil, at: 10)
        let soon = rotation.keyWasUnknown(at: 29_999)
        #expect(!soon && !rotation.isWorthWaiting(at: 29_999))
        #expect(rotation.isWorthWaiting(at: 30_000))
        let (later, again) = (rotation.keyWasUnknown(at: 30_000), rotation.keyWasUnknown(at: 30_001))
        #expect(later && !again)
        rotation.fetchFailed(at: 35_000)
        let afterFailure = (rotation.keyWasUnknown(at: 59_999), rotation.timePassed(at: 64_999))
        #expect(!afterFailure.0 && !afterFailure.1)
        let retried = rotation.timePassed(at: 65_000)
        #expect(retried)
    }

    @Test(
        "Cache-Control is read as RFC 9111 says",
        arguments: [
            ([], nil), (["max-age=60"], 60), (["public, max-age=120, must-revalidate"], 120), (["MAX-AGE=5"], 5),
            (["no-store"], 0), (["max-age=60", "no-cache"], 0), (["max-age=x"], nil), (["s-maxage=9"], nil),
            (["max-age=-5"], 0), ([#"max-age="30""#], 30), (["max-age=99999999999999999999"], nil),
        ] as [([String], Int64?)])
    func cacheControl(fields: [String], seconds: Int64?) {
        #expect(KeyEndpoint.maxAge(fields) == seconds)
    }

    // MARK: From where

    @Test(
        "Keys come over https, or over http from this machine",
        arguments: [
            ("http://example.com/jwks", false), ("http://127.0.0.1:1/jwks", true), ("http://[::1]:1/jwks", true),
            ("http://localhost/jwks", true), ("http://127.evil.example/jwks", false), ("http://127.0.0.1.evil/jwks", false),
            ("https://id.example/jwks", true), ("ftp://id.example/jwks", false), ("https://me:pw@id.example/", false),
            ("https://", false),
        ])
    func origins(url: String, isTaken: Bool) {
        let endpoint = try? KeyEndpoint(url: url, on: MultiThreadedEventLoopGroup.singleton)
        #expect((endpoint != nil) == isTaken)
    }

    @Test("What is no key set, too long, or another status is refused with the reason; redirects are not followed")
    func answers() async throws {
        let signer = try await TestSigner("ES256")
        let long = String(repeating: " ", count: KeySet.bytesMax + 1)
        for (status, body, words) in [
            (200, signer.jwks, nil), (302, signer.jwks, "status 302"), (500, signer.jwks, "status 500"),
            (200, "<html>", "not JSON"), (200, #"{"keys":[]}"#, "no key"), (200, long, "longer than"),
        ] as [(Int, String, String?)] {
            try await Published.serving({ (status, body, ["cache-control": "max-age=77"]) }) { url, _ in
                let endpoint = try KeyEndpoint(url: url, on: MultiThreadedEventLoopGroup.singleton)
                do {
                    let published = try await endpoint.fetch()
                    #expect(words == nil && published.maxAgeSeconds == 77 && published.keys.keys.count == 1)
                } catch let error as KeySetError {
                    #expect(words.map(error.message.contains) == true, "\(error.message)")
                    #expect(error.message.hasPrefix(url))
                }
                await endpoint.close()
            }
        }
    }

    // MARK: In use

    @Test("A token with a new key is taken once the set has it; tokens with unknown keys do not flood the source")
    func rotation() async throws {
        let (old, new) = (try await TestSigner("ES256", kid: "old"), try await TestSigner("ES256", kid: "new"))
        let both = #"{"keys":[\#(old.key),\#(new.key)]}"#
        let document = SharedText(old.jwks)
        let time = HandMovedClock()
        try await Published.serving({ (200, document.text, [:]) }) { url, served in
            try await Self.keys(url, time) { keys in
                try await LiveAPI.run(keys: keys) { api in
                    let (first, second) = (try await old.token(), try await new.token())
                    #expect(try await api.send("GET", "/stats", token: first).status == 200)
                    document.text = both
                    // So soon after the last fetch nobody asks again.
                    #expect(try await api.send("GET", "/stats", token: second).status == 401)
                    #expect(served() == 1)
                    time.advance(KeyRotation.pauseMilliseconds)
                    let waiting = try await withThrowingTaskGroup(of: Int.self) { group in
                        for _ in 0..<8 {
                            group.addTask { try await api.send("GET", "/stats", token: second).status }
                        }
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                    #expect(waiting == Array(repeating: 200, count: 8))
                    #expect(served() == 2)
                    let unknown = try await TestSigner("ES256", kid: "nobody").token()
                    for _ in 0..<4 { #expect(try await api.send("GET", "/stats", token: unknown).status == 401) }
                    #expect(served() == 2)
                    #expect(try await api.send("GET", "/stats", token: first).status == 200)
                }
            }
        }
    }

    @Test("While the source is away the old keys count, at a start too; a key that it took back counts no more")
    func away() async throws {
        let (old, new) = (try await TestSigner("RS256", kid: "old"), try await TestSigner("RS256", kid: "new"))
        let (document, isAway) = (SharedText(old.jwks), SharedText(""))
        let time = HandMovedClock()
        try await Published.serving({ (isAway.text.isEmpty ? 200 : 503, document.text, [:]) }) { url, served in
            try await Self.keys(url, time) { keys in
                try await LiveAPI.run(keys: keys) { api in
                    let (first, second) = (try await old.token(), try await new.token())
                    isAway.text = "yes"
                    time.advance(KeyRotation.pauseMilliseconds)
                    #expect(try await api.send("GET", "/stats", token: second).status == 401)
                    #expect(served() == 2)
                    #expect(try await api.send("GET", "/stats", token: first).status == 200)
                    // Another start finds what the last one kept.
                    #expect(try await keys.load().keys.map(\.id) == ["old"])
                    (document.text, isAway.text) = (new.jwks, "")
                    time.advance(KeyRotation.pauseMilliseconds)
                    #expect(try await api.send("GET", "/stats", token: second).status == 200)
                    #expect(try await api.send("GET", "/stats", token: first).status == 401)
                }
            }
        }
    }

    private static func keys(
        _ url: String, _ time: HandMovedClock, _ body: (RotatingKeys) async throws -> Void
    ) async throws {
        let path = "/tmp/vtag-jwks-\(UInt64.random(in: .min ... .max))"
        let endpoint = try KeyEndpoint(url: url, on: MultiThreadedEventLoopGroup.singleton)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let keys = RotatingKeys(source: url, keptAt: path, clock: time.clock, logger: logger) {
            try await endpoint.fetch()
        }
        try await body(keys)
        await endpoint.close()
        unlink(path)
    }
}

final class SharedText: Sendable {
    private let value: Mutex<String>

    init(_ text: String) { value = Mutex(text) }

    var text: String {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}

/// A clock that stands still until it is moved.
final class HandMovedClock: Sendable {
    private let milliseconds = Mutex<Int64>(1_788_220_800_000)

    var clock: WallClock { WallClock { self.milliseconds.withLock { $0 } } }

    func advance(_ by: Int64) { milliseconds.withLock { $0 += by } }
}

/// A server that publishes something.
final class Published: HTTPService {
    typealias Answer = (status: Int, body: String, headers: HTTPFields)

    private let answer: @Sendable () -> Answer
    private let count = Mutex(0)

    private init(_ answer: @escaping @Sendable () -> Answer) { self.answer = answer }

    func respond(to exchange: HTTPExchange) {
        count.withLock { $0 += 1 }
        let (status, body, headers) = answer()
        exchange.respond(.bytes(status, contentType: "application/json", headers: headers, body.utf8))
    }

    /// Calls `body` with the URL, and with how often it was asked for.
    static func serving(
        _ answer: @escaping @Sendable () -> Answer, _ body: (String, () -> Int) async throws -> Void
    ) async throws {
        let service = Published(answer)
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await HTTPServer.start(on: group, host: "127.0.0.1", port: 0, service: service)
        let outcome = await Result {
            try await body("http://127.0.0.1:\(server.address.port ?? 0)/jwks") { service.count.withLock { $0 } }
        }
        await server.stop(gracefullyWithin: .seconds(1))
        try outcome.get()
    }
}
