/// Everything that a run came to.
package struct LoadResult: Sendable {
    package enum Verification: Equatable, Sendable {
        case notAsked
        case done(Verdict)
        /// The cluster did not answer what had to be asked.
        case impossible(String)
    }

    package var scenario: Scenario
    package var run: RunName
    package var measurements: Measurements
    /// Operations that an open loop started late.
    package var late = 0
    package var latenessMax: Microseconds = 0
    /// When operations ceased to start: the scenario's end, unless the run was stopped.
    package var loadEnded: Microseconds
    package var wasStopped = false
    package var faults: [FaultRecord] = []
    package var effects: [WritePauses.Effect] = []
    package var verification = Verification.notAsked

    package init(scenario: Scenario, run: RunName, measurements: Measurements, loadEnded: Microseconds) {
        self.scenario = scenario
        self.run = run
        self.measurements = measurements
        self.loadEnded = loadEnded
    }

    package var measuredSeconds: Double { max(0, Double(loadEnded - scenario.warmUp)) / 1e6 }

    /// Successful operations per second.
    package var rate: Double {
        measuredSeconds > 0 ? Double(measurements.totals.succeeded) / measuredSeconds : 0
    }

    /// Whether nothing was found that must not be.
    package var isSound: Bool {
        switch verification {
        case .notAsked: true
        case .done(let verdict): verdict.isClean
        case .impossible: false
        }
    }

    /// The groups that faults of each name stopped, and for how long.
    package var stopsByFault: [StopSummary] {
        var order: [String] = []
        var stopped: [String: [WritePauses.Pause]] = [:]
        var count: [String: Int] = [:]
        for effect in effects {
            let name = effect.fault.name + (effect.fault.isUndo ? " (undone)" : "")
            if count[name] == nil { order.append(name) }
            count[name, default: 0] += 1
            stopped[name, default: []] += effect.stopped
        }
        return order.map { StopSummary(name: $0, faults: count[$0] ?? 0, pauses: stopped[$0] ?? []) }
    }
}

/// What the faults of one name did to writes.
package struct StopSummary: Equatable, Sendable {
    package let name: String
    package let faults: Int
    /// How often a group of keys was stopped.
    package let groupsStopped: Int
    /// How often no write succeeded again while it was watched.
    package let neverResumed: Int
    /// Until writes resumed, of the groups that were stopped; 0 when none was.
    package let p50: Microseconds
    package let p99: Microseconds
    package let max: Microseconds

    init(name: String, faults: Int, pauses: [WritePauses.Pause]) {
        self.name = name
        self.faults = faults
        groupsStopped = pauses.count
        neverResumed = pauses.count { !$0.ended }
        var histogram = LatencyHistogram()
        for pause in pauses { histogram.record(pause.length) }
        p50 = histogram.percentile(50)
        p99 = histogram.percentile(99)
        max = histogram.max
    }
}
