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

    private let scenario: Scenario
    private let sender: OperationSender
    private let recorder: Recorder
    private let clock: LoadClock
    private let isStopped: @Sendable () -> Bool
    private let planner: Mutex<OperationPlanner>
    private let lateStarts = Atomic(0)

    init(
        scenario: Scenario, sender: OperationSender, recorder: Recorder, clock: LoadClock,
        isStopped: @escaping @Sendable () -> Bool
    ) {
        self.scenario = scenario
        self.sender = sender
        self.recorder = recorder
        self.clock = clock
        self.isStopped = isStopped
        planner = Mutex(OperationPlanner(scenario))
    }

    /// Operations that started late so far.
    var late: Int { lateStarts.load(ordering: .relaxed) }

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
