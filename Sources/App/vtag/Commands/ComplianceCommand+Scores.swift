import ArgumentParser
import JSON

extension ComplianceCommand {
    private static let scoreColumns: [Table.Column] = [
        .init("SCORE", .right), .init("RESOURCES", .right), .init("COMPLIANT", .right), .init("WAIVED", .right),
        .init("VIOLATIONS", .right), .init("BY COST", .right),
    ]

    private static func cells(_ score: JSONValue) -> [String] {
        let costs = (score["costs"]?.array ?? []).compactMap { cost in
            cost["cost_score"]?.double.map { "\($0) % \(cost.cell("currency"))" }
        }
        return ["\(score.cell("score")) %"] + ["resources", "compliant", "waived", "violations"].map(score.cell)
            + [costs.joined(separator: ", ")]
    }

    struct Scores: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the score by account, team, region or whatever else, the worst first.",
            discussion: """
                EXAMPLES
                  vtag compliance scores --by tags.team
                  vtag compliance scores --by account_id --month 2026-09
                """)
        @Option(help: "policy, severity, provider, account_id, region, resource_type or tags.KEY.") var by = "policy"
        @Option(help: "Only this month's costs, such as 2026-09.") var month: String?
        @Option(name: [.short, .long], help: "Show at most this many.") var limit = 100
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                let target = Target("compliance", "scores").adding("group_by", by).adding("month", month)
                    .adding("limit", String(limit))
                session.printer.one(try await session.client.get(target)) { scores in
                    var table = Table([.init(by.uppercased(), shrinks: true)] + ComplianceCommand.scoreColumns)
                    let rows = (scores["groups"]?.array ?? []).map { group in
                        [group["value"]?.string ?? "(none)"] + ComplianceCommand.cells(group)
                    }
                    return table.render(rows + [["(all)"] + ComplianceCommand.cells(scores)])
                }
            }
        }
    }

    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the score day by day.",
            discussion: "EXAMPLES\n  vtag compliance history --from 2026-09-01")
        @Option(help: "The first day.") var from: String?
        @Option(help: "The last day.") var to: String?
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                let target = Target("compliance", "history").adding("from", from).adding("to", to)
                session.printer.list(
                    try await session.client.whole(target), columns: [.init("DAY")] + ComplianceCommand.scoreColumns,
                    empty: "no day is kept of that time"
                ) { day in [day.cell("day")] + ComplianceCommand.cells(day) }
            }
        }
    }

    struct Report: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print violations, scores or the history as comma-separated values.",
            discussion: """
                EXAMPLES
                  vtag compliance report violations > violations.csv
                  vtag compliance report scores --by tags.team
                """)

        enum Kind: String, ExpressibleByArgument, CaseIterable { case violations, scores, history }

        @Argument(help: "violations, scores or history.") var kind: Kind
        @Option(help: "What scores are grouped by.") var by: String?
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            if by != nil, kind != .scores { throw ValidationError("--by is for scores") }
        }

        func run() async throws {
            try await Session.run(connection) { session in
                var cursor: String?
                var isFirst = true
                repeat {
                    let target = Target("compliance", kind.rawValue).adding("group_by", by)
                        .adding("limit", kind == .violations ? "1000" : nil).adding("cursor", cursor)
                    let page = try await session.client.csv(target)
                    let text = isFirst ? page.text[...] : page.text.drop { $0 != "\r\n" }.dropFirst()
                    session.printer.terminal.write(String(text))
                    isFirst = false
                    cursor = page.next
                } while cursor != nil
            }
        }
    }
}
