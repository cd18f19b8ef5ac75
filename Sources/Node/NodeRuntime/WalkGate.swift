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
///
/// Subjects have fair shares: a place that becomes free goes to one whose subject has the fewest, and where no more may wait,
/// the last of the subject with the most waiting makes room for another's.
package final class WalkGate: Sendable {
    package struct Limits: Hashable, Sendable {
        /// Walks that are under way at the same time.
        package var atOnce: Int
        /// Walks that wait for one of them to end; beyond, they are refused.
        package var waitingMax: Int
        /// Longest time to wait, in milliseconds.
        package var waitMillisecondsMax: Int64 = 10_000
        /// Longest time that a walk may take once it has begun, in milliseconds.
        package var walkMillisecondsMax: Int64 = 120_000

        package init(atOnce: Int = 2, waitingMax: Int = 8) {
            self.atOnce = atOnce
            self.waitingMax = waitingMax
        }
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

    private struct Waiter {
        let number: UInt64
        let subject: String
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var counts = Counts()
        /// Walks under way, by subject.
        var running: [String: Int] = [:]
        /// Who waits, the longest first.
        var waiting: [Waiter] = []
        var lastNumber: UInt64 = 0
        /// Those who were cancelled before they waited.
        var gone: Set<UInt64> = []

        mutating func admit(_ subject: String) {
            running[subject, default: 0] += 1
            counts.running += 1
            counts.admitted += 1
        }

        mutating func dismiss(_ subject: String) {
            guard let own = running[subject] else { preconditionFailure("a place is given back that nobody had") }
            running[subject] = own == 1 ? nil : own - 1
            counts.running -= 1
        }

        mutating func removeWaiter(at position: Int) -> Waiter {
            counts.waiting -= 1
            return waiting.remove(at: position)
        }

        /// Whose turn it is: of the subjects with the fewest walks under way the one that waits the longest.
        var next: Int? {
            waiting.indices.min { (running[waiting[$0].subject] ?? 0, $0) < (running[waiting[$1].subject] ?? 0, $1) }
        }

        /// Who makes room for a waiter of `subject`: the last of the subject with the most waiting, if these are still as many
        /// without it.
        func displaced(by subject: String) -> Int? {
            var waitingOf: [String: Int] = [:]
            for waiter in waiting { waitingOf[waiter.subject, default: 0] += 1 }
            let most = waitingOf.values.max() ?? 0
            guard most > 1 + waitingOf[subject, default: 0] else { return nil }
            return waiting.lastIndex { waitingOf[$0.subject] == most }
        }
    }

    package let limits: Limits
    private let state = Mutex(State())

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    package var counts: Counts { state.withLock { $0.counts } }

    /// Returns once there is a place, which must be given back by `leave`. Throws `WalkRefusal.full` where too many wait
    /// already, or the wait is too long; `CancellationError` where the task is cancelled meanwhile.
    ///
    /// - Parameter subject: on whose behalf.
    package func enter(for subject: String) async throws {
        try Task.checkCancellation()
        // Mostly there is a place: then nobody has to be woken when the wait is over.
        guard !takeFreePlace(for: subject) else { return }
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
            return await withCheckedContinuation { wait(Waiter(number: number, subject: subject, continuation: $0)) }
        } onCancel: {
            giveUp(number)
        }
        state.withLock { _ = $0.gone.remove(number) }
        guard !hasPlace else { return }
        try Task.checkCancellation()
        state.withLock { $0.counts.refused += 1 }
        throw WalkRefusal.full(limits)
    }

    /// Nobody waits where there is one: who leaves gives the place to the next.
    private func takeFreePlace(for subject: String) -> Bool {
        state.withLock { state in
            guard state.counts.running < limits.atOnce else { return false }
            state.admit(subject)
            return true
        }
    }

    package func leave(for subject: String) {
        let next = state.withLock { state -> Waiter? in
            state.dismiss(subject)
            guard let position = state.next else { return nil }
            let next = state.removeWaiter(at: position)
            state.admit(next.subject)
            return next
        }
        next?.continuation.resume(returning: true)
    }

    func noteOverdue() { state.withLock { $0.counts.overdue += 1 } }

    private func wait(_ waiter: Waiter) {
        let (answer, displaced) = state.withLock { state -> (Bool?, Waiter?) in
            if state.gone.contains(waiter.number) { return (false, nil) }
            if state.counts.running < limits.atOnce {
                state.admit(waiter.subject)
                return (true, nil)
            }
            var displaced: Waiter?
            if state.waiting.count >= limits.waitingMax {
                guard let position = state.displaced(by: waiter.subject) else { return (false, nil) }
                displaced = state.removeWaiter(at: position)
            }
            state.waiting.append(waiter)
            state.counts.waiting += 1
            return (nil, displaced)
        }
        displaced?.continuation.resume(returning: false)
        if let answer { waiter.continuation.resume(returning: answer) }
    }

    /// Does nothing for one who has a place.
    private func giveUp(_ number: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let position = state.waiting.firstIndex(where: { $0.number == number }) else {
                state.gone.insert(number)
                return nil
            }
            return state.removeWaiter(at: position)
        }
        waiter?.continuation.resume(returning: false)
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
    private let subject: String
    private let isLimited: Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - subject: on whose behalf; the node's own work by default.
    ///   - isLimited: false: it may take as long as it takes, as it writes on its way.
    package init(_ gate: WalkGate, for subject: String = "", isLimited: Bool = true) {
        self.gate = gate
        self.subject = subject
        self.isLimited = isLimited
    }

    deinit { end() }

    /// It has a place.
    package var hasBegun: Bool { state.withLock { $0.deadline != nil } }

    /// Takes a place now, as all rows will be looked at. Throws as `WalkGate.enter` does.
    package func begin() async throws {
        guard !hasBegun else { return }
        try await gate.enter(for: subject)
        let isFirst = state.withLock { state in
            guard state.deadline == nil else { return false }
            let time = TimeAmount.milliseconds(gate.limits.walkMillisecondsMax)
            state.deadline = isLimited ? .now() + time : .distantFuture
            return true
        }
        if !isFirst { gate.leave(for: subject) }
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
        if hadPlace { gate.leave(for: subject) }
    }
}
