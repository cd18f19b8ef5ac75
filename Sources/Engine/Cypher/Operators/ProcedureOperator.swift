import CypherSyntax
import CypherValues
import PropertyGraph

/// Every row with every row of a procedure's call; of a procedure without columns, every row as it is.
final class ProcedureOperator: SingleInputOperator {
    private let step: ProcedureStep
    private let signature: ProcedureSignature
    private let arguments: [CompiledExpression]
    private var batch: RowBatch?

    init(
        _ context: ExecutionContext, _ description: OperatorDescription, _ input: Operator, _ step: ProcedureStep,
        _ signature: ProcedureSignature, _ arguments: [CompiledExpression]
    ) {
        self.step = step
        self.signature = signature
        self.arguments = arguments
        super.init(context, description, input)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        while true {
            if let batch {
                guard case .schema(let schema) = takeAnswer() else {
                    preconditionFailure("a schema is answered by a schema")
                }
                self.batch = nil
                let made = try call(batch, schema)
                if made.count > 0 { return .rows(made) }
            }
            let step = try input.next()
            guard case .rows(let rows) = step else { return step }
            batch = rows
            return ask(.schema)
        }
    }

    private func call(_ batch: RowBatch, _ schema: GraphSchema) throws(CypherError) -> RowBatch {
        let frame = context.frame(batch)
        var positions: [Int] = []
        var results: [[CypherValue]] = []
        for row in 0..<batch.count {
            frame.row = row
            var values: [CypherValue] = []
            for argument in arguments { values.append(try argument.evaluate(frame)) }
            let rows = try context.procedures.call(signature.name, values, schema: schema)
            guard step.givesColumns else { continue }
            results += rows
            positions += repeatElement(row, count: rows.count)
        }
        guard step.givesColumns else { return batch }
        var made = batch.rows(at: positions)
        for yield in step.yields {
            guard let index = signature.results.firstIndex(where: { $0.name == yield.column }) else { continue }
            made.columns[yield.slot] = results.map { $0[index] }
        }
        return made
    }

    override func reset() {
        super.reset()
        batch = nil
    }
}

/// `CREATE INDEX` and `DROP INDEX`.
final class SchemaOperator: Operator {
    private let command: SchemaCommand

    private enum State {
        case begin
        case schemaAsked
        case changeAsked
        case done
    }

    private var state = State.begin

    init(_ context: ExecutionContext, _ description: OperatorDescription, _ command: SchemaCommand) {
        self.command = command
        super.init(context, description)
    }

    override func advance() throws(CypherError) -> OperatorStep {
        switch state {
        case .begin:
            state = .schemaAsked
            return ask(.schema)
        case .schemaAsked:
            guard case .schema(let schema) = takeAnswer() else { preconditionFailure("a schema is answered by a schema") }
            guard let mutation = try mutation(schema) else {
                state = .done
                return .finished
            }
            state = .changeAsked
            return ask(.mutate([mutation]))
        case .changeAsked:
            guard case .mutate(let outcome) = takeAnswer() else {
                preconditionFailure("a mutation is answered by its outcome")
            }
            context.counts += outcome.counts
            state = .done
            return .finished
        case .done: return .finished
        }
    }

    private func mutation(_ schema: GraphSchema) throws(CypherError) -> GraphMutation? {
        switch command {
        case .createIndex(let name, let label, let keys, let ifAbsent):
            guard let key = keys.first, keys.count == 1 else {
                throw CypherError(
                    .argumentError, .runtime, .invalidArgumentValue, "An index is on one property of one label")
            }
            let existing = schema.indexes.map(\.definition)
            let name = name ?? "index_\(label)_\(key)"
            let isThere = existing.contains { $0.name == name || $0.label == label && $0.key == key }
            if isThere, ifAbsent { return nil }
            guard !isThere else {
                throw CypherError(
                    .constraintValidationFailed, .runtime, .indexAlreadyExists,
                    "There is an index on :\(label)(\(key)), or one called `\(name)`, already")
            }
            return .createIndex(IndexDefinition(name: name, label: label, key: key))
        case .dropIndex(let name, let ifPresent):
            let isThere = schema.indexes.contains { $0.definition.name == name }
            if !isThere, ifPresent { return nil }
            guard isThere else {
                throw CypherError(
                    .argumentError, .runtime, .indexNotFound, "There is no index called `\(name)`")
            }
            return .dropIndex(name)
        }
    }
}
