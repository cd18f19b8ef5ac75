package import NIOCore

/// How many rows a sweep judges at once: few enough that whoever waits for the event loop waits about a millisecond, whatever
/// the rules cost, and that the entry fits the log.
package struct SweepPace: Equatable {
    /// Rows of a slice.
    package static let rowsMax = 64
    /// What a slice may take. One row is judged in one go, however long it takes.
    package static let sliceMax = TimeAmount.milliseconds(1)
    /// Until a slice is tried again that was refused, or that gives way to writes.
    static let pause = TimeAmount.milliseconds(5)

    /// Slices that are on their way to the disks at the same time.
    package static let slicesMax = 8

    package private(set) var rows = rowsMax
    private var isSlow = false

    package init() {}

    /// Judging a slice took so long, whatever became of it.
    package mutating func judged(in duration: TimeAmount) {
        isSlow = duration.nanoseconds > Self.sliceMax.nanoseconds / 2
        if duration > Self.sliceMax { rows = max(1, rows / 2) }
    }

    /// The slice did not fit one entry of the log.
    package mutating func wasTooLarge() { rows = max(1, rows / 2) }

    /// The slice is in the log.
    package mutating func succeeded() {
        if !isSlow { rows = min(Self.rowsMax, rows * 2) }
    }
}
