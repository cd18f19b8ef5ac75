/// What a client can ask of one key.
package enum RegisterCommand: Hashable, Sendable {
    case read
    case write(UInt64)
    /// Writes `new` where the value is `expected`.
    case compareAndSet(expected: UInt64, new: UInt64)
    /// Folds `element` into the value: order and number of the elements show in it.
    case append(UInt64)
}

/// What a command answers.
package enum RegisterAnswer: Hashable, Sendable {
    case value(UInt64)
    case written
    case swapped(Bool)
}

/// A register for each key, as a sequential program: the model that histories are held against, and what replicas run.
package enum RegisterModel: SequentialModel {
    package struct Operation: Hashable, Sendable {
        package let command: RegisterCommand
        /// What the client saw; nil when it never got an answer.
        package let answer: RegisterAnswer?

        package init(_ command: RegisterCommand, _ answer: RegisterAnswer?) {
            self.command = command
            self.answer = answer
        }
    }

    /// A key that was never written holds 0.
    package static let initial: UInt64 = 0

    package static func step(_ state: UInt64, _ operation: Operation) -> UInt64? {
        let (after, answer) = apply(operation.command, to: state)
        if let seen = operation.answer, seen != answer { return nil }
        return after
    }

    package static func apply(_ command: RegisterCommand, to value: UInt64) -> (value: UInt64, answer: RegisterAnswer) {
        switch command {
        case .read: return (value, .value(value))
        case .write(let new): return (new, .written)
        case .compareAndSet(let expected, let new):
            return value == expected ? (new, .swapped(true)) : (value, .swapped(false))
        case .append(let element):
            let folded = fold(value, element)
            return (folded, .value(folded))
        }
    }

    package static func fold(_ value: UInt64, _ element: UInt64) -> UInt64 {
        var mixed = (value ^ (element &* 0x9E37_79B9_7F4A_7C15)) &* 0xBF58_476D_1CE4_E5B9
        mixed ^= mixed >> 29
        return mixed &+ 1
    }
}
