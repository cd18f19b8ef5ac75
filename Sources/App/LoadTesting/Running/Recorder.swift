import Model
import Synchronization

/// Takes down what operations came to. Any thread may use it.
final class Recorder: Sendable {
    struct State {
        var measurements: Measurements
        var history = RecordedHistory()
        var pauses: WritePauses
        var inFlight = 0
    }

    private let state: Mutex<State>
    private let groups: KeyGroups
    private let keepsHistory: Bool

    init(_ scenario: Scenario, groups: KeyGroups) {
        self.groups = groups
        keepsHistory = scenario.verification.isOn
        state = Mutex(
            State(measurements: Measurements(warmUp: scenario.warmUp), pauses: WritePauses(groups: groups.count)))
    }

    func began() { state.withLock { $0.inFlight += 1 } }
    var inFlight: Int { state.withLock(\.inFlight) }

    func ended(_ operation: PlannedOperation, _ finished: FinishedOperation, _ judgement: Judgement) {
        state.withLock { state in
            state.inFlight -= 1
            state.measurements.record(finished)
            for write in operation.writes {
                state.pauses.writeEnded(
                    group: groups.group(of: write.register), from: finished.started, at: finished.ended,
                    succeeded: finished.outcome == .succeeded)
            }
            guard keepsHistory else { return }
            remember(operation, finished, judgement, in: &state.history)
        }
    }

    /// A write that was acknowledged before the run began.
    func filled(_ write: PlannedOperation.Write) {
        guard keepsHistory else { return }
        state.withLock { state in
            state.history.append(
                RecordedHistory.Write(
                    number: write.number, register: write.register, call: -2, completion: -1, fate: .acknowledged))
        }
    }

    /// Reads made to check the end of a run: part of the history, not of the figures.
    func readInTheEnd(_ reads: [RegisterRead], call: Microseconds, completion: Microseconds) {
        state.withLock { state in
            for read in reads {
                state.history.append(
                    RecordedHistory.Read(register: read.register, call: call, completion: completion, value: read.value))
            }
        }
    }

    var measurements: Measurements { state.withLock(\.measurements) }
    var history: RecordedHistory { state.withLock(\.history) }
    var pauses: WritePauses { state.withLock(\.pauses) }

    private func remember(
        _ operation: PlannedOperation, _ finished: FinishedOperation, _ judgement: Judgement,
        in history: inout RecordedHistory
    ) {
        for (position, write) in operation.writes.enumerated() {
            let fate: RecordedHistory.Fate =
                switch finished.outcome {
                // What a bulk request says of a part that failed does not tell whether it may yet happen.
                case .succeeded: judgement.failedWrites.contains(position) ? .unknown : .acknowledged
                case .refused, .notTaken: .refused
                case .unknown: .unknown
                }
            history.append(
                RecordedHistory.Write(
                    number: write.number, register: write.register, call: finished.started, completion: finished.ended,
                    fate: fate))
        }
        guard finished.outcome == .succeeded else { return }
        for read in judgement.reads {
            history.append(
                RecordedHistory.Read(
                    register: read.register, call: finished.started, completion: finished.ended, value: read.value))
        }
    }
}

/// The groups of keys whose availability is told apart: the target's shards, where it has some.
struct KeyGroups: Sendable {
    let count: Int
    private let groupOfResource: [Int]
    private let keysPerResource: Int

    init(_ inventory: LoadInventory, shards: Int) {
        count = shards
        keysPerResource = inventory.keysPerResource
        groupOfResource = inventory.ids.map { $0.slot.shard(of: shards) }
    }

    func group(of register: LoadInventory.Register) -> Int { groupOfResource[register / keysPerResource] }
}
