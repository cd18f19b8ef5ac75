import CypherSyntax
import CypherValues
import PropertyGraph

/// Makes changes of rows; the graph gets those of a batch at once.
protocol Writer: AnyObject {
    /// The changes that the rows ask for, in their order.
    func mutations(for batch: RowBatch, _ context: ExecutionContext) throws(CypherError) -> [GraphMutation]
    /// The rows with what was made.
    func rows(_ batch: RowBatch, _ outcome: MutationOutcome, _ context: ExecutionContext) -> RowBatch
}

/// `CREATE`, `SET`, `REMOVE`, `DELETE`: every row passes, once what it asks for is done.
final class WriteOperator: SingleInputOperator {
    private let writer: any Writer
    private var batch: RowBatch?

    init(_ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, _ writer: any Writer) {
        self.writer = writer
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        if let batch {
            guard case .mutate(let outcome) = takeAnswer() else {
                preconditionFailure("a mutation is answered by its outcome")
            }
            self.batch = nil
            context.counts += outcome.counts
            return .rows(writer.rows(batch, outcome, context))
        }
        let step = try input.next()
        guard case .rows(let batch) = step else { return step }
        let mutations = try writer.mutations(for: batch, context)
        guard !mutations.isEmpty else { return .rows(writer.rows(batch, MutationOutcome(), context)) }
        self.batch = batch
        return ask(.mutate(mutations))
    }

    override func reset() {
        super.reset()
        batch = nil
    }
}

// MARK: SET and REMOVE

/// Sets and removes properties and labels; each row sees what the rows before it did.
final class PropertyWriter: Writer {
    enum Item {
        case property(subject: CompiledExpression, key: String, value: CompiledExpression, Span)
        case dynamicProperty(subject: CompiledExpression, key: CompiledExpression, value: CompiledExpression, Span)
        case replace(subject: CompiledExpression, value: CompiledExpression, Span)
        case merge(subject: CompiledExpression, value: CompiledExpression, Span)
        case addLabels(subject: CompiledExpression, [String], Span)
        case removeProperty(subject: CompiledExpression, key: String, Span)
        case removeLabels(subject: CompiledExpression, [String], Span)
    }

    private let items: [Item]

    init(_ items: [Item]) { self.items = items }

    func mutations(for batch: RowBatch, _ context: ExecutionContext) throws(CypherError) -> [GraphMutation] {
        var mutations: [GraphMutation] = []
        for row in 0..<batch.count { try write(batch, row, context, &mutations) }
        return mutations
    }

    func rows(_ batch: RowBatch, _ outcome: MutationOutcome, _ context: ExecutionContext) -> RowBatch { batch }

    func write(
        _ batch: RowBatch, _ row: Int, _ context: ExecutionContext, _ mutations: inout [GraphMutation]
    ) throws(CypherError) {
        let frame = context.frame(batch)
        frame.row = row
        for item in items { try write(item, frame, context, &mutations) }
    }

    private func write(
        _ item: Item, _ frame: EvaluationFrame, _ context: ExecutionContext, _ mutations: inout [GraphMutation]
    ) throws(CypherError) {
        switch item {
        case .property(let subject, let key, let value, let span):
            let target = try subject.evaluate(frame)
            try set(target, key, try value.evaluate(frame), span, context, &mutations)
        case .dynamicProperty(let subject, let key, let value, let span):
            let target = try subject.evaluate(frame)
            guard case .string(let name) = try key.evaluate(frame) else {
                throw .type(.propertyAccessByNonString, "A property's name is a string", at: span)
            }
            try set(target, name, try value.evaluate(frame), span, context, &mutations)
        case .removeProperty(let subject, let key, let span):
            try set(try subject.evaluate(frame), key, .null, span, context, &mutations)
        case .replace(let subject, let value, let span), .merge(let subject, let value, let span):
            let target = try subject.evaluate(frame)
            if target.isNull { return }
            let map = try Self.properties(try value.evaluate(frame), context, at: span)
            for (key, value) in map { try Self.checkStorable(value, key, at: span) }
            var replaces = false
            if case .replace = item { replaces = true }
            try set(target, map, replaces: replaces, span, context, &mutations)
        case .addLabels(let subject, let labels, let span), .removeLabels(let subject, let labels, let span):
            let target = try subject.evaluate(frame)
            if target.isNull { return }
            guard case .node(let old) = target else { throw Self.notAnEntity(target, at: span) }
            let node = context.entities.newest(old)
            if case .addLabels = item {
                mutations.append(.addLabels(node.handle, labels))
                context.entities.note(node.with(labels: node.labels + labels.filter { !node.labels.contains($0) }))
            } else {
                mutations.append(.removeLabels(node.handle, labels))
                context.entities.note(node.with(labels: node.labels.filter { !labels.contains($0) }))
            }
        }
    }

    private func set(
        _ target: CypherValue, _ key: String, _ value: CypherValue, _ span: Span, _ context: ExecutionContext,
        _ mutations: inout [GraphMutation]
    ) throws(CypherError) {
        if target.isNull { return }
        try Self.checkStorable(value, key, at: span)
        var map = CypherMap()
        map[key] = value
        try apply(target, map, replaces: false, context, at: span)
        guard let reference = target.reference else { throw Self.notAnEntity(target, at: span) }
        mutations.append(.setProperty(reference, key: key, value))
    }

    private func set(
        _ target: CypherValue, _ map: CypherMap, replaces: Bool, _ span: Span, _ context: ExecutionContext,
        _ mutations: inout [GraphMutation]
    ) throws(CypherError) {
        guard let reference = target.reference else { throw Self.notAnEntity(target, at: span) }
        try apply(target, map, replaces: replaces, context, at: span)
        let stored = replaces ? map.withoutNulls : map
        mutations.append(replaces ? .replaceProperties(reference, stored) : .mergeProperties(reference, stored))
    }

    /// Notes what the entity is now.
    private func apply(
        _ target: CypherValue, _ map: CypherMap, replaces: Bool, _ context: ExecutionContext, at span: Span
    ) throws(CypherError) {
        func merged(_ old: CypherMap) -> CypherMap {
            guard !replaces else { return map.withoutNulls }
            var new = old
            for (key, value) in map { new[key] = value.isNull ? CypherValue?.none : value }
            return new
        }
        switch target {
        case .node(let old):
            let node = context.entities.newest(old)
            guard !node.isDeleted else { throw Self.deleted(at: span) }
            context.entities.note(node.with(properties: merged(node.properties)))
        case .relationship(let old):
            let relationship = context.entities.newest(old)
            guard !relationship.isDeleted else { throw Self.deleted(at: span) }
            context.entities.note(relationship.with(properties: merged(relationship.properties)))
        default: throw Self.notAnEntity(target, at: span)
        }
    }

    // MARK: Values

    /// The properties that a map, node or relationship stands for.
    static func properties(
        _ value: CypherValue, _ context: ExecutionContext, at span: Span
    ) throws(CypherError) -> CypherMap {
        switch value {
        case .map(let map): return map
        case .node(let node): return context.entities.newest(node).properties
        case .relationship(let relationship): return context.entities.newest(relationship).properties
        case .null: return CypherMap()
        default:
            throw .type(
                .invalidArgumentType, "Properties come from a map or an entity, not from a \(value.typeName)", at: span)
        }
    }

    static func checkStorable(_ value: CypherValue, _ key: String, at span: Span) throws(CypherError) {
        guard value.isNull || value.isStorable else {
            throw .type(
                .invalidPropertyType, "The property `\(key)` cannot hold a \(value.typeName) of this kind", at: span)
        }
    }

    private static func notAnEntity(_ value: CypherValue, at span: Span) -> CypherError {
        .type(.invalidArgumentType, "Nodes and relationships are written, not a \(value.typeName)", at: span)
    }

    private static func deleted(at span: Span) -> CypherError {
        CypherError(.entityNotFound, .runtime, .deletedEntityAccess, "The entity was deleted by this query", at: span)
    }
}

extension CypherValue {
    var reference: EntityReference? {
        switch self {
        case .node(let node): .node(node.handle)
        case .relationship(let relationship): .relationship(relationship.handle)
        default: nil
        }
    }
}

extension CypherMap {
    var withoutNulls: CypherMap { CypherMap(filter { !$0.1.isNull }.map { ($0.0, $0.1) }) }
}

extension NodeValue {
    func with(labels: [String]? = nil, properties: CypherMap? = nil, isDeleted: Bool = false) -> NodeValue {
        NodeValue(
            handle: handle, elementId: elementId, labels: labels ?? self.labels,
            properties: properties ?? self.properties, isDeleted: isDeleted)
    }
}

extension RelationshipValue {
    func with(properties: CypherMap? = nil, isDeleted: Bool = false) -> RelationshipValue {
        RelationshipValue(
            handle: handle, elementId: elementId, type: type, start: start, end: end,
            properties: properties ?? self.properties, isDeleted: isDeleted)
    }
}

// MARK: DELETE

/// Deletes nodes, relationships, and all that paths and lists of them hold.
final class DeleteWriter: Writer {
    private let targets: [(expression: CompiledExpression, span: Span)]
    private let detach: Bool

    init(_ targets: [(expression: CompiledExpression, span: Span)], detach: Bool) {
        self.targets = targets
        self.detach = detach
    }

    func mutations(for batch: RowBatch, _ context: ExecutionContext) throws(CypherError) -> [GraphMutation] {
        var nodes: [GraphMutation] = []
        var relationships: [GraphMutation] = []
        let frame = context.frame(batch)
        for target in targets {
            for value in try target.expression.evaluateAll(frame) {
                try delete(value, target.span, context, &nodes, &relationships)
            }
        }
        if detach { noteDetached(batch, context) }
        return relationships + nodes
    }

    private func delete(
        _ value: CypherValue, _ span: Span, _ context: ExecutionContext, _ nodes: inout [GraphMutation],
        _ relationships: inout [GraphMutation]
    ) throws(CypherError) {
        switch value {
        case .null: break
        case .node(let old):
            let node = context.entities.newest(old)
            guard !node.isDeleted else { return }
            context.entities.note(node.with(isDeleted: true))
            nodes.append(.deleteNode(node.handle, detach: detach))
        case .relationship(let old):
            let relationship = context.entities.newest(old)
            guard !relationship.isDeleted else { return }
            context.entities.note(relationship.with(isDeleted: true))
            relationships.append(.deleteRelationship(relationship.handle))
        case .path(let path):
            for one in path.relationships { try delete(.relationship(one), span, context, &nodes, &relationships) }
            for one in path.nodes { try delete(.node(one), span, context, &nodes, &relationships) }
        default:
            throw .type(
                .invalidArgumentType, "DELETE takes nodes, relationships and paths, not a \(value.typeName)", at: span)
        }
    }

    /// Relationships of the rows that go with their nodes.
    private func noteDetached(_ batch: RowBatch, _ context: ExecutionContext) {
        for column in batch.columns {
            for case .relationship(let relationship) in column
            where context.entities.changed(relationship.start)?.isDeleted == true
                || context.entities.changed(relationship.end)?.isDeleted == true
            {
                context.entities.note(context.entities.newest(relationship).with(isDeleted: true))
            }
        }
    }

    func rows(_ batch: RowBatch, _ outcome: MutationOutcome, _ context: ExecutionContext) -> RowBatch { batch }
}
