import CypherSyntax
import CypherValues
import Testing

@Suite("Functions")
struct FunctionTests {
    @Test(
        "Functions of lists, strings and numbers",
        arguments: [
            ("size('naïve 🌍')", 7), ("reverse('añb')", "bña"), ("substring('hello', 1, 3)", "ell"),
            ("substring('hello', 9)", ""), ("left('hello', 2)", "he"), ("right('hello', 9)", "hello"),
            ("replace('aXbX', 'X', '--')", "a--b--"), ("replace('abc', '', 'x')", "abc"),
            ("split('a,b,,c', ',')", ["a", "b", "", "c"]), ("split('abc', '')", ["a", "b", "c"]),
            ("trim('  a ')", "a"), ("ltrim('xxaxx', 'x')", "axx"), ("toUpper('straße')", "STRASSE"),
            ("range(5, 1, -2)", [5, 3, 1]), ("range(1, 0)", []), ("head([])", nil), ("tail([1, 2, 3])", [2, 3]),
            ("[1, 2, 3, 4][-2..]", [3, 4]), ("[1, 2, 3][5]", nil), ("[1, 2, 3][-1]", 3), ("[1, 2, 3][..-9]", []),
            ("round(2.5)", 3.0), ("round(-2.5)", -2.0), ("round(-1.25, 1)", -1.3), ("round(1.249, 2, 'DOWN')", 1.24),
            ("sign(-0.5)", -1), ("abs(-3)", 3), ("sqrt(-1) <> sqrt(-1)", true), ("isNaN(0.0 / 0.0)", true),
            ("toInteger('  42 ')", 42), ("toInteger('4x')", nil), ("toInteger('9223372036854775808')", nil),
            ("toInteger(1e300)", nil), ("toFloat('0x10')", nil), ("toFloat('1e3')", 1000.0), ("toString(1.0)", "1.0"),
            ("toString(1e100)", "1.0E100"), ("toBoolean('TRUE')", true), ("toIntegerOrNull([])", nil),
            ("toIntegerList(['1', 'x', 2.9])", [1, nil, 2]), ("coalesce(null, 2, 1 / 0)", 2), ("nullIf(1, 1.0)", nil),
            ("isEmpty({})", true), ("valueType(1)", "INTEGER NOT NULL"), ("keys({b: 1, a: 2})", ["b", "a"]),
            ("CASE 2 WHEN 1 THEN 'a' WHEN 2.0 THEN 'b' END", "b"), ("CASE WHEN null THEN 1 ELSE 2 END", 2),
            ("[x IN [1, 2, 3] WHERE x > 1 | x * x]", [4, 9]), ("reduce(t = 0, x IN [1, 2] | t + x)", 3),
            ("single(x IN [1, null] WHERE x = 1)", nil), ("none(x IN [] WHERE x)", true),
            ("[x IN [1, 2] | [y IN [x] | x + y]]", [[2], [4]]),
        ] as [(String, CypherValue)])
    func results(_ text: String, _ result: CypherValue) throws {
        let given = try value(of: text)
        #expect(given == result)
        #expect(given.typeName == result.typeName)
    }

    @Test(
        "Wrong arguments are told by class and detail",
        arguments: [
            ("range(1, 2, 0)", "ArgumentError", "NumberOutOfRange"), ("toInteger($m)", "TypeError", "InvalidArgumentValue"),
            ("left('a', -1)", "ArgumentError", "NumberOutOfRange"), ("$m.a.b", "TypeError", "InvalidArgumentType"),
            ("$m[0]", "TypeError", "MapElementAccessByNonString"),
            ("[1]['a']", "TypeError", "ListElementAccessByNonInteger"),
            ("$none", "ParameterMissing", "MissingParameter"),
            ("round(1.5, 1, 'X')", "ArgumentError", "InvalidArgumentValue"),
        ])
    func errors(_ text: String, _ kind: String, _ detail: String) {
        let error = failure(of: text, ["m": ["a": 1]])
        #expect(error?.class.rawValue == kind)
        #expect(error?.detail.rawValue == detail)
        #expect(error?.phase == .runtime)
    }

    @Test("Chance comes from the seed, and the time from the query")
    func context() throws {
        func context() -> EvaluationContext {
            EvaluationContext(statementTime: Instant(epochSeconds: 1_700_000_000, nanosecond: 5_000_000), seed: 7)
        }
        let first = try value(of: "[rand(), randomUUID(), timestamp(), toString(datetime())]", context: context())
        #expect(try value(of: "[rand(), randomUUID(), timestamp(), toString(datetime())]", context: context()) == first)
        guard case .list(let members) = first, case .float(let number) = members[0] else {
            Issue.record("\(first)")
            return
        }
        #expect((0..<1).contains(number))
        #expect(members[2] == 1_700_000_000_005)
        #expect(members[3] == "2023-11-14T22:13:20.005Z")
    }

    @Test("Aggregations pass nulls over, and say something of nothing")
    func aggregation() throws {
        func result(_ function: AggregateFunction, _ values: [CypherValue], _ argument: CypherValue = nil) throws
            -> CypherValue
        {
            var aggregator = Aggregator(function, distinct: false)
            for value in values { try aggregator.add(value, argument: argument) }
            return try aggregator.result()
        }
        #expect(try result(.count, [1, nil, 1]) == 2)
        #expect(try result(.sum, []) == 0)
        #expect(try result(.sum, [.integer(.max), 1, -1]) == .integer(.max))
        #expect(throws: CypherError.self) { try result(.sum, [.integer(.max), 1]) }
        #expect(try result(.average, [1, 2, nil]) == 1.5)
        #expect(try result(.average, []) == nil)
        #expect(try result(.minimum, [2, "a", nil, 1.5]) == "a")
        #expect(try result(.maximum, [2, "a", nil, 1.5]) == 2)
        #expect(try result(.standardDeviation, [2, 4, 4, 4, 5, 5, 7, 9]) == .float((32.0 / 7).squareRoot()))
        #expect(try result(.populationStandardDeviation, [2, 4, 4, 4, 5, 5, 7, 9]) == 2.0)
        #expect(try result(.percentileDiscrete, [30, 10, 20], 0.5) == 20)
        #expect(try result(.percentileDiscrete, [.integer(.max), .integer(.max - 1)], 0.5) == .integer(.max - 1))
        #expect(try result(.percentileContinuous, [10, 20], 0.25) == 12.5)
        #expect(throws: CypherError.self) { try result(.percentileContinuous, [10], 1.1) }
        var distinct = Aggregator(.collect, distinct: true)
        for value in [1, 1.0, nil, 2] as [CypherValue] { try distinct.add(value) }
        #expect(try distinct.result() == [1, 2])
    }

    @Test("Every function has its words, and the words have as many arguments as it takes")
    func catalogue() {
        for function in CypherFunction.allCases {
            let entry = function.documentation
            #expect(entry.signature.lowercased().hasPrefix(function.rawValue + "("), "\(entry.signature)")
            #expect(!entry.summary.isEmpty)
        }
        #expect(CypherFunction.toIntegerOrNull.documentation.signature == "toIntegerOrNull(value)")
    }
}
