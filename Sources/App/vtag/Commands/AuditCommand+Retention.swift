import ArgumentParser
import JSON

extension AuditCommand {
    struct Retention: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show or set for how long the audit history is kept.", subcommands: [Show.self, Set.self],
            defaultSubcommand: Show.self)

        struct Show: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Show the retention and the last clean-up.")
            @OptionGroup var connection: ConnectionOptions

            func run() async throws {
                try await Session.run(connection) { session in
                    session.printer.one(try await session.client.get(Target("audit", "retention")), AuditCommand.words)
                }
            }
        }

        struct Set: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Keep the audit history for so many months (needs the role admin).",
                discussion: """
                    Once a month, and soon after this is set, older entries are removed, but for those that a hold names; the
                    chain of hashes stays verifiable.

                    EXAMPLES
                      vtag audit retention set 24
                      vtag audit retention set forever
                    """)
            @Argument(help: "Whole months beside the one under way, or forever.") var months: String
            @OptionGroup var connection: ConnectionOptions

            func validate() throws {
                guard months == "forever" || Int(months) != nil else {
                    throw ValidationError("\(Terminal.clean(months)) is neither a number of months nor \"forever\"")
                }
            }

            func run() async throws {
                let value: JSONValue = Int(months).map(JSONValue.int) ?? .null
                try await Session.run(connection) { session in
                    let body = JSONValue.object([.init("months", value)])
                    let answer = try await session.client.send("PUT", Target("audit", "retention"), body)
                    session.printer.one(answer, AuditCommand.words)
                }
            }
        }
    }

    fileprivate static func words(_ retention: JSONValue) -> String {
        var pairs = [("kept", retention["months"]?.int.map { "\($0) months" } ?? "for ever")]
        if retention["changed_by"]?.string != nil {
            pairs.append(("set by", "\(retention.cell("changed_by")) at \(retention.cell("changed_at"))"))
        }
        if retention["next_cleanup_at"]?.string != nil {
            pairs.append(("next clean-up", retention.cell("next_cleanup_at")))
        }
        if let last = retention["last_cleanup"], last["state"] != nil {
            let place = last["shards"] == nil ? "" : ", \(last.cell("shards_done")) of \(last.cell("shards")) shards done"
            pairs.append(("last clean-up", "\(last.cell("state"))\(place), begun \(last.cell("started_at"))"))
            pairs.append(("entries before", last.cell("before")))
            pairs.append(("removed", last.cell("removed")))
            pairs.append(("held", last.cell("held")))
        }
        return Printer.fields(pairs.map { (name: $0.0, value: $0.1) })
    }
}
