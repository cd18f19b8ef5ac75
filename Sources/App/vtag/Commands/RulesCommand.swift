import ArgumentParser
import JSON

struct RulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "List, plan, apply, try, check and run tag rules.",
        subcommands: [
            List.self, Get.self, Plan.self, Diff.self, Apply.self, Delete.self, Test.self, Lint.self, Execute.self,
        ],
        defaultSubcommand: List.self)

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
                let times = [("from", "effective_start"), ("until", "effective_end")].compactMap { word, name in
                    rule[name]?.string.map { "\(word) \($0)" }
                }
                let enabled = ([rule["enabled"]?.bool == false ? "no" : "yes"] + times).joined(separator: ", ")
                return [
                    rule.cell("priority"), rule.cell("rule_name"), enabled,
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

    struct Plan: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what the rules of files would change, and make a plan of it; `vtag plan` takes policies too.",
            discussion: "EXAMPLES\n  vtag rules plan -f rules/ --prune\n  vtag apply 3f0c…")
        @OptionGroup var options: FolderOptions
        @Option(help: "What the plan is for.") var description = ""
        @Flag(help: "Do not count what would change.") var noFigures = false

        func run() async throws {
            try await options.plan([.rule], description: description, figures: !noFigures)
        }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show how the rules of files differ from the server's.")
        @OptionGroup var options: FolderOptions

        func run() async throws { try await options.diff([.rule]) }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create the rules of files, or update those that are there under the same rule_name: all or none.",
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
            let counts = ["scanned", "matched", "would_change"].map {
                "\($0.replacing("_", with: " ")) \(answer.cell($0))"
            }
            var text = "\(Terminal.clean(name)): \(counts.joined(separator: ", "))"
            text += costs(answer["cost_moved"], ", moving ") + "\n"
            for key in answer["by_key"]?.array ?? [] { text += words(ofKey: key) }
            for conflict in answer["conflicts"]?.array ?? [] {
                let rule = conflict.cell("rule_name")
                let against = rule.isEmpty ? conflict.cell("against") : "rule \(rule)"
                text += "  \(conflict.cell("outcome")) against \(Terminal.clean(against)) on "
                text += "\(Terminal.clean(conflict.cell("tag_key"))): \(conflict.cell("count")) resources\n"
            }
            for warning in answer["warnings"]?.array ?? [] {
                text += "  warning: \(Terminal.clean(warning.cell("message")))\n"
            }
            for sample in answer["samples"]?.array ?? [] {
                let changes = (sample["changes"]?.array ?? []).map { change in
                    let (old, new) = (change.cell("old_value"), change.cell("new_value"))
                    return "\(change.cell("tag_key")): \(old.isEmpty ? "none" : old) → \(new.isEmpty ? "none" : new)"
                }
                let name = sample.cell("name").isEmpty ? sample.cell("resource_id") : sample.cell("name")
                text += "  e.g. \(Terminal.clean(name)) (\(Terminal.clean(sample.cell("resource_type")))): "
                text += Terminal.clean(changes.joined(separator: ", ")) + "\n"
            }
            return text
        }

        static func words(ofKey key: JSONValue) -> String {
            var text = "  \(Terminal.clean(key.cell("tag_key"))): \(key.cell("added")) added, "
            text += "\(key.cell("changed")) changed, \(key.cell("removed")) removed\n"
            for value in key["values"]?.array ?? [] where value["before"] != value["after"] {
                let name = value["tag_value"]?.isNull == true ? "(no tag)" : Terminal.clean(value.cell("tag_value"))
                text += "    \(name): \(value.cell("before")) → \(value.cell("after")) resources"
                let amounts = [value["cost_before"], value["cost_after"]].map { costs($0, "") }
                if amounts != ["", ""] { text += ", " + amounts.map { $0.isEmpty ? "0" : $0 }.joined(separator: " → ") }
                text += "\n"
            }
            return text
        }

        static func costs(_ sums: JSONValue?, _ lead: String) -> String {
            let amounts = (sums?.array ?? []).map { "\($0.cell("effective_cost")) \(Terminal.clean($0.cell("currency")))" }
            return amounts.isEmpty ? "" : lead + amounts.joined(separator: " + ")
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
                    // What supersedes it is the same rules, newer: all are applied when nothing is pending.
                    while ["running", "superseded"].contains(execution.cell("status").lowercased()) {
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
