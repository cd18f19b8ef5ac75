import ArgumentParser
import JSON

extension AuditCommand {
    struct Hold: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keep parts of the audit history, however old (needs the role admin).",
            subcommands: [List.self, Add.self, Release.self], defaultSubcommand: List.self)

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "List the holds in force.")
            @OptionGroup var connection: ConnectionOptions

            func run() async throws {
                try await Session.run(connection) { session in
                    let holds = try await session.client.all(Target("audit", "holds"))
                    session.printer.list(
                        holds,
                        columns: [
                            .init("NAME", shrinks: true), .init("SCOPE", shrinks: true), .init("REASON", shrinks: true),
                            .init("BY", shrinks: true), .init("SINCE"), .init("UUID", isID: true),
                        ], empty: "nothing is held"
                    ) { hold in
                        [hold.cell("hold_name"), hold.cell("scope")]
                            + ["reason", "placed_by", "placed_at", "id"].map(hold.cell)
                    }
                }
            }
        }

        struct Add: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Place a hold: no clean-up removes what it names.",
                discussion: """
                    An entry is held if everything applies to it that is given; of several values of one kind, one has to.

                    EXAMPLES
                      vtag audit hold add "case 2026-14" --reason "Subpoena of 3 November" --account 111122223333
                      vtag audit hold add leavers --reason "HR review" --actor ann --actor bob --since 2026-01-01
                    """)
            @Argument(help: "A name that no other hold has.") var name: String
            @Option(help: "Why.") var reason: String
            @Option(help: "A resource's UUID, or the provider's own id; may be repeated.") var resource: [String] = []
            @Option(help: "An account; may be repeated.") var account: [String] = []
            @Option(help: "A person or program who made changes; may be repeated.") var actor: [String] = []
            @Option(help: "A tag's key; may be repeated.") var key: [String] = []
            @Option(help: "From this time on (RFC 3339).") var since: String?
            @Option(help: "Up to this time (RFC 3339).") var until: String?
            @OptionGroup var connection: ConnectionOptions

            func run() async throws {
                var scope: [JSONValue.Member] = []
                for (field, values) in [
                    ("resources", resource), ("accounts", account), ("actors", actor), ("tag_keys", key),
                ] where !values.isEmpty {
                    scope.append(.init(field, .array(values.map(JSONValue.string))))
                }
                if let since { scope.append(.init("from", .string(since))) }
                if let until { scope.append(.init("to", .string(until))) }
                let body = JSONValue.object([
                    .init("hold_name", .string(name)), .init("reason", .string(reason)), .init("scope", .object(scope)),
                ])
                try await Session.run(connection) { session in
                    let hold = try await session.client.send("POST", Target("audit", "holds"), body)
                    session.printer.one(hold) { "\($0.cell("id"))\n" }
                    Terminal.standardError.line("holding \(Terminal.clean(name))")
                }
            }
        }

        struct Release: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Release holds: the next clean-up removes what they held, where it is old enough.")
            @Argument(help: "Names or ids.") var holds: [String]
            @OptionGroup var connection: ConnectionOptions

            func run() async throws {
                try await Session.run(connection) { session in
                    let placed = try await session.client.all(Target("audit", "holds"))
                    for name in holds {
                        guard
                            let hold = placed.first(where: { $0["id"]?.string == name || $0["hold_name"]?.string == name }),
                            let id = hold["id"]?.string
                        else { throw Failure.refused("there is no hold \"\(Terminal.clean(name))\"") }
                        _ = try await session.client.send("DELETE", Target("audit", "holds", id))
                        Terminal.standardError.line("released \(Terminal.clean(name))")
                    }
                }
            }
        }
    }
}
