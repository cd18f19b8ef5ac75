extension Life {
    /// Lives the life of `seed`. `twice`: again, to see that it is the same.
    package static func live(seed: UInt64, options: Options = Options(), twice: Bool = false) -> LifeReport {
        let report = Life(seed: seed, options: options).run()
        guard twice else { return report }
        let again = Life(seed: seed, options: options).run()
        guard again.traceHash != report.traceHash else { return report }
        let difference = zip(report.lines, again.lines).first { $0 != $1 }
        let place = difference.map { "\($0.0.text()) | \($0.1.text())" } ?? "further back"
        return LifeReport(
            plan: report.plan,
            violation: Violation(
                property: .determinism, time: difference?.0.time ?? report.virtualTime, group: -1,
                detail: "two lives of one seed differ: \(place)"),
            traceHash: report.traceHash, virtualTime: report.virtualTime, tally: report.tally, lines: report.lines,
            tellingLines: report.tellingLines, operations: [])
    }
}
