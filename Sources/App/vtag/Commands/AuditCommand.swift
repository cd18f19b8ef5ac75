import ArgumentParser
import JSON

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show who changed what, when and why.", subcommands: [Trail.self],
        defaultSubcommand: Trail.self)

    struct Trail: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List changes, the newest first.",
            discussion:
                """
                EXAMPLES
                  vtag audit trail --resource i-0abc1234def567890
                  vtag audit trail --key owner --since 2026-10-01T00:00:00Z
                """
        )
        @Option(help: "A resource's UUID, or the provider's own id.") var resource: String?
        @Option(help: "Only changes of this tag.") var key: String?
        @Option(help: "Only changes by this person or program.") var actor: String?
        @Option(help: "For example tag_changed.") var action: String?
        @Option(help: "From this time on (RFC 3339).") var since: String?
        @Option(help: "Up to this time (RFC 3339).") var until: String?
        @OptionGroup var paging: PagingOptions
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                var target = Target("audit", "trail")
                if let resource { target.add("resource_id", try await session.resource(resource).id) }
                target.add("tag_key", key)
                target.add("actor", actor)
                target.add("action", action)
                target.add("from", since)
                target.add("to", until)
                try await session.printer.list(
                    session.client, target, limit: paging.itemsMax,
                    columns: [
                        .init("AT"), .init("ACTION"), .init("UUID", isID: true), .init("KEY", shrinks: true),
                        .init("FROM", shrinks: true),
                        .init("TO", shrinks: true), .init("BY", shrinks: true),
                    ], empty: "nothing has changed"
                ) { ["at", "action", "resource_id", "tag_key", "old_value", "new_value", "actor"].map($0.cell) }
            }
        }
    }
}
