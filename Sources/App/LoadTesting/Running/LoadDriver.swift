import Synchronization

/// Starts the operations of a scenario, in an open or a closed loop, and waits for the last of them.
final class LoadDriver: Sendable {
    /// How it went, from the driver's side.
    struct Book: Sendable {
        /// When operations ceased to start.
        var ended: Microseconds
        var late = 0
        var latenessMax: Microseconds = 0
    }

    /// How long to wait when as many operations are under way as may be.
    private static let fullPause: Microseconds = 500
    /// How long to sleep at most before looking whether the run was stopped.
    private static let napMax: Microseconds = 100_000

    /// First values that are written at once.
    private static let fillLanes = 64

    private let scenario: Scenario
    private let sender: OperationSender
    private let recorder: Recorder
    private let clock: LoadClock
    private let isStopped: @Sendable () -> Bool
    private let planner: OperationPlannerBox
    private let lateStarts = Atomic(0)

    init(
        scenario: Scenario, planner: OperationPlannerBox, sender: OperationSender, recorder: Recorder, clock: LoadClock,
        isStopped: @escaping @Sendable () -> Bool
    ) {
        self.scenario = scenario
        self.sender = sender
        self.recorder = recorder
        self.clock = clock
        self.isStopped = isStopped
        self.planner = planner
    }

    /// Operations that started late so far.
    var late: Int { lateStarts.load(ordering: .relaxed) }

    /// Writes every register once, before the run. Throws `LoadFailure` when one cannot be written.
    ///
    /// - Parameter sender: has a clock of its own: the run has not begun.
    static func fill(
        registers: Int, from planner: OperationPlannerBox, through sender: OperationSender, into recorder: Recorder
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let lanes = min(registers, fillLanes)
            for lane in 0..<lanes {
                group.addTask {
                    for register in stride(from: lane, to: registers, by: lanes) {
                        let operation = planner.withLock { $0.filling(register) }
                        let outcome = await sender.send(operation, turn: operation.number).judgement.outcome
                        guard outcome == .succeeded else {
                            throw LoadFailure(.unreachable, "a first value could not be written: \(outcome.reason ?? "")")
                        }
                        recorder.filled(operation.writes[0])
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    func run() async -> Book {
        switch scenario.mode {
        case .open: await runOpen()
        case .closed: await runClosed()
        }
    }

    private func runOpen() async -> Book {
        let schedule = ArrivalSchedule(
            scenario.rate, spacing: scenario.arrivals, seed: scenario.seed, end: scenario.end)
        var pacer = OpenLoopPacer(schedule, inFlightMax: scenario.inFlightMax)
        var ended = scenario.end
        await withDiscardingTaskGroup { group in
            loop: while !isStopped() {
                switch pacer.poll(at: clock.now, inFlight: recorder.inFlight) {
                case .start(let intended):
                    recorder.began()
                    lateStarts.store(pacer.late, ordering: .relaxed)
                    let operation = planner.withLock { $0.next() }
                    group.addTask { await self.carryOut(operation, intended: intended, turn: operation.number) }
                case .wait(let time): try? await clock.sleep(until: min(time, clock.now + Self.napMax))
                case .full: try? await clock.sleep(until: clock.now + Self.fullPause)
                case .finished: break loop
                }
            }
            ended = isStopped() ? clock.now : scenario.end
        }
        return Book(ended: ended, late: pacer.late, latenessMax: pacer.latenessMax)
    }

    private func runClosed() async -> Book {
        await withDiscardingTaskGroup { group in
            for connection in 0..<scenario.connections {
                group.addTask {
                    while self.clock.now < self.scenario.end, !self.isStopped() {
                        self.recorder.began()
                        let operation = self.planner.withLock { $0.next() }
                        await self.carryOut(operation, intended: self.clock.now, turn: UInt64(connection))
                    }
                }
            }
        }
        return Book(ended: min(scenario.end, clock.now))
    }

    private func carryOut(_ operation: PlannedOperation, intended: Microseconds, turn: UInt64) async {
        let started = clock.now
        let result = await sender.send(operation, turn: turn)
        let finished = FinishedOperation(
            kind: operation.kind, intended: intended, started: started, ended: clock.now,
            outcome: result.judgement.outcome, attempts: result.attempts)
        recorder.ended(operation, finished, result.judgement)
    }
}

/// The planner, for whoever starts operations. Any thread may use it.
final class OperationPlannerBox: Sendable {
    private let planner: Mutex<OperationPlanner>

    init(_ scenario: Scenario) { planner = Mutex(OperationPlanner(scenario)) }

    func withLock<Value: Sendable>(_ body: (inout OperationPlanner) -> Value) -> Value { planner.withLock { body(&$0) } }
}
