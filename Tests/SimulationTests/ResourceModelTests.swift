import Linearizability
import Shard
import Testing

@testable import Simulation

@Suite("A resource as a sequential program")
struct ResourceModelTests {
    typealias Operation = ResourceModel.Operation

    /// One operation after the other; nil from the first on that cannot have seen what it saw.
    static func run(_ operations: [Operation]) -> ResourceView? {
        operations.reduce(ResourceModel.initial) { state, operation in
            state.flatMap { ResourceModel.step($0, operation) }
        }
    }

    static func done(_ command: ResourceCommand, _ outcome: Outcome, at index: UInt64) -> Operation {
        Operation(command, .outcome(outcome, index: index), effect: outcome.changedSomething ? index : nil)
    }

    static let created = done(.put(name: 7, .absent), .created, at: 3)

    @Test("A resource is created, tagged, judged anew, changed under its index and deleted")
    func life() throws {
        let operations = [
            Self.created, Self.done(.applyTag(1, value: 5), .created, at: 4),
            Self.done(.applyTag(1, value: 5), .unchanged, at: 4), Self.done(.sweep, .updated, at: 6),
            Self.done(.setTag(1, value: 6, .unchangedSince(4)), .preconditionFailed(current: 6), at: 6),
            Self.done(.setTag(1, value: 6, .unchangedSince(6)), .updated, at: 7),
        ]
        let state = try #require(Self.run(operations))
        #expect(state.changedIndex == 7 && state.name == 7 && state.tags == [0, 6])
        let gone = Self.run(operations + [Self.done(.delete(.exists), .deleted, at: 9)])
        #expect(gone == ResourceModel.initial)
    }

    @Test("Another outcome, another index, and an entry out of its order fit no state")
    func unfit() {
        #expect(Self.run([Self.done(.put(name: 7, .exists), .created, at: 3)]) == nil)
        #expect(Self.run([Self.created, Self.done(.applyTag(0, value: 1), .created, at: 2)]) == nil)
        #expect(Self.run([Operation(.put(name: 7, .none), .outcome(.created, index: 3), effect: 4)]) == nil)
        #expect(Self.run([Self.created, Operation(.read, .record(ResourceView()), effect: nil)]) == nil)
    }

    @Test("What was never answered may have changed what its entry says, and nothing where it has none")
    func open() throws {
        let state = try #require(Self.run([Self.created, Operation(.put(name: 8, .none), nil, effect: 5)]))
        #expect(state.name == 8 && state.changedIndex == 5)
        #expect(Self.run([Self.created, Operation(.put(name: 8, .none), nil, effect: nil)]) == nil)
    }
}
