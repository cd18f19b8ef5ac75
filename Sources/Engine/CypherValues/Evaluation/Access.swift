internal import CypherSyntax

/// `subject.key`
final class Property: Evaluator, @unchecked Sendable {
    private let subject: Evaluator
    private let key: String

    init(_ subject: Evaluator, key: String, _ span: Span) {
        self.subject = subject
        self.key = key
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        do throws(CypherError) {
            return try Self.value(of: key, in: try subject.evaluate(frame), frame.context)
        } catch {
            throw error.located(span)
        }
    }

    static func value(
        of key: String, in subject: CypherValue, _ context: EvaluationContext
    ) throws(CypherError) -> CypherValue {
        switch subject {
        case .null: return .null
        case .node(let node): return try context.current(node).properties[key] ?? .null
        case .relationship(let relationship): return try context.current(relationship).properties[key] ?? .null
        case .map(let map): return map[key] ?? .null
        case .date, .time, .localTime, .dateTime, .localDateTime, .duration:
            guard let value = subject.component(key) else {
                throw .badArgument("a \(subject.typeName) has no component '\(key)'")
            }
            return value
        default: throw .wants("a map, a node, a relationship or a time on its left", ".\(key)", got: subject)
        }
    }
}

/// `subject[index]`
final class Element: Evaluator, @unchecked Sendable {
    private let subject: Evaluator
    private let index: Evaluator

    init(_ subject: Evaluator, index: Evaluator, _ span: Span) {
        self.subject = subject
        self.index = index
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        let (subject, index) = (try subject.evaluate(frame), try index.evaluate(frame))
        do throws(CypherError) {
            return try Self.element(subject, index, frame.context)
        } catch {
            throw error.located(span)
        }
    }

    static func element(
        _ subject: CypherValue, _ index: CypherValue, _ context: EvaluationContext
    ) throws(CypherError) -> CypherValue {
        switch (subject, index) {
        case (.null, _), (_, .null): return .null
        case (.list(let members), .integer(let index)):
            let position = index < 0 ? Int64(members.count) + index : index
            return position >= 0 && position < members.count ? members[Int(position)] : .null
        case (.list, _):
            throw .type(.listElementAccessByNonInteger, "a list is indexed by integers, not by \(index.described)")
        case (.map, .string(let key)), (.node, .string(let key)), (.relationship, .string(let key)):
            return try Property.value(of: key, in: subject, context)
        case (.map, _), (.node, _), (.relationship, _):
            throw .type(
                .mapElementAccessByNonString, "a \(subject.typeName) is indexed by strings, not by \(index.described)")
        default: throw .wants("a list, a map, a node or a relationship on its left", "[ ]", got: subject)
        }
    }
}

/// `subject[from..to]`: positions below zero count from the end, and what lies outside is left out.
final class Slice: Evaluator, @unchecked Sendable {
    private let subject: Evaluator
    private let from: Evaluator?
    private let to: Evaluator?

    init(_ subject: Evaluator, from: Evaluator?, to: Evaluator?, _ span: Span) {
        self.subject = subject
        self.from = from
        self.to = to
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        let subject = try subject.evaluate(frame)
        let from = try from?.evaluate(frame) ?? .integer(0)
        let to = try to?.evaluate(frame) ?? .integer(.max)
        switch (subject, from, to) {
        case (.null, _, _), (_, .null, _), (_, _, .null): return .null
        case (.list(let members), .integer(let from), .integer(let to)):
            let (low, high) = (Self.position(from, members.count), Self.position(to, members.count))
            return .list(low < high ? Array(members[low..<high]) : [])
        case (.list, _, _):
            throw CypherError.wrongType("a slice goes from integer to integer").located(span)
        default: throw CypherError.wants("a list on its left", "[ .. ]", got: subject).located(span)
        }
    }

    private static func position(_ index: Int64, _ count: Int) -> Int {
        let count = Int64(count)
        return Int(min(max(index < 0 ? count + max(index, -count) : index, 0), count))
    }
}

/// `subject:A:B`; of a relationship, whether it is of the type.
final class LabelCheck: Evaluator, @unchecked Sendable {
    private let subject: Evaluator
    private let labels: LabelExpression

    init(_ subject: Evaluator, _ labels: LabelExpression, _ span: Span) {
        self.subject = subject
        self.labels = labels
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        do throws(CypherError) {
            switch try subject.evaluate(frame) {
            case .null: return .null
            case .node(let node): return .boolean(Self.holds(labels, try frame.context.current(node).labels))
            case .relationship(let relationship): return .boolean(Self.holds(labels, [relationship.type]))
            case let other: throw CypherError.wants("a node or a relationship on its left", "a label", got: other)
            }
        } catch {
            throw error.located(span)
        }
    }

    static func holds(_ expression: LabelExpression, _ labels: [String]) -> Bool {
        switch expression {
        case .label(let name): labels.contains(name)
        case .all(let parts): parts.allSatisfy { holds($0, labels) }
        case .any(let parts): parts.contains { holds($0, labels) }
        case .not(let part): !holds(part, labels)
        case .wildcard: !labels.isEmpty
        }
    }
}
