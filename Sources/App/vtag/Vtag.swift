import ArgumentParser
import Foundation

/// The command line of Virtual Tagger.
@main
struct Vtag: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vtag",
        abstract: "Tag, judge and query cloud resources without touching them.",
        discussion: """
            Where the server is, and who you are, comes from flags, else from VTAG_URL, VTAG_TOKEN (or VTAG_TOKEN_FILE) and VTAG_CA_FILE, else from the \
            current context (`vtag context add`), else it is http://127.0.0.1:8080 with the token in ./data/admin.jwt. \
            These flags may stand before the command or after it.

            EXAMPLES
              vtag status
              vtag ingest aws instances.json --account-id 111122223333
              vtag resources list --provider aws --tag environment=production
              vtag tags set i-0abc1234def567890 owner=checkout@brindlewick.example
              vtag rules apply -f rules.yaml
              vtag plan -f governance/ --prune
              vtag explain i-0abc1234def567890 --key team

            EXIT STATUS
              0   done
              1   the server refused, or refused some of it
              2   `rules lint` or `verify` found something; an import left something out; `plan` or `diff --detailed-exitcode` would
                  change something
              64  wrong usage, or a file that cannot be used
              69  the server cannot be reached
              77  the token is missing, expired, or does not allow this

            OUTPUT
              Every command that shows something takes -o table, wide, json, yaml or csv.

            COMPLETION
              vtag completion bash|zsh|fish
            """,
        version: version,
        subcommands: [
            StatusCommand.self, IngestCommand.self, ResourcesCommand.self, TagsCommand.self, ExplainCommand.self,
            GraphCommand.self, GraphsCommand.self, PlanCommand.self, DiffCommand.self, ApplyCommand.self, RulesCommand.self,
            SchemaCommand.self,
            PoliciesCommand.self, ComplianceCommand.self, AuditCommand.self, ImportCommand.self, ExportCommand.self,
            LoginCommand.self, TokenCommand.self, ContextCommand.self, ClusterCommand.self, PostgresCommand.self,
            RegionCommand.self, VerifyCommand.self, LoadSamplesCommand.self, CompletionCommand.self,
        ])

    static let version = "0.1.0"

    static func main() async {
        do {
            var command = try parseAsRoot(Arguments.reordered(Array(CommandLine.arguments.dropFirst())))
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            Terminal.standardError.line("vtag: " + failure.message)
            Foundation.exit(failure.status.rawValue)
        } catch {
            exit(withError: error)
        }
    }
}
