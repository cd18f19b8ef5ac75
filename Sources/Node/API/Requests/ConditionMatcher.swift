import Conditions
import Model

/// A condition that is asked of many resources, off the event loops.
struct ConditionMatcher: Sendable {
    private let condition: CompiledCondition

    init(_ condition: Condition) { self.condition = CompiledCondition(condition) }

    /// The records for which it holds, in their order.
    func matches(among records: [ResourceRecord]) async -> [ResourceRecord] {
        await Task(executorPreference: globalConcurrentExecutor) {
            let context = EvaluationContext()
            return records.filter { condition.holds(for: $0, in: context) }
        }.value
    }
}
