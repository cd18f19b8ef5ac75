import Glibc
import Model

/// Where the API takes the time of day from; tests bring their own.
package struct WallClock: Sendable {
    private let read: @Sendable () -> Int64

    package init(_ milliseconds: @escaping @Sendable () -> Int64) { read = milliseconds }

    /// Milliseconds since 1970.
    @inline(__always)
    var milliseconds: Int64 { read() }

    var now: Timestamp { Timestamp(milliseconds: milliseconds) }

    /// The system's, at the resolution of its tick (1 to 4 ms), which costs no more than reading memory.
    package static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
