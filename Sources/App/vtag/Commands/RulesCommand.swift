import ArgumentParser
import JSON

struct RulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "List, apply, try and run tag rules.",
        subcommands: [List.self, Get.self, Apply.self, Delete.self, Test.self, Execute.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List rules in the order of their priority.")
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await DefinitionKind.rule.list(
                connection,
                columns: [
                    .init("PRIORITY", .right), .init("NAME", shrinks: true), .init("ENABLED"), .init("SETS", shrinks: true),
                    .init("DESCRIPTION", shrinks: true),
                ]
            ) { rule in
                let keys = (rule["actions"]?.array ?? []).flatMap { action in
                    action["key"].map { [$0.cell] } ?? (action.members ?? []).map { $0.value.cell("key") }
                }
                let isEnabled = rule["enabled"]?.bool != false
                return [
                    rule.cell("priority"), rule.cell("rule_name"), isEnabled ? "yes" : "no",
                    keys.filter { !$0.isEmpty }.joined(separator: ", "), rule.cell("description"),
                ]
            }
        }
    }

    struct Get: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one rule whole.")
        @Argument(help: "Its name or id.") var rule: String
        @OptionGroup var connection: ConnectionOptions

        func run() async throws { try await DefinitionKind.rule.get(rule, connection) }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create the rules of a file, or update those that are there under the same rule_name.",
            discussion: """
                A rule in YAML:

                  - rule_name: environment-from-name
                    priority: 100
                    conditions: {field: name, operator: starts_with, value: prd-}
                    actions:
                      - set_tag: {key: environment, value: production}

                EXAMPLES
                  vtag rules apply -f rules.yaml --dry-run
                  vtag rules apply -f rules.yaml
                """)
        @OptionGroup var options: ApplyOptions

        func run() async throws { try await options.run(.rule) }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete rules; what they set goes with them.")
        @Argument(help: "Names or ids.") var rules: [String]
        @OptionGroup var connection: ConnectionOptions

        func run() async throws { try await DefinitionKind.rule.delete(rules, connection) }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what the rules of a file would change, and change nothing.",
            discussion: "EXAMPLES\n  vtag rules test -f rules.yaml --rule environment-from-name")
        @Option(name: [.short, .customLong("file")], help: "YAML or JSON; - for standard input.", completion: .file())
        var file: String
        @Option(help: "Only the rule of that name.") var rule: String?
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let all = try DefinitionFile(InputFile(path: file)).definitions
            try DefinitionKind.rule.check(all)
            let chosen = all.filter { rule == nil || $0.value["rule_name"]?.string == rule }
            guard !chosen.isEmpty else { throw Failure.usage("\(file) holds no rule \"\(Terminal.clean(rule ?? ""))\"") }
            try await Session.run(connection) { session in
                for definition in chosen {
                    let answer = try await session.client.exchange(
                        Request(
                            method: "POST", target: Target("tag-rules", "test").text,
                            headers: [("content-type", "application/json")],
                            body: .bytes(definition.value.serialised)))
                    guard answer.status == 200 else { throw Problem(answer).failure(locating: definition.place) }
                    session.printer.one(try answer.json()) { Test.words(definition.value.cell("rule_name"), $0) }
                }
            }
        }

        static func words(_ name: String, _ answer: JSONValue) -> String {
            let counts = (answer.members ?? []).filter { $0.value.int != nil }.map { "\($0.name) \($0.value.cell)" }
            var text = "\(Terminal.clean(name)): \(counts.joined(separator: ", "))\n"
            let samples = answer["samples"]?.array ?? []
            for sample in samples {
                text +=
                    "  "
                    + (sample.members ?? []).map { "\($0.name)=\(Terminal.clean($0.value.cell))" }.joined(separator: "  ")
                    + "\n"
            }
            return text
        }
    }

    struct Execute: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Run a rule over all resources now, and wait for it.",
            discussion: "Rules run by themselves whenever they, or the resources, change; this is for certainty.")
        @Argument(help: "Its name or id.") var rule: String
        @Flag(help: "Do not wait for the end.") var noWait = false
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            try await Session.run(connection) { session in
                guard let id = try await DefinitionKind.rule.find(rule, session.client)["id"]?.string else { return }
                let answer = try await session.client.exchange(
                    Request(method: "POST", target: DefinitionKind.rule.target(id, "execute").text))
                guard answer.status == 202 else { throw Problem(answer).failure }
                var execution = try answer.json()
                if !noWait, let location = answer.header("location") {
                    while ["pending", "queued", "running"].contains(execution.cell("status").lowercased()) {
                        try await Task.sleep(for: .milliseconds(200))
                        execution = try await session.client.json(Request(method: "GET", target: location))
                    }
                }
                session.printer.one(execution) { value in
                    Printer.fields((value.members ?? []).map { ($0.name, $0.value.cell) })
                }
            }
        }
    }
}
