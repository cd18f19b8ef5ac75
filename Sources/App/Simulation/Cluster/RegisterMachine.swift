package import Linearizability

/// Registers by key, and the answers of all operations by their idempotency key: what a simulated replica applies entries to.
package struct RegisterMachine: Sendable {
    /// Index of the last entry applied.
    package private(set) var appliedIndex: UInt64 = 0
    /// The next entry takes effect twice: a planted bug.
    var repeatsNext = false
    private var registers: [UInt64: UInt64] = [:]
    private var answers: [OperationID: RegisterAnswer] = [:]
    /// The sum of what each register and each answer adds: independent of order, cheap to keep.
    private var contentHash: UInt64 = 0

    package struct Applied: Equatable, Sendable {
        package let id: OperationID
        package let answer: RegisterAnswer
        /// The operation had been applied before; this entry changed nothing.
        package let isRepeated: Bool
    }

    package init() {}

    // MARK: Events

    /// Applies the next entry. Nil: the entry carries no command.
    ///
    /// `ignoringKeys`: whether or not it was applied before: a planted bug.
    package mutating func apply(_ payload: [UInt8], at index: UInt64, ignoringKeys: Bool = false) -> Applied? {
        appliedIndex = index
        guard let request = RegisterEntry(encoded: payload) else { return nil }
        if !ignoringKeys, let answer = answers[request.id] {
            return Applied(id: request.id, answer: answer, isRepeated: true)
        }
        if repeatsNext {
            repeatsNext = false
            set(request.key, to: RegisterModel.apply(request.command, to: value(of: request.key)).value)
        }
        let (new, answer) = RegisterModel.apply(request.command, to: value(of: request.key))
        set(request.key, to: new)
        remember(request.id, answer)
        return Applied(id: request.id, answer: answer, isRepeated: false)
    }

    // MARK: Queries

    package func value(of key: UInt64) -> UInt64 { registers[key] ?? RegisterModel.initial }

    /// Equal for equal states, whatever way led to them.
    package var stateHash: UInt64 { RegisterModel.fold(contentHash, appliedIndex) }

    // MARK: Snapshots

    /// The whole state. `withAnswers` false leaves the idempotency table out: a planted bug.
    package func snapshot(withAnswers: Bool = true) -> [UInt8] {
        var writer = WordWriter(capacity: 24 + registers.count * 16 + answers.count * 17)
        writer.word(appliedIndex)
        writer.word(UInt64(registers.count))
        for key in registers.keys.sorted() {
            writer.word(key)
            writer.word(value(of: key))
        }
        guard withAnswers else { return writer.bytes }
        for id in answers.keys.sorted(by: { $0.number < $1.number }) {
            writer.word(id.number)
            switch answers[id] {
            case .value(let value):
                writer.byte(0)
                writer.word(value)
            case .written: writer.byte(1)
            case .swapped(let didSwap): writer.byte(didSwap ? 3 : 2)
            case nil: preconditionFailure("the key came from the table")
            }
        }
        return writer.bytes
    }

    /// Nil when the bytes are no snapshot.
    package init?(snapshot bytes: [UInt8]) {
        var reader = WordReader(bytes)
        guard let index = reader.word(), let count = reader.word(), count <= UInt64(bytes.count) else { return nil }
        appliedIndex = index
        for _ in 0..<count {
            guard let key = reader.word(), let value = reader.word() else { return nil }
            set(key, to: value)
        }
        while !reader.isAtEnd {
            guard let id = reader.word(), let kind = reader.byte() else { return nil }
            switch kind {
            case 0:
                guard let value = reader.word() else { return nil }
                remember(OperationID(number: id), .value(value))
            case 1: remember(OperationID(number: id), .written)
            case 2, 3: remember(OperationID(number: id), .swapped(kind == 3))
            default: return nil
            }
        }
    }

    // MARK: Private

    private mutating func set(_ key: UInt64, to value: UInt64) {
        if let old = registers.updateValue(value, forKey: key) { contentHash &-= Self.share(key, old) }
        contentHash &+= Self.share(key, value)
    }

    private mutating func remember(_ id: OperationID, _ answer: RegisterAnswer) {
        if let old = answers.updateValue(answer, forKey: id) { contentHash &-= Self.share(~id.number, Self.content(old)) }
        contentHash &+= Self.share(~id.number, Self.content(answer))
    }

    private static func content(_ answer: RegisterAnswer) -> UInt64 {
        switch answer {
        case .value(let value): value
        case .written: 1
        case .swapped(let didSwap): didSwap ? 3 : 2
        }
    }

    private static func share(_ key: UInt64, _ value: UInt64) -> UInt64 {
        RegisterModel.fold(RegisterModel.fold(17, key), value)
    }
}
