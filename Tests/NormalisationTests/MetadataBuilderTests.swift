import JSON
import Model
import Testing

@testable import Normalisation

struct MetadataBuilderTests {
    private func metadata(_ text: String, omitting omitted: [StaticString] = []) throws -> String {
        try JSONParser().withDocument(text) { view in
            var builder = MetadataBuilder()
            builder.add(membersOf: view, omitting: omitted)
            return String(decoding: builder.finish().bytes, as: UTF8.self)
        }
    }

    @Test("Scalars, shallow objects and arrays of scalars are kept; empty, deep and omitted parts are not")
    func kept() throws {
        let text =
            #"{"a":1,"b":"x","c":null,"d":"","e":[],"f":{},"g":[1,"y",null],"h":{"i":{"j":1,"k":{"l":1}}},"m":[{"n":1}],"o":true}"#
        #expect(try metadata(text, omitting: ["o"]) == #"{"a":1,"b":"x","g":[1,"y"],"h":{"i":{"j":1}}}"#)
    }

    @Test("Text is escaped, so the result is JSON whatever the payload holds")
    func escaped() throws {
        #expect(try metadata(#"{"a\"b":"c\u0001\n\\"}"#) == #"{"a\"b":"c\u0001\n\\"}"#)
    }

    @Test("What is too large loses its largest members first, whole ones, the same each time")
    func bounded() throws {
        let members = (0..<40).map { #""k\#($0)":"\#(String(repeating: "x", count: 100 + $0))""# }.joined(separator: ",")
        let first = try metadata("{\(members)}")
        #expect(first.utf8.count <= MetadataBuilder.metadataBytesMax)
        let value = try JSONValue(parsing: first)
        #expect(value["k0"] != nil && value["k39"] == nil)
        #expect(try metadata("{\(members)}") == first)
    }

    @Test("Hostile sizes stay within bounds: long strings, long names, very many members")
    func hostile() throws {
        #expect(try metadata(#"{"a":"\#(String(repeating: "x", count: 100_000))"}"#) == "{}")
        let many = (0..<100_000).map { #""k\#($0)":\#($0)"# }.joined(separator: ",")
        #expect(try metadata("{\(many)}").utf8.count <= MetadataBuilder.metadataBytesMax)
        #expect(try metadata(#"{"o":{\#(many)}}"#).utf8.count <= MetadataBuilder.metadataBytesMax)
        #expect(try metadata(#"{"\#(String(repeating: "n", count: 9_000))":1}"#) == "{}")
    }
}
