import NIOCore
import Testing

@testable import HTTPTransport

@Suite("HTTP values")
struct HTTPValuesTests {
    @Test("Fields are found whatever the case of their names")
    func lookup() {
        var fields: HTTPFields = ["Content-Type": "a", "If-Match": "b"]
        fields.append("IF-MATCH", "c")
        #expect(fields["content-type"] == "a")
        #expect(fields["If-match"] == "b")
        #expect(fields.values(of: "if-MATCH") == ["b", "c"])
        #expect(fields.withValue(of: "If-Match") { Array($0) } == Array("b".utf8))
        #expect(fields["missing"] == nil)
        #expect(fields["content-typ"] == nil)
        #expect(fields.contains("content-type"))
        #expect(fields.map(\.name) == ["content-type", "if-match", "if-match"])
    }

    @Test("Fields are replaced and removed by name")
    func change() {
        var fields: HTTPFields = ["a": "1", "b": "2", "A": "3"]
        fields.set("a", "4")
        #expect(fields.map { "\($0.name)=\($0.value)" } == ["b=2", "a=4"])
        fields.remove("B")
        #expect(fields.count == 1)
    }

    @Test("A copy keeps its fields when the original is used again")
    func copyOnWrite() {
        var head = HTTPRequestHead(method: .put, target: "/a?b", headers: ["c": "d"])
        let copy = head
        head.reset(version: .http2)
        #expect(copy.path == "/a")
        #expect(copy.query == "b")
        #expect(copy.headers["c"] == "d")
        #expect(head.headers.isEmpty)
        #expect(head.path == "")
    }

    @Test(
        "Path and query part at the first question mark",
        arguments: [
            ("/", "/", nil), ("/a", "/a", nil), ("/a?", "/a", ""), ("/a?b=c?d", "/a", "b=c?d"), ("?", "", ""), ("", "", nil),
        ] as [(String, String, String?)])
    func target(target: String, path: String, query: String?) {
        let head = HTTPRequestHead(method: .get, target: target)
        #expect(head.path == path)
        #expect(head.query == query)
        #expect(head.withPathBytes { String(decoding: $0, as: UTF8.self) } == path)
        #expect(head.withQueryBytes { String(decoding: $0, as: UTF8.self) } == query ?? "")
    }

    @Test("Methods are told apart by case")
    func methods() {
        #expect(HTTPMethod("GET") == .get)
        #expect(HTTPMethod("get") == .other("get"))
        #expect(HTTPMethod("PROPFIND").name == "PROPFIND")
        for name in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"] {
            #expect(HTTPMethod(name).name == name)
        }
    }

    @Test(
        "A length is digits alone",
        arguments: [
            ("0", 0), ("007", 7), ("9223372036854775807", Int.max), ("9223372036854775808", nil), ("", nil), ("-1", nil),
            ("+1", nil),
            ("1 ", nil), ("0x1", nil), ("1,1", nil),
        ] as [(String, Int?)])
    func contentLength(text: String, length: Int?) {
        #expect(HTTPRequestHead(method: .get, target: "/", headers: ["Content-Length": text]).contentLength == length)
    }

    @Test("Streams of old are told apart: skipped, ended, or gone in good order")
    func streamHistory() {
        var history = HTTP2StreamHistory()
        #expect(history.headersBegan(1) == .plausible)
        #expect(history.headersBegan(7) == .plausible)
        #expect(history.headersBegan(3) == .skipped)
        #expect(history.headersBegan(1) == .plausible)
        history.streamEnded(1)
        #expect(history.headersBegan(1) == .ended)
        for stream in stride(from: Int32(9), to: 1_000, by: 2) {
            #expect(history.headersBegan(stream) == .plausible)
            history.streamEnded(stream)
        }
        #expect(history.headersBegan(999) == .ended)
        #expect(history.headersBegan(1) == .plausible)
    }

    @Test(
        "The date is in the form of RFC 9110, to the second",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
        ])
    func date(seconds: Int, text: String) {
        let date = HTTPDate(seconds: 1)
        date.update(seconds: seconds)
        #expect(String(decoding: date.bytes, as: UTF8.self) == text)
    }
}
