import ArgumentParser
import Foundation
import LoadTesting

@main
struct VTagLoad: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vtag-load",
        abstract: "Puts a Virtual Tagger under load, breaks things meanwhile, and proves that nothing was lost.",
        discussion: """
            A scenario (YAML, see loadtest/scenarios/) says what is asked, how often, and what goes wrong when. Latency counts \
            from the moment an operation was to start, so a system that stalls cannot hide it.

            EXAMPLES
              vtag-load run loadtest/scenarios/mixed.yaml --target http://127.0.0.1:8080 --token-file data/admin.jwt
              vtag-load run loadtest/scenarios/kill.yaml --target http://127.0.0.1:8081 --target http://127.0.0.1:8082 \\
                --token-file admin.jwt --verify --html report.html
              vtag-load check my-scenario.yaml

            EXIT STATUS
              0   the load ran, and what was verified is sound
              1   an acknowledged write was lost or applied twice, a history is not linearizable, or nothing could be verified
              64  wrong usage, or a scenario with mistakes
              69  the system cannot be reached
            """,
        subcommands: [RunCommand.self, CheckCommand.self, CompareCommand.self])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as LoadFailure {
            Console.error("vtag-load: \(failure)")
            Foundation.exit(failure.kind == .usage ? 64 : 69)
        } catch {
            exit(withError: error)
        }
    }
}
