extension LifeReport {
    /// Most events of a diagram.
    package static let diagramEvents = 80

    /// The last messages and events of the group concerned, as a Mermaid sequence diagram.
    package func diagram() -> String {
        let group = Int32(violation?.group ?? 0)
        let events = lines.filter { $0.group == group || ($0.group < 0 && $0.kind.isTelling) }.suffix(Self.diagramEvents)
        var text = ["sequenceDiagram"]
        for node in 0..<plan.nodes { text.append("    participant n\(node)") }
        for line in events {
            switch line.kind {
            case .messageArrived:
                text.append("    n\(line.a >> 8)->>n\(line.place): \(line.message)")
            case .operationCalled, .operationAnswered, .operationRetried, .operationGivenUp, .persisted: continue
            default:
                let over = line.place < 0 ? "n0,n\(plan.nodes - 1)" : "n\(line.place)"
                let what = line.what.replacing(";", with: ",")
                text.append("    Note over \(over): \(Trace.Line.timeText(line.time)) \(what)")
            }
        }
        return text.joined(separator: "\n")
    }
}
