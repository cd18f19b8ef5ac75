import Linearizability
import Simulation
import Testing

@Suite("The simulated replicas' state machine")
struct RegisterMachineTests {
    static func machine(operations: Int, seed: UInt64) -> RegisterMachine {
        var random = RandomStream(seed: seed)
        var machine = RegisterMachine()
        for number in 1...operations {
            let command: RegisterCommand =
                switch random.below(3) {
                case 0: .write(UInt64(number))
                case 1: .compareAndSet(expected: UInt64(random.below(number)), new: UInt64(number))
                default: .append(UInt64(number))
                }
            let request = RegisterEntry(
                id: OperationID(client: number % 3, sequence: number), key: UInt64(random.below(4)), command: command)
            _ = machine.apply(request.encoded, at: UInt64(number))
        }
        return machine
    }

    @Test(
        "A request survives its encoding",
        arguments: [
            RegisterCommand.read, .write(7), .compareAndSet(expected: 1, new: .max), .append(3),
        ])
    func encoding(command: RegisterCommand) {
        let request = RegisterEntry(id: OperationID(client: 4, sequence: 99), key: 12, command: command)
        #expect(RegisterEntry(encoded: request.encoded) == request)
        #expect(RegisterEntry(encoded: Array(request.encoded.dropLast())) == nil)
        #expect(RegisterEntry(encoded: []) == nil)
    }

    @Test("An operation that comes again gets its first answer and changes nothing")
    func idempotency() {
        var machine = RegisterMachine()
        let request = RegisterEntry(id: OperationID(client: 0, sequence: 1), key: 1, command: .append(5))
        let first = machine.apply(request.encoded, at: 1)
        let value = machine.value(of: 1)
        let second = machine.apply(request.encoded, at: 2)
        #expect(first?.isRepeated == false && second?.isRepeated == true)
        #expect(first?.answer == second?.answer)
        #expect(machine.value(of: 1) == value)
    }

    @Test("A snapshot brings back the same state, and the hash tells states apart")
    func snapshots() throws {
        let machine = Self.machine(operations: 200, seed: 1)
        let restored = try #require(RegisterMachine(snapshot: machine.snapshot()))
        #expect(restored.stateHash == machine.stateHash && restored.appliedIndex == 200)
        let forgetful = try #require(RegisterMachine(snapshot: machine.snapshot(withAnswers: false)))
        #expect(forgetful.stateHash != machine.stateHash)
        #expect(Self.machine(operations: 199, seed: 1).stateHash != machine.stateHash)
        #expect(RegisterMachine(snapshot: [1, 2, 3]) == nil)
    }
}
