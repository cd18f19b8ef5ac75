import ArgumentParser
import JSON

struct GraphsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graphs", abstract: "Graphs of your own, beside the inventory's.",
        discussion: """
            EXAMPLES
              vtag graphs create teams
              vtag graph --graph teams "CREATE (:Team {name: 'checkout'})-[:OWNS]->(:Service {name: 'cart'})"
              vtag graphs list
            """,
        subcommands: [List.self, Create.self, Delete.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the graphs.")
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                let graphs = try await session.client.all(Target("graphs"))
                session.printer.list(
                    graphs,
                    columns: [
                        .init("NAME", isID: true), .init("NODES"), .init("RELATIONSHIPS"), .init("BYTES"),
                    ], empty: "there are no graphs but the inventory's"
                ) { graph in ["name", "nodes", "relationships", "memory_bytes"].map(graph.cell) }
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an empty graph; one that is there stays as it is (needs the role governor).")
        @Argument(help: "Letters, digits, -, _ and . ; at most 64.") var name: String
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                let graph = try await session.client.send("PUT", Target("graphs", name))
                session.printer.one(graph) { "\($0.cell("name"))\n" }
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Drop graphs with all that is in them (needs the role governor).")
        @Argument(help: "Their names.") var names: [String]
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                for name in names {
                    _ = try await session.client.send("DELETE", Target("graphs", name))
                    Terminal.standardError.line("dropped \(Terminal.clean(name))")
                }
            }
        }
    }
}
