import ArgumentParser
import JSON

struct TagsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tags", abstract: "Show and set virtual tags. What people set wins over rules and models.",
        subcommands: [List.self, Get.self, Set.self, Remove.self, Bulk.self])

    /// `[{"key","value"}]`, as the API takes tags.
    static func json(_ tags: [TagArgument]) -> JSONValue {
        .array(tags.map { .object([.init("key", .string($0.key)), .init("value", .string($0.value))]) })
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a resource's tags, who says so, and whom they won over.",
            discussion:
                """
                EXAMPLES
                  vtag tags list i-0abc1234def567890
                  vtag tags list i-0abc1234def567890 --at 2026-10-01T00:00:00Z
                """
        )

        @Argument(help: "Its UUID, or the provider's own id; of a resource that is gone, its UUID.") var resource: String
        @Option(help: "The tags that it had at this time (RFC 3339).") var at: String?
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                let id = try await session.resource(resource).id
                var target = Target("resources", id, "virtual-tags")
                target.add("at", at)
                let tags = try await session.client.whole(target)
                session.printer.list(
                    tags,
                    columns: [
                        .init("KEY"), .init("VALUE", shrinks: true), .init("SOURCE"), .init("BY", shrinks: true),
                        .init("SINCE"), .init("OVER", shrinks: true),
                    ], empty: "it has no tags"
                ) { tag in
                    let over = (tag["provenance"]?.array ?? []).map {
                        "\($0.cell("tag_value")) (\($0.cell("created_by")))"
                    }
                    return ["tag_key", "tag_value", "source", "created_by", "updated_at"].map(tag.cell)
                        + [over.joined(separator: ", ")]
                }
            }
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one tag of a resource, who says so, and whom it won over.",
            discussion: "EXAMPLES\n  vtag tags get i-0abc1234def567890 environment")

        @Argument(help: "Its UUID, or the provider's own id.") var resource: String
        @Argument(help: "The tag's key.") var key: String
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                let id = try await session.resource(resource).id
                let tags = try await session.client.whole(Target("resources", id, "virtual-tags"))
                session.printer.one(try TagsCommand.tag(key, among: tags), Get.words)
            }
        }

        static func words(_ tag: JSONValue) -> String {
            let names = ["tag_key", "tag_value", "source", "confidence", "created_by", "created_at", "updated_at", "id"]
            var text = Printer.fields(names.map { ($0, tag.cell($0)) })
            let losers = tag["provenance"]?.array ?? []
            guard !losers.isEmpty else { return text }
            var table = Table([.init("OVER", shrinks: true), .init("SOURCE"), .init("BY", shrinks: true), .init("SINCE")])
            text += "\n" + table.render(losers.map { ["tag_value", "source", "created_by", "updated_at"].map($0.cell) })
            return text
        }
    }

    /// Says what was odd about tags that were set.
    static func report(_ answer: JSONValue) {
        for warning in answer["warnings"]?.array ?? [] {
            Terminal.standardError.line("warning: \(Terminal.clean(warning.cell("message")))")
        }
    }

    /// Throws when none has that key.
    static func tag(_ key: String, among tags: [JSONValue]) throws -> JSONValue {
        guard let tag = tags.first(where: { $0["tag_key"]?.string == key }) else {
            throw Failure.refused("it has no tag \"\(Terminal.clean(key))\"")
        }
        return tag
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set tags on a resource.",
            discussion: "EXAMPLES\n  vtag tags set i-0abc1234def567890 environment=production team=checkout")

        @Argument(help: "Its UUID, or the provider's own id.") var resource: String
        @Argument(help: "KEY=VALUE …") var tags: [TagArgument]
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                let id = try await session.resource(resource).id
                let answer = try await session.client.send(
                    "POST", Target("virtual-tags", "apply"),
                    .object([.init("resource_id", .string(id)), .init("tags", TagsCommand.json(tags))]))
                TagsCommand.report(answer)
                session.printer.one(answer) { _ in
                    "set " + tags.map { Terminal.clean($0.text) }.joined(separator: ", ") + "\n"
                }
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take back tags that people set; what rules say of the key shows again.",
            discussion: "EXAMPLES\n  vtag tags remove i-0abc1234def567890 owner")

        @Argument(help: "Its UUID, or the provider's own id.") var resource: String
        @Argument(help: "Keys.") var keys: [String]
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                let resourceID = try await session.resource(resource).id
                let tags = try await session.client.whole(Target("resources", resourceID, "virtual-tags"))
                for key in keys {
                    let id = try TagsCommand.tag(key, among: tags).cell("id")
                    _ = try await session.client.send("DELETE", Target("virtual-tags", id))
                    Terminal.standardError.line("removed \(Terminal.clean(key))")
                }
            }
        }
    }

    struct Bulk: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set tags on every resource that a condition holds for.",
            discussion: """
                The condition is JSON or YAML, given as text or in a file.

                EXAMPLES
                  vtag tags bulk --where '{field: region, operator: absent}' region=global
                  vtag tags bulk --where orphaned-disks.yaml lifecycle=orphaned
                """)

        @Option(help: "A condition, or a file that holds one.") var `where`: String
        @Argument(help: "KEY=VALUE …") var tags: [TagArgument]
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let condition = try Bulk.condition(`where`)
            try await Session.run(connection) { session in
                let answer = try await session.client.send(
                    "POST", Target("virtual-tags", "bulk-apply"),
                    .object([.init("where", condition), .init("tags", TagsCommand.json(tags))]))
                TagsCommand.report(answer)
                let failed = answer["failed"]?.array ?? []
                session.printer.one(answer) { _ in "applied to \(answer.cell("applied")), failed for \(failed.count)\n" }
                for failure in failed.prefix(Ingestion.errorsShownMax) {
                    Terminal.standardError.line("item \(failure.cell("index")): \(Terminal.clean(failure.cell("error")))")
                }
                if !failed.isEmpty { throw ExitCode(ExitStatus.refused.rawValue) }
            }
        }

        static func condition(_ argument: String) throws -> JSONValue {
            let isText = argument.drop { $0.isWhitespace }.hasPrefix("{")
            let file =
                isText ? try DefinitionFile(text: argument, name: "--where") : try DefinitionFile(InputFile(path: argument))
            guard file.definitions.count == 1, let condition = file.definitions.first else {
                throw Failure.usage("--where needs one condition, found \(file.definitions.count)")
            }
            return condition.value
        }
    }
}
