import Foundation
import HTTPTransport
import Testing

@Suite("The command line on imports and exports")
struct InterchangeCommandLineTests {
    private static let policies = """
        vars:
          stages: &stages [prod, test]
        policies:
          - name: ec2-no-owner
            resource: aws.ec2
            filters:
              - "tag:Owner": absent
              - {type: value, key: "tag:Stage", op: in, value: *stages}
            actions:
              - type: tag
                tags: {owner-state: missing}
              - stop
          - name: s3-stages
            resource: s3
            filters:
              - type: value
                key: tag:Stage
                op: not-in
                value: *stages
        """

    @Test("import custodian writes files that apply takes, names what stayed out by its line, and ends with 2")
    func custodian() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let file = try tool.file("policies.yml", Self.policies)
        let outcome = try await tool.run("import", "custodian", file, "--out", "imported")
        #expect(outcome.status == 2, "\(outcome.errors)")
        #expect(outcome.output.contains("1 rules, 0 tag definitions and 2 policies"), "\(outcome.output)")
        #expect(outcome.output.contains("policies.yml:12: /policies/0/actions/1"), "\(outcome.output)")
        // The tour applies what was imported to a running node.
        for (name, member) in [("rules.yaml", "rule_name: ec2-no-owner"), ("policies.yaml", "policy_name: ")] {
            let text = try String(contentsOf: tool.home.appending(path: "imported/\(name)"), encoding: .utf8)
            #expect(text.contains(member) && text.contains("prod"), "\(text)")
        }
        // What is there is not overwritten.
        let again = try await tool.run("import", "custodian", file, "--out", "imported")
        #expect(again.status == 64 && again.errors.contains("is there already"))
        let json = try await tool.run("import", "custodian", file, "-o", "json")
        #expect(json.output.contains(#""kind": "left_out""#) && json.output.contains(#""what_to_do""#))
    }

    @Test("import --apply makes the server say the same; what came over whole ends with 0")
    func applying() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let policy = try tool.file("tags.json", #"{"tags":{"stage":{"tag_value":{"@@assign":["prod"]}}}}"#)
        let category = try tool.file(
            "category.json", #"[{"Value":"A","Rule":{"Tags":{"Key":"app","Values":["x"]}}}]"#)
        try await ScriptedServer.serving({ call in
            switch (call.method, call.path) {
            case ("GET", _): .json(#"{"items":[],"next_cursor":null}"#)
            case (_, "/plans"):
                .json(
                    #"{"id":"p","changes":[{"kind":"definition","name":"stage"},{"kind":"rule","name":"team 1: A"}]}"#,
                    status: 201)
            default: .json("{}")
            }
        }) { url, server async throws in
            let tags = try await tool.run("import", "aws-tag-policy", policy, "--apply", url: url)
            #expect(tags.status == 0 && tags.output.contains("tag definition stage: created"), "\(tags)")
            let costs = try await tool.run("import", "aws-cost-category", category, "--key", "team", "--apply", url: url)
            #expect(costs.status == 0 && costs.output.contains("rule team 1: A: created"), "\(costs)")
            #expect(
                server.calls.filter { $0.method == "POST" }.map(\.path) == [
                    "/plans", "/plans/p/apply", "/plans", "/plans/p/apply",
                ])
        }
    }

    @Test("Hostile files are refused by name, with what is wrong and where")
    func hostile() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let names = (0..<30).map { "a\($0)" }
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for (earlier, later) in zip(names, names.dropFirst()) {
            bomb += "\(later): &\(later) [\(Array(repeating: "*\(earlier)", count: 10).joined(separator: ", "))]\n"
        }
        let deep = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        for (name, text, complaint) in [
            ("bomb.yml", bomb + "policies: *a29\n", "more than 200000 parts"),
            ("keys.yml", bomb + "? *a29\n: x\n", "keys that are lists"), ("deep.yml", "policies: \(deep)", "deeper than 64"),
            ("deeper.yml", String(repeating: "[", count: 100_000), "deeper.yml"), ("empty.yml", "", "is empty"),
            ("broken.yml", "policies: [", "broken.yml: line"),
            ("list.yml", "- a\n", "list.yml:1: expected a file of Cloud Custodian"),
        ] {
            let outcome = try await tool.run("import", "custodian", try tool.file(name, text))
            #expect(outcome.status == 64 && outcome.errors.contains(complaint), "\(name): \(outcome)")
        }
        for (name, text) in [
            ("bad.json", "{"), ("deep.json", deep), ("other.json", "{}"), ("latin.json", "{\"tags\":\"\u{0}\"}"),
        ] {
            let outcome = try await tool.run("import", "aws-tag-policy", try tool.file(name, text))
            #expect(outcome.status == 64 && outcome.errors.contains(name), "\(name): \(outcome)")
        }
    }

    @Test("export focus adds tags to a file's own rows, asks for each resource once, and writes whole files only")
    func export() async throws {
        let tool = try CommandLineTool()
        defer { tool.remove() }
        let rows = (0..<3_000).map { "\($0),i-\($0 % 10),\n" }.joined()
        let file = try tool.file("costs.csv", "BilledCost,ResourceId,Tags\n" + rows)
        try await ScriptedServer.serving({ call in
            switch call.path {
            case "/virtual-tags/lookup":
                .json(#"{"items":[{"resource_id":"i-3","id":"x","tags":{"team":"web"}}],"next_cursor":null}"#)
            case "/export/focus" where call.query.contains("cursor=c"):
                ScriptedServer.Reply(contentType: "text/csv", body: "BilledCost,Tags\r\n2,\r\n")
            default:
                ScriptedServer.Reply(
                    contentType: "text/csv", headers: ["x-next-cursor": "c"], body: "BilledCost,Tags\r\n1,\r\n")
            }
        }) { url, server async throws in
            let outcome = try await tool.run("export", "focus", "--in", file, "--file", "tagged.csv", url: url)
            #expect(outcome.status == 0 && outcome.errors.contains("3000 rows, 300 with virtual tags"), "\(outcome)")
            #expect(server.calls.count == 1)
            let text = try String(contentsOf: tool.home.appending(path: "tagged.csv"), encoding: .utf8)
            #expect(
                text.contains("\n13,i-3,\"{\"\"vt/team\"\":\"\"web\"\"}\"\n") && text.split(separator: "\n").count == 3_001)
            let listed = try await tool.run("export", "focus", url: url)
            #expect(listed.output == "BilledCost,Tags\r\n1,\r\n2,\r\n", "\(listed)")
            let broken = try tool.file("broken.csv", "BilledCost,ResourceId\n1\n")
            let refused = try await tool.run("export", "focus", "--in", broken, "--file", "none.csv", url: url)
            #expect(
                refused.status == 64 && refused.errors.contains("broken.csv: line 2: the row has 1 fields"), "\(refused)")
            #expect(!FileManager.default.fileExists(atPath: tool.home.appending(path: "none.csv").path))
        }
    }
}
