extension LoadResult {
    /// One page that stands by itself: no script, nothing fetched from anywhere.
    package var html: String {
        var page = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>\(HTML.escaped(scenario.name)) · load test</title><style>\(Self.style)</style></head><body>
            <h1>\(HTML.escaped(scenario.name))</h1>
            <p>\(HTML.escaped(scenario.summary))</p>
            <p class="facts">\(HTML.escaped(facts))</p>

            """
        page += verdictHTML
        page += "<h2>Throughput</h2>\(legend(throughput.lines))\(throughput.svg)\n"
        page += "<h2>Latency, from the intended start</h2>\(legend(latency.lines))\(latency.svg)\n"
        page += HTML.table(latencyRows)
        if !faults.isEmpty { page += "<h2>Faults</h2>" + HTML.table(stopRows) + HTML.table(faultRows) }
        if !measurements.reasons.isEmpty { page += "<h2>Why operations failed</h2>" + HTML.table(reasonRows) }
        return page + "</body></html>\n"
    }

    // MARK: Parts

    private var facts: String {
        let totals = measurements.totals
        var facts = [
            "run \(run)", "seed \(scenario.seed)", "\(Decimals.text(measuredSeconds, digits: 1)) s measured",
            "\(Decimals.text(rate, digits: 1)) operations/s", "\(totals.succeeded) succeeded", "\(totals.failed) failed",
            "\(totals.unknown) of unknown outcome", "\(totals.retried) retried",
        ]
        facts.append(
            scenario.mode == .open ? "open loop, \(late) late starts" : "closed loop, \(scenario.connections) connections")
        facts.append(scenario.targets.urls.joined(separator: " "))
        if wasStopped { facts.append("stopped early") }
        return facts.joined(separator: " · ")
    }

    private var verdictHTML: String {
        let lines: [String]
        switch verification {
        case .notAsked: return ""
        case .impossible(let why): lines = ["VERDICT: none. The cluster could not be verified: \(why)"]
        case .done(let verdict): lines = verdict.text
        }
        let text = lines.map(HTML.escaped).joined(separator: "\n")
        return "<pre class=\"\(isSound ? "sound" : "violated")\">\(text)</pre>\n"
    }

    private var marks: [LineChart.Mark] {
        faults.map { LineChart.Mark(second: Double($0.event.time) / 1e6, label: $0.words, isUndo: $0.event.isUndo) }
    }

    private var throughput: LineChart {
        let seconds = measurements.seconds
        var lines = [LineChart.Line(name: "succeeded", style: "s0", values: seconds.map { Double($0.succeeded) })]
        if scenario.mode == .open {
            let wanted = seconds.indices.map { second -> Double? in
                let time = Microseconds(second) * 1_000_000 + 500_000
                return time < loadEnded ? scenario.rate.rate(at: time) : nil
            }
            lines.append(LineChart.Line(name: "wanted", style: "s4", values: wanted))
        }
        lines.append(
            LineChart.Line(name: "failed or unknown", style: "s3", values: seconds.map { Double($0.failed + $0.unknown) }))
        return LineChart(title: "Throughput over time", lines: lines, marks: marks, isLogarithmic: false) {
            "\(Decimals.text($0, digits: 1))/s"
        }
    }

    private var latency: LineChart {
        func values(_ pick: (LatencyHistogram) -> Microseconds) -> [Double?] {
            measurements.seconds.map { $0.latency.isEmpty ? nil : Double(pick($0.latency)) }
        }
        return LineChart(
            title: "Latency over time",
            lines: [
                LineChart.Line(name: "p50", style: "s0", values: values { $0.percentile(50) }),
                LineChart.Line(name: "p99", style: "s1", values: values { $0.percentile(99) }),
                LineChart.Line(name: "p99.9", style: "s2", values: values { $0.percentile(99.9) }),
                LineChart.Line(name: "max", style: "s3", values: values { $0.max }),
            ], marks: marks, isLogarithmic: true
        ) { DurationText.render(Microseconds($0)) }
    }

    private func legend(_ lines: [LineChart.Line]) -> String {
        let marks = faults.isEmpty ? "" : "<span class=\"fault\">fault</span><span class=\"undo\">undone</span>"
        let names = lines.map { "<span class=\"\($0.style)\">\(HTML.escaped($0.name))</span>" }
        return "<p class=\"legend\">\(names.joined())\(marks)</p>"
    }

    // MARK: Tables

    private var latencyRows: [[String]] {
        var rows = [["", "succeeded", "mean", "p50", "p90", "p99", "p99.9", "max", "failed", "unknown"]]
        func row(_ name: String, _ totals: Measurements.Totals) -> [String] {
            [name] + Self.cells(LatencySummary(totals.latency)) + ["\(totals.failed)", "\(totals.unknown)"]
        }
        rows.append(row("all", measurements.totals))
        for kind in OperationKind.allCases {
            if let totals = measurements.byKind[kind] { rows.append(row(kind.rawValue, totals)) }
        }
        if scenario.mode == .open {
            rows.append(["all, from actual start"] + Self.cells(LatencySummary(measurements.service)) + ["", ""])
        }
        return rows
    }

    private var stopRows: [[String]] {
        [["fault", "times", "key groups stopped", "resumed after p50", "p99", "max", "not resumed"]]
            + stopsByFault.map {
                [
                    $0.name, "\($0.faults)", "\($0.groupsStopped)", DurationText.render($0.p50),
                    DurationText.render($0.p99), DurationText.render($0.max), "\($0.neverResumed)",
                ]
            }
    }

    private var faultRows: [[String]] {
        [["at", "fault", "took", "status", "it said"]]
            + faults.map {
                [
                    "\(Decimals.text(Double($0.event.time) / 1e6, digits: 1)) s", $0.event.words,
                    DurationText.render($0.ended - $0.event.time), "\($0.status)", $0.lastLine,
                ]
            }
    }

    private var reasonRows: [[String]] {
        [["reason", "times"]]
            + measurements.reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { [$0.key, "\($0.value)"] }
    }

    private static let style = """
        :root{color-scheme:light dark;--line:#8884;--s0:#2a6fdb;--s1:#d98200;--s2:#8a4fd0;--s3:#d0342c;--s4:#888}
        body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em}
        h1{font-size:1.5em}h2{font-size:1.1em;margin:1.6em 0 .3em}.facts{opacity:.75}
        svg{width:100%;height:auto}.grid{stroke:var(--line)}.tick{font-size:11px;fill:currentColor;opacity:.7}
        polyline{fill:none;stroke-width:1.6;stroke-linejoin:round}
        polyline.s0{stroke:var(--s0)}polyline.s1{stroke:var(--s1)}polyline.s2{stroke:var(--s2)}
        polyline.s3{stroke:var(--s3)}polyline.s4{stroke:var(--s4);stroke-dasharray:4 3}
        line.fault{stroke:var(--s3);stroke-width:1.5}line.undo{stroke:#2e9e5b;stroke-width:1.5;stroke-dasharray:3 3}
        .legend span{margin-right:1.2em}.legend span::before{content:"";display:inline-block;width:1em;height:3px;
        margin-right:.4em;vertical-align:middle;background:currentColor}
        .legend .s0::before{background:var(--s0)}.legend .s1::before{background:var(--s1)}
        .legend .s2::before{background:var(--s2)}.legend .s3::before,.legend .fault::before{background:var(--s3)}
        .legend .s4::before{background:var(--s4)}.legend .undo::before{background:#2e9e5b}
        table{border-collapse:collapse;margin:1em 0;font-variant-numeric:tabular-nums}
        th,td{text-align:right;padding:.2em .7em;border-bottom:1px solid var(--line)}
        th:first-child,td:first-child{text-align:left}
        pre{padding:1em;overflow-x:auto;border-left:4px solid}pre.sound{border-color:#2e9e5b}pre.violated{border-color:var(--s3)}
        """
}
