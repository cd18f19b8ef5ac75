import NIOCore
import Synchronization

/// Why a request that reads all rows is not carried out.
package enum WalkRefusal: Error, Hashable, Sendable {
    /// So many are under way and so many wait. Nothing of the request happened.
    case full(WalkGate.Limits)
    /// It was ended after so long.
    case tookTooLong(WalkGate.Limits)
}

/// Lets a few requests at a time walk over all rows, and a few more wait: whoever asks for the whole inventory again and again
/// must not take the processor from those who read and write single things.
package final class WalkGate: Sendable {
    package struct Limits: Hashable, Sendable {
        /// Walks that are under way at the same time.
        package var atOnce = 2
        /// Walks that wait for one of them to end; beyond, they are refused.
        package var waitingMax = 8
        /// Longest time to wait, in milliseconds.
        package var waitMillisecondsMax: Int64 = 10_000
        /// Longest time that a walk may take once it has begun, in milliseconds.
        package var walkMillisecondsMax: Int64 = 120_000

        package init() {}
    }

    /// How it fares, for metrics.
    package struct Counts: Hashable, Sendable {
        package var running = 0
        package var waiting = 0
        /// Since the start: those that got a place, were turned away, and were ended as they took too long.
        package var admitted = 0
        package var refused = 0
        package var overdue = 0

        package init() {}
    }

    private struct State {
        var counts = Counts()
        /// Who waits, the longest first, by number.
        var waiting: [(number: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
        var lastNumber: UInt64 = 0
        /// Those who were cancelled before they waited.
        var gone: Set<UInt64> = []
    }

    package let limits: Limits
    private let state = Mutex(State())

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    package var counts: Counts { state.withLock { $0.counts } }

    /// Returns once there is a place, which must be given back by `leave`. Throws `WalkRefusal.full` where too many wait
    /// already, or the wait is too long; `CancellationError` where the task is cancelled meanwhile.
    package func enter() async throws {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        let hasPlace = await withTaskCancellationHandler {
            // Cancelled as soon as the wait is over.
            let patience = Task { [limits] in
                try await Task.sleep(for: .milliseconds(limits.waitMillisecondsMax))
                self.giveUp(number)
            }
            defer { patience.cancel() }
            return await withCheckedContinuation { wait(number, $0) }
        } onCancel: {
            giveUp(number)
        }
        state.withLock { _ = $0.gone.remove(number) }
        guard !hasPlace else { return }
        try Task.checkCancellation()
        state.withLock { $0.counts.refused += 1 }
        throw WalkRefusal.full(limits)
    }

    package func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            precondition(state.counts.running > 0, "a place is given back that nobody had")
            guard !state.waiting.isEmpty else {
                state.counts.running -= 1
                return nil
            }
            // The place goes from hand to hand.
            state.counts.waiting -= 1
            state.counts.admitted += 1
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }

    func noteOverdue() { state.withLock { $0.counts.overdue += 1 } }

    private func wait(_ number: UInt64, _ continuation: CheckedContinuation<Bool, Never>) {
        let answer = state.withLock { state -> Bool? in
            if state.gone.contains(number) { return false }
            if state.counts.running < limits.atOnce {
                state.counts.running += 1
                state.counts.admitted += 1
                return true
            }
            guard state.waiting.count < limits.waitingMax else { return false }
            state.waiting.append((number, continuation))
            state.counts.waiting += 1
            return nil
        }
        if let answer { continuation.resume(returning: answer) }
    }

    /// Does nothing for one who has a place.
    private func giveUp(_ number: UInt64) {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let position = state.waiting.firstIndex(where: { $0.number == number }) else {
                state.gone.insert(number)
                return nil
            }
            state.counts.waiting -= 1
            return state.waiting.remove(at: position).continuation
        }
        waiter?.resume(returning: false)
    }
}

/// One request's way over the rows: free for as long as it looks at few of them, then behind a place at the gate.
///
/// Whatever reads rows in slices asks it between two of them. Not for several tasks to begin at once.
package final class Walk: Sendable {
    /// Rows that are looked at without a place: a page of a list mostly has what it wants by then.
    package static let freeRowsMax = 5_000

    private struct State {
        var rows = 0
        var deadline: NIODeadline?
        var isOverdue = false
    }

    private let gate: WalkGate
    private let isLimited: Bool
    private let state = Mutex(State())

    /// - Parameter isLimited: false: it may take as long as it takes, as it writes on its way.
    package init(_ gate: WalkGate, isLimited: Bool = true) {
        self.gate = gate
        self.isLimited = isLimited
    }

    deinit { end() }

    /// It has a place.
    package var hasBegun: Bool { state.withLock { $0.deadline != nil } }

    /// Takes a place now, as all rows will be looked at. Throws as `WalkGate.enter` does.
    package func begin() async throws {
        guard !hasBegun else { return }
        try await gate.enter()
        let isFirst = state.withLock { state in
            guard state.deadline == nil else { return false }
            let time = TimeAmount.milliseconds(gate.limits.walkMillisecondsMax)
            state.deadline = isLimited ? .now() + time : .distantFuture
            return true
        }
        if !isFirst { gate.leave() }
    }

    /// So many rows more are going to be looked at. Throws what ends it: its client has gone, its time is over, or there is no
    /// place where it needs one.
    package func goOn(for rows: Int) async throws {
        try goOn()
        let isLong = state.withLock { state in
            state.rows += rows
            return state.rows > Self.freeRowsMax && state.deadline == nil
        }
        if isLong { try await begin() }
    }

    /// The same for one that has a place.
    package func goOn() throws {
        try Task.checkCancellation()
        guard let deadline = state.withLock({ $0.deadline }), NIODeadline.now() > deadline else { return }
        let isNew = state.withLock { state in
            defer { state.isOverdue = true }
            return !state.isOverdue
        }
        // Shards are walked side by side.
        if isNew { gate.noteOverdue() }
        throw WalkRefusal.tookTooLong(gate.limits)
    }

    /// Gives its place back. It may begin again.
    package func end() {
        let hadPlace = state.withLock { state in
            defer { state = State() }
            return state.deadline != nil
        }
        if hadPlace { gate.leave() }
    }
}
