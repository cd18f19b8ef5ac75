import Foundation
import Testing

@Suite("The command line's forms")
struct CommandLineFormTests {
    private static let items =
        #"{"items":[{"resource_id":"=1+1","name":"a,\"b\"","region":"eu"},{"resource_id":"-5","name":"x"}],"next_cursor":null}"#

    @Test("A list as CSV has all columns, quotes what it must, and holds no formula")
    func csv() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        try await ScriptedServer.serving({ _ in .json(Self.items) }) { url, _ async throws in
            let outcome = try await tool.run("resources", "list", "-o", "csv", url: url)
            let lines = outcome.output.split(separator: "\n")
            #expect(outcome.status == 0 && lines.count == 3, "\(outcome)")
            #expect(lines[0].contains("uuid") && lines[0] == lines[0].lowercased())
            #expect(lines[1].contains("'=1+1") && lines[1].contains("\"a,\"\"b\"\"\""))
            #expect(lines[2].contains("-5") && !lines[2].contains("'-5"))
            // One thing: its members, what is nested as JSON.
            let one = try await tool.run("compliance", "status", "-o", "csv", url: url)
            #expect(one.output.hasPrefix("resource_id,name,region\n"), "\(one)")
        }
    }

    @Test("Each command that shows something takes every form of output")
    func everywhere() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        try await ScriptedServer.serving({ _ in .json(#"{"items":[],"next_cursor":null}"#) }) { url, _ async throws in
            for command in [
                ["resources", "list"], ["rules", "list"], ["schema", "list"], ["policies", "list"], ["audit", "trail"],
                ["compliance", "violations"], ["compliance", "waivers", "list"], ["schema", "proposals"],
                ["context", "list"],
                ["rules", "lint"], ["cluster", "status"], ["compliance", "status"], ["compliance", "scores"],
            ] {
                for form in ["table", "wide", "json", "yaml", "csv"] {
                    let outcome = try await tool.run(command + ["-o", form], url: url)
                    #expect(outcome.status == 0, "\(command) -o \(form): \(outcome)")
                }
            }
        }
        #expect(try await tool.run("rules", "list", "-o", "xml").status == 64)
    }

    @Test("Completion scripts come for each shell, and name the commands", arguments: ["bash", "zsh", "fish"])
    func completion(shell: String) async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let outcome = try await tool.run("completion", shell)
        #expect(outcome.status == 0)
        for command in ["rules", "import", "custodian", "export", "completion", "output"] {
            #expect(outcome.output.contains(command), "\(shell): \(command)")
        }
        #expect(try await tool.run("completion", "tcsh").status == 64)
    }

    @Test("Every documented exit status happens, and help and page name the same ones")
    func exitStatus() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        var seen: Set<Int32> = [try await tool.run("--version").status]
        seen.insert(try await tool.run("resources", "list", "--limit", "none").status)
        seen.insert(try await tool.run("resources", "list", url: "http://127.0.0.1:1").status)
        let file = try tool.file("p.yml", "policies: [{name: p, resource: ec2, filters: [offhour]}]")
        seen.insert(try await tool.run("import", "custodian", file).status)
        for status in [401, 422] {
            try await ScriptedServer.serving({ _ in .problem(status, #"{"title":"no"}"#) }) { url, _ async throws in
                seen.insert(try await tool.run("resources", "list", url: url).status)
            }
        }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/command-line.md"), encoding: .utf8)
        let documented = page.split(separator: "\n").compactMap { line in
            line.hasPrefix("| `") ? Int32(line.dropFirst(3).prefix { $0.isNumber }) : nil
        }
        #expect(seen == Set(documented))
        let help = try await tool.run("--help").output
        for status in documented { #expect(help.contains("\n  \(status) "), "\(status)") }
    }
}
