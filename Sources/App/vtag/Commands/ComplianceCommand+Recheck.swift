import ArgumentParser
import Foundation
import JSON

extension ComplianceCommand {
    struct Recheck: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Judge every resource again; compliance follows every change by itself, this is for certainty.")
        @Flag(help: "Show how far it has come, until it is done.") var wait = false
        @OptionGroup var connection: ConnectionOptions

        /// Between two looks.
        private static let pause = Duration.milliseconds(250)

        func run() async throws {
            try await Session.run(connection) { session in
                var execution = try await session.client.send("POST", Target("compliance", "recheck"))
                let terminal = Terminal.standardError
                while wait, execution["status"]?.string == "running", let id = execution["id"]?.string {
                    if terminal.isInteractive { terminal.write("\r\(Recheck.words(execution))\u{1B}[K") }
                    try await Task.sleep(for: Recheck.pause)
                    execution = try await session.client.get(Target("executions", id))
                }
                if wait, terminal.isInteractive { terminal.write("\r\u{1B}[K") }
                session.printer.one(execution) { execution in
                    execution["status"]?.string == "completed"
                        ? "checked \(execution.cell("resources")) resources\n"
                        : "checking again; `vtag compliance status` shows how many are pending\n"
                }
            }
        }

        private static let barWidth = 30

        static func words(_ execution: JSONValue) -> String {
            let all = max(1, execution["resources"]?.int ?? 1)
            let done = max(0, all - (execution["pending"]?.int ?? 0))
            let filled = done * barWidth / all
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: barWidth - filled)
            return "checking  \(bar)  \(done * 100 / all)%  \(done)/\(all) resources"
        }
    }
}
