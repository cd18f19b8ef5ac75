import CypherSyntax
import CypherValues
import Testing

@Suite("Equality, equivalence and order")
struct ComparisonTests {
    @Test(
        "Equality has three answers",
        arguments: [
            ("1 = 1.0", true), ("'1' = 1", false), ("null = null", nil), ("[1, null] = [1, 2]", nil),
            ("[1, null] = [2, null]", false), ("[1] = [1, null]", false), ("{a: 1, b: null} = {a: 1, b: 2}", nil),
            ("{a: 1} = {b: 1}", false), ("0.0 / 0.0 = 0.0 / 0.0", false), ("0.0 / 0.0 <> 0.0 / 0.0", true),
            ("1 < 2 < 3", true), ("1 < 'a'", nil), ("[1, 2] < [1, null]", nil), ("[1] < [1, 0]", true),
            ("9007199254740993 = 9007199254740992.0", false), ("9223372036854775807 < 9223372036854775808.0", true),
            ("2 IN [1, null]", nil), ("2 IN [2, null]", true), ("null IN []", false), ("[1] IN [[1]]", true),
            ("true AND null", nil), ("false AND null", false), ("true OR null", true), ("null XOR true", nil),
        ] as [(String, Bool?)])
    func equality(_ text: String, _ answer: Bool?) throws {
        #expect(try value(of: text) == CypherValue(answer))
    }

    @Test("What is equivalent hashes the same")
    func equivalence() {
        let pairs: [(CypherValue, CypherValue)] = [
            (1, 1.0), (.float(.nan), .float(-.nan)), (0.0, .float(-0.0)), (nil, nil), ([1, nil], [1.0, nil]),
            (["a": 1, "b": 2], ["b": 2.0, "a": 1]), (.integer(1 << 53), .float(0x1p53)),
        ]
        for (one, other) in pairs {
            #expect(one == other)
            #expect(one.hashValue == other.hashValue)
        }
        #expect(CypherValue.integer((1 << 53) + 1) != .float(0x1p53))
        #expect(Set<CypherValue>([1, 1.0, "1", nil, nil, .float(.nan), .float(.nan)]).count == 4)
    }

    @Test("The order of all values is total: of two, one comes first or both are the same, and it is transitive")
    func total() {
        let node = CypherValue.node(NodeValue(handle: NodeHandle(partition: 0, local: 1)))
        let values: [CypherValue] = [
            ["a": 1], ["a": 2], ["a": 1, "b": 1], node, [], ["a"], [1], [1, nil], [nil, 1],
            .dateTime(CypherDateTime(epochSeconds: 0, nanosecond: 0, offset: 0)),
            .localDateTime(CypherLocalDateTime(seconds: 0, nanosecond: 0)), .date(CypherDate(days: 0)),
            .time(CypherTime(nanoseconds: 0, offset: 0)), .localTime(CypherLocalTime(nanoseconds: 0)),
            .duration(CypherDuration(days: 30)), .duration(CypherDuration(months: 1)), "", "a", false, true,
            .float(-.infinity), -1, 0.5, 1, .integer(.max), .float(.infinity), .float(.nan), nil,
        ]
        for (first, one) in values.enumerated() {
            for (second, other) in values.enumerated() {
                let wanted: Comparison = first < second ? .before : first == second ? .same : .after
                #expect(one.order(other) == wanted, "\(one) against \(other)")
            }
        }
    }

    @Test("A map keeps the order of its keys, whether few or many, and finds each of them")
    func maps() {
        for count in [0, 1, 8, 9, 10, 40] {
            var map = CypherMap((0..<count).map { ("k\($0)", .integer(Int64($0))) })
            #expect(map.keys == (0..<count).map { "k\($0)" })
            for key in 0..<count { #expect(map["k\(key)"] == .integer(Int64(key))) }
            let copy = map
            for key in stride(from: 0, to: count, by: 2) { map["k\(key)"] = nil }
            for key in 0..<count { #expect((map["k\(key)"] == nil) == (key % 2 == 0)) }
            #expect(copy.count == count)
        }
    }
}
