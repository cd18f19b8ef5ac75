import ArgumentParser
import JSON

/// What rules, schema and policies have in common on the command line.
struct ApplyOptions: ParsableArguments {
    @Option(
        name: [.short, .customLong("file")], help: "YAML or JSON; - for standard input. May be repeated.",
        completion: .file())
    var file: [String]

    @Flag(help: "Only say what would change.")
    var dryRun = false

    @OptionGroup var connection: ConnectionOptions

    func definitions() throws -> [Definition] {
        try file.flatMap { try DefinitionFile(InputFile(path: $0)).definitions }
    }

    func run(_ kind: DefinitionKind) async throws {
        let definitions = try definitions()
        try kind.check(definitions)
        try await Session.run(connection) { session in
            let application = Application(kind: kind, client: session.client, isRehearsal: dryRun)
            var outcomes: [JSONValue] = []
            var counts: [Application.Outcome: Int] = [:]
            try await application.run(definitions) { name, outcome in
                counts[outcome, default: 0] += 1
                outcomes.append(.object([.init(kind.key, .string(name)), .init("outcome", .string(outcome.rawValue))]))
                if [.table, .wide].contains(session.printer.format) {
                    session.printer.terminal.line(
                        "\(kind.noun) \(Terminal.clean(name)): \(dryRun ? "would be " : "")\(outcome.rawValue)")
                }
            }
            session.printer.one(.object([.init("items", .array(outcomes))])) { _ in
                [Application.Outcome.created, .updated, .unchanged].map { "\(counts[$0] ?? 0) \($0.rawValue)" }.joined(
                    separator: ", ") + "\n"
            }
        }
    }
}

extension DefinitionKind {
    func list(_ connection: ConnectionOptions, columns: [Table.Column], row: @escaping (JSONValue) -> [String]) async throws
    {
        try await Session.run(connection) { session in
            try await session.printer.list(
                session.client, collection, limit: nil, columns: columns, empty: "there are no \(plural)", row: row)
        }
    }

    /// Shows one whole; YAML reads best for people too, and can be edited and applied again.
    func get(_ name: String, _ connection: ConnectionOptions) async throws {
        try await Session.run(connection) { session in
            session.printer.one(try await find(name, session.client), YAMLText.render)
        }
    }

    func delete(_ names: [String], _ connection: ConnectionOptions) async throws {
        try await Session.run(connection) { session in
            for name in names {
                guard let id = try await find(name, session.client)["id"]?.string else { continue }
                _ = try await session.client.send("DELETE", target(id))
                Terminal.standardError.line("deleted \(noun) \(Terminal.clean(name))")
            }
        }
    }
}
