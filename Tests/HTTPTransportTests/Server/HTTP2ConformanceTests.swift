import HTTPTransport
import NIOCore
import Testing

/// The cases that h2spec made well known, by section of RFC 9113 (and RFC 7541 for compression).
@Suite("HTTP/2 conformance")
struct HTTP2ConformanceTests {
    typealias Frame = HTTP2Frame

    enum Outcome: Equatable {
        /// The connection ends, with GOAWAY of one of these codes.
        case connectionError([UInt32])
        /// The stream ends, with RST_STREAM of one of these codes; the connection may end as well.
        case streamError(UInt32, [UInt32])
        /// The request on this stream is answered with 200.
        case answered(UInt32)
        /// The connection lives on.
        case ignored
    }

    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var bytes: [UInt8]
        var outcome: Outcome

        init(_ name: String, _ frames: [Frame], _ outcome: Outcome) {
            testDescription = name
            bytes = frames.flatMap(\.bytes)
            self.outcome = outcome
        }

        init(_ name: String, bytes: [UInt8], _ outcome: Outcome) {
            testDescription = name
            self.bytes = bytes
            self.outcome = outcome
        }
    }

    static let get = Frame.request()
    static let put = Frame.request("PUT")
    static let endHeaders = Frame.Flag.endHeaders
    static let endStream = Frame.Flag.endStream

    static func protocolError(_ name: String, _ frames: [Frame]) -> Case {
        Case(name, frames, .connectionError([HTTP2Error.protocolError]))
    }

    static func frameSizeError(_ name: String, _ frames: [Frame]) -> Case {
        Case(name, frames, .connectionError([HTTP2Error.frameSizeError]))
    }

    /// A request that must be refused as malformed (section 8.1.1).
    static func malformed(_ name: String, _ fields: [(String, String)]) -> Case {
        Case(name, [.headers(1, fields)], .streamError(1, [HTTP2Error.protocolError]))
    }

    static let framing: [Case] = [
        Case("4.1: a frame of unknown type", [Frame(type: 0xff, payload: [1]), .ping()], .ignored),
        Case("4.1: undefined flags", [Frame(.ping, flags: 0xfe, payload: Array(1...8))], .ignored),
        Case(
            "4.1: the reserved bit", [Frame(.ping, stream: 0x8000_0000, payload: Array(1...8))], .ignored),
        Case(
            "4.2: DATA of 2^14 bytes",
            [.headers(1, put, end: false), .data(1, Array(repeating: 0, count: 16_384), end: true)],
            .answered(1)),
        Case(
            "4.2: DATA over the frame size", [.headers(1, put, end: false), .data(1, Array(repeating: 0, count: 16_385))],
            .connectionError([HTTP2Error.frameSizeError])),
        frameSizeError(
            "4.2: HEADERS over the frame size",
            [
                .headers(1, get + [("a", String(repeating: "b", count: 16_400))])
            ]),
        Case(
            "4.3: a header block that cannot be decoded",
            [Frame(.headers, flags: endHeaders | endStream, stream: 1, payload: [0x40])],
            .connectionError([HTTP2Error.compressionError])),
        protocolError(
            "4.3: PRIORITY inside a header block",
            [
                Frame(.headers, flags: endStream, stream: 1, payload: HPACK.encode(get)),
                Frame(.priority, stream: 1, payload: [0, 0, 0, 0, 1]),
            ]),
        protocolError(
            "4.3: HEADERS of another stream inside a header block",
            [
                Frame(.headers, flags: endStream, stream: 1, payload: HPACK.encode(get)), .headers(3, get),
            ]),
    ]

    static let streams: [Case] = [
        protocolError("5.1: DATA on an idle stream", [.data(1, [1])]),
        protocolError("5.1: RST_STREAM on an idle stream", [.reset(1)]),
        protocolError("5.1: WINDOW_UPDATE on an idle stream", [.windowUpdate(1, 1)]),
        protocolError(
            "5.1: CONTINUATION on an idle stream",
            [
                Frame(.continuation, flags: endHeaders, stream: 1, payload: HPACK.encode(get))
            ]),
        Case(
            "5.1: DATA after the end of the request", [.headers(1, get), .data(1, [1], end: true)],
            .streamError(1, [HTTP2Error.streamClosed])),
        Case(
            "5.1: HEADERS after the end of the request", [.headers(1, get), .headers(1, get)],
            .streamError(1, [HTTP2Error.streamClosed, HTTP2Error.protocolError])),
        Case("5.1: WINDOW_UPDATE after the end of the request", [.headers(1, get), .windowUpdate(1, 10)], .answered(1)),
        Case(
            "5.1: PRIORITY on a closed stream", [.headers(1, get), Frame(.priority, stream: 1, payload: [0, 0, 0, 0, 1])],
            .answered(1)),
        protocolError("5.1.1: an even stream", [.headers(2, get)]),
        protocolError("5.1.1: a stream number that goes down", [.headers(5, get), .headers(3, get)]),
        Case(
            "5.3: a stream that depends on itself",
            [
                Frame(.priority, stream: 1, payload: [0, 0, 0, 1, 1]), .headers(3, get),
            ], .answered(3)),
        protocolError("5.1.1: HEADERS on stream 0", [.headers(0, get)]),
    ]

    static let frames: [Case] = [
        protocolError("6.1: DATA on stream 0", [.data(0, [1])]),
        protocolError(
            "6.1: DATA with more padding than payload",
            [
                .headers(1, put, end: false), Frame(.data, flags: Frame.Flag.padded, stream: 1, payload: [5, 0, 0]),
            ]),
        protocolError(
            "6.2: HEADERS with more padding than payload",
            [
                Frame(
                    .headers, flags: Frame.Flag.padded | endHeaders | endStream, stream: 1,
                    payload: [200] + HPACK.encode(get))
            ]),
        Case(
            "6.2: HEADERS with padding and priority",
            [
                Frame(
                    .headers, flags: Frame.Flag.padded | Frame.Flag.priority | endHeaders | endStream, stream: 1,
                    payload: [2, 0, 0, 0, 0, 15] + HPACK.encode(get) + [0, 0])
            ], .answered(1)),
        protocolError("6.3: PRIORITY on stream 0", [Frame(.priority, payload: [0, 0, 0, 3, 1])]),
        frameSizeError("6.3: PRIORITY of 4 bytes", [Frame(.priority, stream: 1, payload: [0, 0, 0, 3])]),
        protocolError("6.4: RST_STREAM on stream 0", [.reset(0)]),
        frameSizeError(
            "6.4: RST_STREAM of 3 bytes",
            [
                .headers(1, put, end: false), Frame(.resetStream, stream: 1, payload: [0, 0, 0]),
            ]),
        frameSizeError(
            "6.5: an acknowledgement with payload",
            [
                Frame(.settings, flags: Frame.Flag.acknowledgement, payload: [0, 3, 0, 0, 0, 1])
            ]),
        protocolError("6.5: SETTINGS on a stream", [Frame(.settings, stream: 1)]),
        frameSizeError("6.5: SETTINGS of 5 bytes", [Frame(.settings, payload: [0, 3, 0, 0, 0])]),
        protocolError("6.5.2: ENABLE_PUSH of 2", [.settings([(2, 2)])]),
        Case(
            "6.5.2: INITIAL_WINDOW_SIZE over 2^31-1", [.settings([(4, 0x8000_0000)])],
            .connectionError([HTTP2Error.flowControlError])),
        protocolError("6.5.2: MAX_FRAME_SIZE below 2^14", [.settings([(5, 16_383)])]),
        protocolError("6.5.2: MAX_FRAME_SIZE over 2^24-1", [.settings([(5, 1 << 24)])]),
        Case("6.5.2: an unknown setting", [.settings([(0xff, 1)]), .headers(1, get)], .answered(1)),
        protocolError(
            "6.6: PUSH_PROMISE from a client",
            [
                Frame(.pushPromise, flags: endHeaders, stream: 1, payload: [0, 0, 0, 2] + HPACK.encode(get))
            ]),
        protocolError("6.7: PING on a stream", [Frame(.ping, stream: 1, payload: Array(1...8))]),
        frameSizeError("6.7: PING of 6 bytes", [.ping(Array(1...6))]),
        protocolError("6.8: GOAWAY on a stream", [Frame(.goAway, stream: 1, payload: Array(repeating: 0, count: 8))]),
        protocolError("6.9: WINDOW_UPDATE of 0 on the connection", [.windowUpdate(0, 0)]),
        Case(
            "6.9: WINDOW_UPDATE of 0 on a stream", [.headers(1, put, end: false), .windowUpdate(1, 0)],
            .streamError(1, [HTTP2Error.protocolError])),
        frameSizeError("6.9: WINDOW_UPDATE of 3 bytes", [Frame(.windowUpdate, payload: [0, 0, 1])]),
        Case(
            "6.9.1: a connection window over 2^31-1", [.windowUpdate(0, 0x7fff_ffff), .windowUpdate(0, 0x7fff_ffff)],
            .connectionError([HTTP2Error.flowControlError])),
        Case(
            "6.9.1: a stream window over 2^31-1", [.headers(1, put, end: false), .windowUpdate(1, 0x7fff_ffff)],
            .streamError(1, [HTTP2Error.flowControlError])),
        // The RFC asks for a connection error; nghttp2 resets the streams concerned.
        Case(
            "6.9.2: a setting that takes a stream window over 2^31-1",
            [
                .headers(1, put, end: false), .windowUpdate(1, 0x7fff_0000), .settings([(4, 0x7fff_ffff)]),
            ], .streamError(1, [HTTP2Error.flowControlError])),
        Case(
            "6.10: a header block in three frames",
            [
                Frame(.headers, flags: endStream, stream: 1, payload: HPACK.encode(Array(get.prefix(2)))),
                Frame(.continuation, stream: 1, payload: HPACK.encode([get[2]])),
                Frame(.continuation, flags: endHeaders, stream: 1, payload: HPACK.encode([get[3]])),
            ], .answered(1)),
        protocolError(
            "6.10: CONTINUATION on stream 0",
            [
                Frame(.headers, flags: endStream, stream: 1, payload: HPACK.encode(get)),
                Frame(.continuation, flags: endHeaders, stream: 0, payload: HPACK.encode([("a", "b")])),
            ]),
        protocolError(
            "6.10: CONTINUATION after the end of the block",
            [
                .headers(1, put, end: false),
                Frame(.continuation, flags: endHeaders, stream: 1, payload: HPACK.encode([("a", "b")])),
            ]),
        protocolError(
            "6.10: DATA inside a header block",
            [
                Frame(.headers, stream: 1, payload: HPACK.encode(put)), .data(1, [1], end: true),
            ]),
    ]

    static let messages: [Case] = [
        Case(
            "8.1: a second HEADERS without END_STREAM",
            [
                .headers(1, put, end: false), .headers(1, [("trailer", "t")], end: false),
            ], .streamError(1, [HTTP2Error.protocolError])),
        Case("8.1: trailers", [.headers(1, put, end: false), .data(1, [1]), .headers(1, [("trailer", "t")])], .answered(1)),
        Case(
            "8.1: a pseudo-field in trailers",
            [
                .headers(1, put, end: false), .headers(1, [(":method", "GET")]),
            ], .streamError(1, [HTTP2Error.protocolError])),
        malformed("8.2.1: an upper-case name", get + [("Upper", "a")]),
        malformed("8.2.1: a space in a name", get + [("a b", "c")]),
        malformed("8.2.1: a line feed in a value", get + [("a", "b\nc")]),
        malformed("8.2.1: a carriage return in a value", get + [("a", "b\rc")]),
        malformed("8.2.1: NUL in a value", get + [("a", "b\u{0}c")]),
        malformed("8.2.1: a value that ends in a space", get + [("a", "b ")]),
        malformed("8.2.2: Connection", get + [("connection", "keep-alive")]),
        malformed("8.2.2: Transfer-Encoding", get + [("transfer-encoding", "chunked")]),
        malformed("8.2.2: Upgrade", get + [("upgrade", "h2c")]),
        malformed("8.2.2: TE other than trailers", get + [("te", "gzip")]),
        Case("8.2.2: TE of trailers", [.headers(1, get + [("te", "trailers")])], .answered(1)),
        malformed("8.3: an unknown pseudo-field", get + [(":unknown", "a")]),
        malformed("8.3: a response's pseudo-field", get + [(":status", "200")]),
        malformed("8.3: a pseudo-field after a field", [("a", "b")] + get),
        malformed("8.3: a pseudo-field twice", get + [(":path", "/")]),
        malformed("8.3.1: no method", get.filter { $0.0 != ":method" }),
        malformed("8.3.1: no scheme", get.filter { $0.0 != ":scheme" }),
        malformed("8.3.1: no path", get.filter { $0.0 != ":path" }),
        malformed("8.3.1: no authority and no Host", get.filter { $0.0 != ":authority" }),
        malformed("8.3.1: an empty path", Frame.request("GET", "")),
        malformed("8.3.1: a path without a slash", Frame.request("GET", "a")),
        malformed("8.3.1: an asterisk for GET", Frame.request("GET", "*")),
        Case("8.3.1: an asterisk for OPTIONS", [.headers(1, Frame.request("OPTIONS", "*"))], .answered(1)),
        malformed("8.3.1: a Host that differs from the authority", get + [("host", "other")]),
        Case("8.3.1: a Host that agrees", [.headers(1, get + [("host", "test")])], .answered(1)),
        malformed("8.1.1: a length without a body", put + [("content-length", "1")]),
        Case(
            "8.1.1: less body than declared",
            [
                .headers(1, put + [("content-length", "2")], end: false), .data(1, [1], end: true),
            ], .streamError(1, [HTTP2Error.protocolError])),
        Case(
            "8.1.1: more body than declared",
            [
                .headers(1, put + [("content-length", "2")], end: false), .data(1, [1, 2]), .data(1, [3], end: true),
            ], .streamError(1, [HTTP2Error.protocolError])),
        malformed("8.1.1: two lengths", put + [("content-length", "0"), ("content-length", "0")]),
        malformed("8.1.1: a length that is no number", put + [("content-length", "+0")]),
        Case(
            "7541 2.3.3: an index beyond the table",
            [
                Frame(.headers, flags: endHeaders | endStream, stream: 1, payload: HPACK.encode(get) + [0xff, 0xff, 0x01])
            ], .connectionError([HTTP2Error.compressionError])),
        Case(
            "7541 6.1: index 0",
            [
                Frame(.headers, flags: endHeaders | endStream, stream: 1, payload: HPACK.encode(get) + [0x80])
            ], .connectionError([HTTP2Error.compressionError])),
        Case(
            "7541 4.2: a table size change in mid-block",
            [
                Frame(.headers, flags: endHeaders | endStream, stream: 1, payload: HPACK.encode(get) + [0x20])
            ], .connectionError([HTTP2Error.compressionError])),
        Case(
            "7541 6.3: a table larger than the setting",
            [
                Frame(
                    .headers, flags: endHeaders | endStream, stream: 1,
                    payload: [0x3f, 0xff, 0xff, 0x03] + HPACK.encode(get))
            ], .connectionError([HTTP2Error.compressionError])),
        Case(
            "7541 5.2: Huffman padding longer than 7 bits",
            [
                Frame(
                    .headers, flags: endHeaders | endStream, stream: 1,
                    payload: HPACK.encode(get) + [0x00, 0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff, 0x84, 0x49, 0x50, 0x9f, 0xff])
            ], .connectionError([HTTP2Error.compressionError])),
        Case(
            "7541 5.2: Huffman EOS",
            [
                Frame(
                    .headers, flags: endHeaders | endStream, stream: 1,
                    payload: HPACK.encode(get) + [0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 0x01, 0x61])
            ], .connectionError([HTTP2Error.compressionError])),
    ]

    @Test("follows the RFC", arguments: framing + streams + frames + messages)
    func conforms(to case: Case) throws {
        try check(`case`, split: false)
    }

    /// Byte by byte a request is answered, and its stream forgotten, before the next frame comes; nghttp2 ignores DATA then.
    static let cutDifferently = (framing + streams + frames + messages).filter {
        $0.testDescription != "5.1: DATA after the end of the request"
    }

    @Test("does not depend on how the bytes are cut", arguments: cutDifferently)
    func conformsByteByByte(to case: Case) throws {
        try check(`case`, split: true)
    }

    private func check(_ case: Case, split: Bool) throws {
        // Answers to a complete request only, so that stream states do not depend on who is quicker.
        let server = try EmbeddedServer.http2(.echoBody())
        if split {
            for byte in `case`.bytes { try server.send([byte]) }
        } else {
            try server.send(`case`.bytes)
        }
        let frames = try server.frames()
        switch `case`.outcome {
        case .connectionError(let codes):
            let code = try #require(frames.goAway, "\(frames)")
            #expect(codes.contains(code), "\(frames)")
            #expect(server.isClosed)
        case .streamError(let stream, let codes):
            let code = try #require(frames.reset(of: stream) ?? frames.goAway, "\(frames)")
            #expect(codes.contains(code), "\(frames)")
        case .answered(let stream):
            #expect(server.statuses(frames)[stream] == "200", "\(frames)")
            #expect(!server.isClosed)
        case .ignored:
            try server.send(.ping([8, 7, 6, 5, 4, 3, 2, 1]))
            let after = try server.frames()
            #expect(after.contains { $0.kind == .ping && $0.flags == Frame.Flag.acknowledgement && $0.payload[0] == 8 })
            #expect(!server.isClosed)
        }
    }

    // MARK: The beginning of a connection

    @Test("3.4: a wrong preface ends the connection")
    func wrongPreface() throws {
        let server = try EmbeddedServer()
        try server.send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
        #expect(try server.frames().goAway == HTTP2Error.protocolError)
        #expect(server.isClosed)
    }

    @Test("3.4: the preface may arrive byte by byte")
    func slowPreface() throws {
        let server = try EmbeddedServer()
        for byte in Frame.preface + Frame.settings().bytes + Frame.headers(1, Self.get).bytes { try server.send([byte]) }
        #expect(server.statuses(try server.frames()) == [1: "200"])
    }

    @Test("3.4: the first frame must be SETTINGS")
    func firstFrame() throws {
        let server = try EmbeddedServer()
        try server.send(Frame.preface)
        try server.send(.headers(1, Self.get))
        #expect(try server.frames().goAway == HTTP2Error.protocolError)
        #expect(server.isClosed)
    }

    @Test("6.5.3: SETTINGS are acknowledged and in force at once")
    func settingsInForce() throws {
        let server = try EmbeddedServer.http2()
        try server.send(.settings([(4, 1)]), .headers(1, Self.get))
        let frames = try server.frames()
        #expect(frames.contains { $0.kind == .settings && $0.flags == Frame.Flag.acknowledgement })
        #expect(frames.body(of: 1).count == 1)
        // A change applies to open streams too (6.9.2).
        try server.send(.settings([(4, 3)]))
        #expect(try server.frames().body(of: 1).count == 2)
    }

    @Test("6.9.2: a window may become negative, and then nothing is sent until it is positive")
    func negativeWindow() throws {
        let server = try EmbeddedServer.http2(settings: [(4, 3)])
        try server.send(.headers(1, Self.get))
        #expect(try server.frames().body(of: 1).count == 3)
        try server.send(.settings([(4, 2)]), .windowUpdate(1, 1))
        #expect(try server.frames().body(of: 1).count == 0)
        try server.send(.windowUpdate(1, 1))
        #expect(try server.frames().body(of: 1).count == 1)
    }

    @Test("6.7: PING is answered with its payload")
    func ping() throws {
        let server = try EmbeddedServer.http2()
        try server.send(.ping(Array(11...18)))
        let answer = try #require(try server.frames().first)
        #expect(answer == Frame(.ping, flags: Frame.Flag.acknowledgement, payload: Array(11...18)))
    }
}
