import ArgumentParser
import Foundation
import JSON

struct ContextCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "context", abstract: "Keep servers and their credentials under names.",
        discussion:
            """
            They are kept in $XDG_CONFIG_HOME/vtag/config.yaml (by default ~/.config/vtag/config.yaml), readable by you alone.
            """,
        subcommands: [List.self, Add.self, Use.self, Remove.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List contexts; the current one has a star. Tokens are not shown.")
        @Option(name: [.short, .long], help: OutputFormat.help) var output: OutputFormat = .table

        func run() throws {
            let saved = try Contexts.load()
            let items = saved.contexts.map { context in
                JSONValue.object([
                    .init("name", .string(context.name)), .init("current", .bool(context.name == saved.current)),
                    .init("url", .string(context.url)),
                    .init("credentials", .string(context.token != nil ? "token" : context.tokenFile ?? "none")),
                    .init("ca_file", context.caFile.map(JSONValue.string) ?? .null),
                ])
            }
            Printer(format: output).one(.object([.init("items", .array(items))])) { _ in
                guard !items.isEmpty else { return "there are no contexts; `vtag context add NAME --url URL` makes one\n" }
                var table = Table([
                    .init(""), .init("NAME"), .init("URL", shrinks: true), .init("CREDENTIALS", shrinks: true),
                ])
                return table.render(
                    items.map {
                        [$0["current"]?.bool == true ? "*" : "", $0.cell("name"), $0.cell("url"), $0.cell("credentials")]
                    })
            }
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a context, or replace the one of that name; the first one becomes the current one.",
            discussion: """
                EXAMPLES
                  vtag context add local --url http://127.0.0.1:8080 \\
                    --token-file data/admin.jwt
                  vtag context add production --url https://vtag.example \\
                    --token-file ~/vtag.jwt --ca-file ca.pem --use
                """)
        @Argument(help: "What to call it.") var name: String
        @Option(help: "http://HOST:PORT or https://HOST.") var url: String
        @Option(help: "The token itself; --token-file keeps it out of the process list and follows its renewals.") var token:
            String?
        @Option(help: "A file that holds the token; read at each use.", completion: .file()) var tokenFile: String?
        @Option(help: "Certificate authorities to trust, in PEM.", completion: .file()) var caFile: String?
        @Flag(help: "Make it the current one.") var use = false

        func validate() throws {
            if token != nil && tokenFile != nil { throw ValidationError("--token and --token-file exclude each other") }
            if name.isEmpty { throw ValidationError("the name is empty") }
        }

        func run() throws {
            let address = try ServerAddress(url)
            var saved = try Contexts.load()
            let context = ServerContext(
                name: name, url: address.text, token: token, tokenFile: tokenFile.map(absolutePath),
                caFile: caFile.map(absolutePath))
            saved.contexts.removeAll { $0.name == name }
            saved.contexts.append(context)
            if use || saved.current == nil { saved.current = name }
            try saved.save()
            Terminal.standardOutput.line(
                saved.current == name
                    ? "\(name) is the current context" : "added \(name); `vtag context use \(name)` switches to it")
        }
    }

    struct Use: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a context the current one.")
        @Argument(help: "Its name.") var name: String

        func run() throws {
            var saved = try Contexts.load()
            guard saved[name] != nil else { throw Failure.usage("there is no context \"\(Terminal.clean(name))\"") }
            saved.current = name
            try saved.save()
            Terminal.standardOutput.line("\(name) is the current context")
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget a context.")
        @Argument(help: "Its name.") var name: String

        func run() throws {
            var saved = try Contexts.load()
            guard saved[name] != nil else { throw Failure.usage("there is no context \"\(Terminal.clean(name))\"") }
            saved.contexts.removeAll { $0.name == name }
            if saved.current == name { saved.current = nil }
            try saved.save()
            Terminal.standardOutput.line("removed \(name)")
        }
    }
}

/// Contexts are used from any directory.
func absolutePath(_ path: String) -> String {
    URL(fileURLWithPath: (path as NSString).expandingTildeInPath).standardizedFileURL.path
}
