import Linearizability
import Simulation
import Testing

@Suite("The linearizability checker")
struct LinearizabilityTests {
    typealias History = [HistoryOperation<RegisterModel.Operation>]

    static func operation(
        _ call: Microseconds, _ completion: Microseconds?, _ command: RegisterCommand, _ answer: RegisterAnswer? = nil
    ) -> HistoryOperation<RegisterModel.Operation> {
        HistoryOperation(call: call, completion: completion, operation: RegisterModel.Operation(command, answer))
    }

    static func verdict(_ history: History) -> LinearizabilityChecker.Verdict {
        LinearizabilityChecker.check(history, as: RegisterModel.self)
    }

    static func isViolation(_ history: History) -> Bool {
        if case .violated = verdict(history) { return true }
        return false
    }

    @Test("A history without operations is linearizable")
    func empty() { #expect(Self.verdict([]) == .linearizable) }

    @Test("A read beside a write may see the old value or the new one")
    func concurrentRead() {
        for seen in [0, 1] as [UInt64] {
            #expect(
                Self.verdict([
                    Self.operation(0, 10, .write(1), .written), Self.operation(5, 7, .read, .value(seen)),
                ]) == .linearizable)
        }
    }

    @Test("A read after a write's answer must see it")
    func staleRead() {
        let history: History = [
            Self.operation(0, 10, .write(1), .written), Self.operation(11, 12, .read, .value(0)),
        ]
        #expect(Self.verdict(history) == .violated(longest: [0], blocked: [1]))
    }

    @Test("A return and a call of one instant count as concurrent")
    func sameInstant() {
        #expect(
            Self.verdict([
                Self.operation(0, 10, .write(1), .written), Self.operation(10, 12, .read, .value(0)),
            ]) == .linearizable)
    }

    @Test("Once a read has seen the new value, no later one sees the old value again")
    func readsDoNotGoBack() {
        #expect(
            Self.isViolation([
                Self.operation(0, 100, .write(1), .written),
                Self.operation(10, 20, .read, .value(1)),
                Self.operation(30, 40, .read, .value(0)),
            ]))
    }

    @Test("A write without an answer may take effect late, early or never")
    func openWrite() {
        #expect(
            Self.verdict([
                Self.operation(0, nil, .write(1)),
                Self.operation(10, 20, .read, .value(0)),
                Self.operation(30, 40, .read, .value(1)),
            ]) == .linearizable)
        #expect(
            Self.verdict([Self.operation(0, nil, .write(1)), Self.operation(10, 20, .read, .value(0))]) == .linearizable)
        #expect(
            Self.isViolation([
                Self.operation(0, nil, .write(1)),
                Self.operation(10, 20, .read, .value(1)),
                Self.operation(30, 40, .read, .value(0)),
            ]))
    }

    @Test("A compare-and-set succeeds for one of two that expect the same value")
    func compareAndSet() {
        func history(_ first: Bool, _ second: Bool) -> History {
            [
                Self.operation(0, 10, .compareAndSet(expected: 0, new: 1), .swapped(first)),
                Self.operation(0, 10, .compareAndSet(expected: 0, new: 2), .swapped(second)),
            ]
        }
        #expect(Self.verdict(history(true, false)) == .linearizable)
        #expect(Self.verdict(history(false, true)) == .linearizable)
        #expect(Self.isViolation(history(true, true)))
        #expect(Self.isViolation(history(false, false)))
    }

    @Test("An append that was applied twice shows")
    func doubledAppend() {
        let once = RegisterModel.fold(0, 7)
        let twice = RegisterModel.fold(once, 7)
        #expect(
            Self.verdict([
                Self.operation(0, 10, .append(7), .value(once)), Self.operation(20, 30, .read, .value(once)),
            ]) == .linearizable)
        #expect(
            Self.isViolation([
                Self.operation(0, 10, .append(7), .value(once)), Self.operation(20, 30, .read, .value(twice)),
            ]))
    }

    @Test("Histories drawn from a real order are linearizable, and no longer once an answer is falsified")
    func drawnHistories() {
        for seed in 0..<100 as Range<UInt64> {
            var random = RandomStream(seed: seed)
            let history = Self.drawn(operations: 60, clients: 5, from: &random)
            let verdict = Self.verdict(history)
            #expect(verdict == .linearizable, "seed \(seed)")
            guard let position = history.lastIndex(where: { $0.completion != nil && $0.operation.command == .read }) else {
                continue
            }
            var falsified = history
            let read = history[position]
            falsified[position] = Self.operation(read.call, read.completion, .read, .value(0xDEAD))
            // Where many operations are open, the search may end undecided; it never finds an order.
            let falseVerdict = LinearizabilityChecker.check(falsified, as: RegisterModel.self, stepsMax: 20_000)
            #expect(falseVerdict != .linearizable, "seed \(seed): a value that nobody wrote")
        }
    }

    @Test("Agrees with a search through every order")
    func againstBruteForce() {
        var verdicts = (yes: 0, no: 0)
        for seed in 0..<3_000 as Range<UInt64> {
            var random = RandomStream(seed: 0xB0 &+ seed)
            var history = Self.drawn(operations: 6, clients: 3, from: &random)
            // Half of them with an answer that may be wrong.
            if seed % 2 == 0, let position = history.lastIndex(where: { $0.completion != nil }) {
                let old = history[position]
                history[position] = Self.operation(old.call, old.completion, .read, .value(UInt64(random.below(4))))
            }
            let expected = Self.someOrderFits(history, state: RegisterModel.initial)
            let found = Self.verdict(history) == .linearizable
            #expect(found == expected, "seed \(seed)")
            if expected { verdicts.yes += 1 } else { verdicts.no += 1 }
        }
        #expect(verdicts.yes > 300 && verdicts.no > 300, "both kinds were tried: \(verdicts)")
    }

    @Test("A search that grows too long says that it is undecided")
    func boundedWork() {
        var history: History = (0..<30).map { Self.operation(0, nil, .append(UInt64($0) + 1)) }
        history.append(Self.operation(1, 2, .read, .value(0xDEAD)))
        #expect(LinearizabilityChecker.check(history, as: RegisterModel.self, stepsMax: 10_000) == .undecided)
    }

    // MARK: Helpers

    /// A history in which each operation takes effect at a moment between its call and its return.
    static func drawn(operations: Int, clients: Int, from random: inout RandomStream) -> History {
        struct Drawn {
            var call: Microseconds
            var effect: Microseconds
            var completion: Microseconds?
            var command: RegisterCommand
            var answer: RegisterAnswer?
        }
        var free = Array(repeating: Microseconds(0), count: clients)
        var drawn: [Drawn] = []
        for number in 0..<operations {
            let client = random.below(clients)
            let call = free[client] + random.duration(in: 1...20)
            let effect = call + random.duration(in: 1...30)
            let completion = effect + random.duration(in: 1...30)
            let isOpen = random.chance(percent: 10)
            free[client] = completion
            let command: RegisterCommand =
                switch random.below(4) {
                case 0: .write(UInt64(number + 1))
                case 1: .compareAndSet(expected: UInt64(random.below(number + 1)), new: UInt64(number + 1))
                case 2: .append(UInt64(number + 1))
                default: .read
                }
            drawn.append(Drawn(call: call, effect: effect, completion: isOpen ? nil : completion, command: command))
        }
        var value = RegisterModel.initial
        for position in drawn.indices.sorted(by: { (drawn[$0].effect, $0) < (drawn[$1].effect, $1) }) {
            // An operation that was never answered may have had no effect.
            if drawn[position].completion == nil, random.chance(percent: 50) { continue }
            let (after, answer) = RegisterModel.apply(drawn[position].command, to: value)
            value = after
            if drawn[position].completion != nil { drawn[position].answer = answer }
        }
        return drawn.map { operation($0.call, $0.completion, $0.command, $0.answer) }
    }

    /// The definition itself, without any cleverness: some order of the operations fits.
    static func someOrderFits(_ history: History, state: UInt64) -> Bool {
        if history.allSatisfy({ $0.completion == nil }) { return true }
        let firstReturn = history.compactMap(\.completion).min() ?? .max
        for (position, operation) in history.enumerated() where operation.call <= firstReturn {
            guard let after = RegisterModel.step(state, operation.operation) else { continue }
            var rest = history
            rest.remove(at: position)
            if someOrderFits(rest, state: after) { return true }
        }
        return false
    }
}
