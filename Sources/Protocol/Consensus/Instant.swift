/// A point on the node's monotonic clock.
///
/// Consensus reads no clock: every event says when it happened. Only differences mean anything, and only for liveness:
/// no clock, however wrong, can make two leaders of one term or lose a committed entry.
package struct Instant: Comparable, Hashable, Sendable, CustomStringConvertible {
    /// Since an arbitrary start that is the same for all events of one process.
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package init(milliseconds: UInt64) { nanoseconds = milliseconds &* Self.nanosecondsPerMillisecond }

    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Stops at the end of time instead of overflowing.
    package func advanced(byNanoseconds duration: UInt64) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration)
        return Instant(nanoseconds: overflow ? .max : sum)
    }

    package func advanced(byMilliseconds duration: UInt64) -> Instant {
        let (product, overflow) = duration.multipliedReportingOverflow(by: Self.nanosecondsPerMillisecond)
        return advanced(byNanoseconds: overflow ? .max : product)
    }

    /// Nanoseconds from `earlier` to here; 0 where `earlier` is later.
    package func nanoseconds(since earlier: Instant) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }

    /// The first multiple of `interval` nanoseconds after this instant. Timers that are set so fire together.
    func nextMultiple(ofNanoseconds interval: UInt64) -> Instant {
        Instant(nanoseconds: nanoseconds - nanoseconds % interval).advanced(byNanoseconds: interval)
    }

    package var description: String { "\(nanoseconds / 1_000_000).\((nanoseconds / 1_000) % 1_000) ms" }

    private static let nanosecondsPerMillisecond: UInt64 = 1_000_000
}
