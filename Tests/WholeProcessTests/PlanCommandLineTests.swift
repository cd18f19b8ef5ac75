import Foundation
import HTTPTransport
import JSON
import Testing

@Suite("The command line on plans")
struct PlanCommandLineTests {
    private static let plan = """
        {"id":"3f0c2a7e-5d1b-4c7e-9f7a-0a4b8f6d2c11","status":"planned","expires_at":"T",
         "summary":{"create":1,"update":1,"delete":1,"unchanged":0},
         "changes":[
           {"kind":"rule","action":"create","name":"web","from_version":null,"before":null,
            "after":{"rule_name":"web","priority":1,"description":"","conditions":{"all":[]}}},
           {"kind":"definition","action":"update","name":"team","from_version":2,
            "before":{"tag_key":"team","required":false},"after":{"tag_key":"team","required":true}},
           {"kind":"policy","action":"delete","name":"old","from_version":1,"before":{"policy_name":"old"},"after":null}],
         "figures":{"scanned":3,"would_change":2,"matched":2,
           "cost_moved":[{"currency":"USD","billed_cost":"21","effective_cost":"20"}],
           "by_key":[{"tag_key":"team","added":2,"changed":0,"removed":0,"values":[
             {"tag_value":null,"before":3,"after":1},{"tag_value":"shop","before":0,"after":2}]}],
           "keys_omitted":4,"by_rule":[{"rule_name":"web","state":"in_force","matched":0}],
           "by_policy":[{"policy_name":"has-team","violating_before":3,"violating_after":1}],
           "conflicts":[],"conflicts_omitted":0},
         "warnings":[{"pointer":"","message":"odd"}]}
        """

    private func folder(_ tool: CommandLineTool) throws -> String {
        _ = try tool.file("governance/rules/web.yaml", "rule_name: web\nconditions: {all: []}\nactions: []\n")
        _ = try tool.file("governance/schema.yml", "- tag_key: team\n  required: true\n")
        _ = try tool.file("governance/.hidden/x.yaml", "broken: [")
        _ = try tool.file("governance/README.md", "not a definition")
        return tool.home.appending(path: "governance").path
    }

    private static func script(_ call: ScriptedServer.Call) -> ScriptedServer.Reply {
        switch (call.method, call.path) {
        case ("GET", "/tag-schema"):
            .json(#"{"items":[{"id":"2","tag_key":"team","version":2,"required":false}],"next_cursor":null}"#)
        case ("GET", "/compliance/policies"):
            .json(#"{"items":[{"id":"3","policy_name":"old","version":1}],"next_cursor":null}"#)
        case ("POST", "/plans"): .json(plan, status: 201)
        case (_, _): .json(#"{"items":[],"next_cursor":null}"#)
        }
    }

    @Test("plan compares a folder with the server, sends the difference, and shows it with the figures")
    func plan() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let folder = try folder(tool)
        try await ScriptedServer.serving(Self.script) { url, server async throws in
            let outcome = try await tool.run("plan", "-f", folder, "--prune", "--detailed-exitcode", url: url)
            #expect(outcome.status == 2, "\(outcome.errors)")
            let sent = try JSONValue(parsing: try #require(server.calls.last { $0.path == "/plans" }).body)
            let changes = (sent["changes"]?.array ?? []).map { change in
                ["kind", "action", "id", "version"].map {
                    change[$0].map { String(decoding: $0.serialised, as: UTF8.self) } ?? ""
                }
                .joined(separator: " ")
            }
            #expect(
                changes == [
                    #""rule" "create"  "#, #""definition" "update" "2" 2"#, #""policy" "delete" "3" 1"#,
                ])
            #expect(
                outcome.output == """
                    + rule web
                        + priority: 1
                        + conditions: {"all":[]}
                    ~ tag definition team  (version 2)
                        - required: false
                        + required: true
                    - policy old  (version 1)

                    2 of 3 resources would change, moving 20 USD
                      team: 2 added, 0 changed, 0 removed
                        (no tag): 3 → 1 resources
                        shop: 0 → 2 resources
                      … and 4 more keys
                      policy has-team: 3 → 1 resources violate it
                      rule web matches nothing
                      warning: odd

                    plan 3f0c2a7e-5d1b-4c7e-9f7a-0a4b8f6d2c11: 1 to create, 1 to update, 1 to delete; good until T
                    vtag apply 3f0c2a7e-5d1b-4c7e-9f7a-0a4b8f6d2c11

                    """)
            let own = try await tool.run("diff", "-f", folder, "--prune-prefix", "mine-", url: url)
            #expect(
                own.status == 0 && own.output.contains("~ tag definition team") && !own.output.contains("policy"), "\(own)")
            let diff = try await tool.run("rules", "diff", "-f", folder, url: url)
            #expect(diff.status == 0 && diff.output.hasPrefix("+ rule web\n"), "\(diff)")
            #expect(!diff.output.contains("team") && diff.errors.contains("1 tag definitions are left out"), "\(diff)")
        }
    }

    @Test("apply makes the plan's changes and waits for them; a stale plan is refused with what has changed")
    func apply() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let stale = """
            {"title":"Plan is stale","status":409,"detail":"Nothing was applied.",
             "changed_since":[{"kind":"rule","id":"1","name":"web","change":"updated","from_version":1,"to_version":3}]}
            """
        try await ScriptedServer.serving({ call in
            switch call.path {
            case "/plans/old/apply": .problem(409, stale)
            case "/plans/new/apply": .json(#"{"id":"new","summary":{"create":1,"update":0,"delete":0},"execution_id":"e"}"#)
            default:
                .json(#"{"id":"e","status":"\#(call.query.isEmpty ? "running" : "completed")","resources":4,"pending":2}"#)
            }
        }) { url, server async throws in
            let refused = try await tool.run("apply", "old", url: url)
            #expect(refused.status == 1 && refused.errors.contains("rule web: updated, version 1 → 3"), "\(refused)")
            let done = try await tool.run("apply", "new", "--wait", url: url)
            #expect(
                done.status == 0 && done.output == "applied plan new: 1 to create, 0 to update, 0 to delete\n", "\(done)")
            #expect(server.calls.suffix(2).map { "\($0.path)?\($0.query)" } == ["/executions/e?", "/executions/e?wait=10"])
        }
    }

    @Test("A folder that cannot be used is wrong usage, and names the file; nothing is sent")
    func unusable() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        for (name, text, complaint) in [
            ("a/x.yaml", "- colour: red\n", "x.yaml:1: neither a rule"),
            ("b/x.yaml", "waiver_name: w\n", "waivers are not part of plans"),
            ("c/x.yaml", "", "defines nothing"), ("d/x.md", "", "holds no YAML"),
        ] {
            let path = try tool.file(name, text)
            let folder = String(path.dropLast(name.count - 1))
            let outcome = try await tool.run("plan", "-f", folder, "--prune", url: "http://127.0.0.1:1")
            #expect(outcome.status == 64 && outcome.errors.contains(complaint), "\(name): \(outcome)")
        }
    }

    @Test("Pruning all and pruning a part exclude each other, and an empty prefix is none")
    func pruning() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let folder = try folder(tool)
        for flags in [["--prune", "--prune-prefix", "team-a/"], ["--prune-prefix", ""]] {
            let outcome = try await tool.run(["diff", "-f", folder] + flags, url: "http://127.0.0.1:1")
            #expect(outcome.status == 64 && outcome.errors.contains("--prune-prefix"), "\(flags): \(outcome)")
        }
    }

    @Test("A small file that stands for a tree without end is refused")
    func aliases() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        var text = "rule_name: laughs\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n"
        for level in 1..<12 {
            let all = Array(repeating: "*x\(level - 1)", count: 10).joined(separator: ", ")
            text += "x\(level): &x\(level) [\(all)]\n"
        }
        let outcome = try await tool.run("diff", "-f", try tool.file("laughs.yaml", text), url: "http://127.0.0.1:1")
        #expect(outcome.status == 64 && outcome.errors.contains("with its aliases written out"), "\(outcome)")
    }
}
