import ArgumentParser
import JSON

/// What rules, schema and policies have in common on the command line.
struct ApplyOptions: ParsableArguments {
    @Option(
        name: [.short, .customLong("file")],
        help: "YAML or JSON, or a folder of such files; - for standard input. May be repeated.", completion: .file())
    var file: [String]

    @Flag(help: "Only say what would change.")
    var dryRun = false

    @Flag(help: "Show how far the background application has come, until it is done.")
    var wait = false

    @OptionGroup var connection: ConnectionOptions

    /// Rules, definitions and policies go as one plan, all or none of them; waivers one by one.
    func run(_ kind: DefinitionKind) async throws {
        guard DefinitionKind.planned.contains(where: { $0.command == kind.command }) else {
            return try await runOneByOne(kind)
        }
        let folder = try DefinitionFolder(file)
        let definitions = folder.definitions(of: kind)
        guard !definitions.isEmpty else {
            throw Failure.usage("\(file.joined(separator: ", ")) holds no \(kind.noun)")
        }
        try await Session.run(connection) { session in
            let document = try await PlanDocument(folder, [kind], pruning: .prefixes([]), session.client)
            let done = try await document.carryOut(
                description: "vtag \(kind.command) apply", isRehearsal: dryRun, session.client)
            let outcomes = definitions.compactMap { $0.value[kind.key]?.string }.map { ($0, done[kind, $0]) }
            for (name, outcome) in outcomes { report(kind, name, outcome, session) }
            conclude(kind, outcomes, session)
            if wait, let execution = done.execution {
                _ = try await ExecutionProgress(label: "applying", client: session.client).watch(execution)
            }
        }
    }

    private func runOneByOne(_ kind: DefinitionKind) async throws {
        let definitions = try file.flatMap { try DefinitionFile(InputFile(path: $0)).definitions }
        try kind.check(definitions)
        try await Session.run(connection) { session in
            let application = Application(kind: kind, client: session.client, isRehearsal: dryRun)
            var outcomes: [(String, Application.Outcome)] = []
            try await application.run(definitions) { name, outcome in
                outcomes.append((name, outcome))
                report(kind, name, outcome, session)
            }
            conclude(kind, outcomes, session)
        }
    }

    private func report(_ kind: DefinitionKind, _ name: String, _ outcome: Application.Outcome, _ session: Session) {
        guard [.table, .wide].contains(session.printer.format) else { return }
        session.printer.terminal.line(
            "\(kind.noun) \(Terminal.clean(name)): \(dryRun ? "would be " : "")\(outcome.rawValue)")
    }

    private func conclude(_ kind: DefinitionKind, _ outcomes: [(String, Application.Outcome)], _ session: Session) {
        let items = outcomes.map { name, outcome in
            JSONValue.object([.init(kind.key, .string(name)), .init("outcome", .string(outcome.rawValue))])
        }
        session.printer.one(.object([.init("items", .array(items))])) { _ in
            [Application.Outcome.created, .updated, .unchanged].map { outcome in
                "\(outcomes.count { $0.1 == outcome }) \(outcome.rawValue)"
            }.joined(separator: ", ") + "\n"
        }
    }
}
