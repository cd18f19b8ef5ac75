import ArgumentParser
import JSON

extension RulesCommand {
    struct Lint: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what is odd about the rules in force.",
            discussion: """
                Rules that match nothing, that are never in force, that overlap, that copy each other's tags in a circle, or \
                that set values which the tag schema forbids. What does not follow from the rules alone is counted over all \
                resources.

                EXIT STATUS
                  0   nothing as bad as --fail-on was found
                  2   something was
                  others as of `vtag --help`

                EXAMPLES
                  vtag rules lint
                  vtag rules lint --fail-on error -o json
                """)

        enum Severity: String, CaseIterable, ExpressibleByArgument, Sendable { case error, warning, note, never }

        @Option(help: "The least bad finding that counts for the exit status: error, warning, note, never.")
        var failOn = Severity.warning
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let counting: [String] =
                switch failOn {
                case .error: ["error"]
                case .warning: ["error", "warning"]
                case .note: ["error", "warning", "note"]
                case .never: []
                }
            var bad = 0
            try await Session.run(connection) { session in
                let findings = try await session.client.all(Target("tag-rules", "lint"))
                session.printer.list(
                    findings,
                    columns: [
                        .init("SEVERITY"), .init("RULE", shrinks: true), .init("CODE"), .init("KEY", shrinks: true),
                        .init("WHAT", shrinks: true),
                    ], empty: "nothing odd was found"
                ) { ["severity", "rule_name", "code", "tag_key", "message"].map($0.cell) }
                bad = findings.count { counting.contains($0.cell("severity")) }
            }
            if bad > 0 { throw Failure(.findings, "\(bad) finding\(bad == 1 ? "" : "s"); --fail-on says what counts") }
        }
    }
}
