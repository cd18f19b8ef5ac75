import ArgumentParser
import JSON

struct ResourcesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resources", abstract: "List, show and forget cloud resources.",
        subcommands: [List.self, Get.self, Neighbours.self, Impact.self, Delete.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List resources.",
            discussion: """
                EXAMPLES
                  vtag resources list --type ec2.instance --region us-east-1
                  vtag resources list --tag environment=production --tag team=checkout --all
                  vtag resources list --all -o json | jq -r '.items[].resource_id'
                """)

        @Option(help: "aws, gcp or azure.") var provider: String?
        @Option(help: "For example ec2.instance, compute.instance, microsoft.compute/virtualmachines.") var type: String?
        @Option(help: "AWS account, Google Cloud project or Azure subscription.") var account: String?
        @Option(help: "For example us-east-1.") var region: String?
        @Option(help: "The resource's name.") var name: String?
        @Option(help: "An effective virtual tag; may be repeated, and then all must hold.") var tag: [TagArgument] = []
        @OptionGroup var paging: PagingOptions
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            var target = Target("resources")
            target.add("provider", provider)
            target.add("resource_type", type)
            target.add("account_id", account)
            target.add("region", region)
            target.add("name", name)
            for tag in tag { target.add("tag", tag.text) }
            try await Session.run(connection) { session in
                try await session.printer.list(
                    session.client, target, limit: paging.itemsMax,
                    columns: [
                        .init("TYPE", shrinks: true), .init("NAME", shrinks: true), .init("ACCOUNT", shrinks: true),
                        .init("REGION"),
                        .init("RESOURCE", isID: true), .init("UUID", isWide: true),
                    ], empty: "no resource matches"
                ) { ["resource_type", "name", "account_id", "region", "resource_id", "id"].map($0.cell) }
            }
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one resource with its provider's tags and its relationships.",
            discussion:
                """
                EXAMPLES
                  vtag resources get i-0abc1234def567890
                  vtag resources get 6fa459ea-ee8a-5ca4-894e-db77e160355e -o yaml
                """
        )

        @Argument(help: "Its UUID, or the provider's own id.") var resource: String
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                let id = try await session.resource(resource).id
                session.printer.one(try await session.client.get(Target("resources", id)), Get.words)
            }
        }

        static func words(_ resource: JSONValue) -> String {
            let names = [
                "id", "provider", "resource_id", "resource_type", "name", "account_id", "region", "compliant", "version",
                "first_seen", "last_seen",
            ]
            var text = Printer.fields(names.map { ($0, resource.cell($0)) })
            text += section("NATIVE TAGS", (resource["native_tags"]?.members ?? []).map { [$0.name, $0.value.cell] })
            let relationships = (resource["relationships"]?.array ?? []).map { relationship in
                [relationship.cell("type"), relationship.cell("target")]
            }
            text += section("RELATIONSHIPS", relationships)
            text += section(
                "COSTS",
                (resource["costs"]?.array ?? []).map { cost in
                    [
                        "\(cost.cell("month"))  \(cost.cell("service"))",
                        "\(cost.cell("billed_cost")) \(cost.cell("currency"))",
                    ]
                })
            text += section("METADATA", (resource["metadata"]?.members ?? []).map { [$0.name, $0.value.cell] })
            return text
        }

        private static func section(_ title: String, _ rows: [[String]]) -> String {
            guard !rows.isEmpty else { return "" }
            var table = Table([.init(title), .init("", shrinks: true)])
            return "\n" + table.render(rows)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget a resource and its virtual tags; the cloud resource itself stays.",
            discussion: "EXAMPLES\n  vtag resources delete i-0abc1234def567890")

        @Argument(help: "UUIDs, or the provider's own ids.") var resources: [String]
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                for name in resources {
                    let id = try await session.resource(name).id
                    _ = try await session.client.send("DELETE", Target("resources", id))
                    Terminal.standardError.line("deleted \(Terminal.clean(name))")
                }
            }
        }
    }
}
