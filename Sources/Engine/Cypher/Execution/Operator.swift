import CypherSyntax
import CypherValues
import PropertyGraph

/// What an operator has to say when it is asked for its next rows.
enum OperatorStep {
    case rows(RowBatch)
    /// The graph is asked; the answer is in the context when the operator is called again.
    case ask(GraphRequest)
    /// The slice is used up.
    case paused
    case finished
}

/// One operator of a plan under way: a state machine that is asked for batches of rows.
class Operator {
    let context: ExecutionContext
    /// What PROFILE shows.
    let description: OperatorDescription
    private(set) var rowsMade = 0
    private(set) var requestsMade = 0

    init(_ context: ExecutionContext, _ description: OperatorDescription) {
        self.context = context
        self.description = description
    }

    /// Its inputs, from left to right.
    var inputs: [Operator] { [] }

    /// The next rows, in the order of the input's.
    final func next() throws(CypherError) -> OperatorStep {
        let step = try advance()
        if case .rows(let batch) = step {
            rowsMade += batch.count
            try context.made(batch.count)
        }
        return step
    }

    func advance() throws(CypherError) -> OperatorStep {
        preconditionFailure("the operator \(Self.self) makes no rows")
    }

    /// Back to the beginning, for the next rows that an apply hands in.
    func reset() { for input in inputs { input.reset() } }

    /// A request on its way.
    final func ask(_ request: GraphRequest) -> OperatorStep {
        requestsMade += 1
        context.noteRequest()
        return .ask(request)
    }

    /// The answer to the request that this operator gave out last.
    final func takeAnswer() -> GraphResponse {
        guard let answer = context.answer else { preconditionFailure("an operator goes on without the graph's answer") }
        context.answer = nil
        return answer
    }
}

/// An operator's name and details, for EXPLAIN and PROFILE.
struct OperatorDescription {
    var name: String
    var details: String = ""
}
