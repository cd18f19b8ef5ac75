/// All writes and linearizable reads of a run, as their client saw them.
package struct RecordedHistory: Sendable {
    package typealias Register = LoadInventory.Register

    package enum Fate: Equatable, Sendable {
        case acknowledged
        /// Nobody knows: it may have taken effect, may still, or never will.
        case unknown
        /// It was answered that it was not carried out.
        case refused
    }

    package struct Write: Equatable, Sendable {
        package let number: UInt64
        package let register: Register
        package let call: Microseconds
        /// When it was acknowledged; nil for any other fate.
        package let completion: Microseconds?
        package let fate: Fate

        package init(number: UInt64, register: Register, call: Microseconds, completion: Microseconds, fate: Fate) {
            self.number = number
            self.register = register
            self.call = call
            self.completion = fate == .acknowledged ? completion : nil
            self.fate = fate
        }
    }

    package struct Read: Equatable, Sendable {
        package let register: Register
        package let call: Microseconds
        package let completion: Microseconds
        package let value: SeenValue

        package init(register: Register, call: Microseconds, completion: Microseconds, value: SeenValue) {
            self.register = register
            self.call = call
            self.completion = completion
            self.value = value
        }
    }

    package private(set) var writes: [Write] = []
    package private(set) var reads: [Read] = []

    package init() {}

    package mutating func append(_ write: Write) { writes.append(write) }
    package mutating func append(_ read: Read) { reads.append(read) }

    /// Registers that something was written to, in order.
    package var writtenRegisters: [Register] { Set(writes.map(\.register)).sorted() }
}

/// One change of a register as the audit trail tells it.
package struct TrailEntry: Equatable, Sendable {
    package let before: SeenValue
    package let after: SeenValue

    package init(before: SeenValue, after: SeenValue) {
        self.before = before
        self.after = after
    }
}
