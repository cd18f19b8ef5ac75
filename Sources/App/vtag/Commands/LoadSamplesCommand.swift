import ArgumentParser
import Foundation
import JSON

struct LoadSamplesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load-samples", abstract: "Load the sample company: schema, rules, inventory, costs and policies.",
        discussion:
            "Loading it again changes nothing but what was edited meanwhile.\n\nEXAMPLES\n  vtag load-samples samples")

    @Argument(
        help: "The directory with manifest.yaml, schema.yaml, rules.yaml and policies.yaml.", completion: .directory)
    var directory: String

    @Flag(help: "Load nothing into a node that has been loaded before.")
    var once = false

    @OptionGroup var connection: ConnectionOptions

    /// How long to wait for the last resources to be judged before the figures are printed anyway.
    static let settleSecondsMax = 120

    func run() async throws {
        let payloads = try Manifest(path: path("manifest.yaml")).payloads
        let schema = try definitions(.schema, in: "schema.yaml")
        let rules = try definitions(.rule, in: "rules.yaml")
        let policies = try definitions(.policy, in: "policies.yaml")
        try await Session.run(connection) { session in
            var totals = Ingestion.Totals()
            // Policies come last: where there are some, nothing before them is missing.
            let policiesThere = try await session.client.all(DefinitionKind.policy.collection)
            if !once || policiesThere.isEmpty {
                try await apply(schema, .schema, session.client)
                try await apply(rules, .rule, session.client)
                var ingestion = Ingestion(
                    client: session.client, payloads: payloads, label: "inventory and costs", everyFile: false)
                try await ingestion.run(payloads)
                totals = ingestion.totals
                try await apply(policies, .policy, session.client)
            }
            try await settle(session.client)
            session.printer.one(try await Status.read(session.client)) {
                Status.words($0) + "\n" + suggestions(session.client)
            }
            guard totals.isClean else { throw Failure.refused(totals.words) }
        }
    }

    private func path(_ file: String) -> String { (directory as NSString).appendingPathComponent(file) }

    private func definitions(_ kind: DefinitionKind, in file: String) throws -> [Definition] {
        let definitions = try DefinitionFile(InputFile(path: path(file))).definitions
        try kind.check(definitions)
        return definitions
    }

    private func apply(_ definitions: [Definition], _ kind: DefinitionKind, _ client: Client) async throws {
        var counts: [Application.Outcome: Int] = [:]
        try await Application(kind: kind, client: client).run(definitions) { _, outcome in counts[outcome, default: 0] += 1 }
        let words = "\(counts[.created] ?? 0) created, \(counts[.updated] ?? 0) updated"
        Terminal.standardError.line("\(definitions.count) \(kind.plural): \(words)")
    }

    /// Waits until the background has judged what was loaded.
    private func settle(_ client: Client) async throws {
        let deadline = ContinuousClock.now + .seconds(Self.settleSecondsMax)
        while ContinuousClock.now < deadline {
            let pending = try await client.get(Target("stats"))["pending"]?.int ?? 0
            if pending == 0 { return }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// A request and three commands to try, spelled as this one was called.
    private func suggestions(_ client: Client) -> String {
        let program = CommandLine.arguments.first ?? "vtag"
        let address = client.address.text
        var flags = address == ServerAddress.standard ? "" : " --url \(address)"
        if let file = connection.tokenFile, !file.hasSuffix(ConnectionOptions.localTokenFile) {
            flags += " --token-file \(file)"
        }
        let token = connection.tokenFile.map { "$(cat \($0))" } ?? "$VTAG_TOKEN"
        let place = connection.tokenFile.map { "; the admin token is in \($0)" } ?? ""
        return """
            Serving at \(address)\(place)
              curl -H "Authorization: Bearer \(token)" "\(address)/resources?limit=3"

            Try next:
              \(program) compliance status\(flags)
              \(program) compliance violations --severity CRITICAL\(flags)
              \(program) resources list --type ec2.instance --tag team=checkout\(flags)

            """
    }
}
