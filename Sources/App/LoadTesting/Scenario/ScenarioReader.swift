import Yams

/// One thing wrong with a scenario, and where.
package struct ScenarioProblem: Equatable, Sendable, CustomStringConvertible {
    /// 1-based line of the file; 0 where there is none.
    package let line: Int
    /// Names of the settings on the way, joined by dots.
    package let path: String
    package let message: String

    package var description: String {
        (line > 0 ? "line \(line): " : "") + (path.isEmpty ? "" : "\(path): ") + message
    }
}

/// Everything that is wrong with a scenario.
package struct ScenarioErrors: Error, Equatable, CustomStringConvertible {
    package let problems: [ScenarioProblem]
    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

extension Scenario {
    /// Reads a scenario from YAML. Throws `ScenarioErrors` with every problem there is.
    package init(yaml: String) throws(ScenarioErrors) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch {
            throw ScenarioErrors(problems: [Self.explain(error)])
        }
        guard let root else {
            throw ScenarioErrors(problems: [ScenarioProblem(line: 0, path: "", message: "the file is empty")])
        }
        let fields = ScenarioFields(root, path: "")
        self.init()
        read(fields)
        checkParts(fields)
        let problems = fields.problems
        guard problems.isEmpty else { throw ScenarioErrors(problems: problems) }
    }

    private mutating func read(_ fields: ScenarioFields) {
        fields.accept([
            "name", "summary", "mode", "duration", "warm_up", "seed", "rate", "arrivals", "connections", "in_flight_max",
            "data", "keys", "mix", "request", "targets", "faults", "verify",
        ])
        fields.text("name") { name = $0 }
        fields.text("summary") { summary = $0 }
        fields.choice("mode", Mode.self) { mode = $0 }
        fields.duration("duration", 1_000...86_400_000_000) { duration = $0 }
        fields.duration("warm_up", 0...3_600_000_000) { warmUp = $0 }
        fields.number("seed", 0...Int.max) { seed = UInt64($0) }
        fields.choice("arrivals", ArrivalSchedule.Spacing.self) { arrivals = $0 }
        fields.number("connections", 1...4_096) { connections = $0 }
        fields.number("in_flight_max", 1...1_000_000) { inFlightMax = $0 }
        readRate(fields)
        fields.group("data") { group in
            group.accept(["resources", "keys_per_resource", "value_bytes", "fill"])
            group.number("resources", 1...DataPlan.resourcesMax) { data.resources = $0 }
            group.number("keys_per_resource", 1...DataPlan.keysPerResourceMax) { data.keysPerResource = $0 }
            group.number("value_bytes", DataPlan.valueBytesMin...DataPlan.valueBytesMax) { data.valueBytes = $0 }
            group.word("fill", ["true", "false"]) { data.isFilled = $0 == "true" }
        }
        readChoice(fields)
        readMix(fields)
        fields.group("request") { group in
            group.accept(["timeout", "attempt_timeout", "attempts", "pause", "idempotency_keys"])
            group.duration("timeout", 1_000...600_000_000) { request.timeout = $0 }
            group.duration("attempt_timeout", 1_000...600_000_000) { request.attemptTimeout = $0 }
            group.number("attempts", 1...100) { request.attemptsMax = $0 }
            group.duration("pause", 0...60_000_000) { request.pause = $0 }
            group.word("idempotency_keys", ["true", "false"]) { request.hasIdempotencyKeys = $0 == "true" }
            if !request.hasIdempotencyKeys, request.attemptsMax > 1 {
                group.note("idempotency_keys", "without keys a write must not be repeated: it needs `attempts: 1`")
            }
        }
        fields.group("targets") { group in
            group.accept(["urls", "choice", "kind", "http"])
            group.texts("urls") { targets.urls = $0 }
            group.choice("choice", TargetPolicy.Choice.self) { targets.choice = $0 }
            group.choice("kind", TargetPolicy.Kind.self) { targets.kind = $0 }
            group.number("http", 1...2) { targets.httpVersion = $0 }
        }
        fields.groups("faults") { faults += FaultPlan.read($0, end: end) }
        fields.group("verify") { group in
            verification.isOn = true
            group.accept(["settle"])
            group.duration("settle", 0...3_600_000_000) { verification.settle = $0 }
        }
    }

    /// `rate: 500`, or a list of moments and rates with straight lines between them.
    private mutating func readRate(_ fields: ScenarioFields) {
        guard fields.isSequence("rate") else {
            fields.decimal("rate", RateProfile.rates) { rate = RateProfile(constant: $0) }
            return
        }
        var points: [RateProfile.Point] = []
        fields.groups("rate") { group in
            group.accept(["at", "rate"])
            var point = RateProfile.Point(at: 0, rate: 0)
            group.duration("at", 0...86_400_000_000, isRequired: true) { point.at = $0 }
            group.decimal("rate", 0...RateProfile.rates.upperBound, isRequired: true) { point.rate = $0 }
            if let last = points.last, point.at <= last.at {
                group.note("at", "each point must come after the one before")
            }
            points.append(point)
        }
        if let profile = RateProfile(points: points) {
            rate = profile
        } else if !points.isEmpty {
            fields.note("rate", "at least one point needs a rate above 0")
        }
    }

    private mutating func readChoice(_ fields: ScenarioFields) {
        fields.group("keys") { group in
            group.accept(["choice", "exponent"])
            var isZipf = false
            group.word("choice", ["uniform", "zipf"]) { isZipf = $0 == "zipf" }
            var exponent = 0.99
            group.decimal("exponent", 0.01...5) { exponent = $0 }
            if group.has("exponent"), !isZipf { group.note("exponent", "goes with `choice: zipf` only") }
            choice = isZipf ? .zipf(exponent: exponent) : .uniform
        }
    }

    /// `point_read: 60`, or `bulk_apply: {weight: 5, items: 20}`.
    private mutating func readMix(_ fields: ScenarioFields) {
        fields.group("mix") { group in
            group.accept(OperationKind.allCases.map(\.rawValue))
            for kind in OperationKind.allCases where group.has(kind.rawValue) {
                var weight = 0
                var size: Int?
                if group.isMapping(kind.rawValue) {
                    group.group(kind.rawValue) { entry in
                        entry.accept(["weight"] + (kind.sizeName.map { [$0] } ?? []))
                        entry.number("weight", 1...1_000_000, isRequired: true) { weight = $0 }
                        if let name = kind.sizeName {
                            entry.number(name, 1...OperationKind.sizeMax) { size = $0 }
                        }
                    }
                } else {
                    group.number(kind.rawValue, 0...1_000_000) { weight = $0 }
                }
                if weight > 0 { mix.append(MixEntry(kind, weight: weight, size: size)) }
            }
        }
    }

    /// What only shows when the parts are seen together.
    private func checkParts(_ fields: ScenarioFields) {
        if mix.isEmpty { fields.note("mix", "name at least one kind of operation and its weight, as in `point_read: 1`") }
        if mode == .closed, fields.has("rate") {
            fields.note("rate", "a closed loop has no rate: its connections start the next operation when one ends")
        }
        if mode == .closed, fields.has("arrivals") { fields.note("arrivals", "goes with `mode: open` only") }
        if targets.kind == .etcd {
            for entry in mix where entry.kind != .tagWrite && entry.kind != .pointRead {
                fields.note("mix", "etcd knows tag_write (a put) and point_read (a range), not \(entry.kind.rawValue)")
            }
            if verification.isOn { fields.note("verify", "etcd has no audit trail to verify against") }
            if targets.httpVersion == 2 { fields.note("targets", "etcd's JSON gateway needs `http: 1`") }
        }
        for entry in mix where entry.kind == .bulkApply || entry.kind == .ingest {
            if entry.size > data.resources {
                fields.note("mix", "\(entry.kind.rawValue) has more items than there are resources")
            }
        }
        if verification.isOn, !request.hasIdempotencyKeys {
            fields.note("verify", "needs writes with idempotency keys")
        }
        if verification.isOn, !mix.contains(where: \.kind.writesTags) {
            fields.note("verify", "there is nothing to verify: the mix has neither tag_write nor bulk_apply")
        }
    }

    private static func explain(_ error: any Error) -> ScenarioProblem {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            ScenarioProblem(line: mark.line, path: "", message: problem)
        default: ScenarioProblem(line: 0, path: "", message: "this is not YAML")
        }
    }
}

extension FaultPlan {
    /// - Parameter end: when the load ends; nothing is done on purpose after it.
    fileprivate static func read(_ fields: ScenarioFields, end: Microseconds) -> [FaultPlan] {
        fields.accept(["name", "at", "every", "first", "last", "run", "undo", "after", "nodes"])
        var plan = FaultPlan(name: "fault", command: "", moments: [])
        fields.text("run", isRequired: true) { plan.command = $0 }
        plan.name = String(plan.command.prefix(40))
        fields.text("name") { plan.name = $0 }
        fields.texts("nodes") { plan.nodes = $0 }
        fields.text("undo") { plan.undo = $0 }
        fields.duration("after", 0...3_600_000_000) { plan.undoAfter = $0 }
        if fields.has("after") != fields.has("undo") { fields.note("after", "goes together with `undo`") }
        let day: Microseconds = 86_400_000_000
        switch (fields.has("at"), fields.has("every")) {
        case (true, false):
            for name in ["first", "last"] where fields.has(name) { fields.note(name, "goes with `every` only") }
            fields.duration("at", 0...day) { plan.moments = [$0] }
        case (false, true):
            fields.duration("every", 100_000...day) { every in
                var first = every
                var last = end
                fields.duration("first", 0...day) { first = $0 }
                fields.duration("last", 0...day) { last = min($0, end) }
                plan.moments = Array(stride(from: first, through: last, by: Int(every)))
            }
        case (true, true), (false, false): fields.note("at", "say either `at` or `every`")
        }
        if let late = plan.moments.first(where: { $0 > end }) {
            fields.note("at", "\(DurationText.render(late)) is after the end of the load, \(DurationText.render(end))")
        }
        return [plan]
    }
}
