import CypherSyntax
import PropertyGraph

/// What a query needs of each node and relationship that it matches: its identity, some properties, or all.
struct FetchNeeds {
    private var keys: [Int: Set<String>] = [:]
    private var whole: Set<Int> = []
    /// A query that writes keeps its entities whole, as each is to show what was written through another variable.
    private let everything: Bool
    /// How often a variable stands for a node in a pattern, and which of them carry labels: a node that is found by one pattern
    /// and tested by another needs its labels at hand.
    private var occurrences: [Int: Int] = [:]
    private var labelled: Set<Int> = []

    init(_ query: Query, writes: Bool) {
        everything = writes
        guard !writes else { return }
        query.parts.forEach { note($0.clauses) }
        noteColumns(of: query)
        whole.formUnion(labelled.filter { occurrences[$0, default: 0] > 1 })
    }

    private mutating func noteColumns(of query: Query) {
        for part in query.parts {
            guard case .returns(let projection)? = part.clauses.last?.kind else { continue }
            whole.formUnion(projection.items.compactMap(\.expression.variableSlot))
        }
    }

    /// Nothing is known of the query: all of everything.
    init() { everything = true }

    func fetch(_ slot: Int) -> EntityFetch {
        if everything || whole.contains(slot) { return .entity }
        guard let keys = keys[slot] else { return .handle }
        return .properties(keys.sorted())
    }

    private mutating func note(_ clauses: [Clause]) {
        for clause in clauses {
            switch clause.kind {
            case .with(let projection), .returns(let projection):
                // A variable that is only passed on is not yet used.
                for item in projection.items where item.expression.variableSlot != Int(item.variable.slot) {
                    note(item.expression)
                }
                projection.orderBy.forEach { note($0.expression) }
                if let predicate = projection.predicate { note(predicate) }
            case .subquery(let call):
                call.query.parts.forEach { note($0.clauses) }
                if call.query.parts.count > 1 { noteColumns(of: call.query) }
            case .forEach(let loop):
                note(loop.list)
                note(loop.clauses)
            default: clause.expressions.forEach { note($0) }
            }
            if case .match(let match) = clause.kind { match.patterns.forEach { note($0) } }
        }
    }

    private mutating func note(_ pattern: PathPattern) {
        if pattern.variable != nil { whole.formUnion(pattern.variables.map { Int($0.slot) }) }
        for node in pattern.nodes {
            guard let slot = node.variable?.slot else { continue }
            note(properties: node.properties, of: Int(slot))
            occurrences[Int(slot), default: 0] += 1
            guard let labels = node.labels else { continue }
            labelled.insert(Int(slot))
            if labels.conjunction == nil { whole.insert(Int(slot)) }
        }
        for step in pattern.steps {
            guard let slot = step.relationship.variable?.slot else { continue }
            note(properties: step.relationship.properties, of: Int(slot))
            // Lists of relationships are looked into in ways that are not followed here.
            if step.relationship.length != nil, step.relationship.properties != nil { whole.insert(Int(slot)) }
        }
    }

    private mutating func note(properties: Expression?, of slot: Int) {
        guard case .map(let entries)? = properties?.kind else { return }
        keys[slot, default: []].formUnion(entries.map(\.key))
    }

    private mutating func note(_ expression: Expression) {
        switch expression.kind {
        case .property(let subject, let key):
            if let slot = subject.variableSlot { keys[slot, default: []].insert(key) } else { note(subject) }
        case .variable(let variable): whole.insert(Int(variable.slot))
        case .function(.id, let arguments), .function(.elementID, let arguments):
            for argument in arguments where argument.variableSlot == nil { note(argument) }
        case .aggregation(let it) where it.function == .count:
            for argument in it.arguments where argument.variableSlot == nil { note(argument) }
        case .exists(let subquery), .count(let subquery), .collect(let subquery):
            subquery.query.parts.forEach { note($0.clauses) }
            noteColumns(of: subquery.query)
        case .patternPredicate(let pattern):
            note(pattern)
            pattern.expressions.forEach { note($0) }
        case .patternComprehension(let it):
            note(it.pattern)
            expression.children.forEach { note($0) }
        default: for child in expression.children { note(child) }
        }
    }
}

extension Expression {
    var variableSlot: Int? { if case .variable(let variable) = kind { Int(variable.slot) } else { nil } }
}
