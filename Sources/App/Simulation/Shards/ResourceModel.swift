import Linearizability
import Shard

/// A resource as a sequential program: the model that histories of resources are held against.
package enum ResourceModel: SequentialModel {
    package struct Operation: Hashable, Sendable {
        package let command: ResourceCommand
        /// What the client saw; nil when it never got an answer.
        package let answer: ResourceAnswer?
        /// Where its entry stands, as whoever applied it says; nil where there is none.
        package let effect: UInt64?

        package init(_ command: ResourceCommand, _ answer: ResourceAnswer?, effect: UInt64?) {
            self.command = command
            self.answer = answer
            self.effect = effect
        }
    }

    package static let initial = ResourceView()

    package static func step(_ state: ResourceView, _ operation: Operation) -> ResourceView? {
        if operation.command == .read {
            if case .record(let seen)? = operation.answer, seen != state { return nil }
            return state
        }
        var after = state
        let outcome = apply(operation.command, to: &after)
        if case .outcome(let seen, let index)? = operation.answer {
            guard seen == outcome else { return nil }
            if outcome.changedSomething, index != operation.effect { return nil }
        }
        guard outcome.changedSomething else { return after }
        // What changes a row is an entry, and entries stand one behind the other.
        guard let effect = operation.effect, effect > state.changedIndex else { return nil }
        if after.exists { after.changedIndex = effect }
        return after
    }

    /// Changes the state but for its index, which stays what it was, or anything above 0 where there was none.
    private static func apply(_ command: ResourceCommand, to state: inout ResourceView) -> Outcome {
        switch command {
        case .read: return .unchanged
        case .put(let name, let precondition):
            if let refusal = refusal(precondition, state) { return refusal }
            guard state.exists else {
                state.changedIndex = .max
                state.name = name
                return .created
            }
            if state.name == name { return .unchanged }
            state.name = name
            return .updated
        case .delete(let precondition):
            if let refusal = refusal(precondition, state) { return refusal }
            guard state.exists else { return .notFound }
            state = initial
            return .deleted
        case .applyTag(let tag, let value):
            guard state.exists else { return .notFound }
            let old = state.tags[tag]
            state.tags[tag] = value
            return old == value ? .unchanged : old == 0 ? .created : .updated
        case .setTag(let tag, let value, let precondition):
            guard state.exists, state.tags[tag] != 0 else { return .notFound }
            if let refusal = refusal(precondition, state) { return refusal }
            if state.tags[tag] == value { return .unchanged }
            state.tags[tag] = value
            return .updated
        case .deleteTag(let tag, let precondition):
            guard state.exists, state.tags[tag] != 0 else { return .notFound }
            if let refusal = refusal(precondition, state) { return refusal }
            state.tags[tag] = 0
            return .deleted
        case .sweep: return state.exists ? .updated : .notFound
        }
    }

    private static func refusal(_ precondition: Precondition, _ state: ResourceView) -> Outcome? {
        let current = state.exists ? state.changedIndex : nil
        switch precondition {
        case .none: return nil
        case .unchangedSince(let index): return current == index ? nil : .preconditionFailed(current: current)
        case .exists: return state.exists ? nil : .preconditionFailed(current: nil)
        case .absent: return state.exists ? .preconditionFailed(current: current) : nil
        }
    }
}
