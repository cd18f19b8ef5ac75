package import CypherSyntax

/// An expression made ready: variables are slots, constants are folded, functions are resolved.
///
/// Immutable, and so for any number of runs at once; each run brings its own frame.
package struct CompiledExpression: Sendable {
    let root: Evaluator

    /// The value that the expression has for every row, where that is known beforehand.
    package var constant: CypherValue? { (root as? Constant)?.value }

    /// The value for the frame's row. Throws the standard's run-time errors, with the place in the query's text.
    package func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue { try root.evaluate(frame) }

    /// The values for all rows of the frame's batch.
    package func evaluateAll(_ frame: EvaluationFrame) throws(CypherError) -> [CypherValue] {
        let count = frame.batch.count
        if let constant { return Array(repeating: constant, count: count) }
        if let column = root as? Column {
            let values = frame.batch.columns[column.slot]
            return values.isEmpty ? Array(repeating: .null, count: count) : values
        }
        var values: [CypherValue] = []
        values.reserveCapacity(count)
        // Each value is bounded by itself; so are those of a batch together.
        var bytes = 0
        for row in 0..<count {
            frame.row = row
            let value = try root.evaluate(frame)
            bytes += value.ownBytes
            if bytes > frame.context.limits.bytesMax { throw frame.context.limits.batchTooLarge }
            values.append(value)
        }
        return values
    }

    /// The rows of the frame's batch for which the expression is true: neither false nor null.
    package func rowsThatHold(_ frame: EvaluationFrame) throws(CypherError) -> [Int] {
        var rows: [Int] = []
        for row in 0..<frame.batch.count {
            frame.row = row
            if try root.ternary(frame) == true { rows.append(row) }
        }
        return rows
    }
}

/// A node of the evaluable form. Subclasses are the kinds of expressions.
class Evaluator: @unchecked Sendable {
    // Subclasses have constant stored properties only, all of them Sendable: hence the unchecked conformance, which a class that
    // others inherit from cannot have checked.
    let span: Span

    init(_ span: Span) { self.span = span }

    func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        preconditionFailure("an expression of kind \(Self.self) has no meaning")
    }

    /// What the value says as a condition: nil, for unknown, when it is null.
    func ternary(_ frame: EvaluationFrame) throws(CypherError) -> Bool? {
        switch try evaluate(frame) {
        case .boolean(let value): return value
        case .null: return nil
        case let other: throw CypherError.wants("a boolean", "a condition", got: other).located(span)
        }
    }

    var isConstant: Bool { self is Constant }
}

extension CypherError {
    /// The same error, with its place where it has none yet.
    func located(_ span: Span) -> CypherError {
        guard self.span == nil, span != .none else { return self }
        var copy = self
        copy.span = span
        return copy
    }
}

final class Constant: Evaluator, @unchecked Sendable {
    let value: CypherValue

    init(_ value: CypherValue, _ span: Span) {
        self.value = value
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue { value }
}

/// A variable of the row.
final class Column: Evaluator, @unchecked Sendable {
    let slot: Int

    init(_ slot: Int, _ span: Span) {
        self.slot = slot
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        frame.batch.columns[slot].isEmpty ? .null : frame.batch.columns[slot][frame.row]
    }
}

/// A variable that a comprehension, quantifier or reduction binds.
final class Local: Evaluator, @unchecked Sendable {
    let slot: Int

    init(_ slot: Int, _ span: Span) {
        self.slot = slot
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue { frame.locals[slot] }
}

final class Parameter: Evaluator, @unchecked Sendable {
    let name: String

    init(_ name: String, _ span: Span) {
        self.name = name
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        guard let value = frame.context.parameters[name] else {
            throw CypherError(
                .parameterMissing, .runtime, .missingParameter, "the parameter $\(name) was not given", at: span)
        }
        return value
    }
}
