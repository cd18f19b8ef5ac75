internal import CypherSyntax

/// `[a, b, c]`
final class ListLiteral: Evaluator, @unchecked Sendable {
    private let members: [Evaluator]

    init(_ members: [Evaluator], _ span: Span) {
        self.members = members
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        var values: [CypherValue] = []
        values.reserveCapacity(members.count)
        var nests = false
        for member in members {
            let value = try member.evaluate(frame)
            nests = nests || value.isContainer
            values.append(value)
        }
        let list = CypherValue.list(values)
        if nests { try frame.admit(list, span) }
        return list
    }
}

/// `{a: 1, b: 2}`
final class MapLiteral: Evaluator, @unchecked Sendable {
    private let entries: [(key: String, value: Evaluator)]

    init(_ entries: [(key: String, value: Evaluator)], _ span: Span) {
        self.entries = entries
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        var map = CypherMap()
        var nests = false
        for (key, evaluator) in entries {
            let value = try evaluator.evaluate(frame)
            nests = nests || value.isContainer
            map[key] = value
        }
        if nests { try frame.admit(.map(map), span) }
        return .map(map)
    }
}

/// `n {.name, .*, count: 3}`
final class Projected: Evaluator, @unchecked Sendable {
    enum Item {
        case property(String)
        case allProperties
        case entry(String, Evaluator)
    }

    private let subject: Evaluator
    private let items: [Item]

    init(_ subject: Evaluator, _ items: [Item], _ span: Span) {
        self.subject = subject
        self.items = items
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        do throws(CypherError) {
            let properties: CypherMap
            switch try subject.evaluate(frame) {
            case .null: return .null
            case .map(let map): properties = map
            case .node(let node): properties = try frame.context.current(node).properties
            case .relationship(let relationship):
                properties = try frame.context.current(relationship).properties
            case let other:
                throw CypherError.wants("a map, a node or a relationship", "a map projection", got: other)
            }
            var map = CypherMap()
            for item in items {
                switch item {
                case .property(let key): map[key] = properties[key] ?? .null
                case .allProperties: for (key, value) in properties { map[key] = value }
                case .entry(let key, let evaluator): map[key] = try evaluator.evaluate(frame)
                }
            }
            try frame.context.limits.admit(.map(map))
            return .map(map)
        } catch {
            throw error.located(span)
        }
    }
}

extension EvaluationFrame {
    func admit(_ value: CypherValue, _ span: Span) throws(CypherError) {
        do throws(CypherError) { try context.limits.admit(value) } catch { throw error.located(span) }
    }

    /// The members of a list that something is said of; nil when it is null.
    func members(_ list: Evaluator, of what: String) throws(CypherError) -> [CypherValue]? {
        switch try list.evaluate(self) {
        case .null: return nil
        case .list(let members): return members
        case let other: throw CypherError.wants("a list", what, got: other).located(list.span)
        }
    }
}

/// `[x IN list WHERE predicate | result]`
final class Comprehension: Evaluator, @unchecked Sendable {
    private let slot: Int
    private let list: Evaluator
    private let predicate: Evaluator?
    private let result: Evaluator?

    init(slot: Int, list: Evaluator, predicate: Evaluator?, result: Evaluator?, _ span: Span) {
        self.slot = slot
        self.list = list
        self.predicate = predicate
        self.result = result
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        guard let members = try frame.members(list, of: "a list comprehension") else { return .null }
        var values: [CypherValue] = []
        var nests = false
        for member in members {
            try frame.context.step()
            frame.bind(slot, member)
            if let predicate, try predicate.ternary(frame) != true { continue }
            let value = try result?.evaluate(frame) ?? member
            nests = nests || value.isContainer
            values.append(value)
        }
        let list = CypherValue.list(values)
        if nests { try frame.admit(list, span) }
        return list
    }
}

/// `all`, `any`, `none` and `single`: unknown where a predicate that is null might decide it.
final class Quantified: Evaluator, @unchecked Sendable {
    private let quantifier: Quantifier
    private let slot: Int
    private let list: Evaluator
    private let predicate: Evaluator

    init(_ quantifier: Quantifier, slot: Int, list: Evaluator, predicate: Evaluator, _ span: Span) {
        self.quantifier = quantifier
        self.slot = slot
        self.list = list
        self.predicate = predicate
        super.init(span)
    }

    override func ternary(_ frame: EvaluationFrame) throws(CypherError) -> Bool? {
        guard let members = try frame.members(list, of: "\(quantifier.rawValue)()") else { return nil }
        var (holding, unknown) = (0, false)
        for member in members {
            try frame.context.step()
            frame.bind(slot, member)
            switch (quantifier, try predicate.ternary(frame)) {
            case (.all, false?): return false
            case (.any, true?): return true
            case (.none, true?): return false
            case (.single, true?):
                holding += 1
                if holding > 1 { return false }
            case (_, nil): unknown = true
            case (_, _?): break
            }
        }
        if unknown { return nil }
        switch quantifier {
        case .all, .none: return true
        case .any: return false
        case .single: return holding == 1
        }
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        CypherValue(try ternary(frame))
    }
}

/// `reduce(total = 0, x IN list | total + x)`
final class Reduced: Evaluator, @unchecked Sendable {
    private let accumulator: Int
    private let initial: Evaluator
    private let slot: Int
    private let list: Evaluator
    private let step: Evaluator

    init(accumulator: Int, initial: Evaluator, slot: Int, list: Evaluator, step: Evaluator, _ span: Span) {
        self.accumulator = accumulator
        self.initial = initial
        self.slot = slot
        self.list = list
        self.step = step
        super.init(span)
    }

    override func evaluate(_ frame: EvaluationFrame) throws(CypherError) -> CypherValue {
        guard let members = try frame.members(list, of: "reduce()") else { return .null }
        var total = try initial.evaluate(frame)
        for member in members {
            try frame.context.step()
            frame.bind(accumulator, total)
            frame.bind(slot, member)
            total = try step.evaluate(frame)
        }
        return total
    }
}
