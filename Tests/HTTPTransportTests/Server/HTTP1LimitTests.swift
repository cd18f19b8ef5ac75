import NIOCore
import Testing

@testable import HTTPTransport

@Suite("HTTP/1.1 limits")
struct HTTP1LimitTests {
    @Test("A target over its limit is answered with 414")
    func target() throws {
        let server = try EmbeddedServer { $0.targetBytesMax = 10 }
        try server.send("GET /123456789 HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try server.text().hasPrefix("HTTP/1.1 200 "))
        try server.send("GET /1234567890 HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try server.text().hasPrefix("HTTP/1.1 414 "))
        #expect(server.isClosed)
    }

    @Test("Header fields over their limit are answered with 431")
    func headerBytes() throws {
        // "Host" and "test", then "A" and its value.
        func head(_ count: Int) -> String {
            "GET / HTTP/1.1\r\nHost: test\r\nA: \(String(repeating: "b", count: count - 9))\r\n\r\n"
        }
        let server = try EmbeddedServer { $0.headerBytesMax = 1_000 }
        try server.send(head(1_000))
        #expect(try server.text().hasPrefix("HTTP/1.1 200 "))
        try server.send(head(1_001))
        #expect(try server.text().hasPrefix("HTTP/1.1 431 "))
        #expect(server.isClosed)
    }

    @Test("A head without end is cut off while it arrives")
    func endlessHead() throws {
        let server = try EmbeddedServer()
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n")
        var sent = 0
        while !server.isClosed, sent < 1_000 {
            try server.send("A: \(String(repeating: "b", count: 1_000))\r\n")
            sent += 1
        }
        #expect(sent < 100)
        #expect(try server.text().hasPrefix("HTTP/1.1 431 "))
    }

    @Test("More fields than allowed are answered with 431")
    func headerCount() throws {
        func head(_ count: Int) -> String {
            "GET / HTTP/1.1\r\nHost: test\r\n" + (1..<count).map { "a\($0): b\r\n" }.joined() + "\r\n"
        }
        let server = try EmbeddedServer { $0.headerCountMax = 10 }
        try server.send(head(10))
        #expect(try server.text().hasPrefix("HTTP/1.1 200 "))
        try server.send(head(11))
        #expect(try server.text().hasPrefix("HTTP/1.1 431 "))
        #expect(server.isClosed)
    }

    @Test("A body that declares too much is refused before it arrives")
    func declaredBody() throws {
        let server = try EmbeddedServer(.echoBody(upTo: 10))
        try server.send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n")
        #expect(try server.text().hasPrefix("HTTP/1.1 413 "))
    }

    @Test("A chunked body is refused at the byte too many")
    func chunkedBody() throws {
        let server = try EmbeddedServer(.echoBody(upTo: 10))
        try server.send("PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\na\r\n1234567890\r\n")
        #expect(try server.text() == "")
        try server.send("1\r\n1\r\n")
        #expect(try server.text().hasPrefix("HTTP/1.1 413 "))
        #expect(server.isClosed)
    }

    @Test("The server's own limit stands above that of its services")
    func globalBody() throws {
        let server = try EmbeddedServer(.echoBody()) { $0.bodyBytesMax = 5 }
        try server.send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 6\r\n\r\n")
        let text = try server.text()
        #expect(text.hasPrefix("HTTP/1.1 413 "))
        #expect(text.contains("connection: close"))
    }

    @Test("A burst of pipelined requests waits behind a slow one, and all are answered in order")
    func pipelinedBurst() throws {
        let kept = Kept()
        let server = try EmbeddedServer(TestService { kept.exchanges.append($0) })
        try server.send((0..<1_000).map { "GET /\($0) HTTP/1.1\r\nHost: test\r\n\r\n" }.joined())
        for number in 0..<1_000 {
            #expect(kept.exchanges.count == 1)
            let before = server.reads
            server.read()
            // Behind the last one nothing waits.
            if number < 999 { #expect(server.reads == before) }
            let exchange = kept.exchanges.removeFirst()
            #expect(exchange.head.path == "/\(number)")
            exchange.respond(status: 204)
        }
        #expect(try server.text().components(of: "HTTP/1.1 204 ") == 1_000)
        #expect(!server.isClosed)
    }

    @Test("While requests wait, nothing more is read")
    func readingStops() throws {
        let kept = Kept()
        let server = try EmbeddedServer(TestService { kept.exchanges.append($0) })
        let before = server.reads
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        server.read()
        #expect(server.reads - before == 1)
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        server.read()
        #expect(server.reads - before == 1)
        kept.exchanges.removeFirst().respond(status: 204)
        #expect(server.reads - before == 2)
    }

    @Test("A body that nobody takes stops the reading at its window")
    func bodyWindow() throws {
        let kept = Kept()
        let server = try EmbeddedServer(TestService { kept.exchanges.append($0) }) { $0.receiveWindowBytesPerStream = 100 }
        let before = server.reads
        try server.send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 200\r\n\r\n" + String(repeating: "a", count: 99))
        server.read()
        #expect(server.reads - before == 1)
        try server.send("a")
        server.read()
        #expect(server.reads - before == 1)
        let taken = Shared(0)
        kept.exchanges[0].collectBody(upTo: 1_000) {
            if case .success(let body) = $0 { taken.update { $0 = body.readableBytes } }
        }
        #expect(server.reads - before == 2)
        try server.send(String(repeating: "a", count: 100))
        #expect(taken.value == 200)
    }

    @Test("A refused body is not read on without end while its answer is pending")
    func refusedBodyWindow() throws {
        let kept = Kept()
        let server = try EmbeddedServer(
            TestService { exchange in
                exchange.collectBody(upTo: 10) { _ in kept.exchanges.append(exchange) }
            }
        ) { $0.receiveWindowBytesPerStream = 100 }
        try server.send("PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
        let before = server.reads
        for _ in 0..<50 {
            try server.send("a\r\n1234567890\r\n")
            server.read()
        }
        #expect(server.reads - before <= 12)
        kept.exchanges[0].respond(status: 413)
        #expect(try server.text().hasPrefix("HTTP/1.1 413 "))
        #expect(server.isClosed)
    }

    // MARK: Time

    @Test("A head that does not come to its end is answered with 408")
    func slowHead() throws {
        let server = try EmbeddedServer { $0.headerTimeout = .seconds(10) }
        try server.send("GET / HTTP/1.1\r\nHost: ")
        for _ in 0..<9 {
            server.advance(.seconds(1))
            try server.send("t")
        }
        #expect(!server.isClosed)
        server.advance(.seconds(2))
        #expect(try server.text().hasPrefix("HTTP/1.1 408 "))
        #expect(server.isClosed)
    }

    @Test("The second head has its own time")
    func slowSecondHead() throws {
        let server = try EmbeddedServer { $0.headerTimeout = .seconds(10) }
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        server.advance(.seconds(30))
        _ = try server.text()
        try server.send("GET")
        server.advance(.seconds(9))
        #expect(!server.isClosed)
        server.advance(.seconds(2))
        #expect(try server.text().hasPrefix("HTTP/1.1 408 "))
        #expect(server.isClosed)
    }

    @Test("An idle connection is closed without a word")
    func idle() throws {
        let server = try EmbeddedServer { $0.idleTimeout = .seconds(60) }
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        _ = try server.text()
        server.advance(.seconds(59))
        #expect(!server.isClosed)
        server.advance(.seconds(3))
        #expect(server.isClosed)
        #expect(try server.text() == "")
    }

    @Test("A connection that says nothing at all is closed")
    func silent() throws {
        let server = try EmbeddedServer { $0.headerTimeout = .seconds(10) }
        server.advance(.seconds(11))
        #expect(server.isClosed)
    }

    @Test("A body that stops arriving fails its reader")
    func bodyStalls() throws {
        let server = try EmbeddedServer(.echoBody()) {
            $0.progressTimeout = .seconds(30)
            $0.progressBytesMin = 1
        }
        try server.send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n")
        for _ in 0..<8 {
            server.advance(.seconds(20))
            try server.send("a")
        }
        #expect(try server.text() == "")
        server.advance(.seconds(31))
        #expect(try server.text().hasPrefix("HTTP/1.1 408 "))
    }

    @Test("A body that trickles is given up, one at the least rate is not", arguments: [false, true])
    func bodyTrickles(isHTTP2: Bool) throws {
        func outcome(bytesEachSecond: Int) throws -> String {
            let limits = { (limits: inout HTTPLimits) in
                limits.progressTimeout = .seconds(30)
                limits.progressBytesMin = 1_000
            }
            let server = try isHTTP2 ? .http2(.echoBody(), limits: limits) : EmbeddedServer(.echoBody(), limits: limits)
            if isHTTP2 {
                try server.send(.headers(1, HTTP2Frame.request("PUT"), end: false))
            } else {
                try server.send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n")
            }
            let piece = Array(repeating: UInt8(ascii: "a"), count: bytesEachSecond)
            for _ in 0..<100 {
                if isHTTP2 { try server.send(.data(1, piece)) } else { try server.send(piece) }
                server.advance(.seconds(1))
            }
            if isHTTP2 { return server.statuses(try server.frames())[1] ?? "" }
            return try server.text().split(separator: " ").dropFirst().first.map(String.init) ?? ""
        }
        #expect(try outcome(bytesEachSecond: 20) == "408")
        #expect(try outcome(bytesEachSecond: 40) == "")
    }

    @Test("A client that does not read its response is cut off")
    func unreadResponse() throws {
        let server = try EmbeddedServer { $0.progressTimeout = .seconds(30) }
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        server.setWritable(false)
        server.advance(.seconds(29))
        #expect(!server.isClosed)
        server.advance(.seconds(2))
        #expect(server.isClosed)
    }

    @Test("A client that does not read gets no further requests served")
    func unreadPipelinedResponses() throws {
        let served = Shared(0)
        let server = try EmbeddedServer(
            TestService {
                served.update { $0 += 1 }
                $0.respond(status: 204)
            })
        server.setWritable(false)
        try server.send(String(repeating: "GET / HTTP/1.1\r\nHost: test\r\n\r\n", count: 10))
        #expect(served.value == 0)
        server.setWritable(true)
        #expect(served.value == 10)
        #expect(try server.text().components(of: "HTTP/1.1 204 ") == 10)
    }

    @Test("An answer that waits for its flush survives the tick")
    func tickBeforeFlush() throws {
        let kept = Kept()
        let server = try EmbeddedServer(TestService { kept.exchanges.append($0) })
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        kept.exchanges.removeFirst().respond(status: 204)
        server.tick()
        #expect(try server.text() == "HTTP/1.1 204 No Content\r\n\r\n")
    }

    // MARK: The end

    @Test("Draining lets the request in progress finish and says close")
    func drain() throws {
        let kept = Kept()
        let server = try EmbeddedServer(TestService { kept.exchanges.append($0) })
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        server.drain()
        #expect(!server.isClosed)
        kept.exchanges.removeFirst().respond(status: 204)
        #expect(try server.text() == "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        #expect(server.isClosed)
    }

    @Test("Draining closes an idle connection")
    func drainIdle() throws {
        let server = try EmbeddedServer()
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        server.drain()
        #expect(server.isClosed)
    }

    @Test("A client too many is told so")
    func connections() throws {
        let count = HTTPConnectionCount()
        let first = try EmbeddedServer(connections: count) { $0.connectionsMax = 1 }
        let second = try EmbeddedServer(connections: count) { $0.connectionsMax = 1 }
        try second.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try second.text().hasPrefix("HTTP/1.1 503 "))
        #expect(second.isClosed)
        try first.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try first.text().hasPrefix("HTTP/1.1 200 "))
        #expect(count.value == 1)
    }

    @Test("Far over the limit a connection is closed without a word")
    func refusals() throws {
        let count = HTTPConnectionCount()
        let first = try EmbeddedServer(connections: count) { $0.connectionsMax = 1 }
        let refused = try EmbeddedServer(connections: count) {
            $0.connectionsMax = 0
            $0.refusalsMax = 1
        }
        #expect(refused.isClosed)
        #expect(!first.isClosed)
    }
}

extension String {
    /// How often `part` occurs.
    func components(of part: String) -> Int { ranges(of: part).count }
}
