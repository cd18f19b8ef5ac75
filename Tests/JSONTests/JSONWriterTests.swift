import JSON
import Testing

struct JSONWriterTests {
    private func written(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("Commas stand between values and nowhere else")
    func commas() {
        let text = written {
            $0.beginObject()
            $0.key("a")
            $0.beginArray()
            $0.int(1)
            $0.string("x")
            $0.beginObject()
            $0.endObject()
            $0.beginArray()
            $0.endArray()
            $0.null()
            $0.endArray()
            $0.key("b" as String)
            $0.bool(true)
            $0.key("c")
            $0.raw("{}" as StaticString)
            $0.endObject()
        }
        #expect(text == #"{"a":[1,"x",{},[],null],"b":true,"c":{}}"#)
    }

    @Test("Control characters, quotes and backslashes are escaped, everything else is as it was")
    func escapes() throws {
        let all = String(String.UnicodeScalarView((0..<0x80).compactMap(Unicode.Scalar.init))) + "é😀\u{2028}"
        let text = written { $0.string(all) }
        #expect(try JSONParser().withDocument(text) { $0.string } == all)
        #expect(written { $0.string("\u{1f}\"\\\n\r\t\u{8}") } == #""\u001f\"\\\n\r\t\u0008""#)
        #expect(written { $0.string("") } == "\"\"")
    }

    @Test("Numbers are exact; what JSON cannot say is null")
    func numbers() throws {
        #expect(written { $0.int(Int.min) } == "-9223372036854775808")
        #expect(written { $0.int(UInt64.max) } == "18446744073709551615")
        #expect(written { $0.int(-7) } == "-7")
        for value in [Double.nan, .infinity, -.infinity] { #expect(written { $0.double(value) } == "null") }
        for value in [0.1, -1.5e-300, 1e300, 123_456_789.125, .leastNonzeroMagnitude, 1e16, -1e21] {
            #expect(try JSONParser().withDocument(written { $0.double(value) }) { $0.double } == value)
        }
        #expect(written { $0.double(3) } == "3")
    }

    @Test("What was written since a mark can be taken back")
    func rewind() {
        let text = written {
            $0.beginObject()
            $0.key("a")
            $0.int(1)
            let mark = $0.mark
            $0.key("b")
            $0.beginArray()
            $0.int(2)
            $0.rewind(to: mark)
            $0.key("c")
            $0.int(3)
            $0.endObject()
        }
        #expect(text == #"{"a":1,"c":3}"#)
    }

    @Test("A parsed value is copied compactly, and means the same")
    func copies() throws {
        let text =
            #" { "a" : [ 1 , -2.5 , 18446744073709551615, "x\n\"é" , { } , [ ] , null , true ] , "b\"" : { "c" : false } } "#
        let copy = try JSONParser().withDocument(text) { view in written { $0.view(view) } }
        #expect(copy == #"{"a":[1,-2.5,18446744073709551615,"x\n\"é",{},[],null,true],"b\"":{"c":false}}"#)
    }
}
