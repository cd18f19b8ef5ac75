/// How a run stands, about once a second.
package struct ProgressSnapshot: Sendable {
    let scenario: Scenario
    /// Seconds since the run began.
    package let second: Int
    let measurements: Measurements
    let inFlight: Int
    let late: Int
    let faults: [FaultRecord]

    /// One line: where the run is, what the last second brought, and what went wrong so far.
    package var line: String {
        let position = second - 1
        let last = measurements.seconds.indices.contains(position) ? measurements.seconds[position] : TimelineSecond()
        let wanted =
            scenario.mode == .open
            ? " of \(Decimals.text(scenario.rate.rate(at: Microseconds(position) * 1_000_000), digits: 0))" : ""
        var parts = [
            "\(Self.clock(second)) / \(Self.clock(Int(scenario.end / 1_000_000)))",
            "\(last.succeeded)\(wanted)/s",
            "p50 \(DurationText.render(last.latency.percentile(50)))",
            "p99 \(DurationText.render(last.latency.percentile(99)))",
            "max \(DurationText.render(last.latency.max))",
            "failed \(measurements.seconds.reduce(0) { $0 + $1.failed })",
            "unknown \(measurements.seconds.reduce(0) { $0 + $1.unknown })",
        ]
        if scenario.mode == .open { parts.append("late \(late)") }
        parts.append("under way \(inFlight)")
        if let fault = faults.last { parts.append("last fault: \(fault.words)") }
        return parts.joined(separator: "  ")
    }

    private static func clock(_ seconds: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(seconds / 60)):\(two(seconds % 60))"
    }
}

extension FaultEvent {
    var words: String { name + (node.map { " \($0)" } ?? "") + (isUndo ? ", undone" : "") }
}

extension FaultRecord {
    /// With a word of warning when its command failed: then nothing was tested.
    var words: String { event.words + (status == 0 ? "" : " FAILED with status \(status): \(lastLine)") }
}
