import NIOCore
import Testing

@testable import HTTPTransport

/// Tasks run on the hand-driven event loop, so every suspension and resumption happens when the test says so.
@Suite("Asynchronous exchanges")
struct AsynchronousExchangeTests {
    typealias Frame = HTTP2Frame

    struct Failure: Error {}

    private static func asynchronous(
        _ operation: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse
    ) -> TestService {
        TestService { $0.run(operation) }
    }

    // MARK: Answers

    @Test("An operation's response is the answer")
    func answer() throws {
        let service = Self.asynchronous { .text(200, "\($0.head.method) \($0.head.path)") }
        let http1 = try EmbeddedServer(service)
        try http1.send("GET /1 HTTP/1.1\r\nHost: test\r\n\r\nGET /2 HTTP/1.1\r\nHost: test\r\n\r\n")
        let text = try http1.text()
        #expect(text.contains("\r\n\r\nGET /1HTTP/1.1 200"))
        #expect(text.hasSuffix("GET /2"))

        let http2 = try EmbeddedServer.http2(service)
        try http2.send(.headers(1, Frame.request()), .headers(3, Frame.request("GET", "/3")))
        let frames = try http2.frames()
        #expect(String(decoding: frames.body(of: 1), as: UTF8.self) == "GET /")
        #expect(String(decoding: frames.body(of: 3), as: UTF8.self) == "GET /3")
    }

    @Test("An error is answered with 500, a body's error with its own status")
    func errors() throws {
        let service = Self.asynchronous { request in
            switch request.head.path {
            case "/large": throw HTTPBodyError.tooLarge(limit: 1)
            case "/late": throw HTTPBodyError.timedOut
            default: throw Failure()
            }
        }
        let server = try EmbeddedServer.http2(service)
        try server.send(
            .headers(1, Frame.request()), .headers(3, Frame.request("GET", "/large")),
            .headers(5, Frame.request("GET", "/late")))
        #expect(server.statuses(try server.frames()) == [1: "500", 3: "413", 5: "408"])
    }

    @Test("The task is cancelled when its client goes away", arguments: [false, true])
    func cancellation(closesConnection: Bool) throws {
        let gate = Gate()
        let wasCancelled = Shared(false)
        let server = try EmbeddedServer.http2(
            Self.asynchronous { _ in
                await gate.wait()
                let isCancelled = Task.isCancelled
                wasCancelled.update { $0 = isCancelled }
                return .text(200, "")
            })
        try server.send(.headers(1, Frame.request()))
        if closesConnection { try server.close() } else { try server.send(.reset(1)) }
        gate.open()
        #expect(try server.frames().allSatisfy { $0.stream == 0 })
        #expect(wasCancelled.value)
    }

    @Test("Cancelled tasks that go on working count against the concurrency limit")
    func stubbornTasks() throws {
        let gate = Gate()
        let server = try EmbeddedServer.http2(
            Self.asynchronous { _ in
                await gate.wait()
                return .text(200, "")
            }
        ) { $0.concurrentStreamsMax = 2 }
        for stream in [UInt32(1), 3] { try server.send(.headers(stream, Frame.request()), .reset(stream)) }
        try server.send(.headers(5, Frame.request()))
        #expect(try server.frames().reset(of: 5) == HTTP2Error.refusedStream)
        gate.open()
        _ = try server.frames()
        try server.send(.headers(7, Frame.request()))
        #expect(server.statuses(try server.frames()) == [7: "200"])
    }

    // MARK: Request bodies

    @Test("A body is read piece by piece; only what was read is credited")
    func uploadHTTP2() throws {
        let window = 65_535
        let gate = Gate()
        let server = try EmbeddedServer.http2(
            Self.asynchronous { request in
                await gate.wait()
                var bytes = 0
                for try await piece in request.body {
                    #expect(piece.readableBytes <= window)
                    bytes += piece.readableBytes
                }
                return .text(200, "\(bytes)")
            }
        ) { $0.receiveWindowBytesPerStream = window }
        try server.send(.headers(1, Frame.request("PUT"), end: false))
        let piece = Frame.data(1, Array(repeating: 7, count: 13_107))
        try server.send(Array(repeating: piece, count: 5))
        #expect(try server.frames().allSatisfy { $0.kind != .windowUpdate })
        gate.open()
        var credit = 0
        for _ in 0..<100 {
            credit += try server.frames().filter { $0.kind == .windowUpdate && $0.stream == 1 }.reduce(0) {
                $0 + Int($1.number(at: 0))
            }
            while credit >= 13_107 {
                try server.send(piece)
                credit -= 13_107
            }
        }
        try server.send(.data(1, [], end: true))
        let answer = String(decoding: try server.frames().body(of: 1), as: UTF8.self)
        let total = try #require(Int(answer))
        #expect(total > 20 * window)
        #expect(total % 13_107 == 0)
    }

    @Test("An upload that its reader leaves off is answered, and the connection goes on")
    func abandonedUpload() throws {
        let server = try EmbeddedServer.http2(
            Self.asynchronous { request in
                for try await _ in request.body { break }
                return .text(403, "enough")
            })
        try server.send(.headers(1, Frame.request("PUT"), end: false), .data(1, Array(repeating: 1, count: 10_000)))
        #expect(server.statuses(try server.frames()) == [1: "403"])
        server.advance(.seconds(2))
        #expect(try server.frames().reset(of: 1) == HTTP2Error.none)
    }

    @Test("A body that breaks off throws")
    func brokenUpload() throws {
        let failure = Shared<HTTPBodyError?>(nil)
        let service = Self.asynchronous { request in
            do {
                for try await _ in request.body {}
            } catch let error as HTTPBodyError {
                failure.update { $0 = error }
            }
            return .text(200, "")
        }
        let http2 = try EmbeddedServer.http2(service)
        try http2.send(.headers(1, Frame.request("PUT"), end: false), .data(1, [1]), .reset(1))
        _ = try http2.frames()
        #expect(failure.value == .disconnected)

        failure.update { $0 = nil }
        let http1 = try EmbeddedServer(service)
        try http1.send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\na")
        try http1.close()
        _ = try http1.received()
        #expect(failure.value == .disconnected)
    }

    @Test("Collecting a body stops at the limit")
    func collect() throws {
        let service = Self.asynchronous { .init(status: 200, body: .bytes(try await $0.body.collect(upTo: 5))) }
        let server = try EmbeddedServer.http2(service)
        try server.send(.headers(1, Frame.request("PUT"), end: false), .data(1, [1, 2]), .data(1, [3, 4, 5], end: true))
        try server.send(.headers(3, Frame.request("PUT"), end: false), .data(3, [1, 2]), .data(3, [3, 4, 5, 6], end: true))
        let frames = try server.frames()
        #expect(frames.body(of: 1) == [1, 2, 3, 4, 5])
        #expect(server.statuses(frames)[3] == "413")
    }

    // MARK: Response bodies

    /// Writes numbered lines of 100 bytes and counts them.
    private static func lines(_ count: Int, written: Shared<Int>, after gate: Gate? = nil) -> TestService {
        TestService { exchange in
            exchange.respond(
                .stream(200, contentType: "application/x-ndjson") { writer in
                    await gate?.wait()
                    for _ in 0..<count {
                        try await writer.write(ByteBuffer(repeating: 0x61, count: 100))
                        written.update { $0 += 1 }
                    }
                })
        }
    }

    @Test("A writer waits for the client's window", arguments: [1_000, 50_000])
    func downloadHTTP2(highWater: Int) throws {
        let written = Shared(0)
        let server = try EmbeddedServer.http2(Self.lines(10_000, written: written), settings: [(4, 0)]) {
            $0.writerHighWaterBytes = highWater
        }
        try server.send(.windowUpdate(0, 0x7000_0000))
        try server.send(.headers(1, Frame.request()))
        #expect(server.statuses(try server.frames()) == [1: "200"])
        // The last piece went over the mark and its writer waits.
        #expect(written.value == highWater / 100)
        var received = 0
        while received < 1_000_000 {
            try server.send(.windowUpdate(1, 12_345))
            let frames = try server.frames()
            received += frames.body(of: 1).count
            #expect(written.value * 100 <= received + highWater)
            if frames.ended(1) { break }
        }
        #expect(received == 1_000_000)
    }

    @Test("A writer waits for the client to read")
    func downloadHTTP1() throws {
        let written = Shared(0)
        let gate = Gate()
        let server = try EmbeddedServer(Self.lines(5_000, written: written, after: gate)) { $0.writerHighWaterBytes = 1_000 }
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try server.text().hasSuffix("transfer-encoding: chunked\r\n\r\n"))
        server.setWritable(false)
        gate.open()
        #expect(try server.received().isEmpty)
        #expect(written.value == 10)
        server.setWritable(true)
        let bytes = try server.received()
        #expect(written.value == 5_000)
        #expect(bytes.filter { $0 == 0x61 }.count >= 500_000)
        #expect(bytes.suffix(5).elementsEqual("0\r\n\r\n".utf8))
    }

    @Test("A stream that its writer breaks off is no whole response")
    func brokenDownload() throws {
        let service = TestService {
            $0.respond(
                .stream(200, contentType: "text/plain") { writer in
                    try await writer.write(ByteBuffer(string: "part"))
                    throw Failure()
                })
        }
        let http2 = try EmbeddedServer.http2(service)
        try http2.send(.headers(1, Frame.request()))
        #expect(try http2.frames().reset(of: 1) == HTTP2Error.internalError)
        #expect(!http2.isClosed)

        let http1 = try EmbeddedServer(service)
        try http1.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try !http1.text().contains("0\r\n\r\n"))
        #expect(http1.isClosed)
    }

    @Test("A waiting writer learns that its client has gone", arguments: [false, true])
    func writerAfterReset(closesConnection: Bool) throws {
        let failure = Shared<HTTPWriteError?>(nil)
        let server = try EmbeddedServer.http2(
            TestService {
                $0.respond(
                    .stream(200, contentType: "text/plain") { writer in
                        do {
                            while true { try await writer.write(ByteBuffer(repeating: 0, count: 1_000)) }
                        } catch let error as HTTPWriteError {
                            failure.update { $0 = error }
                        }
                    })
            }, settings: [(4, 0)])
        try server.send(.headers(1, Frame.request()))
        _ = try server.frames()
        if closesConnection { try server.close() } else { try server.send(.reset(1)) }
        _ = try server.frames()
        #expect(failure.value == .disconnected)
    }

    @Test("An empty stream ends the response")
    func emptyDownload() throws {
        let service = TestService { $0.respond(.stream(200, contentType: "text/plain") { _ in }) }
        let http2 = try EmbeddedServer.http2(service)
        try http2.send(.headers(1, Frame.request()), .headers(3, Frame.request("HEAD")))
        let frames = try http2.frames()
        #expect(frames.ended(1) && frames.ended(3))

        let http1 = try EmbeddedServer(service)
        try http1.send("GET / HTTP/1.1\r\nHost: test\r\n\r\nHEAD / HTTP/1.1\r\nHost: test\r\n\r\n")
        let text = try http1.text()
        #expect(text.components(of: "HTTP/1.1 200 OK\r\n") == 2)
        #expect(text.components(of: "0\r\n\r\n") == 1)
        #expect(!http1.isClosed)
    }

    @Test("To HTTP/1.0 a stream is ended by the close")
    func downloadHTTP1_0() throws {
        let server = try EmbeddedServer(Self.lines(3, written: Shared(0)))
        try server.send("GET / HTTP/1.0\r\n\r\n")
        let text = try server.text()
        #expect(text.contains("connection: close\r\n"))
        #expect(text.hasSuffix("\r\n\r\n" + String(repeating: "a", count: 300)))
        #expect(server.isClosed)
    }
}
