import ArgumentParser
import JSON

struct ComplianceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compliance", abstract: "Show how well the resources meet the policies.",
        subcommands: [
            Status.self, Violations.self, Scores.self, History.self, Waivers.self, Report.self, Recheck.self,
        ], defaultSubcommand: Status.self)

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the score, policy by policy.",
            discussion: "EXAMPLES\n  vtag compliance status\n  vtag compliance status --resource i-0abc1234def567890")
        @Option(help: "Only this resource: its UUID, or the provider's own id.") var resource: String?
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                var target = Target("compliance", "status")
                if let resource { target.add("resource_id", try await session.resource(resource).id) }
                session.printer.one(try await session.client.get(target)) {
                    resource == nil ? Status.overall($0) : YAMLText.render($0)
                }
            }
        }

        static func overall(_ status: JSONValue) -> String {
            let policies = (status["by_policy"]?.array ?? []).map { policy in
                ["severity", "policy_name", "evaluated", "compliant", "waived", "violations", "score"].map(policy.cell)
            }
            let score = status["score"]?.double.map { "\(Double(Int(($0 * 10).rounded())) / 10) %" } ?? "nothing judged"
            let head = Printer.fields([
                ("score", score), ("resources", status.cell("resources")), ("compliant", status.cell("compliant_resources")),
                ("waived", status.cell("waived_resources")), ("pending", status.cell("pending")),
            ])
            guard !policies.isEmpty else { return head }
            var table = Table([
                .init("SEVERITY"), .init("POLICY", shrinks: true), .init("JUDGED", .right), .init("COMPLIANT", .right),
                .init("WAIVED", .right), .init("VIOLATIONS", .right), .init("SCORE", .right),
            ])
            return head + "\n" + table.render(policies)
        }
    }

    struct Violations: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what is wrong, resource by resource.",
            discussion:
                """
                EXAMPLES
                  vtag compliance violations --severity CRITICAL
                  vtag compliance violations --policy owner-is-a-mailbox
                """
        )
        @Option(help: "CRITICAL, HIGH, MEDIUM or LOW.", transform: { $0.uppercased() }) var severity: String?
        @Option(help: "A policy's name or id.") var policy: String?
        @Option(help: "A resource's UUID, or the provider's own id.") var resource: String?
        @Flag(help: "Only those that a waiver allows.") var waived = false
        @Flag(help: "Only those that no waiver allows.") var open = false
        @OptionGroup var paging: PagingOptions
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                var target = Target("compliance", "violations").adding("severity", severity)
                if let policy {
                    target.add("policy_id", try await DefinitionKind.policy.find(policy, session.client)["id"]?.string)
                }
                if let resource { target.add("resource_id", try await session.resource(resource).id) }
                if waived != open { target.add("waived", waived ? "true" : "false") }
                try await session.printer.list(
                    session.client, target, limit: paging.itemsMax,
                    columns: [
                        .init("SEVERITY"), .init("POLICY", shrinks: true), .init("TYPE", shrinks: true),
                        .init("NAME", shrinks: true), .init("RESOURCE", isID: true),
                        .init("WHAT", shrinks: true), .init("WAIVER", shrinks: true), .init("FIX", isWide: true),
                        .init("UUID", isWide: true),
                    ],
                    empty: "nothing is wrong", row: Violations.row)
            }
        }

        static func row(_ item: JSONValue) -> [String] {
            let found = item["violations"]?.array ?? [item]
            let what = found.map { violation in
                let words =
                    violation["message"]?.string
                    ?? [violation.cell("code"), violation.cell("tag_key"), violation.cell("value")]
                    .filter { !$0.isEmpty }.joined(separator: " ")
                return words
            }
            return [
                item.cell("severity"), item["policy_name"]?.string ?? item.cell("policy_id"), item.cell("resource_type"),
                item.cell("resource_name"), item.cell("native_id"), what.joined(separator: "; "), item.cell("waiver_name"),
                found.map { $0.cell("suggested_fix") }.joined(separator: "; "), item.cell("resource_id"),
            ]
        }
    }
}
