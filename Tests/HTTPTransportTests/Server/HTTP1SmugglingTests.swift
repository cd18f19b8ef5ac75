import HTTPTransport
import Testing

@Suite("HTTP/1.1 request smuggling")
struct HTTP1SmugglingTests {
    /// A request that could be read in two ways; a server that reads it the wrong way would serve `/smuggled`.
    struct Shape: CustomTestStringConvertible {
        var testDescription: String
        var bytes: String
        var status = 400

        init(_ name: String, _ bytes: String, status: Int = 400) {
            testDescription = name
            self.bytes = bytes
            self.status = status
        }
    }

    static let next = "GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"

    static let shapes = [
        Shape(
            "both lengths",
            "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Shape(
            "both lengths, the other way round",
            "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
        Shape(
            "two different lengths", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nabcde"),
        Shape("two equal lengths", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"),
        Shape("a list of lengths", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0, 5\r\n\r\nabcde"),
        Shape("a length with a sign", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: +5\r\n\r\nabcde"),
        Shape("a negative length", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: -1\r\n\r\n"),
        Shape("a hexadecimal length", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0x5\r\n\r\nabcde"),
        Shape("a length beyond 64 bits", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 18446744073709551617\r\n\r\na"),
        Shape("an empty length", "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: \r\n\r\n"),
        Shape(
            "chunked not last", "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        Shape(
            "an unknown coding", "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", status: 501
        ),
        Shape(
            "a coding before chunked",
            "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", status: 501),
        Shape(
            "chunked twice",
            "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Shape("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Shape(
            "a space before the colon",
            "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
        Shape("a folded line", "GET / HTTP/1.1\r\nHost: test\r\nA: b\r\n c\r\n\r\n"),
        Shape("a folded first line", "GET / HTTP/1.1\r\n Host: test\r\n\r\n"),
        Shape("a bare line feed after a field", "GET / HTTP/1.1\r\nHost: test\nA: b\r\n\r\n"),
        Shape("a bare line feed at the end", "GET / HTTP/1.1\r\nHost: test\r\n\n"),
        Shape("bare line feeds throughout", "GET / HTTP/1.1\nHost: test\n\n"),
        Shape("a bare carriage return in a value", "GET / HTTP/1.1\r\nHost: test\r\nA: b\rc\r\n\r\n"),
        Shape("NUL in a value", "GET / HTTP/1.1\r\nHost: test\r\nA: b\u{0}c\r\n\r\n"),
        Shape("NUL in a name", "GET / HTTP/1.1\r\nHost: test\r\nA\u{0}: b\r\n\r\n"),
        Shape("a space in a name", "GET / HTTP/1.1\r\nHost: test\r\nA b: c\r\n\r\n"),
        Shape("a field without a name", "GET / HTTP/1.1\r\nHost: test\r\n: c\r\n\r\n"),
        Shape("a field without a colon", "GET / HTTP/1.1\r\nHost: test\r\nnonsense\r\n\r\n"),
        Shape("no Host", "GET / HTTP/1.1\r\n\r\n"),
        Shape("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        Shape("user information in the target", "GET http://test@evil/ HTTP/1.1\r\nHost: test\r\n\r\n"),
        Shape("a target without a slash", "GET a HTTP/1.1\r\nHost: test\r\n\r\n"),
        Shape("a fragment in the target", "GET /a#b HTTP/1.1\r\nHost: test\r\n\r\n"),
        Shape("a space in the target", "GET /a b HTTP/1.1\r\nHost: test\r\n\r\n"),
        Shape("an asterisk for GET", "GET * HTTP/1.1\r\nHost: test\r\n\r\n"),
        Shape("a tunnel", "CONNECT test:80 HTTP/1.1\r\nHost: test\r\n\r\n", status: 501),
        Shape("a method that is no token", "GE(T / HTTP/1.1\r\nHost: test\r\n\r\n"),
        Shape("no method", " / HTTP/1.1\r\nHost: test\r\n\r\n"),
        Shape("a tab for a space", "GET\t/ HTTP/1.1\r\nHost: test\r\n\r\n"),
        Shape("two spaces before the target", "GET  / HTTP/1.1\r\nHost: test\r\n\r\n"),
        Shape("two spaces before the version", "GET /  HTTP/1.1\r\nHost: test\r\n\r\n"),
        Shape("a space after the version", "GET / HTTP/1.1 \r\nHost: test\r\n\r\n"),
        Shape("HTTP/0.9", "GET /\r\n"),
        Shape("a version of two digits", "GET / HTTP/1.10\r\nHost: test\r\n\r\n"),
        Shape("a lower-case version", "GET / http/1.1\r\nHost: test\r\n\r\n"),
        Shape("two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
        Shape("a vertical tab before the colon", "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding\u{b}: chunked\r\n\r\n"),
        Shape(
            "a vertical tab before chunked", "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n"),
        Shape("an empty coding", "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n", status: 501),
        Shape("a TLS handshake", "\u{16}\u{3}\u{1}\u{2}"),
        Shape("a version without a number", "GET / HTTP\r\nHost: test\r\n\r\n"),
        Shape("an unknown method", "BREW / HTTP/1.1\r\nHost: test\r\n\r\n", status: 501),
        Shape("a version of another protocol", "OPTIONS * RTSP/1.0\r\nHost: test\r\n\r\n"),
        Shape("a control character in a value", "GET / HTTP/1.1\r\nHost: test\r\nA: b\u{1}c\r\n\r\n"),
        Shape("HTTP/2 on a line of HTTP/1.1", "GET / HTTP/2.0\r\nHost: test\r\n\r\n", status: 505),
        Shape("HTTP/3", "GET / HTTP/3.0\r\nHost: test\r\n\r\n", status: 505),
    ]

    @Test("is refused, and nothing behind it is served", arguments: shapes)
    func refused(shape: Shape) throws {
        let served = Shared<[String]>([])
        let server = try EmbeddedServer(
            TestService { exchange in
                let path = exchange.head.path
                served.update { $0.append(path) }
                exchange.respond(status: 200)
            })
        try server.send(shape.bytes + Self.next)
        let text = try server.text()
        #expect(text.hasPrefix("HTTP/1.1 \(shape.status) "), "\(text)")
        #expect(text.contains("connection: close\r\n"))
        #expect(text.split(separator: "\r\n\r\n").count == 2, "a refusal says why")
        #expect(server.isClosed)
        #expect(served.value == [])
    }

    @Test("is refused with the same words when it comes byte by byte", arguments: shapes)
    func refusedByteByByte(shape: Shape) throws {
        let whole = try EmbeddedServer()
        try whole.send(shape.bytes + Self.next)
        let pieces = try EmbeddedServer()
        for byte in (shape.bytes + Self.next).utf8 { try pieces.send([byte]) }
        #expect(try pieces.text() == whole.text())
    }

    /// What is wrong only after the head: the request may have been handed to a service, which waits for the rest.
    static let bodies = [
        Shape("a chunk size that is no number", "zz\r\nabc\r\n0\r\n\r\n"),
        Shape("a chunk size with a sign", "-1\r\nabc\r\n0\r\n\r\n"),
        Shape("a chunk size beyond 64 bits", "ffffffffffffffff1\r\nabc\r\n0\r\n\r\n"),
        Shape("a chunk longer than it says", "2\r\nabc\r\n0\r\n\r\n"),
        Shape("a chunk size ended by a bare line feed", "3\nabc\r\n0\r\n\r\n"),
        Shape("a chunk ended by a bare line feed", "3\r\nabc\n0\r\n\r\n"),
        Shape("a space after the chunk size", "3 \r\nabc\r\n0\r\n\r\n"),
        Shape("a bare carriage return in a chunk extension", "3;a\rb\r\nabc\r\n0\r\n\r\n"),
        Shape("a chunk extension ended by a bare line feed", "3;a\nabc\r\n0\r\n\r\n"),
        Shape("a chunk extension's value ended by a bare line feed", "3;a=b\nabc\r\n0\r\n\r\n"),
        Shape("a chunk extension with a line feed in quotes", "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n"),
        Shape("the last chunk ended by a bare line feed", "0\n\r\n"),
        Shape("trailers ended by a bare line feed", "0\r\n\n"),
        Shape("a trailer with a bare carriage return", "0\r\nA: b\rc\r\n\r\n"),
        Shape("a folded trailer", "0\r\nA: b\r\n c\r\n\r\n"),
        Shape("a trailer without end", "0\r\nA: " + String(repeating: "b", count: 300) + "\r\n\r\n"),
        Shape("a trailer ended by a bare line feed", "0\r\nA: b\n\r\n"),
        Shape("an empty chunk size", "\r\nabc\r\n0\r\n\r\n"),
        Shape("a chunk extension without a size", ";a=b\r\nabc\r\n0\r\n\r\n"),
        Shape("a chunk extension without end", "3;" + String(repeating: "a", count: 300) + "\r\nabc\r\n0\r\n\r\n"),
        Shape("a space before the end of a chunk", "3\r\nabc \r\n0\r\n\r\n"),
        Shape("a trailer that is no field", "0\r\nnonsense\r\n\r\n"),
    ]

    @Test("is refused in a body, and nothing behind it is served", arguments: bodies)
    func refusedBody(shape: Shape) throws {
        let completed = Shared(0)
        let server = try EmbeddedServer(
            TestService { exchange in
                exchange.collectBody(upTo: 1000) { result in
                    if case .success = result { completed.update { $0 += 1 } }
                    exchange.respond(status: 200)
                }
            })
        try server.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + shape.bytes + Self.next)
        let text = try server.text()
        #expect(text.hasPrefix("HTTP/1.1 400 "), "\(text)")
        #expect(server.isClosed)
        #expect(completed.value == 0)
    }

    @Test("leaves the requests before it answered")
    func earlierRequests() throws {
        let server = try EmbeddedServer()
        try server.send("GET /1 HTTP/1.1\r\nHost: test\r\n\r\nGET /2 HTTP/1.1\r\n\r\n" + Self.next)
        let text = try server.text()
        #expect(text.contains("GET /1"))
        #expect(text.contains("HTTP/1.1 400 "))
        #expect(!text.contains("smuggled"))
    }
}
