import HTTPTransport
import NIOCore
import Testing

@Suite("HTTP/1.1 framing")
struct HTTP1FramingTests {
    @Test("A request is answered with its length and the connection stays open")
    func plainRequest() throws {
        let server = try EmbeddedServer()
        try server.send("GET /a?b=c HTTP/1.1\r\nHost: test\r\n\r\n")
        let answer = "GET /a?b=c"
        #expect(
            try server.text()
                == "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: \(answer.utf8.count)\r\n\r\n"
                + answer)
        #expect(!server.isClosed)
    }

    @Test("A request that arrives byte by byte is understood")
    func byteByByte() throws {
        let server = try EmbeddedServer(.echoBody())
        for byte in "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\nabc".utf8 { try server.send([byte]) }
        #expect(try server.text().hasSuffix("content-length: 3\r\n\r\nabc"))
    }

    @Test("However the bytes are cut, the answers are the same")
    func cuts() throws {
        let requests =
            "\r\nGET /1?a HTTP/1.1\r\nHost: test\r\nX: \ty \r\n\r\n"
            + "POST /2 HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n00A\r\n0123456789\r\n0\r\nT: u\r\n\r\n"
            + "PUT http://other/3 HTTP/1.1\r\nhost:test\r\ncontent-length:5\r\n\r\nGET /\r\n\r\n"
            + "GET /4 HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\nGET /5 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
        let bytes = Array(requests.utf8)
        let service = TestService { exchange in
            let head = exchange.head
            exchange.collectBody(upTo: 100) { body in
                let text = (try? body.get()).map { String(buffer: $0) } ?? "-"
                exchange.respond(.text(200, "[\(head.method) \(head.authority) \(head.path) \(head.query ?? "-") \(text)]"))
            }
        }
        let whole = try EmbeddedServer(service)
        try whole.send(bytes)
        let answers = try whole.text()
        #expect(answers.components(of: "HTTP/1.1 200 OK") == 5)
        #expect(answers.contains("[POST test /2 - abc0123456789]") && answers.contains("[PUT other /3 - GET /]"))
        let seed = UInt64.random(in: .min ... .max)
        var random = SplitMix(state: seed)
        for _ in 0..<300 {
            let server = try EmbeddedServer(service)
            var position = 0
            while position < bytes.count {
                let end = min(bytes.count, position + Int.random(in: 1...40, using: &random))
                try server.send(bytes[position..<end])
                position = end
            }
            #expect(try server.text() == answers, "seed \(seed)")
        }
    }

    /// A generator that gives the same numbers for the same seed.
    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    @Test("A method that nobody knows is answered with 501; a known one that is rare is the service's to judge")
    func rareMethods() throws {
        let server = try EmbeddedServer()
        try server.send("PROPFIND /a HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try server.text().hasSuffix("PROPFIND /a"))
        try server.send("BREW /pot HTTP/1.1\r\nHost: test\r\n\r\n")
        let text = try server.text()
        #expect(text.hasPrefix("HTTP/1.1 501 ") && text.contains("does not know the request's method"))
        #expect(server.isClosed)
    }

    @Test("Empty lines before a request are skipped, but not without end")
    func emptyLines() throws {
        let server = try EmbeddedServer()
        try server.send("\r\n\r\nGET /1 HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try server.text().hasSuffix("GET /1"))
        try server.send(String(repeating: "\r\n", count: 100))
        #expect(try server.text().hasPrefix("HTTP/1.1 400 "))
        #expect(server.isClosed)
    }

    @Test("Fields keep their values without the blanks around them, and are found in any case")
    func fields() throws {
        let server = try EmbeddedServer(
            TestService { exchange in
                let headers = exchange.head.headers
                exchange.respond(.text(200, "[\(headers["x-a"] ?? "-")][\(headers["x-b"] ?? "-")][\(headers.count)]"))
            })
        try server.send("GET / HTTP/1.1\r\nhOST:test\r\nX-A: \t b  c \t\r\nx-B:\r\n\r\n")
        #expect(try server.text().hasSuffix("[b  c][][3]"))
    }

    @Test("Pipelined requests are answered in order and in one write")
    func pipelining() throws {
        let server = try EmbeddedServer()
        try server.send((1...5).map { "GET /\($0) HTTP/1.1\r\nHost: test\r\n\r\n" }.joined())
        let first = try #require(try server.nextWrite())
        let bodies = String(decoding: first, as: UTF8.self).split(separator: "\r\n\r\n").compactMap {
            $0.split(separator: "HTTP/1.1").first
        }
        #expect(bodies.dropFirst() == ["GET /1", "GET /2", "GET /3", "GET /4", "GET /5"])
        #expect(try server.nextWrite() == nil)
    }

    @Test("A slow answer holds back the quick ones behind it")
    func slowAnswerFirst() throws {
        let kept = Kept()
        let server = try EmbeddedServer(
            TestService { exchange in
                if exchange.head.path == "/slow" { kept.exchanges.append(exchange) } else { exchange.respond(status: 204) }
            })
        try server.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\nGET /quick HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try server.text() == "")
        kept.exchanges.removeFirst().respond(status: 404)
        #expect(try server.text() == "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
    }

    @Test("HEAD gets the length and no body")
    func head() throws {
        let server = try EmbeddedServer()
        try server.send("HEAD /a HTTP/1.1\r\nHost: test\r\n\r\n")
        let text = try server.text()
        #expect(text.contains("content-length: 7\r\n"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test("A response that cannot have a body has none", arguments: [204, 304])
    func bodiless(status: Int) throws {
        let server = try EmbeddedServer(
            TestService { $0.respond(.init(status: status, body: .bytes(ByteBuffer(string: "no")))) })
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        let text = try server.text()
        #expect(!text.contains("content-length"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test("HTTP/1.0 closes unless keep-alive is asked for")
    func oldVersion() throws {
        let closing = try EmbeddedServer()
        try closing.send("GET / HTTP/1.0\r\n\r\n")
        #expect(try closing.text().contains("connection: close\r\n"))
        #expect(closing.isClosed)

        let staying = try EmbeddedServer()
        try staying.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(try staying.text().contains("connection: keep-alive\r\n"))
        #expect(!staying.isClosed)
    }

    @Test("Connection: close is obeyed")
    func connectionClose() throws {
        let server = try EmbeddedServer()
        try server.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: test\r\n\r\n")
        let text = try server.text()
        #expect(text.contains("connection: close\r\n"))
        #expect(!text.contains("/2"))
        #expect(server.isClosed)
    }

    @Test("A request for another protocol is answered in this one, and the connection ends")
    func upgradeIgnored() throws {
        let server = try EmbeddedServer()
        try server.send(
            "GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
        )
        let text = try server.text()
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.contains("connection: close\r\n"))
        #expect(server.isClosed)
    }

    @Test("An absolute target gives path, query and authority; its authority wins over Host")
    func absoluteTarget() throws {
        let server = try EmbeddedServer(
            TestService { exchange in
                let head = exchange.head
                exchange.respond(.text(200, "\(head.scheme) \(head.authority) \(head.path) \(head.query ?? "-")"))
            })
        try server.send("GET http://example.com:81/a?b HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(try server.text().hasSuffix("http example.com:81 /a b"))
        try server.send("GET http://example.com?b HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(try server.text().hasSuffix("http example.com / b"))
        try server.send("OPTIONS * HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(try server.text().hasSuffix(" other * -"))
    }

    @Test("A chunked body is put together and its trailers are dropped")
    func chunkedRequest() throws {
        let server = try EmbeddedServer(.echoBody())
        try server.send(
            "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n"
        )
        #expect(try server.text().hasSuffix("\r\n\r\nabcdefg"))
        try server.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\nz")
        #expect(try server.text().hasSuffix("\r\n\r\nz"))
    }

    @Test(
        "Chunked data that look like lines, ends and requests are data, however they are cut",
        arguments: [1, 2, 3, 7, 1_000])
    func chunkedDataLikeFraming(pieceBytes: Int) throws {
        let data = "\n\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n\r" + String(repeating: "a", count: 400)
        let chunk = String(data.utf8.count, radix: 16) + "\r\n" + data + "\r\n"
        let requests =
            "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "0\r\n\r\n"
            + "PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\nz"
        let server = try EmbeddedServer(.echoBody())
        let bytes = Array(requests.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
            try server.send(bytes[start..<min(bytes.count, start + pieceBytes)])
        }
        let text = try server.text()
        #expect(text.contains("\r\n\r\n" + data + data + "HTTP/1.1 200 OK") && text.hasSuffix("\r\n\r\nz"), "\(text)")
    }

    @Test("100 Continue is sent when the body is asked for, once")
    func expectContinue() throws {
        let server = try EmbeddedServer(.echoBody())
        try server.send("PUT / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        #expect(try server.text() == "HTTP/1.1 100 Continue\r\n\r\n")
        try server.send("ab")
        #expect(try server.text().hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test("A request refused before its body gets no 100 Continue, and the connection ends")
    func expectRefused() throws {
        let server = try EmbeddedServer(TestService { $0.respond(status: 403) })
        try server.send("PUT / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        let text = try server.text()
        #expect(text.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
        #expect(text.contains("connection: close\r\n"))
        #expect(server.isClosed)
    }

    @Test("After an early answer a short rest of the body is skipped, and the next request served")
    func earlyAnswerShortRest() throws {
        let server = try EmbeddedServer()
        try server.send("PUT /1 HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n")
        #expect(try server.text().hasSuffix("PUT /1"))
        try server.send("abcdGET /2 HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try server.text().hasSuffix("GET /2"))
    }

    @Test("After an early answer a long rest of the body ends the connection")
    func earlyAnswerLongRest() throws {
        let server = try EmbeddedServer { $0.drainBytesMax = 10 }
        try server.send("PUT /1 HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n")
        #expect(try server.text().contains("connection: close\r\n"))
        #expect(server.isClosed)
    }

    @Test("A value with a line break in it cannot split the response")
    func responseSplitting() throws {
        let server = try EmbeddedServer(
            TestService { $0.respond(status: 302, headers: ["Location": "/a\r\nSet-Cookie: x=y\u{0}"]) })
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try server.text().contains("\r\nlocation: /a  Set-Cookie: x=y \r\n"))
    }

    @Test("Fields that describe the connection or the framing are the transport's alone")
    func transportFields() throws {
        let server = try EmbeddedServer(
            TestService {
                $0.respond(
                    status: 200,
                    headers: ["Content-Length": "99", "Transfer-Encoding": "chunked", "Connection": "x", "a": "b"])
            })
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try server.text() == "HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 0\r\n\r\n")
    }

    @Test("A large body follows its head piece by piece, as the client reads")
    func largeBody() throws {
        let body = ByteBuffer(repeating: 0x61, count: 300_000)
        let server = try EmbeddedServer(TestService { $0.respond(contentType: "text/plain", body: body) })
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        let text = try server.text()
        #expect(
            text.utf8.count == 300_000
                + "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 300000\r\n\r\n".utf8.count)
    }

    @Test("A service that lets go of its exchange is answered for with 500")
    func forgottenExchange() throws {
        let server = try EmbeddedServer(TestService { _ in })
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try server.text().hasPrefix("HTTP/1.1 500 Internal Server Error\r\n"))

        let kept = Kept()
        let later = try EmbeddedServer(TestService { kept.exchanges.append($0) })
        try later.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try later.text() == "")
        kept.exchanges.removeAll()
        #expect(try later.text().hasPrefix("HTTP/1.1 500 Internal Server Error\r\n"))
    }

    @Test("Only the first answer counts")
    func secondAnswer() throws {
        let server = try EmbeddedServer(
            TestService {
                $0.respond(status: 201)
                $0.respond(status: 500)
            })
        try server.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try server.text() == "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")
    }
}
