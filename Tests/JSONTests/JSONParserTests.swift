import JSON
import Testing

struct JSONParserTests {
    @Test("A parser that accepts few bytes still parses, and refuses one more")
    func small() throws {
        #expect(try JSONParser(bytesMax: 2).withDocument("[]") { $0.isArray })
        let error = #expect(throws: JSONError.self) { try JSONParser(bytesMax: 2).withDocument("[ ]") { _ in } }
        #expect(error?.code == .tooLarge)
    }

    @Test(
        "What is no JSON is refused as a whole, with a code",
        arguments: [
            ("", JSONError.Code.malformed), (" ", .malformed), ("{", .malformed), ("[1,]", .malformed),
            ("{\"a\"}", .malformed),
            ("nul", .malformed), ("01", .malformed), ("1 2", .malformed), ("\"a", .malformed), ("\"\u{1}\"", .malformed),
            ("[1] x", .malformed), ("{'a':1}", .malformed), ("NaN", .malformed), ("\"\\ud800\"", .malformed),
            ("\u{FEFF}[", .malformed), ("1e999", .malformed),
        ])
    func malformed(text: String, code: JSONError.Code) {
        let error = #expect(throws: JSONError.self) { try JSONParser().withDocument(text) { _ in } }
        #expect(error?.code == code)
    }

    @Test(
        "An integer beyond 64 bits is read as a double; those within stay exact",
        arguments: [
            ("9223372036854775807", JSONValue.int(.max)), ("-9223372036854775808", .int(.min)),
            ("-9223372036854775809", .double(-0x1p63)), ("18446744073709551615", .double(0x1p64)),
            ("18446744073709551616", .double(0x1p64)), ("-123456789012345678901234567890", .double(-1.2345678901234568e29)),
        ])
    func wideIntegers(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
        #expect(try JSONValue(parsing: #"{"\#(text)":["\"\#(text)",1,\#(text),2.5]}"#)[text]?.array?[2] == value)
    }

    @Test(
        "An integer beyond 64 bits excuses nothing else",
        arguments: ["[N,x]", "[0N]", "[N.]", "{N:1}", "[N,01]", "[-N", "N\""])
    func malformedBesideWideInteger(text: String) {
        let text = text.replacing("N", with: "123456789012345678901234567890")
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test("Every cut-off document is refused")
    func cutOff() throws {
        let text = Array(#"{"a":[1,-2.5,true,null,"é\n\u0041"],"b":{"c":{}}}"#.utf8)
        let parser = JSONParser()
        for length in 0..<text.count {
            #expect(throws: JSONError.self) { try parser.withDocument(Array(text[..<length])) { _ in } }
        }
        #expect(try parser.withDocument(text) { $0["b"]?["c"]?.isObject } == true)
    }

    @Test("Text that is not UTF-8 is refused")
    func invalidUTF8() {
        for bytes in [[0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22]]
            as [[UInt8]]
        {
            let error = #expect(throws: JSONError.self) { try JSONParser().withDocument(bytes) { _ in } }
            #expect(error?.code == .invalidUTF8)
        }
    }

    @Test("Nesting is accepted up to the limit, and refused beyond, without deep recursion")
    func depth() throws {
        let parser = JSONParser(depthMax: 8)
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(try parser.withDocument(nested(7)) { $0.isArray })
        for depth in [9, 100, 10_000, 1_000_000] {
            let error = #expect(throws: JSONError.self) { try parser.withDocument(nested(depth)) { _ in } }
            #expect(error?.code == .tooDeep)
        }
        #expect(try parser.withDocument("[1]") { $0.count } == 1)
    }

    @Test("One parser serves many documents, larger and smaller, good and bad")
    func reuse() throws {
        let parser = JSONParser()
        for length in [0, 10, 100_000, 3, 500_000, 1] {
            let text = "[\"" + String(repeating: "x", count: length) + "\"]"
            #expect(try parser.withDocument(text) { Array($0.elements)[0].string?.utf8.count } == length)
            #expect(throws: JSONError.self) { try parser.withDocument(text + "]") { _ in } }
        }
    }

    @Test("What the body throws comes out")
    func bodyThrows() {
        struct Mine: Error {}
        #expect(throws: Mine.self) { try JSONParser().withDocument("1") { _ in throw Mine() } }
    }
}
