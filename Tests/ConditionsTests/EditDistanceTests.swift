import Conditions
import Testing

@Suite("Edit distance")
struct EditDistanceTests {
    @Test(
        "Insertions, deletions, replacements and swaps count one each, up to the limit",
        arguments: [
            ("environment", "enviroment", 2, 1), ("environment", "enviornment", 2, 1), ("abcd", "abcd", 2, 0),
            ("abcd", "abce", 2, 1), ("abcd", "xbcdy", 2, 2), ("abcd", "wxyz", 2, nil), ("", "ab", 2, 2), ("", "abc", 2, nil),
            ("", "", 0, 0), ("a", "b", 0, nil), ("ca", "abc", 3, 3),
        ] as [(String, String, Int, Int?)])
    func distances(left: String, right: String, limit: Int, expected: Int?) {
        let (first, second) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
        #expect(EditDistance.distance(first, second, limit: limit) == expected)
        #expect(EditDistance.distance(second, first, limit: limit) == expected)
    }

    @Test("Short words have no slips; the same word in another case is none")
    func slips() {
        #expect(EditDistance.isSlip("Enviroment", of: "environment"))
        #expect(!EditDistance.isSlip("env", of: "enb"))
        #expect(!EditDistance.isSlip("OWNER", of: "owner"))
        #expect(EditDistance.isSlip("ownr", of: "owner"))
        #expect(!EditDistance.isSlip("power", of: "owner"))
    }
}
