import Consensus
import Linearizability

extension Trace.Line {
    /// For people: when, where, what.
    package func text() -> String {
        let groupText = group >= 0 ? " g\(group)" : ""
        return "\(Self.timeText(time)) \(placeText.padded(to: 4))\(groupText.padded(to: 4)) \(what)"
    }

    package static func timeText(_ time: Microseconds) -> String {
        let micros = String(time % 1_000_000)
        return "\(String(time / 1_000_000).leftPadded(to: 3)).\(String(repeating: "0", count: 6 - micros.count))\(micros)"
    }

    private var placeText: String {
        switch kind {
        case .operationCalled, .operationAnswered, .operationRetried, .operationGivenUp: "c\(place)"
        default: place < 0 ? "*" : "n\(place)"
        }
    }

    var what: String {
        switch kind {
        case .nodeStarted: "starts as \(ReplicaID(a)), its log has \(b) bytes"
        case .nodeCrashed: a == 1 ? "loses power, \(b) sectors were not stored" : "ends"
        case .nodeIsolated:
            "is cut off from the other nodes (\(["hears nobody", "is heard by nobody", "both ways"][Int(a)]))"
        case .nodePaused: "is paused for \(a / 1_000) ms"
        case .nodeResumed: "goes on"
        case .nodeWiped: "is wiped, comes back as \(ReplicaID(a))"
        case .nodeClockDrifts: "has a clock that gains \(Int64(bitPattern: a)) ppm"
        case .linkCut: "is not heard by n\(a)"
        case .linkClogged: "is heard by n\(a) with \(b / 1_000) ms delay"
        case .partitioned: "partition, side by endpoint: \(String(a, radix: 2)) (first node last)"
        case .healed: "links are healed"
        case .diskStalls: "has a disk that stalls for \(a / 1_000) ms"
        case .diskSlows: "has a disk that is slow for \(a / 1_000) ms"
        case .diskFull: "has a full disk"
        case .diskSyncFails: "has a sync that fails"
        case .diskBitsFlipped: "has flipped bits at byte \(a) of its log"
        case .logTorn: "cuts a torn end off its log at byte \(a)"
        case .logDamaged: "finds damage in its log at byte \(a)"
        case .messageArrived: "hears n\(a >> 8): \(message)"
        case .persisted: "has its log on disk up to byte \(a)"
        case .roleChanged:
            "is \(["follower", "pre-candidate", "candidate", "LEADER"][Int(a)]) in term \(b)\(c == 0 ? "" : ", leader \(ReplicaID(c))")"
        case .applied: "applies \(a) of term \(b)\(c == 0 ? "" : ": \(OperationID(number: c))")"
        case .snapshotTaken: "has a snapshot at \(a)"
        case .snapshotArrived: "gets a snapshot at \(b) of term \(c) from n\(a)"
        case .snapshotInstalled: "goes on from a snapshot at \(a) of term \(b)"
        case .suspectRepaired: "is repaired"
        case .membersChanged: "has members (mark \(String(b & 0xFFFF, radix: 16))\(c == 1 ? ", joint" : "")) set by \(a)"
        case .transferAsked: "is asked to hand over to \(ReplicaID(a))"
        case .operationCalled: "\(OperationID(number: a)): \(Self.commandText(c)) key \(b)"
        case .operationAnswered: "\(OperationID(number: a)): answer \(Self.short(b)) from n\(c)"
        case .operationRetried: "\(OperationID(number: a)): asks n\(b)"
        case .operationGivenUp: "\(OperationID(number: a)): given up, outcome unknown"
        case .settling: "a majority is healed; away: \(Self.positions(a))"
        case .settled: "all agree"
        case .violation: "VIOLATION"
        case .catalogChanged: "the catalogue changes: version \(a)"
        case .databaseFault: "PostgreSQL: \(DatabaseFault(rawValue: Int(a)).map(String.init(describing:)) ?? "")"
        case .sinkBegins: "raises PostgreSQL to term \(a), which is at \(b) and \(c)"
        case .sinkAdvanced: "brings PostgreSQL from \(c) to \(a) and \(b)"
        case .sinkRefused: "is refused by PostgreSQL in term \(a), after \(b)"
        case .sinkFails: "does not hear from PostgreSQL what became of \(a == 0 ? "its terms" : "its transaction")"
        }
    }

    /// The message of a `messageArrived`.
    var message: String { "\(Message.Body.traceNames[Int(a & 0xFF)]) of term \(b) (\(c >> 32), \(c & 0xFFFF_FFFF))" }

    private static func commandText(_ word: UInt64) -> String {
        if word >> 63 == 1 { return ResourceCommand.text(ofTraceWord: word) }
        return switch word & 3 {
        case 0: "read"
        case 1: "write \(short(word >> 2)) to"
        case 2: "compare-and-set"
        default: "append \(short(word >> 2)) to"
        }
    }

    /// Values are long words; their last digits tell them apart.
    static func short(_ value: UInt64) -> String {
        value < 1_000_000 ? String(value) : "…\(String(value & 0xFFFFF, radix: 16))"
    }

    private static func positions(_ mask: UInt64) -> String {
        let names = (0..<64).filter { mask >> UInt64($0) & 1 == 1 }.map { "n\($0)" }
        return names.isEmpty ? "nobody" : names.joined(separator: " ")
    }
}

extension ClientHistory.Entry {
    /// For people: who, when, what, and what came of it.
    package var text: String {
        let from = Trace.Line.timeText(call)
        let to = completion.map(Trace.Line.timeText) ?? "       open"
        let question: String =
            switch command {
            case .register(.read): "read"
            case .register(.write(let value)): "write \(Trace.Line.short(value))"
            case .register(.compareAndSet(let expected, let new)):
                "compare-and-set \(Trace.Line.short(expected)) → \(Trace.Line.short(new))"
            case .register(.append(let element)): "append \(Trace.Line.short(element))"
            case .resource(let command): command.text
            }
        let result: String =
            switch answer {
            case nil: "?"
            case .register(.value(let value)): Trace.Line.short(value)
            case .register(.written): "done"
            case .register(.swapped(let didSwap)): didSwap ? "swapped" : "not swapped"
            case .resource(let answer): answer.text
            }
        return "\(from) – \(to)  \(id.description.padded(to: 8)) \(question.padded(to: 34)) \(result)"
    }
}

extension String {
    func padded(to width: Int) -> String { count >= width ? self : self + String(repeating: " ", count: width - count) }
    func leftPadded(to width: Int) -> String { count >= width ? self : String(repeating: " ", count: width - count) + self }
}
