import ArgumentParser
import JSON

/// The options of everything that compares files with the server.
struct FolderOptions: ParsableArguments {
    @Option(
        name: [.short, .customLong("file")],
        help: "YAML or JSON, or a folder of such files; - for standard input. May be repeated.", completion: .file())
    var file: [String]

    @Flag(help: "What the files do not name goes.")
    var prune = false

    @Option(
        name: .customLong("prune-prefix"),
        help: "What the files do not name goes where its name begins so: each team prunes its own. May be repeated.")
    var prunePrefix: [String] = []

    @Flag(name: .customLong("detailed-exitcode"), help: "End with 2 when something would change, else with 0.")
    var detailedExitCode = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard prunePrefix.isEmpty || !prune else {
            throw ValidationError("--prune takes all that the files do not name, --prune-prefix a part of it: give one")
        }
        guard !prunePrefix.contains("") else {
            throw ValidationError("--prune-prefix is empty, so that everything would begin with it; --prune says that")
        }
    }

    func folder(_ kinds: [DefinitionKind] = DefinitionKind.planned) throws -> DefinitionFolder {
        let folder = try DefinitionFolder(file)
        // An empty file and --prune would be the end of everything.
        guard kinds.contains(where: { !folder.definitions(of: $0).isEmpty }) else {
            throw Failure.usage("\(file.joined(separator: ", ")) defines nothing")
        }
        let others = DefinitionKind.planned.filter { kind in !kinds.contains { $0.command == kind.command } }
        for kind in others where !folder.definitions(of: kind).isEmpty {
            Terminal.standardError.line(
                "\(folder.definitions(of: kind).count) \(kind.plural) are left out; `vtag plan` takes all")
        }
        return folder
    }

    private var pruning: PlanDocument.Pruning { prune ? .all : .prefixes(prunePrefix) }

    /// Ends the command as it was asked to.
    func end(changed: Bool) throws {
        if detailedExitCode, changed { throw ExitCode(ExitStatus.findings.rawValue) }
    }

    /// `vtag plan`, `vtag rules plan`.
    func plan(_ kinds: [DefinitionKind], description: String, figures: Bool) async throws {
        let folder = try folder(kinds)
        var changed = false
        try await Session.run(connection) { session in
            let document = try await PlanDocument(folder, kinds, pruning: pruning, session.client)
            guard !document.isEmpty else {
                session.printer.one(.object([.init("id", .null), .init("changes", .array([]))])) { _ in
                    "nothing would change: the server says what the files say\n"
                }
                return
            }
            let plan = try await document.send(description: description, figures: figures, session.client)
            changed = !(plan["changes"]?.array ?? []).isEmpty
            session.printer.one(plan) { plan in
                let id = plan.cell("id")
                return PlanText.changes(plan) + "\n" + PlanText.figures(plan)
                    + "\nplan \(id): \(PlanText.summary(plan)); good until \(plan.cell("expires_at"))\n"
                    + "vtag apply \(id)\n"
            }
        }
        try end(changed: changed)
    }

    /// `vtag diff`, `vtag rules diff`.
    func diff(_ kinds: [DefinitionKind]) async throws {
        let folder = try folder(kinds)
        var changed = false
        try await Session.run(connection) { session in
            let document = try await PlanDocument(folder, kinds, pruning: pruning, session.client)
            changed = !document.isEmpty
            let items = document.changes.map { change in
                JSONValue.object([
                    .init("kind", .string(change.kind.planWord)), .init("action", .string(change.action.rawValue)),
                    .init("name", .string(change.name)), .init("before", change.existing ?? .null),
                    .init("after", change.definition?.value ?? .null),
                ])
            }
            session.printer.one(.object([.init("items", .array(items))])) { _ in
                document.isEmpty ? "no difference\n" : PlanText.changes(document)
            }
        }
        try end(changed: changed)
    }
}

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Work out what rules, tag definitions and policies in files would change.",
        discussion: """
            A plan is kept on the server for a day. Applying it makes exactly its changes, all or none; once anything has changed \
            meanwhile it is refused, with what has.

            EXAMPLES
              vtag plan -f governance/ --prune
              vtag apply 3f0c…
              vtag plan list
            """,
        subcommands: [Create.self, List.self, Show.self, Drop.self], defaultSubcommand: Create.self)

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare files with the server, and make a plan of the difference.",
            discussion: """
                EXIT STATUS
                  0   done; with --detailed-exitcode: nothing would change
                  2   with --detailed-exitcode: something would change
                """)
        @OptionGroup var options: FolderOptions
        @Option(help: "What the plan is for.") var description = ""
        @Flag(help: "Do not count what would change: a plan at once, however many resources there are.")
        var noFigures = false

        func run() async throws {
            try await options.plan(DefinitionKind.planned, description: description, figures: !noFigures)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the plans that are kept, the newest first.")
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                try await session.printer.list(
                    session.client, Target("plans"), limit: nil,
                    columns: [
                        .init("ID"), .init("STATUS"), .init("CHANGES"), .init("BY", shrinks: true), .init("MADE"),
                        .init("DESCRIPTION", shrinks: true),
                    ], empty: "there are no plans"
                ) { plan in
                    [
                        plan.cell("id"), plan.cell("status"), PlanText.summary(plan), plan.cell("created_by"),
                        plan.cell("created_at"), plan.cell("description"),
                    ]
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a plan whole.")
        @Argument(help: "Its id.") var plan: String
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                session.printer.one(try await session.client.get(Target("plans", plan))) { plan in
                    var text = PlanText.changes(plan) + "\n" + PlanText.figures(plan)
                    text += "\nplan \(plan.cell("id")): \(plan.cell("status")), \(PlanText.summary(plan)), by "
                    text += "\(Terminal.clean(plan.cell("created_by"))) at \(plan.cell("created_at"))\n"
                    for drift in plan["changed_since"]?.array ?? [] {
                        text += "  since then: \(drift.cell("kind")) \(Terminal.clean(drift.cell("name"))) "
                        text += "\(drift.cell("change").replacing("_", with: " "))\n"
                    }
                    return text
                }
            }
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget plans; what they did stays.")
        @Argument(help: "Ids.") var plans: [String]
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                for plan in plans {
                    _ = try await session.client.send("DELETE", Target("plans", plan))
                    Terminal.standardError.line("dropped plan \(Terminal.clean(plan))")
                }
            }
        }
    }
}

struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Show how rules, tag definitions and policies in files differ from the server's.",
        discussion: "EXAMPLES\n  vtag diff -f governance/ --prune --detailed-exitcode")
    @OptionGroup var options: FolderOptions

    func run() async throws { try await options.diff(DefinitionKind.planned) }
}

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Apply a plan: exactly its changes, all of them or none.",
        discussion: """
            Applying a plan again does nothing and says the same. A plan is refused once anything has changed since it was made.

            EXAMPLES
              vtag apply 3f0c2a7e-5d1b-4c7e-9f7a-0a4b8f6d2c11 --wait
            """)
    @Argument(help: "The plan's id, as `vtag plan` printed it.") var plan: String
    @Flag(help: "Show how far the background application has come, until it is done.") var wait = false
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await Session.run(connection) { session in
            let plan = try await Plans.apply(plan, session.client)
            if wait, let execution = plan["execution_id"]?.string {
                _ = try await ExecutionProgress(label: "applying", client: session.client).watch(execution)
            }
            session.printer.one(plan) { plan in
                "applied plan \(plan.cell("id")): \(PlanText.summary(plan))\n"
            }
        }
    }
}
