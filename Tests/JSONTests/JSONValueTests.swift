import JSON
import Testing

struct JSONValueTests {
    @Test("A value survives being written and parsed")
    func roundTrip() throws {
        let value = JSONValue.object([
            .init("a", .array([.int(.max), .int(.min), .double(0.5), .string("é\0\n"), .null, .bool(false)])),
            .init("", .object([])), .init("\"", .array([])),
        ])
        #expect(try JSONValue(parsing: value.serialised) == value)
    }

    @Test("Random values survive being written and parsed", arguments: 1...50)
    func randomRoundTrip(seed: UInt64) throws {
        var state = seed
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        func text() -> String {
            String(String.UnicodeScalarView((0..<next(6)).compactMap { _ in Unicode.Scalar(UInt32(next(0x3000))) }))
        }
        func value(_ depth: Int) -> JSONValue {
            switch next(depth > 4 ? 5 : 7) {
            case 0: .null
            case 1: .bool(next(2) == 0)
            case 2: .int(Int(next(1 << 30)) - 1 << 29)
            case 3: .double(Double(next(1 << 30)) / 7 + 0.123)
            case 4: .string(text())
            case 5: .array((0..<next(5)).map { _ in value(depth + 1) })
            default: .object((0..<next(5)).map { JSONValue.Member("\($0)" + text(), value(depth + 1)) })
            }
        }
        let value = value(0)
        #expect(try JSONValue(parsing: value.serialised) == value, "seed \(seed)")
    }

    @Test("Accessors answer nil for other kinds")
    func accessors() throws {
        let value = try JSONValue(parsing: #"{"a":1,"b":"x","c":[true],"d":2.5,"a":9}"#)
        #expect(value["a"]?.int == 1 && value["a"]?.double == 1 && value["a"]?.string == nil)
        #expect(value["b"]?.string == "x" && value["b"]?.int == nil && value["b"]?["x"] == nil)
        #expect(value["c"]?.array == [.bool(true)] && value["c"]?.members == nil)
        #expect(value["d"]?.double == 2.5 && value["d"]?.int == nil)
        #expect(value["e"] == nil && value.members?.count == 5)
    }

    @Test("Nesting beyond the limit is refused before a value is built")
    func depth() {
        let text = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }
}
