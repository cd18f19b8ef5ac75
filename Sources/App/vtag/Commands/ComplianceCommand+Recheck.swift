import ArgumentParser
import JSON

extension ComplianceCommand {
    struct Recheck: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Judge every resource again; compliance follows every change by itself, this is for certainty.")
        @Flag(help: "Show how far it has come, until it is done.") var wait = false
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                var execution = try await session.client.send("POST", Target("compliance", "recheck"))
                if wait, let id = execution["id"]?.string {
                    execution = try await ExecutionProgress(label: "checking", client: session.client).watch(id)
                }
                session.printer.one(execution) { execution in
                    execution["status"]?.string == "completed"
                        ? "checked \(execution.cell("resources")) resources\n"
                        : "checking again; `vtag compliance status` shows how many are pending\n"
                }
            }
        }
    }
}
