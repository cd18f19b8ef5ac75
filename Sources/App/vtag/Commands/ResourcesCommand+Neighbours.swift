import ArgumentParser
import JSON

extension ResourcesCommand {
    struct Neighbours: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "neighbors", abstract: "List what lies around a resource, nearest first.",
            discussion: """
                EXAMPLES
                  vtag resources neighbors i-0abc1234def567890
                  vtag resources neighbors i-0abc1234def567890 --types attached_to,protected_by --direction in
                  vtag resources neighbors vpc-0abc1234 --depth 2 --limit 1000
                """)

        @Argument(help: "Its UUID, or the provider's own id.") var resource: String
        @Option(help: "Types of relationships, with commas between; all those between resources, if not given.")
        var types: String?
        @Option(help: "out, in or any.") var direction: String?
        @Option(help: "How many relationships away, 1 to 4 (1).") var depth: Int?
        @Option(help: "Most neighbors to show, 1 to 1000 (100).") var limit: Int?
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                var target = Target("resources", try await session.resource(resource).id, "neighbors")
                target.add("types", types)
                target.add("direction", direction)
                target.add("depth", depth.map(String.init))
                target.add("limit", limit.map(String.init))
                session.printer.one(try await session.client.get(target)) {
                    ResourcesCommand.words($0, empty: "no neighbors")
                }
            }
        }
    }

    struct Impact: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what depends on a resource, nearest first.",
            discussion: """
                What lies in it, runs on it, is encrypted with it, made from it or protected by it, what it is attached to, and what \
                depends on these in turn.

                EXAMPLES
                  vtag resources impact subnet-0abc1234
                  vtag resources impact arn:aws:kms:eu-west-1:111122223333:key/1234 --depth 1 -o csv
                """)

        @Argument(help: "Its UUID, or the provider's own id.") var resource: String
        @Option(help: "How many relationships away, 1 to 4 (4).") var depth: Int?
        @Option(help: "Most resources to show, 1 to 1000 (100).") var limit: Int?
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                var target = Target("resources", try await session.resource(resource).id, "impact")
                target.add("depth", depth.map(String.init))
                target.add("limit", limit.map(String.init))
                session.printer.one(try await session.client.get(target)) {
                    ResourcesCommand.words($0, empty: "nothing depends on it")
                }
            }
        }
    }

    /// A neighbourhood as a table.
    fileprivate static func words(_ answer: JSONValue, empty: String) -> String {
        let items = answer["items"]?.array ?? []
        guard !items.isEmpty else { return empty + "\n" }
        var table = Table([
            .init("HOPS", .right), .init("TYPE", shrinks: true), .init("NAME", shrinks: true), .init("VIA"),
            .init("ACCOUNT", shrinks: true), .init("RESOURCE", isID: true),
        ])
        let rows = items.map { item in
            let labels = item["labels"]?.array?.compactMap(\.string) ?? []
            let type = item["resource_type"]?.string ?? labels.first ?? ""
            let name = item["name"]?.string ?? item["key"]?.string.map { "\($0)=\(item.cell("value"))" } ?? ""
            let via = item["via"] ?? .null
            let arrow = via["direction"]?.string == "out" ? "→ " : "← "
            return [
                item.cell("distance"), type, name, arrow + via.cell("type"), item.cell("account_id"),
                item["resource_id"]?.string ?? item.cell("id"),
            ]
        }
        return table.render(rows) + (answer["truncated"]?.bool == true ? "there are more; --limit shows more\n" : "")
    }
}
