package import JSON

extension LoadResult {
    /// The whole result for programs. Latencies are in microseconds.
    package var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("scenario", .string(scenario.name)), .init("run", .string(run.description)),
            .init("mode", .string(scenario.mode.rawValue)), .init("connections", .int(scenario.connections)),
            .init("targets", .array(scenario.targets.urls.map(JSONValue.string))),
            .init("seed", .int(Int(truncatingIfNeeded: scenario.seed))), .init("stopped_early", .bool(wasStopped)),
            .init("measured_seconds", .double(measuredSeconds)), .init("operations_per_second", .double(rate)),
            .init("late_starts", .int(late)), .init("lateness_max", .int(Int(latenessMax))),
            .init("all", Self.json(measurements.totals)),
            .init("all_from_actual_start", Self.json(LatencySummary(measurements.service))),
        ]
        let kinds = OperationKind.allCases.compactMap { kind in
            measurements.byKind[kind].map { JSONValue.Member(kind.rawValue, Self.json($0)) }
        }
        members.append(.init("by_kind", .object(kinds)))
        let reasons = measurements.reasons.sorted { $0.key < $1.key }
        members.append(.init("reasons", .object(reasons.map { .init($0.key, .int($0.value)) })))
        members.append(.init("seconds", .array(measurements.seconds.enumerated().map(Self.json))))
        members.append(.init("faults", .array(faults.map(Self.json))))
        members.append(.init("write_stops", .array(stopsByFault.map(Self.json))))
        members.append(.init("write_pauses", .array(effects.map(Self.json))))
        members.append(.init("verification", verificationJSON))
        return .object(members)
    }

    private static func json(_ totals: Measurements.Totals) -> JSONValue {
        .object([
            .init("succeeded", .int(totals.succeeded)), .init("refused", .int(totals.refused)),
            .init("not_taken", .int(totals.notTaken)), .init("unknown", .int(totals.unknown)),
            .init("retried", .int(totals.retried)), .init("latency", json(LatencySummary(totals.latency))),
        ])
    }

    private static func json(_ summary: LatencySummary) -> JSONValue {
        .object([
            .init("count", .int(summary.count)), .init("mean", .double(summary.mean)), .init("p50", .int(Int(summary.p50))),
            .init("p90", .int(Int(summary.p90))), .init("p99", .int(Int(summary.p99))),
            .init("p999", .int(Int(summary.p999))), .init("max", .int(Int(summary.max))),
        ])
    }

    private static func json(_ second: (offset: Int, element: TimelineSecond)) -> JSONValue {
        let summary = LatencySummary(second.element.latency)
        return .object([
            .init("second", .int(second.offset)), .init("succeeded", .int(second.element.succeeded)),
            .init("failed", .int(second.element.failed)), .init("unknown", .int(second.element.unknown)),
            .init("p50", .int(Int(summary.p50))), .init("p99", .int(Int(summary.p99))),
            .init("p999", .int(Int(summary.p999))), .init("max", .int(Int(summary.max))),
        ])
    }

    private static func json(_ record: FaultRecord) -> JSONValue {
        .object([
            .init("name", .string(record.event.name)), .init("undone", .bool(record.event.isUndo)),
            .init("node", record.event.node.map(JSONValue.string) ?? .null), .init("at", .int(Int(record.event.time))),
            .init("ended", .int(Int(record.ended))), .init("status", .int(Int(record.status))),
            .init("last_line", .string(record.lastLine)),
        ])
    }

    private static func json(_ summary: StopSummary) -> JSONValue {
        .object([
            .init("fault", .string(summary.name)), .init("faults", .int(summary.faults)),
            .init("groups_stopped", .int(summary.groupsStopped)), .init("never_resumed", .int(summary.neverResumed)),
            .init("p50", .int(Int(summary.p50))), .init("p99", .int(Int(summary.p99))), .init("max", .int(Int(summary.max))),
        ])
    }

    private static func json(_ effect: WritePauses.Effect) -> JSONValue {
        .object([
            .init("fault", .int(effect.fault.number)), .init("undone", .bool(effect.fault.isUndo)),
            .init("longest_pause_by_group", .object(effect.pauses.map { .init(String($0.group), .int(Int($0.length))) })),
        ])
    }

    private var verificationJSON: JSONValue {
        switch verification {
        case .notAsked: return .null
        case .impossible(let why): return .object([.init("sound", .bool(false)), .init("impossible", .string(why))])
        case .done(let verdict):
            let violations = verdict.violations.map { violation in
                JSONValue.object([
                    .init("kind", .string(violation.kind.rawValue)), .init("subject", .string(violation.subject)),
                    .init("story", .array(violation.story.map(JSONValue.string))),
                ])
            }
            return .object([
                .init("sound", .bool(verdict.isClean)), .init("acknowledged", .int(verdict.acknowledged)),
                .init("unknown", .int(verdict.unknown)), .init("unknown_applied", .int(verdict.unknownApplied)),
                .init("refused", .int(verdict.refused)), .init("reads", .int(verdict.reads)),
                .init("registers", .int(verdict.registers)),
                .init("undecided", .array(verdict.undecided.map(JSONValue.string))),
                .init("violations", .array(violations)),
            ])
        }
    }
}
