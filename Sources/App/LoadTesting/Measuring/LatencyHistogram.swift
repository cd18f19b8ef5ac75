import Histogram

/// Latencies in microseconds with three significant digits (Gil Tene's HdrHistogram), whatever their range.
package struct LatencyHistogram: Sendable {
    private var counts = Histogram<UInt32>(numberOfSignificantValueDigits: .three)

    package init() {}

    package mutating func record(_ latency: Microseconds) { counts.record(UInt64(Swift.max(0, latency))) }
    package mutating func add(_ other: LatencyHistogram) { counts.add(other.counts) }

    package var count: Int { Int(counts.totalCount) }
    package var isEmpty: Bool { count == 0 }

    /// The latency that `percent` of all do not exceed; 0 when there is none.
    package func percentile(_ percent: Double) -> Microseconds {
        isEmpty ? 0 : Microseconds(counts.valueAtPercentile(percent))
    }

    package var max: Microseconds { isEmpty ? 0 : Microseconds(counts.maxRecorded) }
    package var mean: Double { isEmpty ? 0 : counts.mean }

}

/// The figures of a histogram that are reported.
package struct LatencySummary: Equatable, Sendable {
    package let count: Int
    package let mean: Double
    package let p50: Microseconds
    package let p90: Microseconds
    package let p99: Microseconds
    package let p999: Microseconds
    package let max: Microseconds

    package init(_ histogram: LatencyHistogram) {
        count = histogram.count
        mean = histogram.mean
        p50 = histogram.percentile(50)
        p90 = histogram.percentile(90)
        p99 = histogram.percentile(99)
        p999 = histogram.percentile(99.9)
        max = histogram.max
    }
}
