import NIOCore
import Testing

@testable import HTTPTransport

@Suite("HTTP/2 limits and floods")
struct HTTP2LimitTests {
    typealias Frame = HTTP2Frame

    // MARK: One request

    @Test("A target over its limit is answered with 414")
    func target() throws {
        let server = try EmbeddedServer.http2 { $0.targetBytesMax = 10 }
        try server.send(
            .headers(1, Frame.request("GET", "/123456789")), .headers(3, Frame.request("GET", "/1234567890")))
        #expect(server.statuses(try server.frames()) == [1: "200", 3: "414"])
    }

    @Test("Header fields over their limits are answered with 431, and the connection lives on")
    func headers() throws {
        let server = try EmbeddedServer.http2 {
            $0.headerBytesMax = 1_000
            $0.headerCountMax = 10
        }
        try server.send(.headers(1, Frame.request() + [("a", String(repeating: "b", count: 1_000))]))
        try server.send(.headers(3, Frame.request() + (0..<11).map { ("a\($0)", "b") }))
        try server.send(.headers(5, Frame.request() + (0..<10).map { ("a\($0)", "b") }))
        #expect(server.statuses(try server.frames()) == [1: "431", 3: "431", 5: "200"])
    }

    @Test("A refusal has the service's form, and its words name the limit")
    func refusalBody() throws {
        let server = try EmbeddedServer.http2(.echoBody()) {
            $0.targetBytesMax = 10
            $0.headerBytesMax = 1_000
            $0.headerCountMax = 10
            $0.bodyBytesMax = 20
        }
        try server.send(.headers(1, Frame.request("GET", "/1234567890")))
        try server.send(.headers(3, Frame.request() + [("a", String(repeating: "b", count: 1_000))]))
        try server.send(.headers(5, Frame.request() + (0..<11).map { ("a\($0)", "b") }))
        try server.send(.headers(7, Frame.request("PUT") + [("content-length", "21")], end: false))
        let frames = try server.frames()
        #expect(server.statuses(frames) == [1: "414", 3: "431", 5: "431", 7: "413"])
        for (stream, words) in [
            (1, "10 bytes of targetBytesMax"), (3, "1000 bytes of headerBytesMax"), (5, "10 of headerCountMax"),
            (7, "20 bytes"),
        ] {
            let body = String(decoding: frames.body(of: UInt32(stream)), as: UTF8.self)
            #expect(body.hasPrefix("{\"status\":4") && body.contains(words), "\(body)")
        }
    }

    @Test("A section that unfolds to many times its size ends the connection (HPACK bomb)")
    func headerBomb() throws {
        let server = try EmbeddedServer.http2()
        // One field of 3 KB put into the table, then referred to, a byte each.
        let field: [UInt8] = [0x40, 1, 0x61] + [0x7f, 0xb9, 0x16] + Array(repeating: 0x62, count: 3_000)
        let block = HPACK.encode(Frame.request()) + field + Array(repeating: 0xbe, count: 5_000)
        try server.send(
            Frame(.headers, flags: Frame.Flag.endHeaders | Frame.Flag.endStream, stream: 1, payload: block))
        #expect(try server.frames().goAway == HTTP2Error.enhanceYourCalm)
        #expect(server.isClosed)
    }

    @Test("A body over its limit is answered with 413")
    func body() throws {
        let server = try EmbeddedServer.http2(.echoBody(upTo: 10))
        try server.send(.headers(1, Frame.request("PUT") + [("content-length", "11")], end: false))
        try server.send(.headers(3, Frame.request("PUT"), end: false), .data(3, Array(repeating: 1, count: 11)))
        #expect(server.statuses(try server.frames()) == [1: "413", 3: "413"])
    }

    @Test("A stream above the concurrency limit is refused")
    func concurrentStreams() throws {
        let kept = Kept()
        let server = try EmbeddedServer.http2(TestService { kept.exchanges.append($0) }) { $0.concurrentStreamsMax = 2 }
        try server.send((0..<3).map { .headers(UInt32($0 * 2 + 1), Frame.request()) })
        let frames = try server.frames()
        #expect(frames.goAway == HTTP2Error.protocolError || frames.reset(of: 5) == HTTP2Error.refusedStream)
        #expect(kept.exchanges.count == 2)
    }

    @Test("While too many response bytes wait, new streams are refused")
    func responseBuffer() throws {
        let body = ByteBuffer(repeating: 0x61, count: 600)
        let server = try EmbeddedServer.http2(
            TestService { $0.respond(contentType: "text/plain", body: body) }, settings: [(4, 0)]
        ) { $0.responseBufferBytesMax = 1_000 }
        try server.send((0..<3).map { .headers(UInt32($0 * 2 + 1), Frame.request()) })
        var frames = try server.frames()
        #expect(server.statuses(frames) == [1: "200", 3: "200"])
        #expect(frames.reset(of: 5) == HTTP2Error.refusedStream)
        try server.send(.windowUpdate(1, 600), .windowUpdate(3, 600))
        #expect(try server.frames().ended(3))
        try server.send(.headers(7, Frame.request()))
        frames = try server.frames()
        #expect(server.statuses(frames) == [7: "200"])
    }

    // MARK: Floods

    /// Frames that a well-behaved peer sends now and then, each with its limit set to 10 a second.
    struct Flood: CustomTestStringConvertible {
        var testDescription: String
        var limit: any WritableKeyPath<HTTPLimits, Int> & Sendable
        var frame: HTTP2Frame
    }

    static let floods = [
        Flood(testDescription: "PING", limit: \.pingsPerSecondMax, frame: .ping()),
        Flood(testDescription: "SETTINGS", limit: \.settingsPerSecondMax, frame: .settings()),
        Flood(
            testDescription: "PRIORITY", limit: \.prioritiesPerSecondMax,
            frame: Frame(.priority, stream: 9, payload: [0, 0, 0, 0, 1])),
        Flood(testDescription: "WINDOW_UPDATE", limit: \.windowUpdatesPerSecondMax, frame: .windowUpdate(0, 1)),
        Flood(
            testDescription: "RST_STREAM without an error, on a stream that is over", limit: \.resetsPerSecondMax,
            frame: .reset(1, 0)),
        Flood(
            testDescription: "frames of an unknown type", limit: \.unknownFramesPerSecondMax,
            frame: Frame(type: 0xbb, stream: 1, payload: [1, 2, 3])),
        Flood(
            testDescription: "GOAWAY", limit: \.unknownFramesPerSecondMax,
            frame: Frame(.goAway, payload: Array(repeating: 0, count: 8))),
        Flood(testDescription: "empty DATA", limit: \.emptyDataFramesPerSecondMax, frame: .data(1, [])),
        Flood(
            testDescription: "DATA of padding alone", limit: \.emptyDataFramesPerSecondMax,
            frame: Frame(.data, flags: Frame.Flag.padded, stream: 1, payload: [3, 0, 0, 0])),
    ]

    private func server(_ flood: Flood) throws -> EmbeddedServer {
        let server = try EmbeddedServer.http2(.echoBody()) {
            $0[keyPath: flood.limit] = 10
            $0.progressTimeout = .hours(1)
        }
        try server.send(.headers(1, Frame.request("PUT"), end: false))
        server.advance(.seconds(2))
        return server
    }

    @Test("A flood ends with GOAWAY(ENHANCE_YOUR_CALM)", arguments: floods)
    func flood(flood: Flood) throws {
        let server = try server(flood)
        try server.send(Array(repeating: flood.frame, count: 9))
        #expect(try server.frames().goAway == nil)
        try server.send(Array(repeating: flood.frame, count: 2))
        #expect(try server.frames().goAway == HTTP2Error.enhanceYourCalm)
        #expect(server.isClosed)
    }

    @Test("The same frames, spread over time, are no flood", arguments: floods)
    func trickle(flood: Flood) throws {
        let server = try server(flood)
        for _ in 0..<10 {
            try server.send(Array(repeating: flood.frame, count: 9))
            server.advance(.seconds(2))
        }
        #expect(try server.frames().goAway == nil)
        #expect(!server.isClosed)
    }

    @Test("Rapid reset ends the connection, and few of its requests are served")
    func rapidReset() throws {
        let served = Shared(0)
        let server = try EmbeddedServer.http2(
            TestService {
                served.update { $0 += 1 }
                $0.respond(status: 204)
            }
        ) { $0.resetsPerSecondMax = 50 }
        let frames: [Frame] = stride(from: UInt32(1), to: 2_000, by: 2).flatMap { (stream: UInt32) -> [Frame] in
            [.headers(stream, Frame.request()), .reset(stream)]
        }
        try server.send(frames)
        #expect(try server.frames().goAway == HTTP2Error.enhanceYourCalm)
        #expect(served.value <= 52)
    }

    @Test("Streams that the server must reset count as well (MadeYouReset)")
    func madeYouReset() throws {
        let server = try EmbeddedServer.http2(.echoBody()) { $0.resetsPerSecondMax = 50 }
        for index in 0..<100 where !server.isClosed {
            let stream = UInt32(index * 2 + 1)
            try server.send(.headers(stream, Frame.request("PUT"), end: false), .windowUpdate(stream, 0x7fff_ffff))
        }
        #expect(try server.frames().goAway == HTTP2Error.enhanceYourCalm)
        #expect(server.isClosed)
    }

    @Test("Header sections in endless CONTINUATION end the connection (CVE-2024-27316)")
    func continuationFlood() throws {
        let server = try EmbeddedServer.http2()
        try server.send(Frame(.headers, flags: Frame.Flag.endStream, stream: 1, payload: HPACK.encode(Frame.request())))
        try server.send(Array(repeating: Frame(.continuation, stream: 1, payload: HPACK.encode([("a", "b")])), count: 100))
        #expect(try server.frames().goAway != nil)
        #expect(server.isClosed)
    }

    @Test("Empty CONTINUATION frames end the connection")
    func emptyContinuationFlood() throws {
        let server = try EmbeddedServer.http2()
        try server.send(Frame(.headers, flags: Frame.Flag.endStream, stream: 1, payload: HPACK.encode(Frame.request())))
        try server.send(Array(repeating: Frame(.continuation, stream: 1), count: 100))
        #expect(try server.frames().goAway != nil)
        #expect(server.isClosed)
    }

    @Test("Acknowledgements that the peer does not read are bounded")
    func unreadAcknowledgements() throws {
        let server = try EmbeddedServer.http2 {
            $0.outboundAcknowledgementsMax = 10
            $0.pingsPerSecondMax = 1_000
        }
        server.setWritable(false)
        try server.send(Array(repeating: .ping(), count: 50))
        #expect(try server.frames().goAway == HTTP2Error.enhanceYourCalm)
        #expect(server.isClosed)
    }

    // MARK: Time

    @Test("A client that does not send its settings is closed")
    func noSettings() throws {
        let server = try EmbeddedServer { $0.headerTimeout = .seconds(10) }
        try server.send(Frame.preface)
        server.advance(.seconds(12))
        #expect(server.isClosed)
    }

    @Test("A header section that does not end is not waited for")
    func slowHeaders() throws {
        let server = try EmbeddedServer.http2 { $0.headerTimeout = .seconds(10) }
        try server.send(Frame(.headers, stream: 1, payload: HPACK.encode(Frame.request())))
        server.advance(.seconds(9))
        #expect(!server.isClosed)
        server.advance(.seconds(3))
        #expect(try server.frames().goAway == HTTP2Error.enhanceYourCalm)
        #expect(server.isClosed)
    }

    @Test("An idle connection is closed with GOAWAY(NO_ERROR); pings do not keep it")
    func idle() throws {
        let server = try EmbeddedServer.http2 { $0.idleTimeout = .seconds(60) }
        for _ in 0..<59 {
            server.advance(.seconds(1))
            try server.send(.ping())
        }
        #expect(try server.frames().goAway == nil)
        server.advance(.seconds(3))
        #expect(try server.frames().goAway == HTTP2Error.none)
        #expect(server.isClosed)
    }

    @Test("A body that stops arriving fails its reader")
    func bodyStalls() throws {
        let server = try EmbeddedServer.http2(.echoBody()) { $0.progressTimeout = .seconds(30) }
        try server.send(.headers(1, Frame.request("PUT"), end: false), .data(1, [1]))
        server.advance(.seconds(29))
        #expect(try server.frames().isEmpty)
        server.advance(.seconds(3))
        #expect(server.statuses(try server.frames()) == [1: "408"])
    }

    @Test("A stream whose window the client does not open is cancelled, the others live on")
    func windowStalls() throws {
        let body = ByteBuffer(repeating: 0x61, count: 600)
        let server = try EmbeddedServer.http2(
            TestService {
                if $0.head.method == .head {
                    $0.respond(status: 204)
                } else {
                    $0.respond(contentType: "text/plain", body: body)
                }
            }, settings: [(4, 100)]
        ) { $0.progressTimeout = .seconds(30) }
        try server.send(.headers(1, Frame.request()))
        server.advance(.seconds(29))
        #expect(try server.frames().reset(of: 1) == nil)
        server.advance(.seconds(3))
        #expect(try server.frames().reset(of: 1) == HTTP2Error.cancel)
        try server.send(.headers(3, Frame.request("HEAD")))
        #expect(server.statuses(try server.frames()) == [3: "204"])
    }

    @Test("A client that reads nothing at all is cut off")
    func unreadConnection() throws {
        let server = try EmbeddedServer.http2 { $0.progressTimeout = .seconds(30) }
        server.setWritable(false)
        server.advance(.seconds(29))
        #expect(!server.isClosed)
        server.advance(.seconds(2))
        #expect(server.isClosed)
    }
}
