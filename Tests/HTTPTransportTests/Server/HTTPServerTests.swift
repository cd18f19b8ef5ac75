import HTTPTransport
import NIOCore
import NIOPosix
import Testing

/// Whole servers on loopback sockets.
@Suite("HTTP server")
struct HTTPServerTests {
    typealias Frame = HTTP2Frame

    private func withServer<Result: Sendable>(
        _ service: TestService = .echoTarget, threads: Int = 1, limits: HTTPLimits = HTTPLimits(),
        _ body: (HTTPServer) async throws -> Result
    ) async throws -> Result {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let server = try await HTTPServer.start(on: group, host: "127.0.0.1", port: 0, limits: limits, service: service)
        let result: Result
        do {
            result = try await body(server)
        } catch {
            await server.stop(gracefullyWithin: .zero)
            try await group.shutdownGracefully()
            throw error
        }
        await server.stop(gracefullyWithin: .zero)
        try await group.shutdownGracefully()
        return result
    }

    private static let open = Frame.preface + Frame.settings().bytes

    @Test("Both protocols are served on one port, told apart by the preface")
    func bothProtocols() async throws {
        try await withServer { server in
            try await RawClient.connect(to: server.address) { client in
                try await client.send("GET /1 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
                #expect(try await client.text().hasSuffix("\r\n\r\nGET /1"))
                #expect(client.isClosed)
            }
            try await RawClient.connect(to: server.address) { client in
                try await client.send(Self.open + Frame.headers(1, Frame.request("GET", "/2")).bytes)
                let frames = try await client.frames { $0.stream == 1 && $0.endsStream }
                #expect(String(decoding: frames.body(of: 1), as: UTF8.self) == "GET /2")
            }
        }
    }

    @Test("A client that asks and closes its side is answered, then the connection ends", arguments: ["", "slow"])
    func halfClosed(pace: String) async throws {
        let service = TestService { exchange in
            if pace.isEmpty { return exchange.respond(.text(200, exchange.head.path)) }
            exchange.run { request in
                var bytes = 0
                for try await piece in request.body { bytes += piece.readableBytes }
                return .text(200, "\(request.head.path) \(bytes)")
            }
        }
        try await withServer(service) { server in
            try await RawClient.connect(to: server.address) { client in
                try await client.send(
                    "GET /1 HTTP/1.1\r\nHost: test\r\n\r\nPOST /2 HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc")
                client.finish()
                let text = try await client.text()
                #expect(text.components(of: "HTTP/1.1 200 OK") == 2)
                #expect(text.hasSuffix(pace.isEmpty ? "/2" : "/2 3"))
                #expect(client.isClosed)
            }
        }
    }

    @Test("A large answer reaches a client that has closed its side and reads slowly")
    func halfClosedLargeAnswer() async throws {
        let body = ByteBuffer(repeating: 0x61, count: 8_000_000)
        try await withServer(TestService { $0.respond(contentType: "text/plain", body: body) }) { server in
            try await RawClient.connect(to: server.address, receiveBufferBytes: 4_096) { client in
                try await client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
                client.finish()
                while try await client.read() != nil {}
                #expect(client.received.count > 8_000_000)
            }
        }
    }

    @Test(
        "A request that is cut off by the end of the input is answered with 400",
        arguments: [
            "GET / HT", "GET / HTTP/1.1\r\nHost: te", "PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc",
        ])
    func cutShort(bytes: String) async throws {
        try await withServer(.echoBody()) { server in
            try await RawClient.connect(to: server.address) { client in
                try await client.send(bytes)
                client.finish()
                let text = try await client.text()
                #expect(text.hasPrefix("HTTP/1.1 400 ") && text.contains("ended in the middle"), "\(text)")
            }
        }
    }

    @Test("A client that closes without having asked is let go", arguments: ["", "PR", Self.openText])
    func silentClose(bytes: String) async throws {
        try await withServer { server in
            try await RawClient.connect(to: server.address) { client in
                if !bytes.isEmpty { try await client.send(bytes) }
                client.finish()
                while try await client.read() != nil {}
                #expect(client.isClosed)
            }
        }
    }

    private static let openText = String(decoding: open, as: UTF8.self)

    @Test("Ten thousand requests pipelined in one burst are all answered, in order", arguments: ["at once", "in tasks"])
    func pipelinedBurst(kind: String) async throws {
        let service = TestService { exchange in
            if kind == "at once" { return exchange.respond(.text(200, exchange.head.path + ";")) }
            exchange.run { .text(200, $0.head.path + ";") }
        }
        try await withServer(service) { server in
            try await RawClient.connect(to: server.address) { client in
                let burst = (1...10_000).map { "GET /\($0) HTTP/1.1\r\nHost: test\r\n\r\n" }.joined()
                let outbound = client.outbound
                async let sent: Void = outbound.write(ByteBuffer(string: burst))
                let text = try await client.text(until: "/10000;")
                try await sent
                let numbers = text.split(separator: "/").compactMap { part in
                    part.firstIndex(of: ";").flatMap { Int(part[..<$0]) }
                }
                #expect(numbers == Array(1...10_000))
                #expect(!client.isClosed)
            }
        }
    }

    @Test("What the transport refuses is answered in the service's form, with words that name the limit")
    func refusals() async throws {
        var limits = HTTPLimits()
        limits.targetBytesMax = 20
        limits.headerBytesMax = 100
        limits.headerCountMax = 5
        limits.bodyBytesMax = 10
        limits.tick = .milliseconds(10)
        limits.headerTimeout = .milliseconds(50)
        let cases: [(String, Int, String)] = [
            ("GET / HTTP/1.1\nHost: test\n\n", 400, "LF alone"),
            ("GET /\(String(repeating: "a", count: 20)) HTTP/1.1\r\n", 414, "20 bytes of targetBytesMax"),
            (
                "GET / HTTP/1.1\r\nHost: test\r\nA: \(String(repeating: "a", count: 200))\r\n", 431,
                "100 bytes of headerBytesMax"
            ),
            ("GET / HTTP/1.1\r\nHost: test\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\n", 431, "5 of headerCountMax"),
            ("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n", 413, "10 bytes"),
            ("GET / HTTP/2.0\r\n", 505, "HTTP/1.1"),
            ("CONNECT a:1 HTTP/1.1\r\n", 501, "CONNECT"),
            ("GET / HTTP/1.1\r\nHost", 408, "50 ms of headerTimeout"),
        ]
        try await withServer(.echoBody(), limits: limits) { server in
            for (bytes, status, words) in cases {
                try await RawClient.connect(to: server.address) { client in
                    try await client.send(bytes)
                    let text = try await client.text()
                    #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(bytes): \(text)")
                    #expect(
                        text.contains("content-type: application/problem+json\r\n") && text.contains("x-refused: yes\r\n"))
                    #expect(text.contains("\r\n\r\n{\"status\":\(status),") && text.contains(words), "\(text)")
                }
            }
        }
    }

    @Test("A service learns who asks")
    func remoteAddress() async throws {
        let service = TestService { $0.respond(.text(200, "\($0.remoteAddress?.ipAddress ?? "-") \($0.isTLS)")) }
        try await withServer(service) { server in
            try await RawClient.connect(to: server.address) { client in
                try await client.send("GET / HTTP/1.0\r\n\r\n")
                #expect(try await client.text().hasSuffix("\r\n\r\n127.0.0.1 false"))
            }
        }
    }

    @Test("Many connections are spread over several event loops")
    func severalLoops() async throws {
        let loops = Shared<Set<ObjectIdentifier>>([])
        let service = TestService { exchange in
            let loop = ObjectIdentifier(exchange.eventLoop)
            loops.update { _ = $0.insert(loop) }
            exchange.run { .text(200, $0.head.path) }
        }
        try await withServer(service, threads: 2) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        try await RawClient.connect(to: server.address) { client in
                            for request in 0..<10 {
                                let path = "/\(number)-\(request)"
                                try await client.send("GET \(path) HTTP/1.1\r\nHost: test\r\n\r\n")
                                #expect(try await client.text(until: "\r\n\r\n" + path).hasSuffix(path))
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(loops.value.count == 2)
    }

    @Test("An answer may come from another thread")
    func answerFromAnotherThread() async throws {
        let service = TestService { exchange in
            let exchange = NIOLoopBound(exchange, eventLoop: exchange.eventLoop)
            Task.detached {
                exchange.eventLoop.execute { exchange.value.respond(status: 204) }
            }
        }
        try await withServer(service) { server in
            try await RawClient.connect(to: server.address) { client in
                try await client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
                let text = try await client.text(until: "\r\n\r\n")
                #expect(text.hasPrefix("HTTP/1.1 204 No Content\r\ndate: "))
                #expect(text.split(separator: "\r\n").count == 2)
            }
        }
    }

    @Test("A large body goes through in both directions, in HTTP/1.1 chunks")
    func echoChunks() async throws {
        let service = TestService { exchange in
            exchange.run { request in
                .stream(200, contentType: "text/plain") { writer in
                    for try await piece in request.body { try await writer.write(piece) }
                }
            }
        }
        let chunks = 2_000
        try await withServer(service) { server in
            let received = try await RawClient.connect(to: server.address) { client in
                try await client.send(
                    "POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
                let chunk = "400\r\n" + String(repeating: "z", count: 1_024) + "\r\n"
                for _ in 0..<chunks / 20 {
                    try await client.send(String(repeating: chunk, count: 20))
                    // Takes what has come back, or both sides would wait for each other to read.
                    _ = try await client.read()
                }
                try await client.send("0\r\n\r\n")
                return try await client.text()
            }
            #expect(received.utf8.filter { $0 == UInt8(ascii: "z") }.count == chunks * 1_024)
            #expect(received.hasSuffix("\r\n0\r\n\r\n"))
        }
    }

    @Test("A client that does not read stops its writer within a bound")
    func unreadDownload() async throws {
        let written = Shared(0)
        let stopped = Shared<HTTPWriteError?>(nil)
        let isStopped = Gate()
        let service = TestService {
            $0.respond(
                .stream(200, contentType: "text/plain") { writer in
                    let piece = ByteBuffer(repeating: 0x61, count: 10_000)
                    do {
                        while true {
                            try await writer.write(piece)
                            written.update { $0 += piece.readableBytes }
                        }
                    } catch let error as HTTPWriteError {
                        stopped.update { $0 = error }
                        isStopped.open()
                    }
                })
        }
        var limits = HTTPLimits()
        limits.tick = .milliseconds(20)
        limits.progressTimeout = .milliseconds(200)
        try await withServer(service, limits: limits) { server in
            try await RawClient.connect(to: server.address, receiveBufferBytes: 4_096) { client in
                try await client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
                // Reads nothing: the server gives up by itself.
                await isStopped.wait()
            }
        }
        #expect(stopped.value == .disconnected)
        // What the kernel's buffers hold (a few megabytes on loopback), not what a producer without end would make.
        #expect(written.value < 16_000_000)
    }

    // MARK: The end

    @Test("Stopping lets requests in progress finish", arguments: ["h1", "h2"])
    func gracefulStop(version: String) async throws {
        let begun = Gate()
        let mayFinish = Gate()
        let service = TestService { exchange in
            exchange.run { _ in
                begun.open()
                await mayFinish.wait()
                return .text(200, "done")
            }
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var limits = HTTPLimits()
        limits.tick = .milliseconds(10)
        let server = try await HTTPServer.start(on: group, host: "127.0.0.1", port: 0, limits: limits, service: service)
        let address = server.address
        try await RawClient.connect(to: address) { client in
            if version == "h1" {
                try await client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            } else {
                try await client.send(Self.open + Frame.headers(1, Frame.request()).bytes)
            }
            await begun.wait()
            async let stopped: Void = server.stop(gracefullyWithin: .hours(1))
            if version == "h1" {
                mayFinish.open()
                let text = try await client.text()
                #expect(text.hasSuffix("done"))
            } else {
                var frames = try await client.frames { $0.kind == .goAway }
                mayFinish.open()
                frames += try await client.frames()
                #expect(String(decoding: frames.body(of: 1), as: UTF8.self) == "done")
                #expect(frames.goAway == HTTP2Error.none)
            }
            #expect(client.isClosed)
            await stopped
        }
        await #expect(throws: (any Error).self) {
            try await RawClient.connect(to: address) { _ in }
        }
        try await group.shutdownGracefully()
    }

    @Test("At the deadline what is left is cut off, and its tasks are cancelled")
    func deadline() async throws {
        let begun = Gate()
        let wasCancelled = Gate()
        let service = TestService { exchange in
            exchange.run { _ in
                begun.open()
                do {
                    try await Task.sleep(for: .seconds(3_600))
                } catch {
                    wasCancelled.open()
                }
                return .text(200, "")
            }
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await HTTPServer.start(on: group, host: "127.0.0.1", port: 0, service: service)
        try await RawClient.connect(to: server.address) { client in
            try await client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            await begun.wait()
            async let patient: Void = server.stop(gracefullyWithin: .hours(1))
            await server.stop(gracefullyWithin: .milliseconds(50))
            await patient
            await wasCancelled.wait()
            #expect(try await client.text() == "")
            #expect(client.isClosed)
        }
        try await group.shutdownGracefully()
    }

    @Test("An address in use is an error that names it; what is no address of this machine is another")
    func addressInUse() async throws {
        try await withServer { server in
            let port = try #require(server.address.port)
            #expect(throws: HTTPListenError.inUse("127.0.0.1:\(port)")) { try HTTPListener(host: "127.0.0.1", port: port) }
            #expect(throws: HTTPListenError.notHere("192.0.2.1:80")) { try HTTPListener(host: "192.0.2.1", port: 80) }
        }
    }

    @Test("An address that is taken refuses clients until a server starts on it; one that is let go can be taken again")
    func takenAddress() async throws {
        let listener = try HTTPListener(host: "127.0.0.1", port: 0)
        let address = listener.address
        await #expect(throws: (any Error).self) { try await RawClient.connect(to: address) { _ in } }
        let server = try await HTTPServer.start(
            on: MultiThreadedEventLoopGroup.singleton, listener: listener, service: TestService.echoTarget)
        #expect(server.address == address)
        try await RawClient.connect(to: address) { client in
            try await client.send("GET /1 HTTP/1.0\r\n\r\n")
            #expect(try await client.text().hasSuffix("GET /1"))
        }
        await server.stop(gracefullyWithin: .zero)
        _ = try HTTPListener(host: "127.0.0.1", port: try #require(address.port))
    }
}
