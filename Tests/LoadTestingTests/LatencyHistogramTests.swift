import Testing

@testable import LoadTesting

@Suite("The latency histogram")
struct LatencyHistogramTests {
    @Test("Its percentiles are the exact ones to three significant digits", arguments: [1, 2, 3] as [UInt64])
    func percentiles(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var histogram = LatencyHistogram()
        // From microseconds to minutes, as latencies under faults are.
        let values = (0..<20_000).map { _ in Microseconds(random.exponential() * 1_000) << Microseconds(random.below(16)) }
        for value in values { histogram.record(value) }
        let sorted = values.sorted()
        for percent in [0.1, 10, 50, 90, 99, 99.9, 99.99] {
            let rank = Int((Double(sorted.count) * percent / 100).rounded(.up))
            let exact = sorted[max(1, rank) - 1]
            let found = histogram.percentile(percent)
            #expect(abs(Double(found - exact)) <= Double(exact) / 1_000 + 1, "seed \(seed), p\(percent)")
        }
        #expect(histogram.max == sorted.last && histogram.count == sorted.count)
    }

    @Test("Small values are told apart exactly")
    func smallValues() {
        var histogram = LatencyHistogram()
        for value in 0..<1_000 as Range<Microseconds> { histogram.record(value) }
        #expect(histogram.percentile(50) == 499 && histogram.max == 999)
    }

    @Test("Two histograms added are the histogram of all values")
    func adding() {
        var (left, right, both) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for value in 1...500 as ClosedRange<Microseconds> {
            left.record(value)
            right.record(value * 1_000)
            both.record(value)
            both.record(value * 1_000)
        }
        left.add(right)
        #expect(LatencySummary(left) == LatencySummary(both))
    }

    @Test("Without values, every figure is 0")
    func empty() {
        let summary = LatencySummary(LatencyHistogram())
        #expect(summary.count == 0 && summary.p99 == 0 && summary.max == 0 && summary.mean == 0)
    }
}
