import JSON

/// How far a background application has come: a bar on a terminal, until its end.
struct ExecutionProgress {
    /// How long one request waits for news, in seconds.
    private static let waitSeconds = 10
    private static let barWidth = 30

    let label: String
    let client: Client

    /// Returns the execution once it has ended; what takes its place while it runs is watched in its place.
    func watch(_ id: String) async throws -> JSONValue {
        let terminal = Terminal.standardError
        var id = id
        var execution = try await client.get(Target("executions", id))
        while true {
            if terminal.isInteractive { terminal.write("\r\(words(execution))\u{1B}[K") }
            switch execution["status"]?.string {
            case "running": break
            case "superseded": id = execution["superseded_by"]?.string ?? id
            default:
                if terminal.isInteractive { terminal.write("\r\u{1B}[K") }
                return execution
            }
            execution = try await client.get(Target("executions", id).adding("wait", String(Self.waitSeconds)))
        }
    }

    private func words(_ execution: JSONValue) -> String {
        let all = max(1, execution["resources"]?.int ?? 1)
        let done = min(all, max(0, all - (execution["pending"]?.int ?? 0)))
        let filled = done * Self.barWidth / all
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.barWidth - filled)
        return "\(label)  \(bar)  \(done * 100 / all)%  \(done)/\(all) resources"
    }
}
