import Conditions
import Testing

@Suite("What regular expressions may cost")
struct PatternCostTests {
    @Test(
        "Patterns that people write are far below the limit",
        arguments: [
            "", "a", "^prd-", "(?i)^(prod|production|prd)$", #"^[a-z0-9]+(-[a-z0-9]+)*$"#, #"\d{4}-\d{2}-\d{2}"#, #"^\pL+$"#,
            #"^[\pL\pN _.:/=+@-]{1,9}$"#, String(repeating: ".", count: Pattern.bytesMax), "(?P<team>[a-z]{2,30})-.*",
            "[]a]", "[^]a]", "a{,5}", "a{x}", "{", ")", "[", "\\", "(?",
        ])
    func ordinary(pattern: String) {
        #expect(PatternCost.estimate(pattern) <= PatternCost.patternMax)
    }

    @Test(
        "Patterns that take long to compile, or to refuse, are refused without being compiled",
        arguments: [
            "(a{1000}){1000}", "((a{100}){100}){100}", #"\pL{1000}"#, #"(?i)[\pL\pN]{200}"#, "(.{100}){100}",
            String(repeating: #"\pL"#, count: 300), String(repeating: #"[\P{Greek}]|"#, count: 80),
            String(repeating: "a{999}", count: 100), String(repeating: #"[^a]{99}"#, count: 100), "a{1000000}",
            #"((((((((((a{9}){9}){9}){9}){9}){9}){9}){9}){9}){9}"# + String(repeating: "{9}", count: 60),
        ])
    func dear(pattern: String) {
        #expect(PatternCost.estimate(pattern) > PatternCost.patternMax)
        let error = #expect(throws: PatternError.self) { try Pattern(checking: pattern) }
        #expect(error?.message.contains("the pattern is too large") == true)
    }

    @Test("A condition's patterns are bounded together too, and the place is the condition")
    func condition() throws {
        let test = #"{"field":"name","operator":"regex","value":"a{900}b{900}c{900}d{900}e{900}f{900}g{900}h{900}i{900}"}"#
        #expect(try Fixture.problems("{\"any\":[\(test)]}") == [])
        let four = Array(repeating: test, count: 4).joined(separator: ",")
        #expect(
            try Fixture.problems("{\"any\":[\(four)]}")
                == [": the regular expressions are too large together: about 32600 instructions; 30000 are accepted"])
    }
}
