import ArgumentParser
import JSON

struct RegionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "region", abstract: "Regions: what a superseded one had that its successor never got.",
        subcommands: [Unsent.self])

    struct Unsent: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what a superseded cluster acknowledged and its successor never had, the newest first.",
            discussion: """
                Ask a node of the cluster that was superseded. Nothing of it is lost: it stays there to be looked at, and to be done
                again where it is still wanted.

                EXAMPLES
                  vtag region unsent --target https://old-region:8080
                """)
        @OptionGroup var paging: PagingOptions
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                var target = Target("audit", "trail")
                target.add("unsent", "true")
                try await session.printer.list(
                    session.client, target, limit: paging.itemsMax, columns: AuditCommand.Trail.columns,
                    empty: "its successor has everything", row: AuditCommand.Trail.cells)
            }
        }
    }
}
