import CypherSyntax
import CypherValues

/// The value of an expression as `RETURN` has it.
func value(
    of text: String, _ parameters: CypherMap = [:], context given: EvaluationContext? = nil
) throws(CypherError) -> CypherValue {
    let statement = try AnalysedStatement(try Parser.parse("RETURN " + text))
    guard case .query(let query) = statement.statement.body, case .returns(let result) = query.parts[0].clauses[0].kind
    else { preconditionFailure("not a RETURN: \(text)") }
    let context = given ?? EvaluationContext(parameters: parameters)
    var batch = RowBatch(slots: statement.slotCount)
    batch.count = 1
    let compiled = try ExpressionCompiler().compile(result.items[0].expression)
    return try compiled.evaluate(EvaluationFrame(context: context, batch: batch))
}

/// The error that an expression ends with.
func failure(of text: String, _ parameters: CypherMap = [:], context: EvaluationContext? = nil) -> CypherError? {
    do throws(CypherError) {
        _ = try value(of: text, parameters, context: context)
        return nil
    } catch {
        return error
    }
}
