import Consensus

extension LifeReport {
    /// Most lines of a short history.
    package static let shortHistoryLines = 60

    /// What went wrong, for people, with the last lines that tell of the group concerned.
    package func text() -> String {
        var lines: [String] = []
        if let violation {
            let group = violation.group >= 0 ? ", group \(violation.group)" : ""
            lines.append("VIOLATION of \(violation.property.rawValue)\(group), at \(Trace.Line.timeText(violation.time)):")
            lines.append("  \(violation.detail)")
        }
        lines.append("plan: \(plan.text)")
        if !operations.isEmpty {
            lines.append("what clients saw of the key:")
            lines += operations.map { "  \($0.text)" }
        }
        lines.append("the last events (replay with --trace for all of them):")
        let group = Int32(violation?.group ?? -1)
        let telling = tellingLines.filter { $0.group < 0 || group < 0 || $0.group == group }
        lines += telling.suffix(Self.shortHistoryLines).map { "  \($0.text())" }
        return lines.joined(separator: "\n")
    }
}

extension LifePlan {
    package var text: String {
        let faults = FaultKind.allCases.compactMap { kind in faultWeights[kind].map { "\(kind) \($0)" } }
        return """
            \(founders) nodes\(spares > 0 ? " + \(spares) spare" : ""), \(groups) groups (\(machines.map { "\($0)" }.joined(separator: ", "))), \(clients) clients, \
            \(keysPerGroup) keys a group, \(chaos / 1_000) ms of chaos, a fault each \(faultInterval / 1_000) ms: \
            \(faults.joined(separator: ", ")); loss \(network.lossPerMillion) ppm, duplication \
            \(network.duplicationPerMillion) ppm, \(network.keepsOrder ? "in order" : "reordered"), delay \
            \(network.delayMean / 1_000) ms, sync \(disk.syncMean / 1_000) ms, heartbeat \
            \(settings.heartbeatMilliseconds) ms, election \(settings.electionMilliseconds) ms, snapshot each \
            \(snapshotInterval)\(usesFrames ? ", frames" : "")\(streamsSnapshots ? ", snapshots in chunks" : "")\(sink?.text ?? "")
            """
    }
}

extension SinkPlan {
    fileprivate var text: String {
        let faults = DatabaseFault.allCases.compactMap { kind in faultWeights[kind].map { "\(kind) \($0)" } }
        return """
            ; PostgreSQL \(delayMean / 1_000) ms away, given up after \(answerTimeout / 1_000) ms, \(batchMax) changes a \
            transaction, feeds of \(feedChangesMax), a fault each \(faultInterval / 1_000) ms: \(faults.joined(separator: ", "))
            """
    }
}
