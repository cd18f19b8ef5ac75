import CypherSyntax
import CypherValues
import Foundation
import Testing

@Suite("Random expressions")
struct RandomExpressionTests {
    /// Makes expressions as text: every function, every operator, and the literals that break things.
    private struct Generator {
        var state: UInt64
        /// The variables that comprehensions around the current place bind.
        var variables: [String] = []

        mutating func random(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }

        mutating func pick<Member>(_ members: [Member]) -> Member { members[random(members.count)] }

        static let literals = [
            "null", "true", "false", "0", "1", "-1", "2", "9223372036854775807", "-9223372036854775808", "0.5", "-0.0",
            "1e308", "0.0 / 0.0", "1.0 / 0.0", "''", "'a'", "'é🌍'", "'2024-02-29'", "'P1Y2M3DT4H5M6.7S'",
            "'12:31:14.5+01:00'",
            "'day'", "'+05:00'", "'UTC'", "[]", "{}", "[1, null, 'a']", "{year: 2024, month: 2}", "{hour: 25}",
            "{seconds: 9223372036854775807, days: -9223372036854775808}", "date('-999999999-01-01')",
            "datetime('+999999999-12-31T23:59:59.999999999Z')", "duration({months: 9223372036854775807})",
            "localtime('23:59:59.999999999')", "time('00:00-18:00')", "localdatetime('2024-01-01T00:00')",
            "duration({seconds: -1, nanoseconds: -1})", "$p", "$list",
        ]

        static let operators = [
            "+", "-", "*", "/", "%", "^", "=", "<>", "<", "<=", ">", ">=", "IN", "STARTS WITH", "ENDS WITH", "CONTAINS",
            "=~",
            "AND", "OR", "XOR",
        ]

        static let keys = [
            "year", "week", "nanosecond", "epochMillis", "epochSeconds", "nanoseconds", "milliseconds", "dayOfQuarter", "a",
            "offsetMinutes", "timezone", "weeks", "minutesOfHour",
        ]

        mutating func expression(_ depth: Int) -> String {
            if depth == 0 { return variables.isEmpty || random(3) > 0 ? pick(Self.literals) : pick(variables) }
            switch random(12) {
            case 0...2: return "(\(expression(depth - 1))) \(pick(Self.operators)) (\(expression(depth - 1)))"
            case 3...7: return call(depth)
            case 8: return "(\(expression(depth - 1))).\(pick(Self.keys))"
            case 9: return "(\(expression(depth - 1)))[\(expression(depth - 1))]"
            case 10: return "(\(expression(depth - 1)))[\(expression(depth - 1))..\(expression(depth - 1))]"
            default: return scoped(depth)
            }
        }

        private mutating func call(_ depth: Int) -> String {
            let function = pick(CypherFunction.allCases)
            let most = min(function.arity.upperBound, 3)
            let count = function.arity.lowerBound + random(most - function.arity.lowerBound + 1)
            return "\(function.rawValue)(" + (0..<count).map { _ in expression(depth - 1) }.joined(separator: ", ") + ")"
        }

        private mutating func scoped(_ depth: Int) -> String {
            let list = expression(depth - 1)
            let variable = "x\(variables.count)"
            variables.append(variable)
            defer { variables.removeLast() }
            switch random(3) {
            case 0: return "[\(variable) IN (\(list)) | \(expression(depth - 1))]"
            case 1: return "any(\(variable) IN (\(list)) WHERE \(expression(depth - 1)))"
            default:
                return "reduce(acc\(variable) = \(pick(Self.literals)), \(variable) IN (\(list)) | \(expression(depth - 1)))"
            }
        }
    }

    @Test("No expression crashes the evaluation: it has a value, or ends with an error that has a place")
    func robust() throws {
        let seed = ProcessInfo.processInfo.environment["VTAG_SEED"].flatMap(UInt64.init) ?? 20_241_123
        let count = ProcessInfo.processInfo.environment["VTAG_FUZZ_COUNT"].flatMap(Int.init) ?? 3_000
        var generator = Generator(state: seed)
        var (values, errors) = (0, 0)
        for _ in 0..<count {
            let text = generator.expression(1 + generator.random(3))
            let context = EvaluationContext(
                parameters: ["p": 1, "list": [3, 1.5, "b"]], statementTime: Instant(epochSeconds: 1_700_000_000),
                limits: ValueLimits(bytesMax: 1 << 20))
            // What crashes is told by the last line.
            if count > 3_000 { print(text) }
            do throws(CypherError) {
                let value = try value(of: text, context: context)
                values += 1
                #expect(value == value && value.order(value) == .same && value.hashValue == value.hashValue)
                _ = value.text
                _ = value.footprintBytes
            } catch {
                errors += 1
                #expect(error.span != nil, "seed \(seed): \(text): \(error)")
            }
        }
        #expect(values > count / 20 && errors > count / 20, "seed \(seed): \(values) values, \(errors) errors")
    }
}
