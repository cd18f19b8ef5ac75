import Testing

@testable import API

@Suite("Queries")
struct QueryTests {
    private func query(_ text: String) throws -> Query { try Array(text.utf8).withUnsafeBytes { try Query($0) } }

    @Test("Names and values are decoded")
    func decoding() throws {
        let parsed = try query("a=1&b=x%20y+z&tag=k%3Dv&empty=&bare&a%C3%A4=%F0%9F%98%80")
        #expect(parsed["a"] == "1")
        #expect(parsed["b"] == "x y z")
        #expect(parsed["tag"] == "k=v")
        #expect(parsed["empty"] == "")
        #expect(parsed["bare"] == "")
        #expect(parsed["aä"] == "😀")
    }

    @Test(
        "Broken escapes and text that is not UTF-8 are refused",
        arguments: ["a=%", "a=%2", "a=%zz", "a=%ff", "%c3=1", "a=%ed%a0%80"])
    func brokenEscapes(text: String) {
        #expect(throws: Problem.self) { try query(text) }
    }

    @Test("Too many parameters are refused")
    func tooMany() {
        #expect(throws: Problem.self) { try query(String(repeating: "a=1&", count: Query.parametersMax + 1)) }
    }

    @Test("An unknown or repeated parameter is refused by its name")
    func unknown() throws {
        let known = [QueryParameter("limit"), QueryParameter("tag", isRepeatable: true)]
        try query("limit=1&tag=a&tag=b").check(known: known)
        let unknown = #expect(throws: Problem.self) { try query("limits=1").check(known: known) }
        #expect(unknown?.status == 400)
        #expect(unknown?.errors == [.init("?limits", "is not known here")])
        #expect(throws: Problem.self) { try query("limit=1&limit=2").check(known: known) }
        #expect(throws: Problem.self) { try query("tag=%00").check(known: known) }
    }

    @Test(
        "Numbers outside their range and other text are refused",
        arguments: ["0", "1001", "-1", "+5", "1e2", "", "９", "99999999999999999999"])
    func numbers(text: String) throws {
        let parsed = try query("limit=\(text)")
        #expect(throws: Problem.self) { try parsed.integer("limit", in: 1...1000) }
    }

    @Test("The canonical form does not depend on order, limit or cursor, and is not ambiguous")
    func canonical() throws {
        let (left, right) = (try query("a=1&b=2&limit=3&cursor=x").canonical, try query("b=2&a=1").canonical)
        #expect(left == right)
        let (joined, apart) = (try query("a=1b").canonical, try query("a=1&b=").canonical)
        #expect(joined != apart)
    }
}
