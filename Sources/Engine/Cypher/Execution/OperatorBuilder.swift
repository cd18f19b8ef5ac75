import CypherSyntax
import CypherValues
import PropertyGraph

/// Makes a plan's operators, with their expressions ready for evaluation.
struct OperatorBuilder {
    let context: ExecutionContext
    let signatures: [String: ProcedureSignature]
    private let compiler = ExpressionCompiler()

    init(_ context: ExecutionContext, signatures: [String: ProcedureSignature]) {
        self.context = context
        self.signatures = signatures
    }

    func build(_ plan: LogicalPlan) throws(CypherError) -> Operator {
        let description = plan.description
        switch plan {
        case .argument(let slot): return ArgumentOperator(context, description, slot: slot)
        case .nodeScan, .expand, .expandPath, .reach, .reachCount, .shortestPath, .boundRelationship, .path,
            .loadEnds:
            return try buildReading(plan, description)
        case .filter(let input, let predicate):
            return FilterOperator(context, description, try build(input), try compiler.compile(predicate))
        case .extend(let input, let columns):
            return ExtendOperator(context, description, try build(input), try compile(columns))
        case .keep(let input, let slots): return KeepOperator(context, description, try build(input), slots: slots)
        case .unwind(let input, let list, let slot):
            return UnwindOperator(context, description, try build(input), try compiler.compile(list), slot: slot)
        case .aggregate(let input, let step):
            var items: [AggregateOperator.Item] = []
            for item in step.items {
                items.append(
                    .init(
                        slot: item.slot, aggregation: item.aggregation, arguments: try compile(item.aggregation.arguments)))
            }
            return AggregateOperator(
                context, description, try build(input), keys: try compile(step.keys), items: items,
                argument: step.argument)
        case .eager(let input): return EagerOperator(context, description, try build(input))
        case .apply(let input, let inner, let step):
            return ApplyOperator(context, description, try build(input), inner: try build(inner), step)
        case .procedure(let input, let step):
            guard let signature = signatures[step.name.lowercased()] else {
                preconditionFailure("an unknown procedure was planned: \(step.name)")
            }
            return ProcedureOperator(
                context, description, try build(input), step, signature, try compile(step.arguments))
        case .schema(let command): return SchemaOperator(context, description, command)
        case .write, .merge: return try buildWriting(plan, description)
        case .distinct, .sort, .skip, .limit, .union: return try buildOrdering(plan, description)
        }
    }

    private func buildOrdering(_ plan: LogicalPlan, _ description: OperatorDescription) throws(CypherError) -> Operator {
        switch plan {
        case .distinct(let input, let slots, let argument):
            return DistinctOperator(context, description, try build(input), slots: slots, argument: argument)
        case .sort(let input, let items, let limit, let argument):
            var keys: [(expression: CompiledExpression, descending: Bool)] = []
            for item in items { keys.append((try compiler.compile(item.expression), item.descending)) }
            return SortOperator(
                context, description, try build(input), keys, limits: try compile(limit), argument: argument)
        case .skip(let input, let count, let argument):
            return SkipOperator(
                context, description, try build(input), try compiler.compile(count), argument: argument)
        case .limit(let input, let count, let argument, let drains):
            return LimitOperator(
                context, description, try build(input), try compiler.compile(count), argument: argument, drains: drains)
        case .union(let plans, let columns, let into):
            var parts: [Operator] = []
            for plan in plans { parts.append(try build(plan)) }
            return UnionOperator(context, description, parts, columns: columns, into: into)
        default: preconditionFailure("not an operator that orders rows")
        }
    }

    // MARK: Reading

    private func buildReading(_ plan: LogicalPlan, _ description: OperatorDescription) throws(CypherError) -> Operator {
        switch plan {
        case .nodeScan(let input, let step):
            var join: (key: String, value: CompiledExpression)?
            if let planned = step.join { join = (planned.key, try compiler.compile(planned.value)) }
            return NodeScanOperator(
                context, description, try build(input), slot: step.slot, tests: try compile(step.test),
                fetch: step.fetch, join: join, usesIndex: step.index != nil)
        case .expand(let input, let step):
            return ExpandOperator(context, description, try build(input), try walk(step))
        case .expandPath(let input, let step):
            return ExpandPathOperator(
                context, description, try build(input), try walk(step.expand), minimum: step.minimum,
                maximum: step.maximum, innerNodes: step.innerNodes, isReversed: step.isReversed)
        case .reach(let input, let step):
            return ReachOperator(
                context, description, try build(input), try walk(step.expand), minimum: step.minimum,
                maximum: step.maximum ?? Reach.hopsMax)
        case .reachCount(let input, let step, let slot):
            return ReachCountOperator(
                context, description, try build(input), try walk(step.expand), minimum: step.minimum,
                maximum: step.maximum ?? Reach.hopsMax, slot: slot)
        case .shortestPath(let input, let step):
            let path = step.expand
            return ShortestPathOperator(
                context, description, try build(input), try walk(path.expand), minimum: path.minimum,
                maximum: path.maximum, isSingle: path.isSingle, all: step.all, innerNodes: path.innerNodes,
                isReversed: path.isReversed)
        case .boundRelationship(let input, let step):
            return BoundRelationshipOperator(context, description, try build(input), step)
        case .path(let input, let step): return PathOperator(context, description, try build(input), step)
        case .loadEnds(let input, let expressions):
            return LoadEndsOperator(context, description, try build(input), try compile(expressions))
        default: preconditionFailure("not an operator that reads")
        }
    }

    private func walk(_ step: ExpandStep) throws(CypherError) -> Walk {
        Walk(
            from: step.from, direction: step.direction, types: step.types, relationship: step.relationship,
            relationshipTests: try compile(NodeTest(tests: step.relationshipTests)),
            relationshipFetch: step.relationshipFetch, to: step.to, isInto: step.isInto, far: try compile(step.test),
            farFetch: step.nodeFetch, distinctFrom: step.distinctFrom)
    }

    private func compile(_ test: NodeTest) throws(CypherError) -> CompiledTests {
        var tests: [CompiledTest] = []
        for one in test.tests {
            let compiled: CompiledTest.Test =
                switch one.test {
                case .equal(let value): .equal(try compiler.compile(value))
                case .oneOf(let list): .oneOf(try compiler.compile(list))
                case .prefix(let prefix): .prefix(try compiler.compile(prefix))
                case .exists: .exists
                case .range(let lower, let lowerInclusive, let upper, let upperInclusive):
                    .range(
                        lower: try optional(lower), lowerInclusive: lowerInclusive, upper: try optional(upper),
                        upperInclusive: upperInclusive)
                }
            tests.append(CompiledTest(key: one.key, test: compiled))
        }
        return CompiledTests(labels: test.labels, tests: tests)
    }

    // MARK: Writing

    private func buildWriting(_ plan: LogicalPlan, _ description: OperatorDescription) throws(CypherError) -> Operator {
        switch plan {
        case .write(let input, .create(let patterns)):
            return WriteOperator(context, description, try build(input), try creator(patterns, refusesNulls: false))
        case .write(let input, .set(let items)):
            return WriteOperator(context, description, try build(input), PropertyWriter(try compile(items)))
        case .write(let input, .remove(let items)):
            return WriteOperator(context, description, try build(input), PropertyWriter(try compile(items)))
        case .write(let input, .delete(let targets, let detach)):
            var compiled: [(expression: CompiledExpression, span: Span)] = []
            for target in targets { compiled.append((try compiler.compile(target), target.span)) }
            return WriteOperator(context, description, try build(input), DeleteWriter(compiled, detach: detach))
        case .merge(let input, let inner, let step):
            let properties = step.pattern.nodes.map(\.properties) + step.pattern.relationships.map(\.properties)
            return MergeOperator(
                context, description, try build(input), inner: try build(inner), step,
                creator: try creator([step.pattern], refusesNulls: true),
                keys: try compile(properties.compactMap(\.self)), onCreate: PropertyWriter(try compile(step.onCreate)),
                onMatch: PropertyWriter(try compile(step.onMatch)))
        default: preconditionFailure("not an operator that writes")
        }
    }

    private func creator(_ patterns: [CreatedPattern], refusesNulls: Bool) throws(CypherError) -> CreateWriter {
        var made: [CreateWriter.Pattern] = []
        for pattern in patterns {
            var nodes: [CompiledExpression?] = []
            for node in pattern.nodes { nodes.append(try optional(node.properties)) }
            var relationships: [CompiledExpression?] = []
            for relationship in pattern.relationships { relationships.append(try optional(relationship.properties)) }
            made.append(.init(pattern: pattern, nodeProperties: nodes, relationshipProperties: relationships))
        }
        return CreateWriter(made, refusesNulls: refusesNulls)
    }

    private func compile(_ items: [SetItem]) throws(CypherError) -> [PropertyWriter.Item] {
        var compiled: [PropertyWriter.Item] = []
        for item in items {
            switch item {
            case .property(let subject, let key, let value):
                compiled.append(
                    .property(
                        subject: try compiler.compile(subject), key: key, value: try compiler.compile(value), subject.span))
            case .dynamicProperty(let subject, let key, let value):
                compiled.append(
                    .dynamicProperty(
                        subject: try compiler.compile(subject), key: try compiler.compile(key),
                        value: try compiler.compile(value), subject.span))
            case .replace(let variable, let value, let span):
                compiled.append(
                    .replace(subject: try compile(variable, span), value: try compiler.compile(value), span))
            case .merge(let variable, let value, let span):
                compiled.append(.merge(subject: try compile(variable, span), value: try compiler.compile(value), span))
            case .labels(let variable, let labels, let span):
                compiled.append(.addLabels(subject: try compile(variable, span), labels, span))
            }
        }
        return compiled
    }

    private func compile(_ items: [RemoveItem]) throws(CypherError) -> [PropertyWriter.Item] {
        var compiled: [PropertyWriter.Item] = []
        for item in items {
            switch item {
            case .property(let subject, let key):
                compiled.append(.removeProperty(subject: try compiler.compile(subject), key: key, subject.span))
            case .labels(let variable, let labels, let span):
                compiled.append(.removeLabels(subject: try compile(variable, span), labels, span))
            }
        }
        return compiled
    }

    // MARK: Expressions

    private func compile(_ variable: Variable, _ span: Span) throws(CypherError) -> CompiledExpression {
        try compiler.compile(Expression(.variable(variable), span))
    }

    private func compile(_ expressions: [Expression]) throws(CypherError) -> [CompiledExpression] {
        var compiled: [CompiledExpression] = []
        for expression in expressions { compiled.append(try compiler.compile(expression)) }
        return compiled
    }

    private func compile(
        _ columns: [SlotExpression]
    ) throws(CypherError) -> [(slot: Int, expression: CompiledExpression)] {
        var compiled: [(slot: Int, expression: CompiledExpression)] = []
        for column in columns { compiled.append((column.slot, try compiler.compile(column.expression))) }
        return compiled
    }

    private func optional(_ expression: Expression?) throws(CypherError) -> CompiledExpression? {
        guard let expression else { return nil }
        return try compiler.compile(expression)
    }
}
