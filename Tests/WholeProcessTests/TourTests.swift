import Foundation
import Testing

/// `docs/tour.md` is what these commands print, in this order, on a node with the samples.
/// `VTAG_WRITE_DOCS=1 swift test --filter TourTests` writes it anew.
@Suite("The tour")
struct TourTests {
    private struct Step {
        let words: String
        /// Without the `vtag` before them; `| head -N` shows the first lines alone.
        let commands: [String]
        /// A file that is shown, and written, before the commands.
        var file: (name: String, text: String)?
    }

    private static let server = "i-04c5acd7755128e4a"

    private static let steps: [Step] = [
        Step(
            words: "## What is there", commands: ["status", "resources list --provider aws --tag team=checkout --limit 5"]),
        Step(
            words: "## Why a resource has its tags",
            commands: ["tags list \(server)", "explain \(server) --key environment"]),
        Step(
            words: "People's word goes before every rule's; taken back, the rule's shows again.",
            commands: [
                "tags set \(server) environment=staging", "explain \(server) --key environment | head -4",
                "tags remove \(server) environment", "tags get \(server) environment -o csv",
            ]),
        Step(
            words: "## Rules\n\nTried before they are in force; what is odd about them is told.",
            commands: [
                "rules list | head -6", "rules test -f night.yaml", "rules apply -f night.yaml", "compliance recheck --wait",
                "rules get night-shift",
                "resources list --tag shift=night --limit 2 -o csv",
            ],
            file: (
                "night.yaml",
                """
                - rule_name: night-shift
                  priority: 400
                  conditions:
                    all:
                      - {field: resource_type, operator: eq, value: ec2.instance}
                      - {field: tags.environment, operator: eq, value: development}
                  actions:
                    - set_tag: {key: shift, value: night}
                """
            )),
        Step(words: "## The schema", commands: ["schema list | head -6", "schema get environment | head -12"]),
        Step(
            words: "## Compliance",
            commands: [
                "compliance status", "compliance violations --severity CRITICAL --limit 3",
                "compliance scores --by tags.team --limit 5",
            ]),
        Step(
            words: "## Rules of Cloud Custodian\n\nWhat cannot be said here is named, and the status is 2.",
            commands: ["import custodian custodian.yml --out imported", "rules apply -f imported/rules.yaml --dry-run"],
            file: (
                "custodian.yml",
                """
                policies:
                  - name: stopped-without-owner
                    resource: aws.ec2
                    filters:
                      - "State.Name": stopped
                      - "tag:Owner": absent
                    actions:
                      - type: tag
                        tags: {clean-up: candidate}
                      - terminate
                  - name: volumes-have-a-team
                    resource: ebs
                    filters:
                      - "tag:Team": empty
                """
            )),
        Step(
            words: "## Costs, with tags",
            commands: [
                "export focus --in samples/costs/focus.2026-10.csv --file tagged.csv",
                "export focus --month 2026-10 --format ndjson | head -1",
            ]),
        Step(
            words: "## Who changed what",
            commands: ["audit trail --resource \(server) --key environment --limit 4", "audit verify"]),
        Step(
            words: "## Exit status\n\nA refusal says what to do, and ends with a status of its own.",
            commands: ["rules get no-such-rule", "tags set \(server) environment"]),
    ]

    private static let head = """
        # A tour

        One node with the samples (`make run`), and what `vtag` says to it. Each command was run and its output is as it was printed;
        ids, times and the node's name differ elsewhere. Made by `VTAG_WRITE_DOCS=1 swift test --filter TourTests`; the same test
        runs the commands again and fails when they print something else.

        """

    @Test("What the tour shows is what the commands print")
    func tour() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        try FileManager.default.createSymbolicLink(
            at: tool.home.appending(path: "samples"), withDestinationURL: root.appending(path: "samples"))
        let node = try await NodeProcess.serving(
            tool.home.appending(path: "data"), ["--node-id", "tour", "--log-segment-bytes", "67108864"])
        defer { node.terminate() }
        let loaded = try await tool.run("load-samples", "samples", url: node.url, token: node.token)
        try #require(loaded.status == 0, "\(loaded.errors)")
        try await GraphPage.check(node, tool, root: root)

        var page = Self.head
        for step in Self.steps {
            page += "\n\(step.words)\n"
            if let file = step.file {
                _ = try tool.file(file.name, file.text + "\n")
                page += "\n```yaml\n# \(file.name)\n\(file.text)\n```\n"
            }
            page += "\n```console\n"
            for command in step.commands { page += try await Self.transcript(of: command, tool, node) }
            page += "```\n"
        }
        page = page.replacing(node.url, with: "http://127.0.0.1:8080")

        let url = root.appending(path: "docs/tour.md")
        if ProcessInfo.processInfo.environment["VTAG_WRITE_DOCS"] == "1" { try Data(page.utf8).write(to: url) }
        let written = try String(contentsOf: url, encoding: .utf8)
        let (expected, found) = (Self.lasting(written), Self.lasting(page))
        for (line, other) in zip(expected, found) where line != other {
            Issue.record("docs/tour.md says \"\(line)\", the command printed \"\(other)\"")
            break
        }
        #expect(expected.count == found.count)
    }

    private static func transcript(of command: String, _ tool: CommandLineTool, _ node: NodeProcess) async throws -> String {
        let parts = command.components(separatedBy: " | head -")
        let arguments = parts[0].split(separator: " ").map(String.init)
        let outcome = try await tool.run(arguments, url: node.url, token: node.token)
        var text = outcome.output
        if parts.count > 1, let count = Int(parts[1]) {
            text = text.split(separator: "\n", omittingEmptySubsequences: false).prefix(count).joined(separator: "\n") + "\n"
        }
        let status = outcome.status == 0 ? "" : "$ echo $?\n\(outcome.status)\n"
        return "$ vtag \(command)\n\(text)\(outcome.errors)\(status)"
    }

    /// The page without what differs from one run to the next.
    private static func lasting(_ page: String) -> [Substring] {
        var text = page
        for (pattern, word) in [
            (#"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"#, "ID"), (#"\b[0-9a-f]{64}\b"#, "HASH"),
            (#"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"#, "TIME"),
            // How many entries a shard has depends on how its requests fell together.
            (#"(?m)^\d+ +1 +\d+ +true"#, "SHARD"), (" +", " "),
        ] {
            text = text.replacingOccurrences(of: pattern, with: word, options: .regularExpression)
        }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
    }
}
