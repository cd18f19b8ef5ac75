import JSON
import Model
import Testing

@testable import Normalisation

struct TagShapesTests {
    private func tags(_ text: String) throws -> TagList? {
        try JSONParser().withDocument(text) { TagShapes.tags($0) }
    }

    @Test(
        "All shapes give the same tags",
        arguments: [
            #"[{"Key":"Env","Value":"dev"}]"#, #"[{"key":"Env","value":"dev"}]"#, #"[{"Value":"dev","Key":"Env"}]"#,
            #"[{"TagKey":"Env","TagValue":"dev"}]"#, #"{"Env":"dev"}"#,
        ])
    func shapes(text: String) throws {
        #expect(try tags(text) == TagList([Tag("Env", "dev")]))
    }

    @Test("Parts without a key are ignored, numbers become text, no value is the empty one")
    func odd() throws {
        #expect(
            try tags(#"[{"Key":"n","Value":1},{"Key":"e"},{"Value":"x"},{"Key":""},7,null,{"Key":"z","Value":null}]"#)
                == TagList([Tag("n", "1"), Tag("e", ""), Tag("z", "")]))
        #expect(try tags(#"{"a":true,"b":[1],"":"x"}"#) == TagList([Tag("a", "true")]))
        #expect(try tags("7") == nil)
        #expect(try tags("null") == nil)
        #expect(try tags("[]") == TagList())
    }

    @Test("Of a key given twice the last one counts")
    func repeated() throws {
        #expect(try tags(#"[{"Key":"a","Value":"1"},{"Key":"a","Value":"2"}]"#) == TagList([Tag("a", "2")]))
    }
}
