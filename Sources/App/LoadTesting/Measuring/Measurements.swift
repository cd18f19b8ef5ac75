/// What an operation came to, for the figures.
package struct FinishedOperation: Sendable {
    package let kind: OperationKind
    /// When it was to start: latency counts from here.
    package let intended: Microseconds
    package let started: Microseconds
    package let ended: Microseconds
    package let outcome: AttemptOutcome
    package let attempts: Int

    package init(
        kind: OperationKind, intended: Microseconds, started: Microseconds, ended: Microseconds, outcome: AttemptOutcome,
        attempts: Int
    ) {
        self.kind = kind
        self.intended = intended
        self.started = started
        self.ended = ended
        self.outcome = outcome
        self.attempts = attempts
    }
}

/// One second of a run.
package struct TimelineSecond: Sendable {
    package var succeeded = 0
    package var failed = 0
    package var unknown = 0
    /// Of the operations that succeeded in this second.
    package var latency = LatencyHistogram()
}

/// Counts and latencies of a run, in all, by kind, and by second.
package struct Measurements: Sendable {
    package struct Totals: Sendable {
        package var succeeded = 0
        package var refused = 0
        package var notTaken = 0
        package var unknown = 0
        package var retried = 0
        /// From the intended start to the end, of those that succeeded.
        package var latency = LatencyHistogram()

        package var failed: Int { refused + notTaken }
        package var count: Int { succeeded + failed + unknown }
    }

    /// Most different reasons of failure that are told apart.
    package static let reasonsMax = 30

    package let warmUp: Microseconds
    package private(set) var totals = Totals()
    package private(set) var byKind: [OperationKind: Totals] = [:]
    /// From the actual start: what a tool that leaves out waiting would report.
    package private(set) var service = LatencyHistogram()
    package private(set) var seconds: [TimelineSecond] = []
    package private(set) var reasons: [String: Int] = [:]

    package init(warmUp: Microseconds) { self.warmUp = warmUp }

    package mutating func record(_ operation: FinishedOperation) {
        recordSecond(operation)
        if let reason = operation.outcome.reason { note(reason) }
        guard operation.intended >= warmUp else { return }
        Self.count(operation, in: &totals)
        Self.count(operation, in: &byKind[operation.kind, default: Totals()])
        if operation.outcome == .succeeded { service.record(operation.ended - operation.started) }
    }

    private mutating func recordSecond(_ operation: FinishedOperation) {
        let second = Int(max(0, operation.ended) / 1_000_000)
        while seconds.count <= second { seconds.append(TimelineSecond()) }
        switch operation.outcome {
        case .succeeded:
            seconds[second].succeeded += 1
            seconds[second].latency.record(operation.ended - operation.intended)
        case .refused, .notTaken: seconds[second].failed += 1
        case .unknown: seconds[second].unknown += 1
        }
    }

    private static func count(_ operation: FinishedOperation, in totals: inout Totals) {
        switch operation.outcome {
        case .succeeded:
            totals.succeeded += 1
            totals.latency.record(operation.ended - operation.intended)
        case .refused: totals.refused += 1
        case .notTaken: totals.notTaken += 1
        case .unknown: totals.unknown += 1
        }
        if operation.attempts > 1 { totals.retried += 1 }
    }

    private mutating func note(_ reason: String) {
        if reasons[reason] != nil || reasons.count < Self.reasonsMax {
            reasons[reason, default: 0] += 1
        } else {
            reasons["other reasons", default: 0] += 1
        }
    }
}

extension AttemptOutcome {
    package var reason: String? {
        switch self {
        case .succeeded: nil
        case .refused(let reason), .notTaken(let reason), .unknown(let reason): reason
        }
    }
}
