extension LoadResult {
    /// The figures for a terminal, in lines.
    package var text: [String] {
        var lines = ["\(scenario.name): run \(run), \(Decimals.text(measuredSeconds, digits: 1)) s measured" + stoppedWords]
        let wanted = scenario.mode == .open ? "" : " over \(scenario.connections) connections"
        lines.append(
            "  \(Decimals.text(rate, digits: 1)) operations/s\(wanted); \(measurements.totals.succeeded) succeeded, "
                + "\(measurements.totals.failed) failed, \(measurements.totals.unknown) of unknown outcome, "
                + "\(measurements.totals.retried) needed more than one attempt")
        lines.append(Self.row("", ["count", "mean", "p50", "p90", "p99", "p99.9", "max"]))
        lines.append(Self.row("all, from intended start", Self.cells(LatencySummary(measurements.totals.latency))))
        for kind in OperationKind.allCases {
            guard let totals = measurements.byKind[kind] else { continue }
            lines.append(Self.row(kind.rawValue, Self.cells(LatencySummary(totals.latency))))
        }
        if scenario.mode == .open {
            lines.append(Self.row("all, from actual start", Self.cells(LatencySummary(measurements.service))))
            lines.append(
                "  \(late) operations started late" + (late > 0 ? ", by \(DurationText.render(latenessMax)) at most" : ""))
        }
        for (reason, count) in measurements.reasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            lines.append("  \(count) × \(reason)")
        }
        for fault in faults where fault.status != 0 { lines.append("  fault \(fault.words)") }
        lines += stopsByFault.map { "  " + $0.text }
        switch verification {
        case .notAsked: break
        case .done(let verdict): lines += verdict.text
        case .impossible(let why): lines.append("VERDICT: none. The cluster could not be verified: \(why)")
        }
        return lines
    }

    private var stoppedWords: String { wasStopped ? ", stopped early" : "" }

    static func cells(_ summary: LatencySummary) -> [String] {
        [
            "\(summary.count)", DurationText.render(Microseconds(summary.mean)), DurationText.render(summary.p50),
            DurationText.render(summary.p90), DurationText.render(summary.p99), DurationText.render(summary.p999),
            DurationText.render(summary.max),
        ]
    }

    private static func row(_ name: String, _ cells: [String]) -> String {
        func padded(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: Swift.max(0, width - text.count))
        }
        return "  \(name)\(padded(name, 25))" + cells.map { padded($0, 9) + $0 }.joined(separator: " ")
    }
}

extension StopSummary {
    package var text: String {
        let times = faults == 1 ? "once" : "\(faults) times"
        guard groupsStopped > 0 else { return "\(name), \(times): no group of keys stopped taking writes" }
        let never = neverResumed > 0 ? "; \(neverResumed) did not resume while watched" : ""
        return "\(name), \(times): stopped \(groupsStopped) groups of keys; writes resumed after p50 "
            + "\(DurationText.render(p50)), p99 \(DurationText.render(p99)), max \(DurationText.render(max))\(never)"
    }
}
