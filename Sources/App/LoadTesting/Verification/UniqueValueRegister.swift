import Linearizability

/// A register that no value is written to twice, so that a value which was replaced never comes back.
///
/// Each write says how many reads of the history saw its value: the next write can only come when all of them have. This
/// rules nothing out that a plain register allows, and makes the search give up hopeless orders at once.
enum UniqueValueRegister: SequentialModel {
    struct State: Hashable {
        let value: UInt64
        let readsLeft: Int
    }

    enum Operation: Equatable {
        case write(UInt64, reads: Int)
        case read(UInt64)
    }

    /// Before any value; the first operation of every history writes what the register begins with.
    static let initial = State(value: .max, readsLeft: 0)

    static func step(_ state: State, _ operation: Operation) -> State? {
        switch operation {
        case .write(let value, let reads):
            state.readsLeft == 0 ? State(value: value, readsLeft: reads) : nil
        case .read(let value):
            state.value == value && state.readsLeft > 0 ? State(value: value, readsLeft: state.readsLeft - 1) : nil
        }
    }
}
