/// What an object does when its operations come one after the other.
package protocol SequentialModel {
    associatedtype State: Hashable
    associatedtype Operation

    static var initial: State { get }

    /// The state after `operation`, which carries what its caller saw; nil when it cannot have seen that in `state`.
    /// An operation without a known result fits every state.
    static func step(_ state: State, _ operation: Operation) -> State?
}

/// One operation of a history. Times are of any one clock and unit.
package struct HistoryOperation<Operation> {
    /// When the caller asked.
    package let call: Int64
    /// When the caller got its answer; nil when it never did: the operation may take effect at any time, or never.
    package let completion: Int64?
    package let operation: Operation

    package init(call: Int64, completion: Int64?, operation: Operation) {
        self.call = call
        self.completion = completion
        self.operation = operation
    }
}
