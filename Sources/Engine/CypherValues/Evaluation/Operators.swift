internal import CypherSyntax

/// `AND` and `OR` of two terms or more.
final class Connective: Evaluator, @unchecked Sendable {
    private let terms: [Evaluator]
    /// The answer of one term that decides for all: false for `AND`, true for `OR`.
    private let decisive: Bool

    init(_ terms: [Evaluator], decisive: Bool, _ span: Span) {
        self.terms = terms
        self.decisive = decisive
        super.init(span)
    }

    override func ternary(_ frame: EvaluationFrame) throws(CypherError) -> Bool? {
        var answer: Bool? = !decisive
        for term in terms {
            let one = try term.ternary(frame)
            if one == decisive { return decisive }
            if one == nil { answer = nil }
        }
        return answer
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        CypherValue(try ternary(frame))
    }
}

final class ExclusiveOr: Evaluator, @unchecked Sendable {
    private let terms: [Evaluator]

    init(_ terms: [Evaluator], _ span: Span) {
        self.terms = terms
        super.init(span)
    }

    override func ternary(_ frame: EvaluationFrame) throws(CypherError) -> Bool? {
        var answer: Bool? = false
        for term in terms { answer = Ternary.exclusiveOr(answer, try term.ternary(frame)) }
        return answer
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        CypherValue(try ternary(frame))
    }
}

final class Negation: Evaluator, @unchecked Sendable {
    private let term: Evaluator

    init(_ term: Evaluator, _ span: Span) {
        self.term = term
        super.init(span)
    }

    override func ternary(_ frame: EvaluationFrame) throws(CypherError) -> Bool? {
        Ternary.not(try term.ternary(frame))
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        CypherValue(try ternary(frame))
    }
}

/// `IS NULL` and `IS NOT NULL`.
final class NullCheck: Evaluator, @unchecked Sendable {
    private let subject: Evaluator
    private let wanted: Bool

    init(_ subject: Evaluator, isNull wanted: Bool, _ span: Span) {
        self.subject = subject
        self.wanted = wanted
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        .boolean(try subject.evaluate(frame).isNull == wanted)
    }
}

/// `a < b <= c`: every link must hold; a term between two is evaluated once.
final class ComparisonChain: Evaluator, @unchecked Sendable {
    private let first: Evaluator
    private let links: [(ComparisonOperator, Evaluator)]

    init(_ first: Evaluator, _ links: [(ComparisonOperator, Evaluator)], _ span: Span) {
        self.first = first
        self.links = links
        super.init(span)
    }

    override func ternary(_ frame: EvaluationFrame) throws(CypherError) -> Bool? {
        var left = try first.evaluate(frame)
        var answer: Bool? = true
        for (comparison, evaluator) in links {
            let right = try evaluator.evaluate(frame)
            let one = Self.compare(left, comparison, right)
            if one == false { return false }
            if one == nil { answer = nil }
            left = right
        }
        return answer
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        CypherValue(try ternary(frame))
    }

    static func compare(_ left: CypherValue, _ comparison: ComparisonOperator, _ right: CypherValue) -> Bool? {
        switch comparison {
        case .equal: return left.equals(right)
        case .notEqual: return Ternary.not(left.equals(right))
        case .less, .lessOrEqual, .greater, .greaterOrEqual: break
        }
        guard let order = left.compare(right) else { return nil }
        switch (comparison, order) {
        case (_, .unordered): return false
        case (.less, .before), (.greater, .after): return true
        case (.lessOrEqual, .before), (.lessOrEqual, .same): return true
        case (.greaterOrEqual, .after), (.greaterOrEqual, .same): return true
        default: return false
        }
    }
}

/// An operator of two operands that needs no more than their values.
final class Binary: Evaluator, @unchecked Sendable {
    private let operation: BinaryOperator
    private let left: Evaluator
    private let right: Evaluator

    init(_ operation: BinaryOperator, _ left: Evaluator, _ right: Evaluator, _ span: Span) {
        self.operation = operation
        self.left = left
        self.right = right
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        let (a, b) = (try left.evaluate(frame), try right.evaluate(frame))
        do throws(CypherError) {
            switch operation {
            case .add: return try Arithmetic.add(a, b, frame.context)
            case .subtract: return try Arithmetic.subtract(a, b, frame.context)
            case .multiply: return try Arithmetic.multiply(a, b)
            case .divide: return try Arithmetic.divide(a, b)
            case .modulo: return try Arithmetic.modulo(a, b)
            case .power: return try Arithmetic.power(a, b)
            case .isIn: return try Self.isMember(a, b)
            case .startsWith: return Self.text(a, b, TextSearch.hasPrefix)
            case .endsWith: return Self.text(a, b, TextSearch.hasSuffix)
            case .contains: return Self.text(a, b, TextSearch.contains)
            case .matches: return try Self.matches(a, b, frame.context)
            }
        } catch {
            throw error.located(span)
        }
    }

    private static func isMember(_ value: CypherValue, _ list: CypherValue) throws(CypherError) -> CypherValue {
        switch list {
        case .null: return .null
        case .list(let members): return CypherValue(value.isMember(of: members))
        default: throw .wants("a list on its right", "IN", got: list)
        }
    }

    /// Null unless both are strings.
    private static func text(
        _ a: CypherValue, _ b: CypherValue, _ holds: (String, String) -> Bool
    ) -> CypherValue {
        guard case .string(let a) = a, case .string(let b) = b else { return .null }
        return .boolean(b.isEmpty || holds(a, b))
    }

    private static func matches(
        _ a: CypherValue, _ b: CypherValue, _ context: EvaluationContext
    ) throws(CypherError) -> CypherValue {
        guard case .string(let text) = a, case .string(let expression) = b else { return .null }
        return .boolean(try context.matches(text, expression))
    }
}

/// `-x` and `+x`.
final class Sign: Evaluator, @unchecked Sendable {
    private let operand: Evaluator
    private let isNegative: Bool

    init(_ operand: Evaluator, isNegative: Bool, _ span: Span) {
        self.operand = operand
        self.isNegative = isNegative
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        let value = try operand.evaluate(frame)
        do throws(CypherError) {
            return try isNegative ? Arithmetic.negate(value) : Arithmetic.affirm(value)
        } catch {
            throw error.located(span)
        }
    }
}

final class Case: Evaluator, @unchecked Sendable {
    private let subject: Evaluator?
    private let alternatives: [(when: Evaluator, then: Evaluator)]
    private let otherwise: Evaluator

    init(
        subject: Evaluator?, alternatives: [(when: Evaluator, then: Evaluator)], otherwise: Evaluator, _ span: Span
    ) {
        self.subject = subject
        self.alternatives = alternatives
        self.otherwise = otherwise
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        if let subject {
            let value = try subject.evaluate(frame)
            for (when, then) in alternatives where value.equals(try when.evaluate(frame)) == true {
                return try then.evaluate(frame)
            }
        } else {
            for (when, then) in alternatives where try when.ternary(frame) == true {
                return try then.evaluate(frame)
            }
        }
        return try otherwise.evaluate(frame)
    }
}
