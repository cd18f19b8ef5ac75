/// Holds what clients saw, and what the audit trail says, against what a linearizable system that applies each write exactly
/// once can have done. Pure.
package struct HistoryVerifier {
    package typealias Register = RecordedHistory.Register

    /// Most steps of the search for one register.
    package static let stepsMax = 5_000_000

    private let describe: (Register) -> String
    private let writes: [Register: [RecordedHistory.Write]]
    private let reads: [Register: [RecordedHistory.Read]]
    private let trails: [Register: [TrailEntry]]
    private let stepsMax: Int
    private var verdict = Verdict()

    /// - Parameters:
    ///   - trails: the changes of each register that was written to, oldest first, read after all else had ended.
    ///   - describe: names a register to a person.
    package init(
        history: RecordedHistory, trails: [Register: [TrailEntry]], stepsMax: Int = stepsMax,
        describe: @escaping (Register) -> String
    ) {
        self.describe = describe
        self.trails = trails
        self.stepsMax = stepsMax
        writes = Dictionary(grouping: history.writes, by: \.register)
        reads = Dictionary(grouping: history.reads, by: \.register)
    }

    package mutating func verify() -> Verdict {
        verdict = Verdict()
        let registers = Set(writes.keys).union(reads.keys).sorted()
        verdict.registers = registers.count
        for register in registers { verify(register) }
        return verdict
    }

    private mutating func verify(_ register: Register) {
        let writes = writes[register] ?? []
        let reads = reads[register] ?? []
        count(writes, reads)
        let applied = checkTrail(of: register, writes)
        checkValues(of: register, reads, writes, applied)
        checkOrder(of: register, reads, writes)
    }

    private mutating func count(_ writes: [RecordedHistory.Write], _ reads: [RecordedHistory.Read]) {
        verdict.reads += reads.count
        for write in writes {
            switch write.fate {
            case .acknowledged: verdict.acknowledged += 1
            case .unknown: verdict.unknown += 1
            case .refused: verdict.refused += 1
            }
        }
    }

    // MARK: Exactly once

    /// Each acknowledged write once, each unknown one at most once, each refused one never. Returns how often each occurs.
    private mutating func checkTrail(of register: Register, _ writes: [RecordedHistory.Write]) -> [UInt64: Int] {
        var times: [UInt64: Int] = [:]
        var before = SeenValue.absent
        for (position, entry) in (trails[register] ?? []).enumerated() {
            if case .written(let number) = entry.after { times[number, default: 0] += 1 }
            if entry.before != before {
                note(
                    .brokenTrail, register,
                    [
                        "change \(position + 1) of its audit trail set \(entry.after.words) in place of "
                            + "\(entry.before.words), but the change before it had left \(before.words)"
                    ])
            }
            before = entry.after
        }
        for write in writes {
            let count = times[write.number] ?? 0
            if write.fate == .unknown, count > 0 { verdict.unknownApplied += 1 }
            switch (write.fate, count) {
            case (.acknowledged, 0):
                note(.lost, register, ["\(write.words) is not in the audit trail"])
            case (.acknowledged, 2...), (.unknown, 2...):
                note(.appliedTwice, register, ["\(write.words) is \(count) times in the audit trail"])
            case (.refused, 1...):
                note(.refusedButApplied, register, ["\(write.words) is in the audit trail"])
            case (.acknowledged, _), (.unknown, _), (.refused, _): break
            }
        }
        return times
    }

    // MARK: Values out of nowhere

    private mutating func checkValues(
        of register: Register, _ reads: [RecordedHistory.Read], _ writes: [RecordedHistory.Write], _ applied: [UInt64: Int]
    ) {
        let known = Set(writes.map(\.number))
        var values: [(SeenValue, String)] = (trails[register] ?? []).map { ($0.after, "its audit trail holds") }
        values += reads.map { ($0.value, "a read at \(RunTime.words($0.call)) saw") }
        var noted: Set<SeenValue> = []
        for (value, place) in values {
            switch value {
            case .absent: continue
            case .written(let number) where known.contains(number):
                guard applied[number] == nil, noted.insert(value).inserted else { continue }
                note(.readWithoutTrail, register, ["\(place) \(value.words), which is not in the audit trail"])
            case .written, .foreign:
                guard noted.insert(value).inserted else { continue }
                note(.foreignValue, register, ["\(place) \(value.words), which was never written to it"])
            }
        }
    }

    // MARK: Linearizability

    private mutating func checkOrder(
        of register: Register, _ reads: [RecordedHistory.Read], _ writes: [RecordedHistory.Write]
    ) {
        switch RegisterOrder(writes: writes, reads: reads).check(stepsMax: stepsMax) {
        case .linearizable: break
        case .undecided: verdict.undecided.append(describe(register))
        case .violated(let story): note(.notLinearizable, register, story)
        }
    }

    // MARK: Private helpers

    private mutating func note(_ kind: Violation.Kind, _ register: Register, _ story: [String]) {
        verdict.violations.append(Violation(kind: kind, subject: describe(register), story: story))
    }
}

extension SeenValue {
    var words: String {
        switch self {
        case .absent: "nothing"
        case .written(let number): "the value of write \(number)"
        case .foreign(let text): "\"\(text)\""
        }
    }
}

extension RecordedHistory.Write {
    fileprivate var words: String {
        switch fate {
        case .acknowledged: "write \(number), acknowledged at \(RunTime.words(completion ?? call)),"
        case .unknown: "write \(number), sent at \(RunTime.words(call)) and never answered,"
        case .refused: "write \(number), refused after \(RunTime.words(call)),"
        }
    }
}
