import NIOCore
import Testing

@testable import HTTPTransport

@Suite("HTTP client values")
struct HTTPClientValueTests {
    @Test("URLs are taken apart into origin and target")
    func urls() throws {
        let cases: [(String, HTTPOrigin, String)] = [
            ("http://127.0.0.1:8080/a?b=c#d", HTTPOrigin(scheme: .http, host: "127.0.0.1", port: 8080), "/a?b=c"),
            ("https://Example.ORG", HTTPOrigin(scheme: .https, host: "example.org", port: 443), "/"),
            ("http://example.org?x=1", HTTPOrigin(scheme: .http, host: "example.org", port: 80), "/?x=1"),
            ("http://[::1]:9/x", HTTPOrigin(scheme: .http, host: "::1", port: 9), "/x"),
            ("HTTP://[::1]", HTTPOrigin(scheme: .http, host: "::1", port: 80), "/"),
        ]
        for (url, origin, target) in cases {
            let request = try HTTPClientRequest(url: url)
            #expect(request.origin == origin)
            #expect(request.target == target)
        }
        #expect(HTTPOrigin(scheme: .http, host: "::1", port: 80).authority == "[::1]")
        #expect(HTTPOrigin(scheme: .https, host: "a", port: 80).authority == "a:80")
    }

    @Test("URLs that cannot be used say why")
    func badURLs() {
        for url in [
            "", "example.org", "ftp://a/", "http://", "http:///x", "http://a:b@c/", "http://a:0/", "http://a:65536/",
            "http://a:+1/", "http://a:/", "http://[::1/", "http://[::1]x/", "http://a/ b", "http://a/\r\nx: y", "http://ä/",
        ] {
            #expect(throws: HTTPClientError.self, "\(url)") { try HTTPClientRequest(url: url) }
        }
    }

    @Test("What the peer did not process is sent again, what it may have processed only if idempotent, used bodies never")
    func retries() {
        let policy = HTTPClientRetryPolicy(attemptsMax: 3, delayMilliseconds: 100, delayMillisecondsMax: 150)
        var random = SplitMix(state: 1)
        func delay(
            _ code: HTTPClientError.Code, attempts: Int = 1, idempotent: Bool = false, used: Bool = false,
            remaining: Int64 = 10_000
        ) -> Int64? {
            policy.delay(
                after: HTTPClientError(code, ""), attempts: attempts, isIdempotent: idempotent, bodyIsUsed: used,
                remainingMilliseconds: remaining, random: &random)
        }
        for code in [HTTPClientError.Code.refusedByPeer, .connectionRefused, .connectFailed, .connectTimedOut] {
            #expect(delay(code) != nil)
            #expect(delay(code, used: true) == nil)
        }
        for code in [HTTPClientError.Code.connectionLost, .streamReset] {
            #expect(delay(code) == nil)
            #expect(delay(code, idempotent: true) != nil)
        }
        for code in [HTTPClientError.Code.deadlineExceeded, .tlsFailed, .protocolViolation, .requestBodyFailed, .shutDown] {
            #expect(delay(code, idempotent: true) == nil)
        }
        #expect(delay(.refusedByPeer, attempts: 3) == nil)
        #expect(delay(.refusedByPeer, remaining: 10) == nil)
        for _ in 0..<100 {
            #expect((50...100).contains(delay(.refusedByPeer, attempts: 1) ?? 0))
            #expect((75...150).contains(delay(.refusedByPeer, attempts: 2) ?? 0))
        }
    }

    @Test("A request is idempotent by its method or by an Idempotency-Key")
    func idempotence() throws {
        for method in [HTTPMethod.get, .head, .put, .delete, .options] {
            #expect(try HTTPClientRequest(method: method, url: "http://a").isIdempotent)
        }
        #expect(try !HTTPClientRequest(method: .post, url: "http://a").isIdempotent)
        #expect(try HTTPClientRequest(method: .post, url: "http://a", headers: ["Idempotency-Key": "1"]).isIdempotent)
    }
}
