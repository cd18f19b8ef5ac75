import ArgumentParser
import JSON

/// Aliases that the inventory proposes.
extension SchemaCommand {
    private static func target(_ segments: String...) -> Target {
        var target = Target("tag-schema", "proposals")
        for segment in segments { target.descend(segment) }
        return target
    }

    struct Proposals: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List keys and values that likely mean the same, with what speaks for it.",
            discussion: """
                Nothing is applied before it is accepted.

                EXAMPLES
                  vtag schema proposals --key environment
                  vtag schema accept 0d5a4c8e-0000-5000-8000-000000000000
                """)
        @Option(help: "Only those for this tag key.") var key: String?
        @Flag(help: "Those that were rejected.") var rejected = false
        @OptionGroup var paging: PagingOptions
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                let target = SchemaCommand.target().adding("tag_key", key).adding("state", rejected ? "rejected" : nil)
                try await session.printer.list(
                    session.client, target, limit: paging.itemsMax,
                    columns: [
                        .init("ALIAS", shrinks: true), .init("MEANS", shrinks: true), .init("SURE", .right),
                        .init("WHY", shrinks: true), .init("RESOURCES", .right), .init("ID"),
                    ], empty: rejected ? "nothing was rejected" : "the tags propose no alias", row: Proposals.row)
            }
        }

        static func row(_ proposal: JSONValue) -> [String] {
            let isValue = proposal["kind"]?.string == "value"
            let key = proposal.cell("tag_key")
            let evidence = proposal["evidence"] ?? .null
            let reasons = (evidence["reasons"]?.array ?? []).map { reason in
                [reason.cell("reason").replacing("_", with: " "), reason.cell("distance"), reason.cell("part")]
                    .filter { !$0.isEmpty }.joined(separator: " ")
            }
            return [
                isValue ? "\(key)=\(proposal.cell("alias"))" : proposal.cell("alias"),
                isValue ? "\(key)=\(proposal.cell("tag_value"))" : key, proposal.cell("confidence"),
                proposal["rejected_by"]?.string.map { "rejected by \($0)" } ?? reasons.joined(separator: ", "),
                evidence.cell("alias_resources"), proposal.cell("id"),
            ]
        }
    }

    struct Accept: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make proposed aliases part of the schema.")
        @Argument(help: "Ids of proposals.") var proposals: [String]
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                for id in proposals {
                    let definition = try await session.client.send("POST", SchemaCommand.target(id, "accept"))
                    session.printer.one(definition) { "accepted; it is an alias of \(Terminal.clean($0.cell("tag_key")))\n" }
                }
            }
        }
    }

    struct Reject: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Never propose these again.")
        @Argument(help: "Ids of proposals.") var proposals: [String]
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                for id in proposals {
                    let rejection = try await session.client.send("POST", SchemaCommand.target(id, "reject"))
                    session.printer.one(rejection) { "rejected: \(Terminal.clean($0.cell("alias")))\n" }
                }
            }
        }
    }

    struct Reconsider: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take rejections back.")
        @Argument(help: "Ids of rejected proposals.") var proposals: [String]
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                for id in proposals { _ = try await session.client.send("POST", SchemaCommand.target(id, "reconsider")) }
            }
        }
    }
}
