import ArgumentParser
import JSON

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show who changed what, when and why.",
        subcommands: [Trail.self, Verify.self, Retention.self, Hold.self],
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
                    columns: Self.columns, empty: "nothing has changed", row: Self.cells)
            }
        }

        static let columns: [Table.Column] = [
            .init("AT"), .init("ACTION"), .init("UUID", isID: true), .init("KEY", shrinks: true),
            .init("FROM", shrinks: true), .init("TO", shrinks: true), .init("BY", shrinks: true),
        ]

        static func cells(_ entry: JSONValue) -> [String] {
            ["at", "action", "resource_id", "tag_key", "old_value", "new_value", "actor"].map(entry.cell)
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prove that the audit history is what was written.",
            discussion:
                """
                Works out the chain of hashes anew, shard by shard. Keep what is printed under HEAD: the same hash for the same
                entry later proves that nothing before it was altered. Of entries that the retention removed their hashes stand
                in their place; where nothing older is left, it begins behind them. Ends with status 1 where something is wrong.

                EXAMPLES
                  vtag audit verify
                """
        )
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                let found = try await session.client.all(Target("audit", "verify"))
                session.printer.list(
                    found,
                    columns: [
                        .init("SHARD"), .init("FROM"), .init("TO"), .init("INTACT"), .init("FAULT"), .init("REMOVED"),
                        .init("HEAD", shrinks: true),
                    ], empty: "there is no audit history"
                ) { part in
                    ["shard", "first", "last", "intact"].map(part.cell) + [
                        Self.fault(part) ?? "", Self.removed(part), part.cell("head"),
                    ]
                }
                let faults = found.compactMap { part in Self.fault(part).map { "shard \(part.cell("shard")): \($0)" } }
                guard faults.isEmpty else {
                    throw Failure.refused("the audit history is not what was written; \(faults.joined(separator: "; "))")
                }
            }
        }

        /// `812 before 2026-05-01 (6 months)`.
        private static func removed(_ part: JSONValue) -> String {
            guard let removed = part["removed"], let entries = removed["entries"]?.int, entries > 0 else { return "" }
            return "\(entries) before \(removed.cell("before").prefix(10)) (\(removed.cell("months")) months)"
        }

        private static func fault(_ part: JSONValue) -> String? {
            guard let fault = part["fault"], fault["sequence"] != nil else { return nil }
            return "entry \(fault.cell("sequence")) \(fault.cell("problem"))"
        }
    }
}
