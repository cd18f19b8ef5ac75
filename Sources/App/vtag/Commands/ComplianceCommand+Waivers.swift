import ArgumentParser
import Foundation
import JSON

extension ComplianceCommand {
    struct Waivers: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "waivers", abstract: "List and apply waivers: leave to violate policies for a while.",
            subcommands: [List.self, Get.self, Apply.self, Delete.self], defaultSubcommand: List.self)

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "List waivers, expired ones too.")
            @OptionGroup var connection: ConnectionOptions

            func run() async throws {
                let now = Date().ISO8601Format()
                try await DefinitionKind.waiver.list(
                    connection,
                    columns: [
                        .init("NAME", shrinks: true), .init("STATE"), .init("EXPIRES"), .init("APPROVER", shrinks: true),
                        .init("POLICIES", .right), .init("REASON", shrinks: true),
                    ]
                ) { waiver in
                    [
                        waiver.cell("waiver_name"), waiver.cell("expires_at") > now ? "active" : "expired",
                        waiver.cell("expires_at"), waiver.cell("approver"), "\(waiver["policies"]?.array?.count ?? 0)",
                        waiver.cell("reason"),
                    ]
                }
            }
        }

        struct Get: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Show one waiver whole.")
            @Argument(help: "Its name or id.") var waiver: String
            @OptionGroup var connection: ConnectionOptions

            func run() async throws { try await DefinitionKind.waiver.get(waiver, connection) }
        }

        struct Apply: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Create the waivers of a file, or update those that are there under the same waiver_name.",
                discussion: """
                    A waiver in YAML; whoever applies it is its approver:

                      - waiver_name: legacy-billing
                        reason: Moves to the new account in June.
                        scope: {field: account_id, operator: eq, value: "111122223333"}
                        policies: [production-has-owners]
                        expires_at: "2027-07-01"

                    EXAMPLES
                      vtag compliance waivers apply -f waivers.yaml
                    """)
            @OptionGroup var options: ApplyOptions

            func run() async throws { try await options.run(.waiver) }
        }

        struct Delete: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Delete waivers; what they allowed counts again.")
            @Argument(help: "Names or ids.") var waivers: [String]
            @OptionGroup var connection: ConnectionOptions

            func run() async throws { try await DefinitionKind.waiver.delete(waivers, connection) }
        }
    }
}
