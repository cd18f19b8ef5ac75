import JSON
import Testing

struct JSONViewTests {
    private func with<Result>(_ text: String, _ body: (JSONView) throws -> Result) throws -> Result {
        try JSONParser().withDocument(text, body)
    }

    @Test("Every kind of value is told, at the root too")
    func kinds() throws {
        let kinds: [(String, JSONView.Kind)] = [
            ("null", .null), ("true", .bool), ("false", .bool), ("0", .int), ("-7", .int), ("18446744073709551615", .int),
            ("1.0", .double), ("1e2", .double), ("\"\"", .string), ("[]", .array), ("{}", .object),
        ]
        for (text, kind) in kinds {
            #expect(try with(text) { $0.kind } == kind)
            #expect(try with("[\(text),1]") { Array($0.elements)[0].kind } == kind)
            #expect(try with("{\"a\":\(text),\"b\":1}") { $0["a"]?.kind } == kind)
        }
    }

    @Test("Accessors answer nil for other kinds")
    func otherKinds() throws {
        for text in ["null", "true", "1", "1.5", "\"x\"", "[1]", "{\"a\":1}"] {
            try with(text) { view in
                #expect((view.bool != nil) == (view.kind == .bool))
                #expect((view.int != nil) == (view.kind == .int))
                #expect((view.double != nil) == (view.kind == .int || view.kind == .double))
                #expect((view.string != nil) == (view.kind == .string))
                #expect((view["a"] != nil) == (view.kind == .object))
                #expect(Array(view.elements).count == (view.kind == .array ? 1 : 0))
                #expect(Array(view.members).count == (view.kind == .object ? 1 : 0))
                #expect(view.count == (view.kind == .array || view.kind == .object ? 1 : 0))
                #expect(view.isNull == (view.kind == .null))
            }
        }
    }

    @Test("Integers keep all their bits; those beyond Int are doubles only")
    func integers() throws {
        #expect(try with("9223372036854775807") { $0.int } == .max)
        #expect(try with("-9223372036854775808") { $0.int } == .min)
        #expect(try with("18446744073709551615") { $0.int } == nil)
        #expect(try with("18446744073709551615") { $0.double } == 18_446_744_073_709_551_616)
        #expect(try with("18446744073709551615") { $0.unsigned } == .max)
        #expect(try with("-1") { $0.unsigned } == nil)
        #expect(try with("-0.0") { $0.double?.sign } == .minus)
    }

    @Test("Strings are decoded: escapes, surrogate pairs, zero bytes, and text beside them")
    func strings() throws {
        #expect(try with(#""a\"\\\/\b\f\n\r\t\u0000\u00e9\ud83d\ude00z""#) { $0.string } == "a\"\\/\u{8}\u{c}\n\r\t\0é😀z")
        #expect(try with("\"\"") { $0.nonEmptyString } == nil)
        #expect(try with("\"abc\"") { $0.equals("abc") && !$0.equals("ab") && !$0.equals("abcd") && !$0.equals("abd") })
    }

    @Test("Members are found by exact name, the first of equals, past values of any size")
    func members() throws {
        let text = #"{"a":[1,[2],{"x":3}],"n":1.5,"i":7,"":"empty","b":{"c":{"d":true}},"i":8,"ab":null}"#
        try with(text) { view in
            #expect(view["i"]?.int == 7)
            #expect(view[""]?.string == "empty")
            #expect(view["ab"]?.isNull == true)
            #expect(view["A"] == nil && view["abc"] == nil)
            #expect(view[dynamic: "b"]?["c"]?["d"]?.bool == true)
            #expect(view[dynamic: ""]?.string == "empty")
            #expect(view[dynamic: "ï"] == nil)
            #expect(view.at("b", "c", "d")?.bool == true)
            #expect(view.at("b", "x", "d") == nil)
            #expect(view.members.map { $0.key.string } == ["a", "n", "i", "", "b", "i", "ab"])
        }
    }

    @Test("Elements come in order, whatever stands between them")
    func elements() throws {
        try with(#"[1,"x",[],{},[[1]],{"a":{"b":2}},-1.5,null,true]"#) { view in
            #expect(view.elements.map(\.kind) == [.int, .string, .array, .object, .array, .object, .double, .null, .bool])
            #expect(view.count == 9)
        }
        #expect(try with("[[],[]]") { $0.elements.flatMap { $0.elements }.isEmpty })
    }

    @Test("A long array is walked to its end")
    func large() throws {
        let count = 200_000
        let text = "[" + (0..<count).map(String.init).joined(separator: ",") + "]"
        #expect(try with(text) { $0.elements.reduce(0) { $0 + ($1.int ?? 0) } } == count * (count - 1) / 2)
    }
}
