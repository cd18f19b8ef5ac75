import CypherSyntax
import CypherValues
import Testing

@Suite("Values that get too large")
struct BudgetTests {
    private func context(_ bytes: Int) -> EvaluationContext {
        EvaluationContext(limits: ValueLimits(bytesMax: bytes, howToRaise: "raise the budget"))
    }

    @Test(
        "Lists and strings over the budget are refused before they are made",
        arguments: [
            "range(0, 1000000000)", "range(-9223372036854775807, 9223372036854775807)",
            "reduce(l = [1], x IN range(1, 64) | l + l)", "reduce(s = 'ab', x IN range(1, 64) | s + s)",
            // Little is made, but told out it would be 2^40 members.
            "reduce(l = [1], x IN range(1, 40) | [l, l])", "reduce(m = {}, x IN range(1, 40) | {a: m, b: m})",
            "reduce(l = [1], x IN range(1, 40) | [y IN [1, 2] | l])",
            "replace(reduce(s = 'a', x IN range(1, 15) | s + s), 'a', reduce(s = 'b', x IN range(1, 15) | s + s))",
            "split(reduce(s = 'a', x IN range(1, 19) | s + s), '')",
        ])
    func tooLarge(_ text: String) {
        let error = failure(of: text, context: context(1 << 20))
        #expect(error?.class == .limitExceeded)
        #expect(error?.detail == .memory)
        #expect(error?.message.contains("raise the budget") == true)
        #expect(error?.span != nil)
    }

    @Test("Nesting has a limit of its own", arguments: ["reduce(l = [], x IN range(1, 1000) | [l])"])
    func tooDeep(_ text: String) {
        let error = failure(of: text, context: context(1 << 20))
        #expect(error?.class == .limitExceeded)
        #expect(error?.message.contains("nested") == true)
    }

    @Test(
        "What collect() gathers is counted as often as it occurs, so that lists of lists of lists stay small when told out")
    func collected() {
        let limits = ValueLimits(bytesMax: 1 << 20)
        var list: CypherValue = [1]
        #expect(throws: CypherError.self) {
            for _ in 0..<40 {
                var aggregator = Aggregator(.collect, distinct: false)
                for _ in 0..<2 { try aggregator.add(list, limits: limits) }
                list = try aggregator.result(limits: limits)
            }
        }
        #expect(list.footprintBytes < 1 << 22)
    }

    @Test("A long loop inside an expression can be called off")
    func interruption() {
        let context = context(1 << 24)
        context.interruption = { () throws(CypherError) in throw .limit(.deadline, "time is up") }
        let text = "all(x IN range(1, 10000) WHERE all(y IN range(1, 10000) WHERE x + y > 0))"
        #expect(failure(of: text, context: context)?.detail == .deadline)
    }

    @Test("Texts made to be slow to search are searched in linear time")
    func search() throws {
        let parameters: CypherMap = [
            "text": .string(String(repeating: "a", count: 400_000)),
            "wanted": .string(String(repeating: "a", count: 200_000) + "b"),
            "evil": .string("(a*)*(a*)*b"),
        ]
        #expect(try value(of: "$text CONTAINS $wanted", parameters) == false)
        #expect(try value(of: "size(split($text, $wanted))", parameters) == 1)
        #expect(try value(of: "$text =~ $evil", parameters) == false)
    }

    @Test("A regular expression has to match all of the text, and a wrong one is an error")
    func regularExpressions() throws {
        #expect(try value(of: "'abc' =~ 'b'") == false)
        #expect(try value(of: "'abc' =~ 'a|abc'") == true)
        #expect(try value(of: "'ABC' =~ '(?i)abc'") == true)
        #expect(try value(of: "1 =~ 'a'") == nil)
        #expect(failure(of: "'a' =~ '('")?.detail == .invalidArgumentValue)
    }

    @Test("What may be stored as a property")
    func storable() {
        let node = CypherValue.node(NodeValue(handle: NodeHandle(partition: 0, local: 0)))
        for value in [1, 1.5, "a", true, [], [1, 2], [1, 2.5], ["a"]] as [CypherValue] { #expect(value.isStorable) }
        for value in [nil, ["a": 1], node, [nil], [1, "a"], [[1]], [["a": 1]]] as [CypherValue] {
            #expect(!value.isStorable)
        }
    }
}
