import CypherSyntax
import CypherValues
import Testing

@Suite("Arithmetic")
struct ArithmeticTests {
    @Test(
        "Integers stay integers, and floats win",
        arguments: [
            ("7 / 2", 3), ("-7 / 2", -3), ("-7 % 3", -1), ("7.0 / 2", 3.5), ("2 ^ 3", 8.0), ("1 + 2.0", 3.0),
            ("-9223372036854775808 % -1", 0), ("1.0 / 0", .float(.infinity)), ("1 + null", nil),
            ("'a' + 1", "a1"), ("1 + 'a'", "1a"), ("[1] + 2", [1, 2]), ("1 + [2]", [1, 2]), ("[1] + [[2]]", [1, [2]]),
        ] as [(String, CypherValue)])
    func results(_ text: String, _ result: CypherValue) throws {
        let given = try value(of: text)
        #expect(given == result)
        #expect(given.typeName == result.typeName)
    }

    @Test(
        "What does not fit in an integer is an error",
        arguments: [
            "9223372036854775807 + 1", "-9223372036854775807 - 2", "9223372036854775807 * 2",
            "-(-9223372036854775807 - 1)", "(-9223372036854775807 - 1) / -1", "abs(-9223372036854775807 - 1)",
        ])
    func overflow(_ text: String) {
        let error = failure(of: text)
        #expect(error?.class == .arithmeticError)
        #expect(error?.detail == .integerOverflow)
        #expect(error?.span != nil)
    }

    @Test("An integer is not divided by zero", arguments: ["1 / 0", "1 % 0"])
    func zero(_ text: String) { #expect(failure(of: text)?.detail == .divisionByZero) }
}
