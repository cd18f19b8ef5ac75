import JSON
import Testing

struct JSONParserTests {
    @Test("A parser that accepts few bytes still parses")
    func small() throws {
        #expect(try JSONParser(bytesMax: 2).withDocument("[]") { $0.isArray })
    }
}
