import CypherSyntax
import CypherValues
import PropertyGraph

extension NodeColumns {
    /// The nodes as values, with what was fetched of them.
    func values(_ fetch: EntityFetch) -> [CypherValue] {
        switch fetch {
        case .handle: handles.map { .node(NodeValue(handle: $0)) }
        case .properties(let keys):
            handles.indices.map { .node(NodeValue(handle: handles[$0], properties: keys.map(properties, $0))) }
        case .entity: nodes.map { .node($0) }
        }
    }
}

extension RelationshipColumns {
    /// The relationship at a position, between these nodes as far as only its handle is known.
    func value(_ position: Int, _ fetch: EntityFetch, from start: NodeHandle, to end: NodeHandle) -> RelationshipValue {
        switch fetch {
        case .handle: RelationshipValue(handle: handles[position], type: "", start: start, end: end)
        case .properties(let keys):
            RelationshipValue(
                handle: handles[position], type: "", start: start, end: end, properties: keys.map(properties, position))
        case .entity: relationships[position]
        }
    }
}

extension [String] {
    /// The map of these keys and one row of their columns; nulls are left out.
    fileprivate func map(_ columns: [[CypherValue]], _ row: Int) -> CypherMap {
        var map = CypherMap()
        for (key, column) in zip(self, columns) where !column[row].isNull { map[key] = column[row] }
        return map
    }
}

/// A property test whose value is worked out when the query runs.
struct CompiledTest {
    enum Test {
        case equal(CompiledExpression)
        case oneOf(CompiledExpression)
        case range(lower: CompiledExpression?, lowerInclusive: Bool, upper: CompiledExpression?, upperInclusive: Bool)
        case prefix(CompiledExpression)
        case exists
    }

    let key: String
    let test: Test

    /// The test as the graph takes it; nil when nothing passes it, as its value is null or of a type that it cannot be.
    func resolved(in context: ExecutionContext) throws(CypherError) -> PropertyTest? {
        func bound(_ expression: CompiledExpression?, _ inclusive: Bool) throws(CypherError) -> PropertyBound?? {
            guard let expression else { return .some(nil) }
            let value = try context.constant(expression)
            return value.isNull ? nil : .some(PropertyBound(value, inclusive: inclusive))
        }
        switch test {
        case .equal(let expression):
            let value = try context.constant(expression)
            return value.isNull ? nil : PropertyTest(key, .equal(value))
        case .oneOf(let expression):
            switch try context.constant(expression) {
            case .list(let members): return PropertyTest(key, .oneOf(members.filter { !$0.isNull }))
            case .null: return nil
            case let other:
                throw .type(.invalidArgumentType, "IN takes a list, not a \(other.typeName)")
            }
        case .prefix(let expression):
            guard case .string(let prefix) = try context.constant(expression) else { return nil }
            return PropertyTest(key, .prefix(prefix))
        case .exists: return PropertyTest(key, .exists)
        case .range(let lower, let lowerInclusive, let upper, let upperInclusive):
            guard let low = try bound(lower, lowerInclusive), let high = try bound(upper, upperInclusive) else {
                return nil
            }
            return PropertyTest(key, .range(lower: low, upper: high))
        }
    }
}

/// What a node or relationship has to be, to be worked out once a run.
struct CompiledTests {
    let labels: [String]
    let tests: [CompiledTest]

    /// Nil when nothing passes.
    func resolved(in context: ExecutionContext) throws(CypherError) -> [PropertyTest]? {
        var resolved: [PropertyTest] = []
        for test in tests {
            guard let one = try test.resolved(in: context) else { return nil }
            resolved.append(one)
        }
        return resolved
    }
}
