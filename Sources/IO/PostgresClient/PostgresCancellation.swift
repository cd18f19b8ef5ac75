import Glibc
import Synchronization

/// Ends what connections are doing, from any thread and for good: the statement under way is cancelled at the server, later ones
/// fail at once.
package final class PostgresCancellation: Sendable {
    private let cancelled = Atomic(false)
    /// Written to once, never read from: whoever waits for a socket waits for it too.
    private let pipe: (read: Int32, write: Int32)

    package init() {
        var ends: [Int32] = [-1, -1]
        // Without descriptors nothing waits for it, and the flag alone counts: between statements.
        if Glibc.pipe(&ends) != 0 { ends = [-1, -1] }
        for end in ends where end >= 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        pipe = (ends[0], ends[1])
    }

    deinit {
        if pipe.read >= 0 { close(pipe.read) }
        if pipe.write >= 0 { close(pipe.write) }
    }

    package func cancel() {
        guard !cancelled.exchange(true, ordering: .acquiringAndReleasing) else { return }
        var byte: UInt8 = 1
        if pipe.write >= 0 { _ = write(pipe.write, &byte, 1) }
    }

    package var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    enum Wakening { case ready, timedOut, cancelled }

    /// Waits until `descriptor` can be read, or also written, or `deadline` (of `PostgresClock`) passes, or this is cancelled.
    func wait(for descriptor: Int32, alsoToWrite: Bool, until deadline: Int64) -> Wakening {
        while true {
            if isCancelled { return .cancelled }
            let left = deadline - PostgresClock.milliseconds
            guard left > 0 else { return .timedOut }
            let events = Int16(alsoToWrite ? POLLIN | POLLOUT : POLLIN)
            var watched = [
                pollfd(fd: descriptor, events: events, revents: 0),
                pollfd(fd: pipe.read, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&watched, 2, Int32(min(left, Int64(Int32.max))))
            if count < 0, errno != EINTR { return .timedOut }
            if watched[0].revents != 0 { return .ready }
        }
    }

    /// Waits so long, or until this is cancelled; false then.
    package func sleep(milliseconds: Int64) -> Bool {
        wait(for: -1, alsoToWrite: false, until: PostgresClock.milliseconds + milliseconds) != .cancelled
    }
}

/// The monotonic clock.
enum PostgresClock {
    static var milliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
