internal import CypherSyntax

/// A call of a function.
final class Call: Evaluator, @unchecked Sendable {
    private let function: CypherFunction
    private let arguments: [Evaluator]

    init(_ function: CypherFunction, _ arguments: [Evaluator], _ span: Span) {
        self.function = function
        self.arguments = arguments
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        if function == .coalesce {
            for argument in arguments {
                let value = try argument.evaluate(frame)
                if !value.isNull { return value }
            }
            return .null
        }
        var values: [CypherValue] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments { values.append(try argument.evaluate(frame)) }
        do throws(CypherError) {
            return try Functions.call(function, values, frame.context)
        } catch {
            throw error.located(span)
        }
    }
}
