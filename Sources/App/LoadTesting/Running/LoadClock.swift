import NIOCore

/// Microseconds since the run began.
struct LoadClock: Sendable {
    let start: NIODeadline

    init(start: NIODeadline = .now()) { self.start = start }

    var now: Microseconds { (NIODeadline.now() - start).nanoseconds / 1_000 }

    func deadline(_ time: Microseconds) -> NIODeadline { start + .microseconds(time) }

    /// Returns at `time`, or at once if it has passed. Throws only when the task is cancelled.
    func sleep(until time: Microseconds) async throws {
        let rest = time - now
        if rest > 0 { try await Task.sleep(for: .microseconds(rest)) }
    }
}
