import NIOCore
import Testing

@testable import HTTPTransport

@Suite("HTTP/2 server")
struct HTTP2ServerTests {
    typealias Frame = HTTP2Frame

    @Test("The server says its settings first")
    func settings() throws {
        let server = try EmbeddedServer { $0.concurrentStreamsMax = 7 }
        try server.send(Frame.preface)
        try server.send(.settings())
        let frames = try server.frames()
        let settings = try #require(frames.first)
        #expect(settings.kind == .settings)
        // MAX_CONCURRENT_STREAMS
        #expect(settings.payload.starts(with: [0, 3, 0, 0, 0, 7]))
        #expect(frames.contains { $0.kind == .settings && $0.flags == Frame.Flag.acknowledgement })
    }

    @Test("A request is answered, in one write with others of the same read")
    func requests() throws {
        let server = try EmbeddedServer.http2()
        try server.send(.headers(1, Frame.request("GET", "/a?b")), .headers(3, Frame.request("GET", "/c")))
        let write = try #require(try server.nextWrite())
        #expect(try server.nextWrite() == nil)
        var reader = HTTP2Reader()
        let frames = reader.frames(write)
        #expect(String(decoding: frames.body(of: 1), as: UTF8.self) == "GET /a?b")
        #expect(String(decoding: frames.body(of: 3), as: UTF8.self) == "GET /c")
        #expect(frames.ended(1) && frames.ended(3))
        let head = try #require(frames.first { $0.kind == .headers && $0.stream == 1 })
        let fields = reader.fields(head)
        #expect(fields.map(\.0) == [":status", "date", "content-length", "content-type"])
        #expect(fields.filter { $0.0 != "date" }.map(\.1) == ["200", "8", "text/plain; charset=utf-8"])
    }

    @Test("Slots, buffers and exchanges are used again without mixing requests up")
    func reuse() throws {
        let kept = Kept()
        let server = try EmbeddedServer.http2(
            TestService { exchange in
                if exchange.head.path.hasPrefix("/keep") {
                    kept.exchanges.append(exchange)
                } else {
                    let path = exchange.head.path
                    exchange.respond(contentType: "text/plain", entityTag: "\"\(path)\"") { $0.writeString(path) }
                }
            })
        var stream: UInt32 = 1
        for round in 0..<50 {
            try server.send(
                .headers(stream, Frame.request("GET", "/keep\(round)")),
                .headers(stream + 2, Frame.request("GET", "/\(round)")))
            let frames = try server.frames()
            #expect(String(decoding: frames.body(of: stream + 2), as: UTF8.self) == "/\(round)")
            if round % 3 == 2 {
                let oldest = kept.exchanges.removeFirst()
                oldest.respond(.text(200, oldest.head.path))
                let answered = try server.frames()
                #expect(answered.filter { $0.kind == .data }.count == 1)
                #expect(answered.flatMap(\.payload).count > 0)
            }
            stream += 4
        }
        #expect(kept.exchanges.map(\.head.path) == (16..<50).map { "/keep\($0)" })
    }

    @Test("HEAD, 204 and 304 end with their head")
    func bodiless() throws {
        let server = try EmbeddedServer.http2(
            TestService { exchange in
                let status = exchange.head.method == .head ? 200 : Int(exchange.head.path.dropFirst()) ?? 500
                exchange.respond(.init(status: status, body: .bytes(ByteBuffer(string: "body"))))
            })
        try server.send(
            .headers(1, Frame.request("HEAD")), .headers(3, Frame.request("GET", "/204")),
            .headers(5, Frame.request("GET", "/304")))
        let frames = try server.frames()
        #expect(frames.allSatisfy { $0.kind == .headers && $0.endsStream })
        #expect(frames.map { server.fields($0).contains { $0.0 == "content-length" } } == [true, false, false])
    }

    @Test("A body is put together from its frames; padding and trailers are dropped")
    func requestBody() throws {
        let server = try EmbeddedServer.http2(.echoBody())
        try server.send(
            .headers(1, Frame.request("PUT"), end: false), .data(1, Array("abc".utf8)),
            Frame(.data, flags: Frame.Flag.padded, stream: 1, payload: [2] + Array("de".utf8) + [0, 0]),
            .headers(1, [("trailer", "t")]))
        #expect(String(decoding: try server.frames().body(of: 1), as: UTF8.self) == "abcde")
    }

    @Test("100 Continue is sent when the body is asked for")
    func expectContinue() throws {
        let server = try EmbeddedServer.http2(.echoBody())
        try server.send(.headers(1, Frame.request("PUT") + [("expect", "100-continue")], end: false))
        #expect(server.statuses(try server.frames()) == [1: "100"])
        try server.send(.data(1, [0x61], end: true))
        #expect(server.statuses(try server.frames()) == [1: "200"])
    }

    @Test(
        "A client that goes on with its request after the answer is stopped by RST_STREAM(NO_ERROR)",
        arguments: [false, true])
    func earlyAnswer(hasBody: Bool) throws {
        let server = try EmbeddedServer.http2(
            TestService { hasBody ? $0.respond(.text(403, "no")) : $0.respond(status: 403) })
        try server.send(.headers(1, Frame.request("PUT"), end: false))
        let frames = try server.frames()
        #expect(server.statuses(frames) == [1: "403"])
        #expect(frames.ended(1))
        #expect(frames.reset(of: 1) == nil)
        // Some clients drop an answer that is followed at once.
        server.advance(.seconds(2))
        #expect(try server.frames().reset(of: 1) == HTTP2Error.none)
        // What was on its way is ignored, and the connection lives on.
        try server.send(.data(1, [1, 2, 3], end: true), .headers(3, Frame.request("PUT")))
        #expect(server.statuses(try server.frames()) == [3: "403"])
    }

    @Test("A client that ends its request by itself after the answer is not reset, and got no more credit than there was")
    func earlyAnswerShortRest() throws {
        let server = try EmbeddedServer.http2(TestService { $0.respond(status: 403) })
        try server.send(.headers(1, Frame.request("PUT"), end: false))
        #expect(try server.frames().ended(1))
        try server.send(.data(1, Array(repeating: 1, count: 16_000)), .data(1, [], end: true))
        server.advance(.seconds(2))
        let frames = try server.frames()
        #expect(frames.reset(of: 1) == nil)
        #expect(frames.allSatisfy { $0.kind != .windowUpdate || $0.stream == 0 })
    }

    @Test("A forgotten exchange is answered with 500")
    func forgotten() throws {
        let server = try EmbeddedServer.http2(TestService { _ in })
        try server.send(.headers(1, Frame.request()))
        #expect(server.statuses(try server.frames()) == [1: "500"])
    }

    @Test("An answer to a stream that the client has reset goes nowhere")
    func answerAfterReset() throws {
        let kept = Kept()
        let server = try EmbeddedServer.http2(TestService { kept.exchanges.append($0) })
        try server.send(.headers(1, Frame.request()))
        try server.send(.reset(1))
        try server.send(.headers(3, Frame.request()))
        kept.exchanges[0].respond(status: 201)
        kept.exchanges[1].respond(status: 202)
        #expect(server.statuses(try server.frames()) == [3: "202"])
    }

    @Test("A collector learns that its client has gone", arguments: [false, true])
    func collectorAfterReset(closesConnection: Bool) throws {
        let failure = Shared<HTTPBodyError?>(nil)
        let server = try EmbeddedServer.http2(
            TestService { exchange in
                exchange.collectBody(upTo: 100) { result in
                    if case .failure(let error) = result { failure.update { $0 = error } }
                    exchange.respond(status: 200)
                }
            })
        try server.send(.headers(1, Frame.request("PUT"), end: false))
        if closesConnection { try server.close() } else { try server.send(.reset(1)) }
        #expect(failure.value == .disconnected)
    }

    // MARK: Flow control

    @Test("A response waits for the client's window")
    func responseWindow() throws {
        let body = ByteBuffer(repeating: 0x61, count: 1_000)
        let server = try EmbeddedServer.http2(
            TestService { $0.respond(contentType: "text/plain", body: body) }, settings: [(4, 100)])
        try server.send(.headers(1, Frame.request()))
        #expect(try server.frames().body(of: 1).count == 100)
        try server.send(.windowUpdate(1, 850))
        #expect(try server.frames().body(of: 1).count == 850)
        try server.send(.windowUpdate(1, 850))
        let rest = try server.frames()
        #expect(rest.body(of: 1).count == 50)
        #expect(rest.ended(1))
    }

    @Test("A response larger than a batch goes out as the socket takes it")
    func largeResponse() throws {
        let body = ByteBuffer(repeating: 0x61, count: 1_000_000)
        let server = try EmbeddedServer.http2(
            TestService { $0.respond(contentType: "text/plain", body: body) }, settings: [(4, 2_000_000)])
        try server.send(.windowUpdate(0, 2_000_000))
        try server.send(.headers(1, Frame.request()))
        let frames = try server.frames()
        #expect(frames.body(of: 1).count == 1_000_000)
        #expect(frames.ended(1))
    }

    @Test("Nothing is framed while the client does not read")
    func unwritable() throws {
        let server = try EmbeddedServer.http2()
        server.setWritable(false)
        try server.send(.headers(1, Frame.request()))
        #expect(try server.frames().isEmpty)
        server.setWritable(true)
        #expect(try server.frames().ended(1))
    }

    @Test("Credit for a body is given as it is taken")
    func requestWindow() throws {
        let kept = Kept()
        let server = try EmbeddedServer.http2(TestService { kept.exchanges.append($0) }) {
            $0.receiveWindowBytesPerStream = 1_000
            $0.receiveWindowBytesPerConnection = 65_535
        }
        try server.send(.headers(1, Frame.request("PUT"), end: false), .data(1, Array(repeating: 1, count: 1_000)))
        #expect(try server.frames().allSatisfy { $0.kind != .windowUpdate })
        let size = Shared(0)
        kept.exchanges[0].collectBody(upTo: 10_000) {
            if case .success(let body) = $0 { size.update { $0 = body.readableBytes } }
        }
        let credit = try server.frames().filter { $0.kind == .windowUpdate && $0.stream == 1 }
        #expect(credit.map { $0.number(at: 0) } == [1_000])
        try server.send(.data(1, Array(repeating: 1, count: 1_000), end: true))
        #expect(size.value == 2_000)
    }

    @Test("More than the window is a flow-control error")
    func windowExceeded() throws {
        let kept = Kept()
        let server = try EmbeddedServer.http2(TestService { kept.exchanges.append($0) }) {
            $0.receiveWindowBytesPerStream = 1_000
        }
        try server.send(.headers(1, Frame.request("PUT"), end: false), .data(1, Array(repeating: 1, count: 1_001)))
        #expect(try server.frames().reset(of: 1) == HTTP2Error.flowControlError)
    }

    @Test("Body bytes that nobody takes are credited to the connection when the stream ends")
    func connectionWindow() throws {
        let server = try EmbeddedServer.http2(TestService { $0.respond(status: 200) }) {
            $0.receiveWindowBytesPerConnection = 65_535
        }
        // Three times the connection's window, each time on a stream that is answered at once.
        for stream in stride(from: UInt32(1), to: 25, by: 2) {
            try server.send(.headers(stream, Frame.request("PUT"), end: false))
            try server.send(.data(stream, Array(repeating: 1, count: 16_384), end: true))
        }
        let frames = try server.frames()
        #expect(frames.goAway == nil)
        #expect(!server.isClosed)
        #expect(frames.contains { $0.kind == .windowUpdate && $0.stream == 0 })
    }

    @Test("A refused body gets no further credit while its answer is pending, and gives the connection's back at the end")
    func refusedBodyWindow() throws {
        let kept = Kept()
        let server = try EmbeddedServer.http2(
            TestService { exchange in
                exchange.collectBody(upTo: 10) { _ in kept.exchanges.append(exchange) }
            }
        ) {
            $0.receiveWindowBytesPerStream = 16_384
            $0.receiveWindowBytesPerConnection = 65_535
        }
        for stream in stride(from: UInt32(1), to: 40, by: 2) {
            try server.send(
                .headers(stream, Frame.request("PUT"), end: false), .data(stream, Array(repeating: 1, count: 16_384)))
            #expect(try server.frames().allSatisfy { $0.kind != .windowUpdate || $0.stream == 0 })
            kept.exchanges.removeFirst().respond(status: 413)
            #expect(server.statuses(try server.frames()) == [stream: "413"])
        }
        #expect(!server.isClosed)
    }

    // MARK: The end

    @Test("Draining announces, then names the last stream, and closes after it")
    func drain() throws {
        let kept = Kept()
        let server = try EmbeddedServer.http2(TestService { kept.exchanges.append($0) })
        try server.send(.headers(1, Frame.request()))
        server.drain()
        let notice = try #require(try server.frames().first { $0.kind == .goAway })
        #expect(notice.number(at: 0) == 0x7fff_ffff)
        // On its way when the notice was sent: still served.
        try server.send(.headers(3, Frame.request()))
        server.advance(.seconds(2))
        let final = try #require(try server.frames().first { $0.kind == .goAway })
        #expect(final.number(at: 0) == 3)
        #expect(final.number(at: 4) == HTTP2Error.none)
        // Too late.
        try server.send(.headers(5, Frame.request()))
        #expect(kept.exchanges.count == 2)
        #expect(!server.isClosed)
        for exchange in kept.exchanges { exchange.respond(status: 204) }
        #expect(server.statuses(try server.frames()) == [1: "204", 3: "204"])
        #expect(server.isClosed)
    }

    @Test("Draining closes an idle connection")
    func drainIdle() throws {
        let server = try EmbeddedServer.http2()
        server.drain()
        server.advance(.seconds(2))
        #expect(server.isClosed)
    }

    @Test("The client's GOAWAY lets its requests finish and then ends the connection")
    func clientGoAway() throws {
        let kept = Kept()
        let server = try EmbeddedServer.http2(TestService { kept.exchanges.append($0) })
        try server.send(.headers(1, Frame.request()), Frame(.goAway, payload: Array(repeating: 0, count: 8)))
        #expect(!server.isClosed)
        kept.exchanges[0].respond(status: 204)
        #expect(server.statuses(try server.frames()) == [1: "204"])
        #expect(server.isClosed)
    }

    @Test("A client too many gets GOAWAY(ENHANCE_YOUR_CALM)")
    func connections() throws {
        let server = try EmbeddedServer { $0.connectionsMax = 0 }
        try server.send(Frame.preface)
        let frames = try server.frames()
        #expect(frames.map(\.kind) == [.settings, .goAway])
        #expect(frames.goAway == HTTP2Error.enhanceYourCalm)
        #expect(server.isClosed)
    }
}
